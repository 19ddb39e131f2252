"""Small pipelines for the tests of this room, as the JSON that a compiler would write."""

from typing import Any

from headrace.spec.check import check
from headrace.spec.compile import build_plan, compile_plan
from headrace.spec.load import Document, document_from_json
from headrace.spec.plan import Plan

Json = dict[str, Any]


def pipeline(tasks: Json, components: Json, executors: Json | None = None, **root: Any) -> Json:
    """A pipeline spec. Components that name an executor that is not given get one that echoes."""
    labels = {each["executorLabel"] for each in components.values() if "executorLabel" in each}
    echo = {label: {"container": {"image": "alpine", "command": ["echo"]}} for label in labels}
    return {
        "pipelineInfo": {"name": "small"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
        "root": {"dag": {"tasks": tasks, **root.pop("dag", {})}, **root},
        "components": components,
        "deploymentSpec": {"executors": {**echo, **(executors or {})}},
    }


def task(component: str, *after: str, **more: Any) -> Json:
    return {"componentRef": {"name": component}, "dependentTasks": list(after), **more}


def leaf(inputs: Json | None = None, outputs: Json | None = None, **more: Any) -> Json:
    """A component with an executor; `inputs` and `outputs` are parameter types by name."""
    return {
        "executorLabel": "exec",
        "inputDefinitions": {"parameters": parameters(inputs or {})},
        "outputDefinitions": {"parameters": parameters(outputs or {})},
        **more,
    }


def parameters(types: Json) -> Json:
    """Definitions by name, each a type or a definition."""
    return {name: {"parameterType": each} if isinstance(each, str) else each for name, each in types.items()}


def constant(value: Any) -> Json:
    return {"runtimeValue": {"constant": value}}


def output_of(producer: str, key: str = "Output") -> Json:
    return {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": key}}


def given(**sources: Json) -> Json:
    """The `inputs` of a task."""
    return {"parameters": sources}


def compiled(spec: Json) -> Plan:
    return compile_plan(document_from_json(spec))


def planned(spec: Json) -> Plan:
    """The plan, with what cannot be executed yet."""
    return plan_of(document_from_json(spec))


def plan_of(document: Document) -> Plan:
    return build_plan(document, check(document.spec, document.deployment))
