"""`headrace sim`: what a user is told of a pipeline; it needs neither a home nor a server."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.conftest import HEADRACE


def sim(pipelines: Path, *words: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
    command = [*HEADRACE, "sim", str(pipelines / "hello.yaml"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def document(pipelines: Path, *words: str) -> Any:
    return json.loads(sim(pipelines, *words, "--json").stdout)


def test_the_report(pipelines: Path) -> None:
    out = sim(pipelines, "-p", "times=3", "--seeds", "20").stdout
    assert "20 seeds" in out
    assert "every rule held" in out
    assert "greet" in out
    assert "Runs ended as:" in out


def test_the_document(pipelines: Path) -> None:
    found = document(pipelines, "-p", "times=3", "--seeds", "20")
    assert (found["seeds"], found["violation"], found["never_began"]) == (20, None, [])
    assert sum(found["runs"].values()) == 20
    tasks = {each["task"]: each for each in found["tasks"]}
    assert set(tasks) == {"inner", "inner.greet", "inner.count"}
    assert tasks["inner.greet"]["began"] > 15


def test_one_seed_tells_its_story(pipelines: Path) -> None:
    found = document(pipelines, "-p", "times=3", "--seed", "7")
    assert found["seeds"] == 1
    assert any(line.startswith("commit") for line in found["story"])


def test_wrong_words_are_refused(pipelines: Path) -> None:
    assert "--seeds" in sim(pipelines, "--seeds", "0", code=2).stderr
    assert "no such parameter" in sim(pipelines, "-p", "x=1", code=2).stderr
