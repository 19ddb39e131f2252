"""What steps used, and what they should ask for, over HTTP."""

import json
from dataclasses import replace
from typing import Any

from tests.api.conftest import Api, pipeline
from tests.api.scene import AT, Scene

from headrace.base.clock import SECOND, Instant
from headrace.engine.decision import AttemptMoved, Change
from headrace.launch.runner.wire import USAGE
from headrace.model.run import Failure
from headrace.model.task import Usage

MIB = 1 << 20
USED = Usage(1.5, 0.5, 90 * MIB, 100 * MIB, 4096, 8192, 60 * MIB, 1.75)


def execute(api: Api, document: dict[str, Any], usage: Usage = USED, failure: Failure | None = None) -> Scene:
    """A run whose step took four seconds and used that."""
    scene = Scene(api.run(document, runtime_config={"parameters": {"count": 3}})["run_id"])
    api.advance(scene.run_id, *scene.started())
    events, changes = scene.ended(failure=failure)
    api.advance(scene.run_id, events, [_with(usage, change) for change in changes])
    return scene


def _with(usage: Usage, change: Change) -> Change:
    if not isinstance(change, AttemptMoved):
        return change
    return AttemptMoved(replace(change.attempt, usage=usage, ended_at=Instant(AT + 4 * SECOND)))


def own(api: Api, path: str, code: int = 200) -> Any:
    response = api.http.get(f"/api/v1/runs/{path}")
    assert response.status_code == code, response.text
    return response.json()


def test_a_run_tells_what_its_attempts_used(api: Api) -> None:
    scene = execute(api, pipeline())
    assert own(api, f"{scene.run_id}/usage") == {
        "run_id": scene.run_id,
        "tasks": [
            {
                "task": "root.say",
                "task_id": scene.task_id(),
                "attempts": [
                    {
                        "attempt": 1,
                        "attempt_id": scene.attempt_id,
                        "state": "ENDED",
                        "started_at": "2023-11-14T22:21:40Z",
                        "exit_code": 0,
                        "seconds": 4.0,
                        "cpu_seconds": 2.0,
                        "peak_cores": 1.75,
                        "peak_memory": 100 * MIB,
                        "average_memory": 60 * MIB,
                        "largest_process": 90 * MIB,
                        "read_bytes": 4096,
                        "written_bytes": 8192,
                    }
                ],
            }
        ],
    }


def test_what_is_not_known_yet_is_null(api: Api) -> None:
    run_id = api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"]
    assert own(api, f"{run_id}/usage") == {"run_id": run_id, "tasks": []}
    api.advance(run_id, *Scene(run_id).started())
    (task,) = own(api, f"{run_id}/usage")["tasks"]
    (attempt,) = task["attempts"]
    assert (attempt["state"], attempt["seconds"], attempt["cpu_seconds"]) == ("STARTED", None, None)
    assert own(api, "nobody/usage", 404)


def test_the_samples_of_a_task_are_those_of_its_supervisor(api: Api) -> None:
    scene = execute(api, pipeline())
    folder = api.services.home.attempt(scene.attempt_id)
    told = {"task": "root.say", "task_id": scene.task_id(), "attempt": 1, "samples": []}
    assert own(api, f"{scene.run_id}/tasks/say/usage") == told
    folder.mkdir(parents=True)
    points = [[1.0, 0.9, 100, 5, 6], [2.0, 1.9, 120, 5, 7]]
    (folder / USAGE).write_text("".join(f"{json.dumps(each)}\n" for each in points) + "[3.0, 2.")
    keys = ("seconds", "cpu_seconds", "memory", "read_bytes", "written_bytes")
    told["samples"] = [dict(zip(keys, each, strict=True)) for each in points]
    assert own(api, f"{scene.run_id}/tasks/{scene.attempt_id}/usage?attempt=1") == told
    assert "no number 2" in own(api, f"{scene.run_id}/tasks/say/usage?attempt=2", 404)["message"]


def test_advice_is_from_this_run_and_those_of_its_pipeline_before_it(api: Api) -> None:
    execute(api, pipeline("another"), replace(USED, peak_memory=4000 * MIB))
    execute(api, pipeline(), replace(USED, peak_memory=300 * MIB))
    document = pipeline()
    document["deploymentSpec"]["executors"]["exec-say"]["container"]["resources"] = {"resourceMemoryLimit": "200Mi"}
    scene = execute(api, document)
    execute(api, pipeline(), replace(USED, peak_memory=2000 * MIB))
    said = own(api, f"{scene.run_id}/advice")
    assert (said["run_id"], said["pipeline"]) == (scene.run_id, "hello")
    (component,) = said["components"]
    assert component == {
        "component": "comp-say",
        "tasks": ["root.say"],
        "executions": 2,
        "runs": 2,
        "killed": 0,
        "measured": {
            "seconds": 4.0,
            "cores": 0.5,
            "peak_cores": 1.75,
            "memory": 300 * MIB,
            "peak_memory": 300 * MIB,
        },
        "current": {"cpu_request": "", "cpu_limit": "", "memory_request": "", "memory_limit": "200Mi"},
        "suggested": {"cpu_request": "500m", "cpu_limit": "2", "memory_request": "320Mi", "memory_limit": "512Mi"},
        "lines": [
            'say.set_cpu_request("500m")',
            'say.set_cpu_limit("2")',
            'say.set_memory_request("320Mi")',
            'say.set_memory_limit("512Mi")',
        ],
    }


def test_one_that_was_killed_over_its_limit_is_advised_more(api: Api) -> None:
    over = replace(USED, peak_memory=99 * MIB, over_limit=100 * MIB)
    scene = execute(api, pipeline(), over, failure=Failure("out of memory"))
    (component,) = own(api, f"{scene.run_id}/advice")["components"]
    assert (component["executions"], component["killed"]) == (1, 1)
    assert component["suggested"]["memory_limit"] == "256Mi"


def test_without_an_execution_there_is_no_advice(api: Api) -> None:
    run_id = api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"]
    (component,) = own(api, f"{run_id}/advice")["components"]
    assert (component["executions"], component["lines"]) == (0, [])
    assert own(api, "nobody/advice", 404)
