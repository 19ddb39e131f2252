"""Documents: every form in which a pipeline comes, and KFP's words for what is wrong at upload."""

import copy
import io
import json
import zipfile
from typing import Any

import pytest
import yaml
from tests.unit.spec.build import constant, given, leaf, pipeline, task

from headrace.base.errors import InvalidSpec
from headrace.spec.load import Document, document_from_json, load_document

PLATFORM = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec": {"imagePullPolicy": "Always"}}}}}}


def small() -> dict[str, Any]:
    return pipeline({"one": task("comp", inputs=given(n=constant(3.0)))}, {"comp": leaf({"n": "NUMBER_INTEGER"})})


def in_yaml(*documents: object) -> bytes:
    return yaml.dump_all(documents).encode()


def snake(value: Any) -> Any:
    """The messages' keys in the other style; names of tasks and such have no capitals here."""
    if isinstance(value, dict):
        return {"".join(f"_{c.lower()}" if c.isupper() else c for c in k): snake(v) for k, v in value.items()}
    return [snake(each) for each in value] if isinstance(value, list) else value


def test_all_forms_of_one_pipeline_are_one_document() -> None:
    spec = small()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("pipeline.yaml", in_yaml(spec))
    forms = [
        load_document(in_yaml(spec)),
        load_document(json.dumps(spec).encode()),
        load_document(zipped.getvalue()),
        load_document(in_yaml(snake(spec))),
        load_document(in_yaml({"pipeline_spec": spec})),
        load_document(in_yaml({"a": "document", "of": "others"}, spec)),
        document_from_json(spec),
        document_from_json({"pipelineSpec": spec, "platformSpec": {}}),
    ]
    assert {each.plan_id for each in forms} == {forms[0].plan_id}
    assert forms[0].plan_id.startswith("sha256:")
    for each in forms:
        assert each.as_json() == spec
        assert each.platform is None
        assert each.name == "small"


def test_a_platform_document_makes_a_wrapper() -> None:
    document = load_document(in_yaml(small(), PLATFORM))
    assert document.as_json() == {"pipeline_spec": small(), "platform_spec": PLATFORM}
    assert document.kubernetes.deployment_spec.executors["exec"].image_pull_policy == "Always"
    assert document_from_json(document.as_json()) == document
    assert document.plan_id != load_document(in_yaml(small())).plan_id


def test_whole_numbers_are_ints_everywhere() -> None:
    document = load_document(in_yaml(small()))
    text = json.dumps(document.pipeline)
    assert '"constant": 3}' in text


def test_what_is_given_is_not_changed() -> None:
    spec = snake(small())
    before = copy.deepcopy(spec)
    document_from_json(spec)
    assert spec == before


def changed(path: str, value: object) -> dict[str, Any]:
    spec = small()
    *parents, last = path.split(".")
    place = spec
    for each in parents:
        place = place[each]
    place[last] = value
    return spec


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([], "no pipeline spec is provided"),
        ([{}], "no pipeline spec is provided"),
        ([None, {"hello": "world"}], "no pipeline spec is provided"),
        ([PLATFORM], "no pipeline spec is provided"),
        ([{"pipeline_spec": {}}], "no pipeline spec is provided"),
        (["text"], "unable to decode yaml document"),
        ([[1]], "unable to decode yaml document"),
        ([small(), small()], "multiple pipeline specs provided"),
        ([small(), PLATFORM, PLATFORM], "multiple platform specs provided"),
        ([changed("components_1", {})], 'components_1: invalid v2 pipeline spec: unknown field "components_1"'),
        (
            [changed("schemaVersion", "2.0.0")],
            "only supports schema version 2.1.0, but the pipeline spec has version 2",
        ),
        ([changed("schemaVersion", 2.1)], "schemaVersion: invalid v2 pipeline spec: expected a text, found 2.1"),
        ([changed("pipelineInfo.name", None)], "invalid v2 pipeline spec: name is empty"),
        ([changed("pipelineInfo.name", "ÄÖÜ")], "name should consist of lower case alphanumeric characters"),
        ([changed("pipelineInfo.name", "../../etc")], "name should consist of lower case alphanumeric characters"),
        ([changed("root", None)], "invalid v2 pipeline spec: root component is empty"),
        ([changed("root", 5)], "root: invalid v2 pipeline spec: expected an object"),
        ([changed("root.dag.tasks.one", [])], "root.dag.tasks.one: invalid v2 pipeline spec: expected an object"),
        ([changed("deploymentSpec.executors.exec", 1)], "deploymentSpec.executors.exec: invalid v2 pipeline spec"),
        ([small(), {"platforms": {"kubernetes": {"x": 1}}}], "platforms.kubernetes.x: invalid platform spec: unknown"),
        ([small(), {"platforms": []}], "platforms: invalid platform spec: expected an object"),
        ([{"pipeline_spec": 5}], "expected an object"),
        ([{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}], "Recompile it with kfp 2"),
    ],
)
def test_a_document_that_is_wrong_is_refused_in_kfps_words(documents: list[object], message: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        load_document(in_yaml(*documents))
    assert message in str(caught.value)


def test_an_error_names_the_file_where_it_has_no_better_place() -> None:
    with pytest.raises(InvalidSpec) as caught:
        load_document(b"# empty", "pipeline.yaml")
    assert caught.value.where == "pipeline.yaml"


def test_names_with_capitals_and_spaces_pass_as_they_do_at_kfp() -> None:
    document: Document = load_document(in_yaml(changed("pipelineInfo.name", "My Pipeline 1")))
    assert document.name == "My Pipeline 1"
