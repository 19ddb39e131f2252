"""Placeholders: every form, in constants and in commands, filled in once and only where the document wrote them."""

from typing import Any

import pytest
from hypothesis import given as random
from hypothesis import settings
from hypothesis import strategies as st

from headrace.base.clock import from_rfc3339
from headrace.base.errors import InvalidInput
from headrace.base.json import compact
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.executor import executor_input
from headrace.spec.placeholders import Rendered, RunContext, render, resolve_inputs
from headrace.spec.plan import (
    ArtifactSpec,
    Constant,
    Container,
    Interface,
    ParameterSpec,
    ParameterType,
    Resources,
)

CONTEXT = RunContext(
    run_name="my run",
    resource_name="small-1234",
    run_id="run-id",
    task_name="train",
    task_id="task-id",
    pipeline_root="minio://bucket/root",
    created_at=from_rfc3339("2026-01-31T08:00:00Z"),
    scheduled_at=from_rfc3339("2026-02-01T08:00:00.5Z"),
    workspace_path="/workspace",
)
SYSTEM = {
    "pipeline_job_name": "my run",
    "pipeline_job_resource_name": "small-1234",
    "pipeline_job_uuid": "run-id",
    "pipeline_task_name": "train",
    "pipeline_task_uuid": "task-id",
    "pipeline_root": "minio://bucket/root",
    "pipeline_job_create_time_utc": "2026-01-31T08:00:00Z",
    "pipeline_job_schedule_time_utc": "2026-02-01T08:00:00.500Z",
    "workspace_path": "/workspace",
}


def constants(**values: Any) -> dict[str, Any]:
    return {name: Constant(value).value for name, value in values.items()}


def channel(name: str) -> str:
    return "{{$.inputs.parameters['" + name + "']}}"


@pytest.mark.parametrize(("name", "value"), SYSTEM.items())
def test_system_placeholders_in_constants(name: str, value: str) -> None:
    placeholder = "{{$." + name + "}}"
    assert resolve_inputs(constants(x=placeholder, y=f"<{placeholder}/a>"), CONTEXT) == {
        "x": value,
        "y": f"<{value}/a>",
    }


def test_constants_take_the_tasks_other_inputs() -> None:
    values = {"n": 5, "text": "hi", "flag": True, "items": [1, "a"], "half": 0.5}
    written = constants(
        joined=f"{channel('text')}-{channel('n')}-{channel('flag')}-{channel('items')}-{channel('half')}-{channel('gone')}",
        whole=channel("n"),
        lists=channel("items"),
        deep={"k": [channel("text"), {channel("text"): 1}]},
        plain=7,
    )
    assert resolve_inputs({**values, **written}, CONTEXT) == {
        **values,
        "joined": 'hi-5-true-[1,"a"]-0.5-null',
        "whole": 5,
        "lists": [1, "a"],
        "deep": {"k": ["hi", {"hi": 1}]},
        "plain": 7,
    }


def test_inputs_that_refer_to_each_other_end() -> None:
    written = constants(a=channel("b"), b=channel("a"), c="x" + channel("c"))
    assert resolve_inputs(written, CONTEXT) == {"a": channel("a"), "b": channel("b"), "c": "xx" + channel("c")}


@pytest.mark.parametrize(
    "text", ["{{$}}", "{{$.outputs.output_file}}", "{{$.inputs.artifacts['a'].uri}}", "{{$.what}}"]
)
def test_constants_keep_what_has_no_meaning_in_them(text: str) -> None:
    assert resolve_inputs(constants(x=text), CONTEXT) == {"x": text}


placeholders = st.sampled_from(
    [
        "{{$}}",
        channel("a"),
        "{{$.pipeline_job_name}}",
        "{{$.outputs.output_file}}",
        "{{$.inputs.artifacts['d'].uri}}",
        "$&",
    ]
)
hostile = st.lists(st.one_of(placeholders, st.text(max_size=3)), max_size=4).map("".join)


@settings(deadline=None)
@random(st.dictionaries(st.sampled_from("abc"), hostile))
def test_values_are_never_expanded_in_inputs(values: dict[str, str]) -> None:
    assert resolve_inputs(values, CONTEXT) == values
    written = constants(mine=f"<{channel('a')}>")
    assert resolve_inputs({**values, **written}, CONTEXT)["mine"] == f"<{values.get('a', 'null')}>"


def string() -> ParameterSpec:
    return ParameterSpec(ParameterType.STRING)


