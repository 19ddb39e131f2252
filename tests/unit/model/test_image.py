"""Which of the globs that are mapped an image is meant by."""

import pytest

from headrace.model.image import best_fit


@pytest.mark.parametrize(
    ("globs", "best"),
    [
        ([], None),
        (["x/other:1"], None),
        (["x/*", "x/team:*", "x/t*"], "x/team:*"),
        (["x/*", "x/team:1"], "x/team:1"),
        (["x/team:?", "x/team:*"], "x/team:?"),
        (["X/TEAM:1"], None),
        (["*/a-very-long-glob-that-does-not-fit"], None),
        (["x/team:*************", "x/team:1"], "x/team:1"),
    ],
)
def test_the_name_itself_and_then_the_longest_glob_that_fits(globs: list[str], best: str | None) -> None:
    assert best_fit("x/team:1", globs) == best
    assert best_fit("x/team:1", reversed(globs)) == best


def test_an_image_with_the_signs_of_globs_is_its_own_name() -> None:
    assert best_fit("x[1]", ["x[1]"]) == "x[1]"
