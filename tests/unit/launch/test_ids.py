"""Which folders on the way to what a step needs are closed to the user that it is to be."""

import os
from pathlib import Path

import pytest

from headrace.launch.runner.ids import closed

SOMEBODY = [os.getuid() + 1234, os.getgid() + 567]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Folders of which the middle one is its owner's alone, and a link that leads there from outside."""
    inner = tmp_path / "open" / "shut" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "open" / "shut").chmod(0o700)
    (tmp_path / "open" / "link").symlink_to(inner)
    return tmp_path


def below(place: Path, paths: list[Path], ids: list[int]) -> dict[str, set[str]]:
    """Those within the place: what is above it is the machine's."""
    found = closed([str(path) for path in paths], ids)
    return {name: names for name, names in found.items() if Path(name).is_relative_to(place / "open")}


def test_the_names_that_lead_on(place: Path) -> None:
    shut = place / "open" / "shut"
    wanted = [shut / "inner", shut / "inner" / "deep", shut / "none", place / "open"]
    assert below(place, wanted, SOMEBODY) == {str(shut): {"inner", "none"}}
    assert below(place, [place / "open" / "link" / "deep"], SOMEBODY) == {str(shut): {"inner"}}


@pytest.mark.parametrize(("mode", "whose", "passes"), [(0o710, 1, True), (0o701, 1, False), (0o701, 2, True)])
def test_by_its_group_or_as_anybody(place: Path, mode: int, whose: int, passes: bool) -> None:
    """One in the folder's group has the group's rights, even if others have more."""
    shut = place / "open" / "shut"
    shut.chmod(mode)
    ids = [SOMEBODY[0], shut.stat().st_gid if whose == 1 else SOMEBODY[1]]
    assert below(place, [shut / "inner"], ids) == ({} if passes else {str(shut): {"inner"}})


def test_its_owner_and_root_pass(place: Path) -> None:
    shut = place / "open" / "shut"
    assert below(place, [shut / "inner"], [0, 0]) == {}
    assert below(place, [shut / "inner"], [shut.stat().st_uid, SOMEBODY[1]]) == {}


def test_outer_ones_come_first(place: Path) -> None:
    deep = place / "open" / "shut" / "inner"
    deep.chmod(0o700)
    found = below(place, [deep / "file"], SOMEBODY)
    assert list(found) == [str(deep.parent), str(deep)]
