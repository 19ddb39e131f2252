"""What only a database server can do to us: refuse, go away, lock, hold what another server wrote; and what is said."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.engine import make_url
from tests.databases import PASSWORD, engine
from tests.store.build import do, make_experiment

from headrace.base.clock import SECOND, SystemClock
from headrace.base.errors import HeadraceError, InvalidInput, Unavailable
from headrace.store import catalog, tables
from headrace.store.db import Database, Tx
from headrace.store.dialect import now
from headrace.testing.clock import FakeClock

servers = pytest.mark.parametrize("kind", ["postgresql", "mariadb"])

END_SESSIONS = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mariadb": "SELECT CONCAT('KILL ', id) FROM information_schema.processlist"
    " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}


def keep(name: str) -> Callable[[Tx], str]:
    """Insert a row unless it is there, as units do."""

    def unit(tx: Tx) -> str:
        if name not in names(tx):
            tx.execute(insert(tables.plans), {"plan_id": name, "document": "{}"})
        return name

    return unit


def names(tx: Tx) -> set[str]:
    return set(tx.execute(select(tables.plans.c.plan_id)).scalars())


@contextmanager
def administrator(url: str) -> Iterator[Connection]:
    """A session of its own, beside Headrace's."""
    other = engine(url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        yield connection
    other.dispose()


def end_sessions(kind: str, connection: Connection) -> None:
    """End every other session in the database, as a restart of the server would."""
    for row in connection.execute(text(END_SESSIONS[kind])).all():
        if kind == "mariadb":
            connection.exec_driver_sql(row[0])


@pytest.fixture
def two(url: str, clock: FakeClock) -> Iterator[tuple[Database, Database]]:
    """The same database twice, as two servers have it."""
    with ExitStack() as stack:
        opened = [Database.open(url, clock, busy_seconds=5) for _ in range(2)]
        for each in opened:
            stack.callback(each.close)
        yield opened[0], opened[1]


@servers
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.set(password="wrong"), "refuses us"),
        (lambda url: url.set(username="nobody"), "refuses us"),
        (lambda url: url.set(database="nosuch"), "refuses us.*nosuch"),
        (lambda url: url.set(port=1), "cannot be reached.*refused"),
        (lambda url: url.set(host="no.such.host.invalid"), "cannot be reached.*no.such.host.invalid"),
        (lambda url: url.set(query={"nonsense": "1"}), "nonsense"),
        (lambda url: url.set(database=""), "no database"),
    ],
)
def test_what_cannot_be_opened_is_told_without_the_password(
    url: str, clock: FakeClock, change: Callable[[object], object], said: str
) -> None:
    wrong = change(make_url(url))
    with pytest.raises(HeadraceError, match=f"(?i){said}") as caught:
        Database.open(wrong.render_as_string(hide_password=False), clock)  # type: ignore[attr-defined]
    assert PASSWORD not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("scheme", "driver", "extra"), [("postgresql", "psycopg", "postgres"), ("mysql", "pymysql", "mysql")]
)
def test_a_driver_that_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock, scheme: str, driver: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(InvalidInput, match=rf"driver {driver}.*pip install 'headrace\[{extra}\]'"):
        Database.open(f"{scheme}://u:p@127.0.0.1/x", clock)


def test_the_databases_clock_tells_the_time(database: Database) -> None:
    told = database.read(lambda tx: tx.execute(select(now())).scalar_one())
    assert isinstance(told, int)
    assert abs(told - SystemClock().now()) < 60 * SECOND


def test_texts_are_compared_to_the_byte(database: Database) -> None:
    """Names that differ in case, in an accent or in a space at the end are different names."""
    for name in ("résumé", "resume", "Resume", "resume ", "\U0001d52fesume"):
        made = make_experiment(database, name)
        assert database.read(lambda tx, n=name: catalog.get_experiment_by_name(tx, "", n)) == made


@servers
def test_sessions_that_were_ended_are_begun_anew(database: Database, kind: str, url: str) -> None:
    do(database, keep("a"))
    assert database.read(names) == {"a"}
    with administrator(url) as connection:
        end_sessions(kind, connection)
    do(database, keep("b"))
    assert database.read(names) == {"a", "b"}


@servers
def test_a_unit_whose_session_ends_under_it_is_called_again(database: Database, kind: str, url: str) -> None:
    calls = []

    def unit(tx: Tx) -> None:
        calls.append(keep("before")(tx))
        if len(calls) == 1:
            with administrator(url) as connection:
                end_sessions(kind, connection)
        keep("after")(tx)

    do(database, unit)
    assert len(calls) == 2
    assert database.read(names) == {"before", "after"}


