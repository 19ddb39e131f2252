"""Python components that do what scripts do, in warm interpreters: what they gave, or why they failed."""

from typing import Any

import pytest
from tests.compat.pipelines import programs
from tests.compat.pipelines.play import Back, Played, message
from tests.harness import parameters_of

GAVE: dict[str, Any] = {
    "reads-stdin": "''",
    "runs-a-loop": [0, 2, 4],
    "forks-workers": [1, 2, 9, 4, "from a process"],
    "forkserver-workers": 5,
    "thread-raises": "went on",
    "alarm": "rang",
    "writes-beside-itself": ["beside", "cwd", True, "ephemeral_component.py", "ephemeral_component"],
    "pickles-itself": [3, "pickles_itself", ["x"]],
    "logs": "logged",
    "prints-much": "printed",
    "main-module": ["__main__", True, True],
    "uses-home-and-tmp": [True, True, True],
    "with-helpers": 7,
    "embedded-file": "embedded \u2603",
}

FAILED = {
    "asks-the-user": "EOFError: EOF when reading a line",
    "raises-with-a-cause": "ValueError: no such",
    "raises-a-group": "ExceptionGroup: several (2 sub-exceptions): ValueError: one",
    "asserts": "AssertionError: one is not two",
    "imports-the-unknown": "ModuleNotFoundError: No module named 'pandas_but_misspelled'",
    "exits-in-a-subprocess": "subprocess.CalledProcessError: Command '['sh', '-c', 'echo doomed >&2; exit 4']'",
}


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    return anyone


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    return back.play(programs.programs, "FAILED")


def test_what_ends_well(played: Played) -> None:
    assert {name: parameters_of(played.displayed(name)).get("Output") for name in GAVE} == GAVE
    word, imported, names, text = parameters_of(played.displayed("embedded-folder"))["Output"]
    assert (word, imported, text) == ("given", "imported", "embedded \u2603")
    assert {"deep", "embedded_module.py", "words.txt"} <= set(names)


def test_what_fails_says_why(played: Played) -> None:
    for name, said in FAILED.items():
        assert message(played.displayed(name)).startswith(f"exit code 1: {said}")
    states = {each["state"] for name in FAILED for each in played.named(name)}
    assert states == {"FAILED"}


def test_what_was_logged(back: Back, played: Played) -> None:
    log = back.log(played.run["run_id"], "logs", 1)
    for line in (" WARNING]: a warning", "INFO:mine:an info", "UserWarning: careful", "to stderr", "no newline"):
        assert line in log
    much = back.log(played.run["run_id"], "prints-much", 1)
    assert f"19999 {'x' * 100}\n" in much
    assert "y" * 2_000_000 in much
