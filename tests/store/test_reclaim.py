"""What the server removes of volumes and workspaces, with real folders, on every database."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.build import do, make_run
from tests.store.test_claims import DATA

from headrace.base import disk
from headrace.base.errors import Unavailable
from headrace.base.home import Home
from headrace.controllers.reclaim import Reclaimer
from headrace.store import claims
from headrace.store.db import Database


@pytest.fixture
def reclaimer(database: Database, tmp_path: Path) -> Reclaimer:
    return Reclaimer(database, Home(tmp_path))


def filled(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").touch()
    return folder


def test_what_nobody_has_a_use_for_goes(database: Database, reclaimer: Reclaimer) -> None:
    run, home = make_run(database), reclaimer.home
    for uid in ("1", "2"):
        do(database, lambda tx, uid=uid: claims.create(tx, replace(DATA, uid=uid, name=f"data-{uid}")))
    do(database, lambda tx: claims.remove(tx, "", "data-1"))
    deleted, kept = filled(home.volume("1")), filled(home.volume("2"))
    nobodys, own = filled(home.workspace("none")), filled(home.workspace(run.run_id))
    reclaimer.run()
    assert [each.exists() for each in (deleted, kept, nobodys, own)] == [False, True, False, True]
    assert database.read(lambda tx: claims.known(tx, ["1", "2"])) == {"2"}


def test_what_is_in_a_volume_of_another_database_stays(reclaimer: Reclaimer) -> None:
    """The home may have been used with another one before, and will be again."""
    foreign, empty = filled(reclaimer.home.volume("1")), reclaimer.home.volume("2")
    empty.mkdir()
    reclaimer.run()
    assert (foreign / "file").exists()
    assert not empty.exists()


def test_a_folder_that_cannot_be_removed_keeps_no_other(
    database: Database, reclaimer: Reclaimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uid in ("1", "2"):
        do(database, lambda tx, uid=uid: claims.create(tx, replace(DATA, uid=uid)))
        do(database, lambda tx: claims.remove(tx, "", "data"))
    stuck, other = filled(reclaimer.home.volume("1")), filled(reclaimer.home.volume("2"))
    workspace = filled(reclaimer.home.workspace("none"))
    remove = disk.remove

    def refuse(folder: Path) -> None:
        if folder == stuck:
            raise Unavailable("it cannot be removed", where=str(folder))
        remove(folder)

    monkeypatch.setattr(disk, "remove", refuse)
    reclaimer.run()
    assert [each.exists() for each in (stuck, other, workspace)] == [True, False, False]
    assert database.read(claims.unused) == ["1"], "it is tried again"