@servers
def test_a_deadlock_is_played_again(two: tuple[Database, Database]) -> None:
    """Each waits for the row that the other has; the server ends one, which goes again."""
    do(two[0], keep("x"))
    do(two[0], keep("y"))
    met = threading.Barrier(2, timeout=60)
    calls = []

    def crossing(first: str, second: str) -> Callable[[Tx], None]:
        def unit(tx: Tx) -> None:
            calls.append(first)
            again = calls.count(first) > 1
            for name in (first, second):
                which = tables.plans.c.plan_id == name
                tx.execute(tables.plans.update().where(which).values(document=tables.plans.c.document + first))
                if name == first and not again:
                    met.wait()

        return unit

    futures = [two[0].submit(crossing("x", "y")), two[1].submit(crossing("y", "x"))]
    for future in futures:
        future.result(timeout=60)
    assert len(calls) == 3
    documents = two[0].read(lambda tx: tx.execute(select(tables.plans.c.document)).scalars().all())
    assert {len(each) for each in documents} == {4}


@servers
@pytest.mark.parametrize("company", [0, 3], ids=["alone", "in-a-group"])
def test_a_row_that_another_server_wrote_meanwhile_is_found(two: tuple[Database, Database], company: int) -> None:
    """Both look, neither finds it, both insert: the slower one is called again, and finds it."""
    looked = threading.Barrier(2, timeout=60)
    calls = []

    def unit(tx: Tx) -> None:
        missing = "row" not in names(tx)
        calls.append(missing)
        if missing:
            looked.wait()
            tx.execute(insert(tables.plans), {"plan_id": "row", "document": "{}"})

    one = two[0].submit(unit)
    others = [two[1].submit(each) for each in (*(keep(str(number)) for number in range(company)), unit)]
    for future in (one, *others):
        future.result(timeout=60)
    assert sorted(calls) == [False, True, True]
    assert "row" in two[0].read(names)


@servers
def test_a_lock_that_stays_is_told(database: Database, url: str, clock: FakeClock) -> None:
    do(database, keep("row"))
    other = engine(url)
    with other.begin() as connection:
        connection.execute(tables.plans.update().values(document="held"))
        hasty = Database.open(url, clock, busy_seconds=1)
        with pytest.raises(Unavailable, match="another session"):
            do(hasty, lambda tx: tx.execute(tables.plans.update().values(document="mine")).rowcount)
        connection.rollback()
    assert do(hasty, lambda tx: tx.execute(tables.plans.update().values(document="mine")).rowcount) == 1
    hasty.close()
    other.dispose()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_text_that_postgresql_cannot_keep_is_the_callers_mistake(database: Database) -> None:
    with pytest.raises(InvalidInput, match="NUL"):
        make_experiment(database, "a\0b")
    do(database, keep("after"))


@pytest.mark.parametrize("kind", ["mariadb"])
def test_a_value_over_the_servers_limit_is_the_callers_mistake(database: Database) -> None:
    """MariaDB's own limit is 16 MB."""
    large = {"plan_id": "large", "document": "x" * (17 << 20)}
    with pytest.raises(InvalidInput, match="max_allowed_packet"):
        do(database, lambda tx: tx.execute(insert(tables.plans), large))
    do(database, keep("after"))
    assert database.read(names) == {"after"}


AWAY = {
    "postgresql": "ALTER ROLE headrace NOLOGIN",
    "mariadb": "RENAME USER headrace@127.0.0.1 TO away@127.0.0.1",
}
BACK = {
    "postgresql": "ALTER ROLE headrace LOGIN",
    "mariadb": "RENAME USER away@127.0.0.1 TO headrace@127.0.0.1",
}


@servers
def test_a_server_that_lets_nobody_in_is_told_and_used_again_when_it_does(
    database: Database, kind: str, url: str
) -> None:
    do(database, keep("before"))
    with administrator(url) as connection:
        connection.exec_driver_sql(AWAY[kind])
        try:
            end_sessions(kind, connection)
            for attempt in (lambda: do(database, keep("lost")), lambda: database.read(names)):
                with pytest.raises(Unavailable, match="the database") as caught:
                    attempt()
                assert "127.0.0.1" not in str(caught.value)
        finally:
            connection.exec_driver_sql(BACK[kind])
    do(database, keep("after"))
    assert database.read(names) == {"before", "after"}
