"""The lines that hold a text, where they are longer than what is looked through at once."""

import io

import pytest

from headrace.api.log_search import PIECE, SHOWN, lines_with


def found(log: str, text: str, *, any_case: bool = False) -> list[tuple[int, str]]:
    return list(lines_with(text, io.StringIO(log, newline="\n"), any_case))


def test_only_a_newline_ends_a_line() -> None:
    assert found("a" * 3 * PIECE + "\n\nneedle\r\n", "needle") == [(3, "needle")]
    assert found("one\rtwo\u2028three\x0cfour\nfive", "f") == [(1, "one\rtwo\u2028three\x0cfour"), (2, "five")]


@pytest.mark.parametrize("before", range(PIECE - 6, PIECE + 2))
def test_a_text_is_found_across_pieces_and_its_line_once(before: int) -> None:
    line = "x" * before + "needle" + "y" * PIECE + "needle"
    assert found(f"{line}\n{line}", "needle") == [(1, line[:SHOWN]), (2, line[:SHOWN])]
    assert found(f"{line}\n{line}", "NeedlE", any_case=True) == [(1, line[:SHOWN]), (2, line[:SHOWN])]
    assert found(f"{line}\n", "needles") == []


def test_a_text_is_not_put_together_of_two_lines() -> None:
    assert found("nee\ndle\n", "needle") == []
    assert found("nee\ndle\n", "n") == [(1, "nee")]
    assert found("Straße", "STRASSE", any_case=True) == [(1, "Straße")]