INTERFACE = Interface(
    input_parameters={name: string() for name in ("text", "n", "flag", "items", "none", "a")},
    input_artifacts={
        "data": ArtifactSpec("system.Dataset"),
        "many": ArtifactSpec("system.Dataset", is_list=True),
        "maybe": ArtifactSpec("system.Dataset", optional=True),
    },
    output_parameters={"out": string()},
    output_artifacts={"model": ArtifactSpec("system.Model", metadata={"framework": "x"})},
)


def dataset(name: str) -> Artifact:
    metadata = {"rows": 3, "tags": ["a"], "ratio": 0.5}
    return Artifact(f"id-{name}", name, "system.Dataset", f"minio://bucket/{name}", metadata)


INPUTS = Bindings(
    {"text": "hi", "n": 5, "flag": False, "items": [1, {"k": None}], "none": None},
    {"data": (dataset("d"),), "many": (dataset("one"), dataset("two"))},
)


def container(*args: str, **more: Any) -> Container:
    return Container("comp", INTERFACE, more.pop("image", "alpine"), ("sh",), args, **more)


def rendered(made: Container, inputs: Bindings = INPUTS) -> Rendered:
    given = executor_input(made, inputs, {"model": "minio://bucket/model"}, {"out": "/tmp/out"}, "/tmp/meta.json")
    return render(made, given, CONTEXT, lambda uri: uri.replace("minio://", "/store/"))


def argument(text: str, inputs: Bindings = INPUTS) -> tuple[str, ...]:
    return rendered(container(text), inputs).args


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{$.inputs.parameters['text']}}", "hi"),
        ("{{$.inputs.parameters[''text'']}}", "hi"),
        ("--x={{$.inputs.parameters['n']}}!", "--x=5!"),
        ("{{$.inputs.parameters['flag']}}", "false"),
        ("{{$.inputs.parameters['items']}}", '[1,{"k":null}]'),
        ("{{$.inputs.parameters['none']}}", "null"),
        ("{{$.inputs.parameters['text']}}{{$.inputs.parameters['n']}}", "hi5"),
        ("{{$.inputs.artifacts['data'].uri}}", "minio://bucket/d"),
        ("{{$.inputs.artifacts['data'].path}}", "/store/bucket/d"),
        ("{{$.inputs.artifacts['data'].name}}", "d"),
        ("{{$.inputs.artifacts['data'].metadata}}", '{"rows":3,"tags":["a"],"ratio":0.5}'),
        ("{{$.inputs.artifacts['data'].metadata['rows']}}", "3"),
        ("{{$.inputs.artifacts['data'].metadata[''tags'']}}", '["a"]'),
        ("{{$.inputs.artifacts['data'].metadata['gone']}}", "null"),
        ("{{$.inputs.artifacts['many'].uri}}", "minio://bucket/one"),
        ("{{$.inputs.artifacts['maybe'].path}}", "null"),
        ("{{$.outputs.artifacts['model'].uri}}", "minio://bucket/model"),
        ("{{$.outputs.artifacts['model'].path}}", "/store/bucket/model"),
        ("{{$.outputs.artifacts['model'].metadata['framework']}}", "x"),
        ("{{$.outputs.parameters['out'].output_file}}", "/tmp/out"),
        ("{{$.outputs.output_file}}", "/tmp/meta.json"),
        ("{{$.outputs.output_metadata_uri}}", "/tmp/meta.json"),
        ("{{$.outputMetadataUri}}", "/tmp/meta.json"),
        ("{{$}}", "{{$}}"),
        ("{{$.json_escape[1]}}", "{{$.json_escape[1]}}"),
        ("{{$.pipeline_google_cloud_project_id}}", "{{$.pipeline_google_cloud_project_id}}"),
        ("{{$.outputs.artifacts['other'].uri}}", "{{$.outputs.artifacts['other'].uri}}"),
        ("{{$.outputs.parameters['out']}}", "{{$.outputs.parameters['out']}}"),
        ("{{$.inputs.artifacts['data'].color}}", "{{$.inputs.artifacts['data'].color}}"),
        ("{{ $ }} {{$", "{{ $ }} {{$"),
    ],
)
def test_placeholders_in_arguments(text: str, value: str) -> None:
    assert argument(text) == (value,)


@pytest.mark.parametrize(("name", "value"), SYSTEM.items())
def test_system_placeholders_in_arguments(name: str, value: str) -> None:
    assert argument("x{{$." + name + "}}y") == (f"x{value}y",)


