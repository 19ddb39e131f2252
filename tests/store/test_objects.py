"""Secrets and config maps on every database: kept, replaced, listed, removed; sealed values are found nowhere."""

import base64
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import text
from tests.databases import engine
from tests.store.build import do

from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, FailedPrecondition, NotFound
from headrace.model.objects import KeyedObject, ObjectKind
from headrace.store import objects
from headrace.store.db import Database, Tx
from headrace.store.vault import Vault
from headrace.testing.clock import FakeClock

BYTES = bytes(range(256))
WORD = b"c0rrect-h0rse"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "secret.key")


def put(
    database: Database, vault: Vault, name: str, values: Mapping[str, bytes], at: int = 1, *, replace: bool = False
) -> KeyedObject:
    sealed = vault.seal("", name, values)
    return do(database, lambda tx: objects.put_secret(tx, vault, sealed, Instant(at), replace=replace))


def opened(database: Database, vault: Vault, name: str) -> Mapping[str, bytes] | None:
    return database.read(lambda tx: objects.secret(tx, vault, "", name))


def test_a_secret_is_kept_replaced_listed_and_removed(database: Database, vault: Vault) -> None:
    put(database, vault, "db", {"password": WORD, "raw": BYTES, "empty": b""})
    assert opened(database, vault, "db") == {"password": WORD, "raw": BYTES, "empty": b""}
    with pytest.raises(AlreadyExists):
        put(database, vault, "db", {"x": b"y"})
    assert opened(database, vault, "db") != {"x": b"y"}
    put(database, vault, "api", {"token": b"t"}, 2)
    made = put(database, vault, "db", {"password": b"new"}, 3, replace=True)
    assert made == KeyedObject(ObjectKind.SECRET, "", "db", {"password": 3}, Instant(1), Instant(3))
    assert database.read(lambda tx: objects.get(tx, ObjectKind.SECRET, "", "db")) == made
    found = database.read(lambda tx: objects.listed(tx, ObjectKind.SECRET, ""))
    assert [each.name for each in found] == ["api", "db"]
    assert database.read(lambda tx: objects.listed(tx, ObjectKind.SECRET, "other")) == []
    do(database, lambda tx: objects.remove(tx, ObjectKind.SECRET, "", "db"))
    assert opened(database, vault, "db") is None
    for gone in (objects.get, objects.remove):
        with pytest.raises(NotFound, match="db"):
            do(database, lambda tx, gone=gone: gone(tx, ObjectKind.SECRET, "", "db"))


def test_a_config_map_is_kept_and_replaced(database: Database) -> None:
    for at, values in enumerate(({"a": b"1", "b": BYTES}, {"c": b"3"}), 1):
        do(
            database,
            lambda tx, at=at, values=values: objects.put_config_map(
                tx, "", "settings", values, Instant(at), replace=True
            ),
        )
        assert database.read(lambda tx: objects.config_map(tx, "", "settings")) == values
    with pytest.raises(AlreadyExists):
        do(database, lambda tx: objects.put_config_map(tx, "", "settings", {}, Instant(3), replace=False))
    assert database.read(lambda tx: objects.config_map(tx, "", "none")) is None
    [found] = database.read(lambda tx: objects.listed(tx, ObjectKind.CONFIG_MAP, ""))
    assert (found.sizes, found.created_at, found.updated_at) == ({"c": 1}, 1, 2)


def test_values_are_found_nowhere_in_the_database(database: Database, vault: Vault, url: str, tmp_path: Path) -> None:
    put(database, vault, "db", {"password": WORD})
    assert_unseen(url, tmp_path, WORD)
    put(database, vault, "db", {"password": WORD + b"2"}, replace=True)
    assert_unseen(url, tmp_path, WORD)
    do(database, lambda tx: objects.remove(tx, ObjectKind.SECRET, "", "db"))
    assert_unseen(url, tmp_path, WORD)


