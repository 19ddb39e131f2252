"""Values from files, standard input and the command line; what is wrong is said without them."""

import io
from pathlib import Path
from typing import Any

import pytest

from headrace.base.errors import InvalidInput
from headrace.cli.sources import collect

WORD = "hunter2"


def test_files_folders_lines_and_literals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "inner").mkdir()
    (tmp_path / "d" / "one").write_bytes(b"\xff\0")
    (tmp_path / "d" / "two").write_bytes(b"2\n")
    (tmp_path / "env").write_bytes(b"\xef\xbb\xbf# nothing\n\n A=x=y \r\n  B='q'\nC=\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from stdin\n")))
    found = collect(
        [f"{tmp_path}/d", f"again={tmp_path}/d/two", "in=-"], [f"{tmp_path}/env"], ["K=v=w", "empty=", 'Q="q"']
    )
    assert found == {
        "one": b"\xff\0",
        "two": b"2\n",
        "again": b"2\n",
        "in": b"from stdin\n",
        "A": b"x=y ",
        "B": b"'q'",
        "C": b"",
        "K": b"v=w",
        "empty": b"",
        "Q": b'"q"',
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (([], [], [WORD]), "--from-literal: number 1 has no key"),
        (([], [], [f"={WORD}"]), "--from-literal: number 1 has no key"),
        (([], [], ["a=1", f"a={WORD}"]), "--from-literal a: the key is given twice"),
        ((["a=b=c"], [], []), "not clear which is the key"),
        ((["=x"], [], []), "not clear which is the key"),
        ((["-"], [], []), "Write it as KEY=-"),
        ((["a=-", "b=-"], [], []), "standard input is read once"),
        ((["a=-"], ["-"], []), "standard input is read once"),
        ((["k={folder}"], [], []), "leave KEY= out"),
        ((["{folder}/none"], [], []), "it cannot be read: No such file"),
        (([], ["{folder}"], []), "it cannot be read: Is a directory"),
        (([], ["{folder}/lines"], []), "lines, line 2: it has no key"),
    ],
)
def test_what_is_wrong_is_said_without_the_value(tmp_path: Path, given: Any, told: str) -> None:
    (tmp_path / "lines").write_text(f"A=1\n{WORD}\n")
    sources = [[each.replace("{folder}", str(tmp_path)) for each in part] for part in given]
    with pytest.raises(InvalidInput) as error:
        collect(*sources)
    assert told in str(error.value)
    assert WORD not in str(error.value)
