"""No input crashes the loader: whatever comes in, a document comes out or InvalidSpec with a message."""

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given as random
from hypothesis import settings
from hypothesis import strategies as st
from tests.unit.spec.build import given, leaf, output_of, pipeline, plan_of, task

from headrace.base.errors import InvalidSpec
from headrace.spec.compile import compile_plan
from headrace.spec.load import Document, document_from_json, load_document

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["root", "comp", "2.1.0"]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner)),
    max_leaves=8,
)


def whole() -> dict[str, Any]:
    """A pipeline with something in most places."""
    make = leaf({"n": {"parameterType": "NUMBER_INTEGER", "defaultValue": 1, "isOptional": True}}, {"Output": "STRUCT"})
    make["outputDefinitions"]["artifacts"] = {"data": {"artifactType": {"schemaTitle": "system.Dataset"}}}
    inner = {"dag": {"tasks": {"deep": task("comp-make")}, "outputs": {"parameters": {}, "artifacts": {}}}}
    inner["inputDefinitions"] = {
        "parameters": {"items": {"parameterType": "LIST", "isOptional": True}},
        "artifacts": {"data": {"artifactType": {"schemaTitle": "system.Dataset"}, "isOptional": True}},
    }
    brought = {
        "executorLabel": "exec-bring",
        "inputDefinitions": {"parameters": {"uri": {"parameterType": "STRING"}}},
        "outputDefinitions": {"artifacts": {"artifact": {"artifactType": {"schemaTitle": "system.Model"}}}},
    }
    importer = {"artifactUri": {"runtimeParameter": "uri"}, "metadata": {"k": "{{$.inputs.parameters['uri']}}"}}
    made_data = {"taskOutputArtifact": {"producerTask": "make", "outputArtifactKey": "data"}}
    chosen = {**output_of("make"), "parameterExpressionSelector": 'parseJson(string_value)["k"]'}
    tasks = {
        "make": task("comp-make", cachingOptions={"enableCache": True}, retryPolicy={"backoffDuration": "1s"}),
        "use": task(
            "comp-use", "make", inputs=given(x=chosen), triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
        ),
        "nest": task("comp-in", taskInfo={"name": "Nest"}, retryPolicy={"maxRetryCount": 2}),
        "bring": task("comp-bring", inputs=given(uri={"runtimeValue": {"constant": "gs://b/x"}})),
        "loop": task(
            "comp-in",
            inputs=given(items=chosen),
            parameterIterator={"items": {"inputParameter": "items"}, "itemInput": "items"},
            iteratorPolicy={"parallelismLimit": 2},
            triggerPolicy={"condition": "int(inputs.parameter_values['items'][0]) > 1 || 'a' in ['a']"},
        ),
        "written": task("comp-in", parameterIterator={"items": {"raw": '[1, {"a": 2}]'}, "itemInput": "items"}),
        "files": task(
            "comp-in",
            inputs={"artifacts": {"data": made_data}},
            artifactIterator={"items": {"inputArtifact": "data"}, "itemInput": "data"},
        ),
    }
    container = {"image": "x", "args": ["{{$}}"], "env": [{"name": "A", "value": "b"}], "resources": {"cpuLimit": 1}}
    use = leaf({"x": "STRING"}, executorLabel="exec-use")
    outputs = {"parameters": {"o": {"valueFromParameter": {"producerSubtask": "make", "outputParameterKey": "Output"}}}}
    spec = pipeline(
        tasks,
        {"comp-make": make, "comp-use": use, "comp-in": inner, "comp-bring": brought},
        {"exec-use": {"container": container}, "exec-bring": {"importer": importer}},
        dag={"outputs": outputs},
        outputDefinitions={"parameters": {"o": {"parameterType": "STRUCT"}}},
    )
    platform = {
        "platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec": {"tolerations": [{"key": "k"}]}}}}}
    }
    return {"pipeline_spec": spec, "platform_spec": platform}


def compiles(document: Document) -> None:
    with suppress(InvalidSpec):
        compile_plan(document)
    with suppress(InvalidSpec):
        plan_of(document)


def survives(data: bytes) -> None:
    with suppress(InvalidSpec):
        compiles(load_document(data, "file"))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in items for each in paths(item, (*path, key)))]


PLACES = paths(whole())[1:]


def test_the_whole_is_right() -> None:
    tasks = plan_of(document_from_json(whole())).root.tasks
    assert set(tasks) == {"make", "use", "nest", "bring", "loop", "written", "files"}


@settings(deadline=None)
@random(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"{", b"pipelineInfo: "):
        survives(start + data)


@settings(deadline=None)
@random(st.text(alphabet=st.sampled_from("[]{}:,-?&*!|>'\"%@` \n\tax1.~#"), max_size=60))
def test_any_yaml(text: str) -> None:
    survives(text.encode())


@settings(deadline=None)
@random(st.dictionaries(st.text(max_size=5), anything))
def test_any_json(value: dict[str, Any]) -> None:
    with suppress(InvalidSpec):
        compiles(document_from_json(value))


@settings(max_examples=300, deadline=None)
@random(st.sampled_from(PLACES), anything)
def test_a_pipeline_with_anything_in_any_place(path: tuple[Any, ...], value: Any) -> None:
    spec = copy.deepcopy(whole())
    place: Any = spec
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with suppress(InvalidSpec):
        compiles(document_from_json(spec))


@settings(deadline=None)
@random(st.data())
def test_a_pipeline_cut_off_or_with_a_byte_changed(data: st.DataObject) -> None:
    spec = whole()["pipeline_spec"]
    text = data.draw(st.sampled_from([yaml.dump(spec).encode(), json.dumps(spec).encode()]))
    at = data.draw(st.integers(0, len(text) - 1))
    survives(text[:at])
    survives(text[:at] + data.draw(st.binary(min_size=1, max_size=2)) + text[at + 1 :])


@pytest.mark.parametrize(
    "data",
    [
        b"[" * (8 << 20),
        b'{"a":' * (4 << 20),
        b"- " * (8 << 20),
        b"a: &a\n" * 100_000,
        b"{" * (1 << 20) + b"}" * (1 << 20),
        b"x" * (40 << 20),
        b"\xff" * (1 << 20),
        b"pipelineInfo: {name: x}\nroot: " + b"{a: " * 99 + b"}" * 99,
    ],
)
def test_large_and_deep_files(data: bytes) -> None:
    with pytest.raises(InvalidSpec):
        load_document(data)
