"""What steps used, as a user sees it, and the advice that follows from it."""

from pathlib import Path

from tests.e2e.conftest import Cli


def test_what_the_steps_of_a_run_used(up: Cli, pipelines: Path) -> None:
    run = up.json("run", str(pipelines / "hello.yaml"), "--no-cache")
    out = up.run("get", "run", run["run_id"]).stdout.splitlines()
    at = out.index("Usage")
    assert out[at + 1].split() == ["step", "time", "cpu", "cores", "memory", "read", "written"]
    assert [line.split()[0] for line in out[at + 2 : at + 4]] == ["greet", "count"]
    assert all("MiB" in line for line in out[at + 2 : at + 4])
    tasks = {task["task"]: task["usage"] for task in up.json("get", "run", run["run_id"])["tasks"]}
    assert tasks["inner"] is None
    used = tasks["inner.greet"]
    assert used["seconds"] > 0
    assert used["peak_memory"] > 100_000
    assert used["average_memory"] is None, "it ran for less than a second"


def test_advice_for_a_pipeline(up: Cli, pipelines: Path, tmp_path: Path) -> None:
    pipeline = tmp_path / "advised.yaml"  # under a name of its own, which no other test of the same server has run
    pipeline.write_text((pipelines / "unlucky.yaml").read_text().replace("name: unlucky", "name: advised"))
    before = up.json("run", str(pipeline), "-p", f"file={up.home}/advised", "--no-cache", code=1)
    run = up.json("run", str(pipeline), "-p", f"file={up.home}/advised", "--no-cache")
    said = up.json("advise", run["run_id"])
    assert said["pipeline"] == "advised"
    components = {each["component"]: each for each in said["components"]}
    greet = components["comp-greet"]
    assert greet["runs"] == 2
    assert greet["executions"] == 4, "two iterations in each"
    assert [path.rpartition(".")[2] for path in greet["tasks"]] == ["greet"]
    assert components["comp-flaky"]["executions"] == 2, "the one that failed counts"
    out = up.run("advise", run["run_id"]).stdout
    assert "known:  4 executions in 2 runs" in out
    assert '  greet.set_memory_limit("' in out
    assert "now:    it asks for nothing" in out
    earlier = up.run("advise", before["run_id"]).stdout
    assert "known:  2 executions in 1 run\n" in earlier
    assert "known:  1 execution in 1 run, of which none succeeded" in earlier
