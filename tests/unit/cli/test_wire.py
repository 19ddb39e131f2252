"""The server's JSON, read; and a history folded."""

from typing import Any

from headrace.base.clock import SECOND, Instant
from headrace.cli.view import RunView
from headrace.cli.wire import moved, run_view
from headrace.model.state import State

NEVER = "1970-01-01T00:00:00Z"


def document(**task: Any) -> dict[str, Any]:
    detail = {"task_id": "t", "state": task.pop("detail_state", task.get("state", "RUNNING"))}
    whole = {"task_id": "t", "scope_path": "root.a", "name": "a", "type": "RUNTIME", **task}
    return {
        "run_id": "r",
        "display_name": "n",
        "state": "RUNNING",
        "created_at": "1970-01-01T00:00:10Z",
        "finished_at": NEVER,
        "run_details": {"task_details": [detail]},
        "tasks": [whole],
    }


def test_a_run_without_tasks() -> None:
    run = run_view({"run_id": "r", "state": "FAILED", "error": {"code": 2, "message": "no"}})
    assert (run.run_id, run.state, run.message, run.tasks, run.finished_at) == ("r", State.FAILED, "no", {}, 0)


def test_times_that_have_not_come_are_0() -> None:
    run = run_view(document(start_time="1970-01-01T00:00:11.5Z", end_time=NEVER))
    assert run.created_at == 10 * SECOND
    assert run.finished_at == 0
    assert (run.tasks["root.a"].started_at, run.tasks["root.a"].ended_at) == (11.5 * SECOND, 0)


def test_waiting_and_stopped_are_told_by_one_shape_and_cached_by_the_other() -> None:
    def state(both: tuple[str, str]) -> State:
        return run_view(document(state=both[0], detail_state=both[1])).tasks["root.a"].state

    assert state(("RUNNING", "PENDING")) is State.PENDING
    assert state(("FAILED", "CANCELED")) is State.CANCELED
    assert state(("CACHED", "SUCCEEDED")) is State.CACHED


def test_a_state_of_a_newer_server_goes_on() -> None:
    assert run_view({"state": "PAUSED"}).state is State.RUNNING


def test_outputs_and_metrics_that_come_one_by_one() -> None:
    outputs = {
        "parameters": [{"parameter_key": "n", "value": 1}, {"parameter_key": "nothing"}],
        "artifacts": [
            {
                "artifact_key": "scores",
                "artifacts": [
                    {"type": "Metric", "name": "f1", "number_value": 0.5},
                    {"type": "Metric", "name": "loss", "number_value": 0},
                ],
            },
            {
                "artifact_key": "own",
                "artifacts": [
                    {"type": "Artifact", "uri": "minio://a/b", "metadata": {"_kfp_schema_title": "x.Y", "k": 1}}
                ],
            },
        ],
    }
    task = run_view(document(outputs=outputs)).tasks["root.a"]
    assert task.parameters == {"n": 1, "nothing": None}
    assert task.metrics == {"f1": 0.5, "loss": 0}
    (own,) = task.artifacts["own"]
    assert (own.type, own.uri, own.metadata) == ("x.Y", "minio://a/b", {"k": 1})


def test_a_history_is_folded_into_the_run() -> None:
    def task(state: str, **more: Any) -> dict[str, Any]:
        return {"what": "task", "path": "root.a", "at": "1970-01-01T00:00:01Z", "state": state, **more}

    run = RunView("r", "n", State.PENDING)
    run = moved(run, {"changes": [{"what": "run", "at": NEVER, "state": "RUNNING"}]})
    run = moved(run, {"changes": [task("PENDING", display_name="A", kind="RUNTIME"), {"what": "attempt"}]})
    run = moved(run, {"changes": [task("RUNNING", started_at="1970-01-01T00:00:02Z")]})
    assert (run.state, run.tasks["root.a"].name, run.tasks["root.a"].is_group) == (State.RUNNING, "A", False)
    assert run.tasks["root.a"].started_at == 2 * SECOND

    failed = task("FAILED", ended_at="1970-01-01T00:00:03Z", failure={"message": "exit code 1", "code": 2})
    run = moved(run, {"changes": [failed, {"what": "run", "at": "1970-01-01T00:00:04Z", "state": "FAILED"}]})
    assert (run.tasks["root.a"].ended_at, run.tasks["root.a"].message) == (3 * SECOND, "exit code 1")
    assert (run.state, run.finished_at) == (State.FAILED, Instant(4 * SECOND))


def test_an_event_that_changed_nothing_leaves_the_run_as_it_is() -> None:
    run = RunView("r", "n", State.RUNNING)
    assert moved(run, {"number": 1, "kind": "TaskReady"}) is run
    assert moved(run, {"state": "SUCCEEDED"}) is run
