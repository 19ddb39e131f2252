"""The executor contract in both directions."""

import json
from typing import Any

import pytest

from headrace.base.errors import StepError
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.executor import OutputArtifact, executor_input, parse_output
from headrace.spec.plan import ArtifactSpec, Container, Interface, ParameterSpec, ParameterType


def component(**outputs: str) -> Container:
    interface = Interface(
        output_parameters={name: ParameterSpec(ParameterType(kind)) for name, kind in outputs.items()},
        output_artifacts={
            "model": ArtifactSpec("system.Model", metadata={"framework": "x"}),
            "parts": ArtifactSpec("system.Dataset", is_list=True),
        },
    )
    return Container("comp", interface, "alpine", (), ())


def test_what_a_step_is_told() -> None:
    data = Artifact("id-1", "d", "system.Dataset", "minio://b/d", {"rows": 3}, schema_version="0.0.2")
    inputs = Bindings({"n": 5, "gone": None}, {"data": (data,)})
    uris = {"model": "minio://b/model", "parts": "minio://b/parts"}
    assert executor_input(component(out="STRING"), inputs, uris, {"out": "/o/out"}, "/o/meta.json") == {
        "inputs": {
            "parameterValues": {"n": 5},
            "artifacts": {
                "data": {
                    "artifacts": [
                        {
                            "name": "d",
                            "type": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.2"},
                            "uri": "minio://b/d",
                            "metadata": {"rows": 3},
                            "artifactId": "id-1",
                        }
                    ]
                }
            },
        },
        "outputs": {
            "parameters": {"out": {"outputFile": "/o/out"}},
            "artifacts": {
                "model": {
                    "artifacts": [
                        {
                            "name": "model",
                            "type": {"schemaTitle": "system.Model", "schemaVersion": "0.0.1"},
                            "uri": "minio://b/model",
                            "metadata": {"framework": "x"},
                        }
                    ]
                },
                "parts": {
                    "artifacts": [
                        {
                            "name": "parts",
                            "type": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
                            "uri": "minio://b/parts",
                            "metadata": {},
                        }
                    ]
                },
            },
            "outputFile": "/o/meta.json",
        },
    }


def test_the_output_file_goes_before_the_parameters_files() -> None:
    text = json.dumps({"parameterValues": {"a": 1.0, "other": 5}})
    found = parse_output(component(a="NUMBER_INTEGER", b="STRING"), text, {"a": "7", "b": "raw\n"})
    assert found.parameters == {"a": 1, "b": "raw\n"}
    assert isinstance(found.parameters["a"], int)


def test_a_null_in_the_output_file_is_not_a_value() -> None:
    text = json.dumps({"parameterValues": {"a": None}})
    assert parse_output(component(a="STRING"), text, {"a": "from the file"}).parameters == {"a": "from the file"}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("STRING", ' "raw" \n', ' "raw" \n'),
        ("STRING", "", ""),
        ("NUMBER_INTEGER", " 5\n", 5),
        ("NUMBER_INTEGER", "5.0", 5),
        ("NUMBER_DOUBLE", "0.5", 0.5),
        ("NUMBER_DOUBLE", "1e-3", 0.001),
        ("BOOLEAN", "True\n", True),
        ("BOOLEAN", "false", False),
        ("BOOLEAN", "FALSE", False),
        ("BOOLEAN", "1", True),
        ("LIST", '[1.0, "a"]', [1, "a"]),
        ("STRUCT", '{"a": null}', {"a": None}),
    ],
)
def test_files_are_read_by_the_declared_type(kind: str, text: str, value: object) -> None:
    found = parse_output(component(a=kind), None, {"a": text}).parameters["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("NUMBER_INTEGER", "five", "is no JSON"),
        ("NUMBER_INTEGER", "5.5", "output parameter a: the number 5.5 is not of type NUMBER_INTEGER"),
        ("NUMBER_DOUBLE", "NaN", "NaN and Infinity are not"),
        ("BOOLEAN", "maybe", "is no JSON"),
        ("LIST", "{}", "output parameter a: the struct {} is not of type LIST"),
        ("STRUCT", "{" * 10, "is no JSON"),
        ("STRUCT", "[" * 100_000, "is no JSON"),
        ("STRING", None, "failed to read output parameter a"),
    ],
)
def test_files_that_cannot_be_read(kind: str, text: str | None, problem: str) -> None:
    with pytest.raises(StepError) as caught:
        parse_output(component(a=kind), None, {"a": text})
    assert problem in str(caught.value)


def test_artifacts_are_as_the_step_describes_them() -> None:
    described = {
        "model": {
            "artifacts": [{"name": "m", "uri": "s3://x/m", "metadata": {"accuracy": 0.9}, "custom_path": "/tmp/m"}]
        },
        "parts": {"artifacts": [{"uri": "minio://b/1"}, {"uri": "minio://b/2", "customPath": "/tmp/2", "name": None}]},
        "other": {"artifacts": []},
    }
    found = parse_output(component(), json.dumps({"artifacts": described}), {}).artifacts
    assert found == {
        "model": (OutputArtifact("m", "s3://x/m", {"framework": "x", "accuracy": 0.9}, "/tmp/m"),),
        "parts": (OutputArtifact(uri="minio://b/1"), OutputArtifact(uri="minio://b/2", custom_path="/tmp/2")),
    }


@pytest.mark.parametrize("text", [None, "", "{}", '{"artifacts": null, "parameterValues": null}'])
def test_artifacts_that_are_not_described_are_as_planned(text: str | None) -> None:
    assert parse_output(component(), text, {}).artifacts == {
        "model": (OutputArtifact(metadata={"framework": "x"}),),
        "parts": (),
    }


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ([], "the executor output file: it holds no JSON object"),
        ({"parameterValues": []}, "the executor output file: parameterValues is no JSON object"),
        ({"artifacts": {"model": []}}, "output artifact model: it is no list of artifacts"),
        ({"artifacts": {"model": {"artifacts": ["x"]}}}, "output artifact model: it is no list of artifacts"),
        ({"artifacts": {"model": {"artifacts": [{"uri": 5}]}}}, "output artifact model: its uri is no text"),
        ({"artifacts": {"model": {"artifacts": [{"metadata": []}]}}}, "metadata is no JSON object"),
        (
            {"artifacts": {"model": {"artifacts": [{"metadata": {"loss": float("nan")}}]}}},
            "artifacts.model.artifacts[0].metadata.loss: nan is not a JSON number",
        ),
    ],
)
def test_an_output_file_that_makes_no_sense(written: Any, problem: str) -> None:
    with pytest.raises(StepError) as caught:
        parse_output(component(), json.dumps(written), {})
    assert problem in str(caught.value)


def test_an_output_file_that_is_no_json() -> None:
    with pytest.raises(StepError, match="the executor output file: it is no JSON"):
        parse_output(component(), "{", {})
