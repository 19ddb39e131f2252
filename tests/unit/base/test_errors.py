import re

import pytest

from headrace.base import errors
from headrace.base.errors import HeadraceError, StepError


def classes(root: type[HeadraceError]) -> list[type[HeadraceError]]:
    return [each for child in root.__subclasses__() for each in [child, *classes(child)]]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (HeadraceError("it broke"), "it broke"),
        (HeadraceError("it broke", where="root.train"), "root.train: it broke"),
        (HeadraceError("it broke", hint="Mend it"), "it broke. Mend it"),
        (HeadraceError("it broke", where="root.train", hint="Mend it"), "root.train: it broke. Mend it"),
    ],
)
def test_an_error_says_where_what_and_what_to_do(error: HeadraceError, text: str) -> None:
    assert str(error) == text


def test_a_step_error_can_be_nobodys_fault() -> None:
    assert StepError("disk full", infrastructure=True).infrastructure
    assert not StepError("bad output").infrastructure


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted(each.__name__ for each in classes(HeadraceError))
