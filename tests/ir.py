"""Compiled pipelines written by hand, for tests that need no SDK: container tasks that run a line of shell."""

from collections.abc import Mapping, Sequence
from typing import Any


def shell_task(
    name: str, script: str, *, after: Sequence[str] = (), cached: bool = False, **parameters: str
) -> dict[str, Any]:
    """A task that runs `script` with `sh -c`; parameters are `$0`, `$1`... in their order."""
    return {
        "name": name,
        "script": script,
        "after": list(after),
        "cached": cached,
        "parameters": parameters,
    }


def pipeline(*tasks: Mapping[str, Any], name: str = "by-hand") -> dict[str, Any]:
    """The PipelineSpec of one DAG with these tasks."""
    return {
        "pipelineInfo": {"name": name},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
        "root": {"dag": {"tasks": {task["name"]: _task(task) for task in tasks}}},
        "components": {f"comp-{task['name']}": _component(task) for task in tasks},
        "deploymentSpec": {"executors": {f"exec-{task['name']}": _executor(task) for task in tasks}},
    }


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "componentRef": {"name": f"comp-{task['name']}"},
        "taskInfo": {"name": task["name"]},
        "cachingOptions": {"enableCache": True} if task["cached"] else {},
    }
    if task["after"]:
        found["dependentTasks"] = task["after"]
    if task["parameters"]:
        values = {key: {"runtimeValue": {"constant": value}} for key, value in task["parameters"].items()}
        found["inputs"] = {"parameters": values}
    return found


def _component(task: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"executorLabel": f"exec-{task['name']}"}
    if task["parameters"]:
        found["inputDefinitions"] = {"parameters": {key: {"parameterType": "STRING"} for key in task["parameters"]}}
    return found


def _executor(task: Mapping[str, Any]) -> dict[str, Any]:
    args = ["{{$.inputs.parameters['" + key + "']}}" for key in task["parameters"]]
    return {"container": {"image": "alpine", "command": ["sh", "-c", task["script"]], "args": args}}
