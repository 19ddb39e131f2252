"""`headrace run --from RUN --at TASK` as a user types it."""

from pathlib import Path
from typing import Any

from tests.e2e.conftest import Cli


def steps(run: dict[str, Any]) -> dict[str, str]:
    return {task["task"]: task["state"] for task in run["tasks"] if task["kind"] == "step"}


def test_it_goes_on_from_a_task_of_an_earlier_run(up: Cli, pipelines: Path) -> None:
    first = up.json("run", str(pipelines / "hello.yaml"), "-p", "name=resume", "--no-cache")
    run = up.json("run", "--from", first["run_id"][:8], "--at", "count")
    assert (run["resumed_from"], run["resumed_at"]) == (first["run_id"], ["inner.count"])
    assert run["name"] == f"{first['name']} from inner.count"
    assert steps(run) == {"inner.greet": "CACHED", "inner.count": "SUCCEEDED"}
    assert run["outputs"] == first["outputs"] == {"Output": 2}

    origin = f"resumed from run {first['run_id']} at inner.count"
    assert origin in up.run("get", "run", run["run_id"]).stdout
    assert f"taken from run {first['run_id']}" in up.run("why", run["run_id"], "greet").stdout
    assert f"resumed: from run {first['run_id']} at inner.count" in up.run("why", run["run_id"]).stdout

    out = up.run("run", "--from", "last", "--at", "inner.count", "-p", "times=5", "--name", "five", "--logs").stdout
    assert f"resumed from run {run['run_id']} at inner.count" in out
    assert "inner.greet: greeting resume" in out, "the parameter that was changed reaches it"
    five = up.json("get", "run", "last")
    assert (five["name"], five["outputs"]) == ("five", {"Output": 5})
    assert up.json("get", "run", first["run_id"])["resumed_from"] is None


def test_a_server_is_started_for_it_where_none_is_up(tmp_path: Path, pipelines: Path) -> None:
    own = Cli(tmp_path / "home")
    first = own.json("run", str(pipelines / "hello.yaml"))
    again = own.json("run", "--from", "last", "--at", "greet")
    assert again["resumed_from"] == first["run_id"]
    assert set(steps(again).values()) == {"SUCCEEDED"}
    assert "--at goes with --from" in own.run("run", "--at", "greet", code=2).stderr
    assert "no such task" in own.run("run", "--from", "last", "--at", "nobody", code=2).stderr