def test_whole_artifacts_are_json() -> None:
    made = container("{{$.inputs.artifacts['data']}}", "{{$.inputs.artifacts['many']}}")
    one, many = rendered(made).args
    assert one == compact(
        {
            "name": "d",
            "type": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
            "uri": "minio://bucket/d",
            "metadata": {"rows": 3, "tags": ["a"], "ratio": 0.5},
            "artifactId": "id-d",
        }
    )
    assert many.startswith('[{"name":"one"')
    assert '"uri":"minio://bucket/two"' in many
    assert argument("{{$.inputs.artifacts['many']}}", Bindings()) == ("[]",)


def test_an_embedded_executor_input_is_its_json() -> None:
    (found,) = argument("input={{$}}")
    assert found.startswith('input={"inputs":{"parameterValues":{"text":"hi"')


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"IfPresent": {"InputName": "text", "Then": ["-t", "{{$.inputs.parameters[\'text\']}}"]}}', ("-t", "hi")),
        ('{"IfPresent": {"InputName": "none", "Then": ["-t"]}}', ()),
        ('{"IfPresent": {"InputName": "gone", "Then": "x", "Else": "y"}}', ("y",)),
        ('{"IfPresent": {"InputName": "gone", "Then": "x", "Else": ["y", "z"]}}', ("y", "z")),
        ('{"IfPresent": {"InputName": "data", "Then": "{{$.inputs.artifacts[\'data\'].path}}"}}', ("/store/bucket/d",)),
        ('{"IfPresent": {"InputName": "maybe", "Then": "x"}}', ()),
        ('{"Concat": ["a", "-", "{{$.inputs.parameters[\'n\']}}", {"Concat": ["b", "c"]}]}', ("a-5bc",)),
        ('{"Concat": ["a", {"IfPresent": {"InputName": "gone", "Then": "x"}}, "b"]}', ("ab",)),
        (
            '{"IfPresent": {"InputName": "n", "Then": ["x", {"IfPresent": {"InputName": "gone", "Then": "y", '
            '"Else": {"Concat": ["p", "{{$.outputs.parameters[\'out\'].output_file}}"]}}}]}}',
            ("x", "p/tmp/out"),
        ),
        ('{"IfPresent": {"InputName": "n", "Then": ["{{$}}"]}}', ("{{$}}",)),
        ('{"Concat": "not really', ('{"Concat": "not really',)),
        ('{"concat": []}', ('{"concat": []}',)),
    ],
)
def test_structures(text: str, values: tuple[str, ...]) -> None:
    assert argument(text) == values


@pytest.mark.parametrize(
    "text",
    [
        '{"Concat": "x"}',
        '{"Concat": [1]}',
        '{"IfPresent": {"InputName": "n"}}',
        '{"IfPresent": {"InputName": "n", "Then": 5}}',
        '{"IfPresent": {"InputName": "n", "Then": "x", "Other": "y"}}',
        '{"Concat": ' + "[" * 100_000,
    ],
)
def test_structures_that_make_no_sense(text: str) -> None:
    with pytest.raises(InvalidInput):
        argument(text)


def test_environment_image_and_resources() -> None:
    made = container(
        image="python:{{$.inputs.parameters['n']}}",
        env=(("A", "{{$.inputs.parameters['text']}}"), ("B", "{{$.pipeline_root}}"), ("C", "{{$}}")),
        resources=Resources(memory_limit="{{$.inputs.parameters['n']}}G"),
    )
    found = rendered(made)
    assert found.image == "python:5"
    assert found.env[:2] == (("A", "hi"), ("B", "minio://bucket/root"))
    assert found.env[2][1].startswith('{"inputs":')
    assert found.resources == Resources(memory_limit="5G")
    assert found.command == ("sh",)


@settings(deadline=None)
@random(hostile)
def test_values_are_never_expanded_in_arguments(value: str) -> None:
    assert argument("<{{$.inputs.parameters['a']}}>", Bindings({"a": value})) == (f"<{value}>",)
    structure = '{"Concat": ["<", "{{$.inputs.parameters[\'a\']}}", ">"]}'
    assert argument(structure, Bindings({"a": value})) == (f"<{value}>",)


def test_a_value_cannot_pass_for_the_executor_input() -> None:
    with pytest.raises(InvalidInput, match="means the executor input"):
        argument("{{$.inputs.parameters['a']}}", Bindings({"a": "{{$}}"}))
