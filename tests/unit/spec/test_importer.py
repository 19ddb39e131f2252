"""Importers: how they are compiled, and what they import."""

from typing import Any

import pytest
from tests.unit.spec.build import Json, constant, given, parameters, pipeline, planned, task

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.spec.importer import Imported, resolve_import
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import ArtifactSpec, Constant, FromInput, Importer
from headrace.spec.templates import Template

CONTEXT = RunContext("run", "name-1", "run-id", "task", "task-id", "/root", Instant(0), Instant(0), "/workspace")


def importer(spec: Json, outputs: Json | None = None) -> Importer:
    """The importer of a component that takes `uri` and `name`."""
    made = {"artifacts": {"artifact": {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}}}
    component = {
        "executorLabel": "exec",
        "inputDefinitions": {"parameters": parameters({"uri": "STRING", "name": "STRING"})},
        "outputDefinitions": outputs or made,
    }
    inputs = given(uri=constant("gs://b/from-input"), name=constant("n"))
    plan = planned(pipeline({"one": task("comp", inputs=inputs)}, {"comp": component}, {"exec": {"importer": spec}}))
    found = plan.root.tasks["one"].component
    assert isinstance(found, Importer)
    return found


def test_all_that_it_may_say() -> None:
    found = importer(
        {
            "artifactUri": {"constant": "gs://b/x"},
            "typeSchema": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
            "metadata": {"k": "{{$.inputs.parameters['name']}}", "plain": 1.0},
            "reimport": True,
            "downloadToWorkspace": True,
        }
    )
    assert (found.component, found.label, found.output) == ("comp", "exec", "artifact")
    assert found.artifact == ArtifactSpec("system.Dataset")
    assert found.uri == Constant("gs://b/x")
    assert found.metadata == Constant({"k": "{{$.inputs.parameters['name']}}", "plain": 1})
    assert isinstance(found.metadata.value, dict)
    assert isinstance(found.metadata.value["k"], Template)
    assert found.reimport
    assert found.download_to_workspace


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ({"constant": "gs://b/x"}, Constant("gs://b/x")),
        ({"constantValue": {"stringValue": "gs://b/x"}}, Constant("gs://b/x")),
        ({"runtimeParameter": "name"}, FromInput("name")),
        ({"constant": "gs://b/{{channel:task=;name=t;type=String;}}"}, FromInput("uri")),
    ],
)
def test_where_the_uri_comes_from(uri: Json, source: object) -> None:
    assert importer({"artifactUri": uri}).uri == source


@pytest.mark.parametrize(
    ("spec", "where", "problem"),
    [
        ({}, "deploymentSpec.executors.exec.importer.artifactUri", "no uri"),
        ({"artifactUri": {"constant": ""}}, "deploymentSpec.executors.exec.importer.artifactUri", "no uri"),
        (
            {"artifactUri": {"runtimeParameter": "nope"}},
            "deploymentSpec.executors.exec.importer.artifactUri.runtimeParameter",
            "no input parameter nope",
        ),
        (
            {"artifactUri": {"constant": "x"}, "properties": {"a": {"constant": 1}}},
            "deploymentSpec.executors.exec.importer",
            "properties of schema 2.0.0",
        ),
    ],
)
def test_what_is_wrong(spec: Json, where: str, problem: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        importer(spec)
    assert problem in caught.value.message
    assert caught.value.where == where


@pytest.mark.parametrize(
    "outputs",
    [
        {"artifacts": {}},
        {"artifacts": {"a": {}, "b": {}}},
        {"artifacts": {"a": {}}, "parameters": {"p": {"parameterType": "STRING"}}},
    ],
)
def test_it_gives_one_artifact(outputs: Json) -> None:
    with pytest.raises(InvalidSpec, match="one artifact") as caught:
        importer({"artifactUri": {"constant": "x"}}, outputs)
    assert caught.value.where == "components.comp.outputDefinitions"


@pytest.mark.parametrize(
    ("uri", "metadata", "imported"),
    [
        ({"constant": "gs://b/x"}, {}, Imported("gs://b/x", {})),
        ({"runtimeParameter": "uri"}, {}, Imported("gs://b/{{$.pipeline_root}}", {})),
        ({"constant": "gs://{{$.pipeline_job_uuid}}/x"}, {}, Imported("gs://run-id/x", {})),
        (
            {"constant": "x"},
            {
                "{{$.inputs.parameters['name']}}": "of {{$.inputs.parameters['name']}}",
                "whole": ["{{$.inputs.parameters['n']}}", {"deep": "n={{$.inputs.parameters['n']}}"}],
                "plain": 1.5,
            },
            Imported("x", {"me": "of me", "whole": [3, {"deep": "n=3"}], "plain": 1.5}),
        ),
    ],
)
def test_what_is_imported(uri: Json, metadata: Json, imported: Imported) -> None:
    found = importer({"artifactUri": uri, "metadata": metadata})
    values = {"uri": "gs://b/{{$.pipeline_root}}", "name": "me", "n": 3}
    assert resolve_import(found, values, CONTEXT) == imported


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "null is no uri"),
        ("", "is no uri"),
        (5, "the number 5 is no uri"),
        ("oci://registry/model:1", "only a system.Model can be, not a system.Dataset"),
    ],
)
def test_what_cannot_be_imported(value: Any, problem: str) -> None:
    found = importer({"artifactUri": {"runtimeParameter": "uri"}})
    with pytest.raises(InvalidInput) as caught:
        resolve_import(found, {"uri": value}, CONTEXT)
    assert problem in caught.value.message
    assert caught.value.where == "input parameter uri"
