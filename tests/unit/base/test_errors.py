import re

import pytest

from headrace.base import errors
from headrace.base.errors import HeadraceError, StepError


def tree() -> list[str]:
    """The names of all errors of the module but the root."""
    found = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, HeadraceError)]
    return [each.__name__ for each in found if each is not HeadraceError]


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
    assert sorted(drawn) == sorted(tree())
