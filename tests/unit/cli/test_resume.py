"""Which words of `headrace run` go together."""

import pytest

from headrace.base.errors import InvalidInput
from headrace.cli.resume import check_words


@pytest.mark.parametrize(
    ("pipeline", "from_run", "at", "others", "message"),
    [
        (None, None, [], [], "there is no PIPELINE"),
        ("p.yaml", None, ["train"], [], "--at goes with --from"),
        (None, "last", [], [], "where it is to go on is missing"),
        ("p.yaml", "last", ["train"], [], "has its pipeline"),
        (None, "last", ["train"], ["--no-cache"], "--no-cache: it does not go with --from"),
    ],
)
def test_what_does_not(
    pipeline: str | None, from_run: str | None, at: list[str], others: list[str], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_words(pipeline, from_run, at, others)
    assert message in str(caught.value)


def test_what_does() -> None:
    check_words("p.yaml", None, [], ["--no-cache"])
    check_words(None, "last", ["train", "eval"], [])
