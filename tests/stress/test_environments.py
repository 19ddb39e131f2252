"""Environments under load: many steps that want the same new one at once."""

import json
import zipfile
from pathlib import Path
from typing import Any

from tests.harness import tasks_of
from tests.ir import pipeline, shell_task
from tests.launch.steps import bootstrap
from tests.stress.conftest import Start
from tests.stress.kit import log, message

MANY = 8


def wheel(folder: Path) -> Path:
    """A package of one module, without dependencies: nothing is fetched."""
    file = folder / "stressed-1.0-py3-none-any.whl"
    info = "stressed-1.0.dist-info"
    files = {
        "stressed.py": "VALUE = 7\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: stressed\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return file


def wanting(requirement: str, steps: int) -> dict[str, Any]:
    """Steps that all install it and print what it holds."""
    spec = pipeline(*(shell_task(f"step-{number}", "") for number in range(steps)))
    for executor in spec["deploymentSpec"]["executors"].values():
        print_it = ["python3", "-c", "import stressed, sys; print(stressed.VALUE, sys.prefix)"]
        executor["container"] = {
            "image": "python:3.11",
            "command": ["sh", "-c", bootstrap(f"'{requirement}'"), *print_it],
        }
    return spec


def built(home: Path) -> list[Path]:
    return [each.parent for each in (home / "environments").glob("*/headrace-ready.json")]


def test_what_many_steps_want_at_once_is_built_once(start: Start, tmp_path: Path) -> None:
    server = start("--slots", str(MANY))
    found = server.wait(server.submit(wanting(str(wheel(tmp_path)), MANY)))
    tasks = tasks_of(found)
    assert found["state"] == "SUCCEEDED", {path: message(task) for path, task in tasks.items()}
    (environment,) = built(server.home)
    printed = [log(server, found["run_id"], f"step-{number}").decode() for number in range(MANY)]
    assert {text.splitlines()[-1] for text in printed} == {f"7 {environment}"}
    builders = [text for text in printed if len(text.splitlines()) > 1]
    assert len(builders) <= 1, builders
    made = json.loads((environment / "headrace-ready.json").read_text())
    assert any("stressed" in pin for pin in made["pins"])


def test_what_cannot_be_installed_is_said_to_all_who_wanted_it(start: Start, tmp_path: Path) -> None:
    server = start("--slots", "4")
    found = server.wait(server.submit(wanting(str(tmp_path / "missing-1.0-py3-none-any.whl"), 4)))
    assert found["state"] == "FAILED"
    for path, task in tasks_of(found).items():
        assert task["state"] == "FAILED"
        assert "missing" in message(task), path
    assert built(server.home) == []
    again = server.wait(server.submit(wanting(str(wheel(tmp_path)), 1)))
    assert again["state"] == "SUCCEEDED"
