"""The order of all changes: nothing before a place that was given comes later, whoever commits when."""

from tests.store.build import a_run, do, make_run

from headrace.base.clock import Instant
from headrace.engine.decision import RunMoved
from headrace.model.event import RunRequested, TerminateRequested
from headrace.model.run import Failure, Run
from headrace.model.state import State
from headrace.store import changes, runs, upkeep
from headrace.store.changes import Wanted
from headrace.store.db import Database, Tx
from headrace.testing.clock import FakeClock


def move(database: Database, run: Run, number: int, *states: State, at: int = 5) -> None:
    moved = [RunMoved(Instant(at), state, Failure("x", 9) if state is State.FAILED else None) for state in states]
    do(database, lambda tx: runs.write(tx, run, number, (TerminateRequested(Instant(at)),), moved))


def listed(database: Database, place: int = 0, wanted: Wanted | None = None, limit: int = 10) -> tuple[list[str], int]:
    found, upto = database.read(lambda tx: changes.after(tx, "", place, wanted or Wanted(), limit))
    return [f"{row.place} {row.name} {row.state.value}" for row in found], upto


def test_what_is_committed_late_comes_after_what_was_read(database: Database, url: str, clock: FakeClock) -> None:
    early, late = make_run(database, a_run("early")), make_run(database, a_run("late", at=2))
    assert database.read(changes.are_waiting)
    assert listed(database) == ([], 0), "what has no place is not told"
    assert not do(database, changes.place)
    assert listed(database) == (["1 early PENDING", "2 late PENDING"], 2)
    move(database, late, 0, State.RUNNING, at=9)
    other = Database.open(url, clock) if database.shared else database
    do(other, changes.place)
    move(database, early, 0, State.RUNNING, at=3)
    do(other, changes.place)
    if other is not database:
        other.close()
    assert listed(database, 2) == (["3 late RUNNING", "4 early RUNNING"], 4)
    assert not database.read(changes.are_waiting)


def test_all_states_of_one_transaction_are_told_in_order_and_with_the_reason(database: Database) -> None:
    run = make_run(database)
    move(database, run, 0, State.RUNNING, State.FAILED)
    do(database, changes.place)
    assert listed(database) == (["1 r PENDING", "2 r RUNNING", "3 r FAILED"], 3)
    rows, _ = database.read(lambda tx: changes.after(tx, "", 2, Wanted(), 10))
    assert rows[0].failure == Failure("x", 9)


def test_pages_and_filters_keep_the_place(database: Database) -> None:
    one = make_run(database, a_run("one"))
    move(database, one, 0, State.RUNNING, State.SUCCEEDED)
    do(database, changes.place)
    assert listed(database, limit=2) == (["1 one PENDING", "2 one RUNNING"], 2)
    assert listed(database, 2, limit=2) == (["3 one SUCCEEDED"], 3)
    assert listed(database, wanted=Wanted(states=(State.RUNNING,))) == (["2 one RUNNING"], 3)
    assert listed(database, wanted=Wanted(experiment_id="none")) == ([], 3)
    assert listed(database, 7) == ([], 7), "a place that is to come stays"


def test_the_changes_of_a_deleted_run_go_and_their_places_are_not_given_again(database: Database) -> None:
    run = make_run(database)
    move(database, run, 0, State.SUCCEEDED)
    do(database, lambda tx: runs.take_inbox(tx, run))
    do(database, changes.place)
    do(database, lambda tx: upkeep.delete_run(tx, run.run_id, Instant(9)))
    assert listed(database) == ([], 2)
    make_run(database, a_run("next"))
    do(database, changes.place)
    assert listed(database, 2) == (["3 next PENDING"], 3)


def test_many_are_placed_in_parts(database: Database) -> None:
    def unit(tx: Tx) -> None:
        for number in range(changes.MOST + 1):
            runs.create_run(tx, a_run(f"r{number}", at=number + 1), {}, RunRequested(Instant(1)))

    do(database, unit)
    assert do(database, changes.place)
    assert not do(database, changes.place)
    assert database.read(changes.last_place) == changes.MOST + 1


def test_the_changes_of_a_run_are_in_their_order_whatever_the_clocks_of_its_servers_say(
    database: Database, url: str, clock: FakeClock
) -> None:
    other = Database.open(url, clock) if database.shared else database
    try:
        run = make_run(other, a_run("r", at=3_600))
        move(database, run, 0, State.RUNNING, at=3_601)
        move(other, run, 1, State.CANCELING, at=9)
        move(database, run, 2, State.CANCELED, at=7)
        do(database, changes.place)
        states = ("PENDING", "RUNNING", "CANCELING", "CANCELED")
        assert listed(database)[0] == [f"{place} r {state}" for place, state in enumerate(states, start=1)]
    finally:
        if other is not database:
            other.close()
