"""The writer's promises: durable answers, units that fail alone, trouble that passes; and the keys."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from tests.store.build import do

from headrace.base.errors import InvalidInput, Unavailable
from headrace.store import keys, tables
from headrace.store.db import Database, Tx
from headrace.store.sqlite import READERS
from headrace.testing.clock import FakeClock


def add(name: str) -> Callable[[Tx], str]:
    def unit(tx: Tx) -> str:
        tx.execute(insert(tables.plans), {"plan_id": name, "document": "{}"})
        return name

    return unit


def names(database: Database) -> set[str]:
    return set(database.read(lambda tx: tx.execute(select(tables.plans.c.plan_id)).scalars().all()))


def together(database: Database, *units: Callable[[Tx], object]) -> "list[Future[object]]":
    """Submit the units so that they are one group: while they queue up, the writer is kept busy."""
    busy, free = threading.Event(), threading.Event()

    def hold(_tx: Tx) -> None:
        busy.set()
        free.wait(timeout=60)

    held = database.submit(hold)
    busy.wait(timeout=60)
    futures = [database.submit(unit) for unit in units]
    free.set()
    held.result(timeout=60)
    return futures


def fail(tx: Tx) -> None:
    add("half")(tx)
    raise ValueError("no good")


def test_a_unit_gives_its_value_and_is_seen_by_readers(database: Database) -> None:
    assert do(database, add("a")) == "a"
    assert names(database) == {"a"}


@pytest.mark.parametrize(("asked", "synchronous"), [({}, 2), ({"durable": False}, 0)])
def test_a_commit_to_a_file_waits_for_the_disk(
    tmp_path: Path, clock: FakeClock, asked: dict[str, bool], synchronous: int
) -> None:
    """FULL, unless the file is one that is thrown away."""
    database = Database.open(f"sqlite:///{tmp_path / 'headrace.db'}", clock, **asked)
    assert do(database, lambda tx: tx.exec_driver_sql("PRAGMA synchronous").scalar()) == synchronous
    database.close()


def test_a_unit_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="no good"):
        do(database, fail)
    assert names(database) == set()
    do(database, add("b"))
    assert names(database) == {"b"}


def test_in_a_group_a_bad_unit_fails_alone(database: Database) -> None:
    first, bad, taken, last = together(database, add("a"), fail, add("a"), add("z"))
    assert first.result(timeout=60) == "a"
    with pytest.raises(ValueError, match="no good"):
        bad.result(timeout=60)
    assert taken.exception(timeout=60) is not None
    assert last.result(timeout=60) == "z"
    assert names(database) == {"a", "z"}


def test_units_run_in_the_order_of_their_submission(database: Database) -> None:
    ran: list[int] = []
    for future in together(database, *[lambda _tx, number=number: ran.append(number) for number in range(600)]):
        future.result(timeout=60)
    assert ran == list(range(600))


def test_a_cancelled_unit_does_not_run(database: Database) -> None:
    busy, free = threading.Event(), threading.Event()
    held = database.submit(lambda _tx: (busy.set(), free.wait(timeout=60)))
    busy.wait(timeout=60)
    wanted, unwanted = database.submit(add("wanted")), database.submit(add("unwanted"))
    assert unwanted.cancel()
    free.set()
    held.result(timeout=60)
    wanted.result(timeout=60)
    assert names(database) == {"wanted"}


def test_even_an_exit_in_a_unit_leaves_the_writer_alive(database: Database) -> None:
    def leave(_tx: Tx) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        do(database, leave)
    do(database, add("after"))
    assert names(database) == {"after"}


def test_many_threads_write_and_read(database: Database) -> None:
    def work(worker: int) -> None:
        for number in range(20):
            name = f"{worker}-{number}"
            do(database, add(name))
            assert name in names(database)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 240


def test_readers_wait_for_each_other_where_there_are_many(database: Database) -> None:
    begun = threading.Semaphore(0)
    free = threading.Event()
    threads = [
        threading.Thread(target=database.read, args=(lambda _tx: (begun.release(), free.wait(timeout=60)),))
        for _ in range(3 * READERS)
    ]
    for thread in threads:
        thread.start()
    for _ in range(READERS):
        begun.acquire(timeout=60)
    free.set()
    for thread in threads:
        thread.join()
    assert all(begun.acquire(blocking=False) for _ in range(2 * READERS))


def test_a_read_sees_one_state(database: Database) -> None:
    do(database, add("before"))

    def twice(tx: Tx) -> tuple[int, int]:
        count = select(tables.plans.c.plan_id)
        first = len(tx.execute(count).all())
        do(database, add("meanwhile"))
        return first, len(tx.execute(count).all())

    assert database.read(twice) == (1, 1)
    assert len(names(database)) == 2


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable, match="cannot be written"):
        database.read(add("a"))
    with pytest.raises(TypeError, match=r"Database\.submit"):
        database.read(lambda tx: keys.take(tx, 1))


def test_close_finishes_what_was_submitted(url: str, clock: FakeClock) -> None:
    database = Database.open(url, clock)
    futures = [database.submit(add(str(number))) for number in range(1000)]
    database.close()
    database.close()
    assert [future.result(timeout=0) for future in futures] == [str(number) for number in range(1000)]
    late = database.submit(add("late"))
    with pytest.raises(Unavailable, match="closed"):
        late.result(timeout=0)
    again = Database.open(url, clock)
    assert len(names(again)) == 1000
    again.close()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_full_disk_fails_the_write_and_the_writer_goes_on(database: Database) -> None:
    def limit(pages: int) -> Callable[[Tx], object]:
        return lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar()

    def large(tx: Tx) -> None:
        tx.execute(insert(tables.plans), {"plan_id": "large", "document": "x" * 5_000_000})

    used = do(database, lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar())
    assert isinstance(used, int)
    do(database, limit(used + 50))
    with pytest.raises(Unavailable, match="full"):
        do(database, large)
    do(database, add("small"))
    do(database, limit(1_000_000))
    do(database, limit(used + 50))
    for future in together(database, add("x"), large, add("y")):
        with pytest.raises(Unavailable, match="full"):
            future.result(timeout=60)
    do(database, add("after"))
    assert names(database) == {"small", "after"}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_trouble_with_the_disk_is_said_once_and_when_it_is_over(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: Tx) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    for _ in range(3):
        with pytest.raises(Unavailable, match="full"):
            do(database, full)
    do(database, add("after"))
    do(database, add("and more"))
    assert [record.getMessage() for record in caplog.records] == [
        "nothing can be written: the disk that holds the database is full. Free some space, then try again",
        "the database can be written again",
    ]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_lock_of_another_process_is_waited_for(url: str, clock: FakeClock) -> None:
    database = Database.open(url, clock)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    future = database.submit(add("patient"))
    other.execute("COMMIT")
    other.close()
    assert future.result(timeout=60) == "patient"
    database.close()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_lock_that_stays_is_told_and_the_writer_goes_on(url: str, clock: FakeClock) -> None:
    database = Database.open(url, clock, busy_seconds=0.01)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="another process"):
        do(database, add("refused"))
    other.execute("ROLLBACK")
    other.close()
    do(database, add("later"))
    assert names(database) == {"later"}
    database.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "postgresql://host", "mysql://u@host:x/db", "oracle://x"]
)
def test_a_url_that_is_none_of_ours_is_refused(url: str, clock: FakeClock) -> None:
    with pytest.raises(InvalidInput, match=r"(sqlite|postgresql|mysql)://"):
        Database.open(url, clock)


def test_a_file_that_is_no_database_is_told(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"something else entirely, and long enough to be looked at" * 100)
    with pytest.raises(Unavailable, match="damaged") as caught:
        Database.open(f"sqlite:///{path}", clock)
    assert str(path) in str(caught.value)


def test_folders_are_made_and_odd_names_work(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "a b" / "c%20d" / "what?x=1#y.db"
    Database.open(f"sqlite:///{path}", clock).close()
    assert path.is_file()


def test_keys_are_never_used_twice(url: str, clock: FakeClock) -> None:
    seen: list[int] = []

    def take(count: int) -> Callable[[Tx], None]:
        return lambda tx: seen.extend(keys.take(tx, count))

    def take_and_fail(tx: Tx) -> None:
        take(keys.BLOCK)(tx)
        raise ValueError("rolled back")

    for _ in range(2):
        database = Database.open(url, clock)
        for count in (1, 3, keys.BLOCK - 5, 2 * keys.BLOCK, 1):
            do(database, take(count))
        committed = list(seen)
        for future in together(database, take(7), take_and_fail, take(keys.BLOCK), take(5)):
            future.exception(timeout=60)
        with pytest.raises(ValueError, match="rolled back"):
            do(database, take_and_fail)
        del seen[len(committed) :]
        do(database, take(100))
        database.close()
    assert len(seen) == len(set(seen))
    assert min(seen) >= keys.FIRST
