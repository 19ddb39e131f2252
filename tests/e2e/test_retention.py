"""`headrace retention`, as a user types it."""

from pathlib import Path

import yaml
from tests.e2e.conftest import Cli
from tests.ir import pipeline, shell_task


def test_an_experiment_lets_its_runs_go_but_for_one(up: Cli, tmp_path: Path) -> None:
    file = tmp_path / "say.yaml"
    file.write_text(yaml.safe_dump(pipeline(shell_task("say", "echo said"), name="say")))
    runs = [up.json("run", str(file), "--experiment", "letting go")["run_id"] for _ in range(2)]
    assert "no experiment has that name" in up.run("retention", "set", "nowhere", "--runs", "1d", code=2).stderr
    assert "what to change" in up.run("retention", "set", "letting go", code=2).stderr
    assert "no age" in up.run("retention", "set", "letting go", "--runs", "soon", code=2).stderr
    said = up.json("retention", "set", "letting go", "--runs", "0s", "--logs", "7d")
    assert (said["said"]["runs"], said["said"]["logs"], said["in_force"]["cache"]) == ("0s", "1w", "")
    assert up.json("retention", "show", "letting go") == said
    shown = up.run("retention", "show").stdout
    assert "letting go" in shown
    assert "forever" in shown

    assert "is always kept" in up.run("retention", "keep", runs[0]).stdout
    assert runs[0] in up.run("retention", "show").stdout
    would = up.run("retention", "run", "--dry-run").stdout
    assert f"Would remove 1 run with 2 tasks\n  {runs[1]}  " in would
    assert up.json("get", "run", runs[1])["run_id"] == runs[1]
    assert "Removed 1 run with 2 tasks" in up.run("retention", "run").stdout
    assert "not found" in up.run("get", "run", runs[1], code=2).stderr
    assert up.json("retention", "keep", runs[0], "--undo") == {"run_id": runs[0], "pinned": False}
    assert up.json("retention", "run")["runs"] == 1
    up.run("retention", "set", "letting go", "--runs", "server", "--logs", "server")
    assert up.json("retention", "show")["experiments"] == []