def assert_unseen(url: str, folder: Path, value: bytes) -> None:
    """Neither the value nor its base64 is in a row, or in a file of SQLite."""
    forms = (value, *(base64.b64encode(b"x" * shift + value)[4:-4] for shift in range(3)), value.hex().encode())
    held = b"".join(path.read_bytes() for path in folder.glob("headrace.db*"))
    with (made := engine(url)).connect() as connection:
        rows = connection.execute(text("SELECT * FROM secrets")).all()
    made.dispose()
    held += repr(rows).encode()
    assert not any(form in held for form in forms)


def test_a_moved_or_altered_value_does_not_open(database: Database, vault: Vault, url: str) -> None:
    put(database, vault, "db", {"password": WORD})
    put(database, vault, "other", {"password": b"x", "word": b"y"})
    for change in (
        "UPDATE secrets SET data = (SELECT data FROM (SELECT * FROM secrets) s WHERE name = 'other') WHERE name = 'db'",
        """UPDATE secrets SET data = '{"password": ""}' WHERE name = 'db'""",
        """UPDATE secrets SET name = 'moved' WHERE name = 'other'""",
    ):
        with (made := engine(url)).begin() as connection:
            connection.exec_driver_sql(change)
        made.dispose()
        with pytest.raises(FailedPrecondition, match="cannot be opened"):
            opened(database, vault, "moved" if "moved" in change else "db")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_of_two_servers_that_make_a_key_at_once_one_is_refused(
    database: Database, url: str, clock: FakeClock, tmp_path: Path
) -> None:
    other = Database.open(url, clock)
    try:
        for turn in range(5):
            both = Barrier(2)
            made = [
                together(each, both, Vault(tmp_path / f"{turn}-{number}.key"), f"s{number}")
                for number, each in enumerate((database, other))
            ]
            refused = [each.exception(timeout=60) for each in made]
            assert sum(isinstance(each, FailedPrecondition) for each in refused) == 1, refused
            [kept] = database.read(lambda tx: objects.listed(tx, ObjectKind.SECRET, ""))
            do(database, lambda tx, kept=kept: objects.remove(tx, ObjectKind.SECRET, "", kept.name))
    finally:
        other.close()


def together(database: Database, both: Barrier, vault: Vault, name: str) -> "Future[KeyedObject]":
    """Put a secret in a transaction that has begun when the other's has; tried again, it does not wait."""
    sealed, begun = vault.seal("", name, {"a": b"1"}), Event()

    def unit(tx: Tx) -> KeyedObject:
        if not begun.is_set():
            begun.set()
            both.wait(60)
        return objects.put_secret(tx, vault, sealed, Instant(1), replace=False)

    return database.submit(unit)


def test_servers_with_one_key_share_secrets_and_another_says_what_to_do(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    put(database, vault, "db", {"password": WORD})
    key = (tmp_path / "secret.key").read_text()
    copy = tmp_path / "copied.key"
    copy.write_text(key)
    assert opened(database, Vault(copy, ours=False), "db") == {"password": WORD}

    stranger = Vault(tmp_path / "other" / "secret.key")
    stranger.file.parent.mkdir()
    for _ in ("without a key", "with another key"):
        with pytest.raises(FailedPrecondition) as told:
            opened(database, stranger, "db")
        assert "secret db: it was sealed with the key" in str(told.value)
        assert str(stranger.file) in str(told.value)
        assert key.strip() not in str(told.value)
        with pytest.raises(FailedPrecondition, match="secret db"):
            do(database, lambda tx: objects.must_fit(tx, stranger, stranger.key_id(), "", "new"))
        with pytest.raises(FailedPrecondition, match="secret db"):
            put(database, stranger, "new", {"x": b"y"})
    put(database, stranger, "db", {"password": b"anew"}, replace=True)
    assert opened(database, stranger, "db") == {"password": b"anew"}
