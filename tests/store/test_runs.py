"""Runs as their controller sees them: created, loaded, written, their inbox, leases, history and lineage."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from tests.store.build import DOCUMENT, a_run, a_task, an_artifact, an_attempt, do, make_experiment, make_run

from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, InvalidInput, LeaseLost, NotFound
from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskAdded, TaskMoved
from headrace.model.artifact import Bindings
from headrace.model.event import (
    AttemptFailed,
    AttemptSucceeded,
    Event,
    GroupDrained,
    RunRequested,
    TaskReady,
    TerminateRequested,
)
from headrace.model.run import Failure, Run
from headrace.model.state import State
from headrace.model.task import ROOT, AttemptState, Usage, task_id
from headrace.store import artifacts, catalog, leases, query, runs, tables
from headrace.store.db import Database, Tx

BIG = "ü" * 2_500_000


def write(database: Database, run: Run, number: int, event: Event, *changes: Change) -> None:
    do(database, lambda tx: runs.write(tx, run, number, (event,), changes))


def load(database: Database, run: Run) -> runs.RunRows:
    return database.read(lambda tx: runs.load_run(tx, run.run_id))


def count(database: Database, table: str) -> int:
    return database.read(
        lambda tx: tx.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one()
    )


def test_a_run_is_loaded_as_it_was_created(database: Database) -> None:
    experiment = make_experiment(database)
    wanted = replace(
        a_run(
            "näme",
            experiment_id=experiment.experiment_id,
            text="x\n\0",
            number=2**60,
            real=1.0,
            none=None,
            deep={"a": [True]},
        ),
        description="what for",
        pipeline_id="p",
        pipeline_version_id="v",
        recurring_run_id="s",
        service_account="robot",
        failure=Failure("odd", 3),
    )
    run = make_run(database, wanted)
    assert run.key > 0
    assert run == replace(wanted, key=run.key)
    rows = load(database, run)
    assert rows == runs.RunRows(run, run.plan_id, (), {}, 0)
    assert type(rows.run.parameters["real"]) is float
    assert database.read(lambda tx: runs.load_document(tx, run.plan_id)) == DOCUMENT


def test_an_id_is_of_one_run(database: Database) -> None:
    experiment = make_experiment(database)
    run = make_run(database, replace(a_run(), experiment_id=experiment.experiment_id))
    again = replace(a_run("other", at=run.created_at + 1), run_id=run.run_id, experiment_id=experiment.experiment_id)
    with pytest.raises(AlreadyExists, match=f"Run {run.run_id} already exists"):
        make_run(database, again)
    assert database.read(lambda tx: query.get_run(tx, run.run_id)).name == run.name
    found = database.read(lambda tx: catalog.get_experiment(tx, experiment.experiment_id))
    assert found.last_run_created_at == run.created_at
    assert count(database, "inbox") == 1


def test_text_that_is_no_utf8_is_kept(database: Database) -> None:
    run = make_run(database, a_run(broken="half \ud83d of a pair", whole="😀"))
    assert load(database, run).run.parameters == run.parameters


def test_runs_of_a_plan_share_its_document(database: Database) -> None:
    make_run(database, a_run("a"))
    make_run(database, a_run("b"))
    assert count(database, "plans") == 1


def test_a_run_is_not_created_in_a_missing_experiment_nor_without_a_name(database: Database) -> None:
    make_run(database, a_run("a"))
    with pytest.raises(NotFound, match="Experiment nowhere not found"):
        make_run(database, a_run("b", experiment_id="nowhere"))
    for name in ("", "x" * 256):
        with pytest.raises(InvalidInput, match="255"):
            make_run(database, a_run(name))
    assert count(database, "runs") == 1


def test_the_inbox_gives_its_events_once_and_in_order(database: Database) -> None:
    run = make_run(database)
    do(database, lambda tx: runs.post(tx, run.run_id, TerminateRequested(Instant(5), by="me")))
    expected = [RunRequested(Instant(1)), TerminateRequested(Instant(5), by="me")]
    assert do(database, lambda tx: runs.take_inbox(tx, run)) == expected
    assert do(database, lambda tx: runs.take_inbox(tx, run)) == []
    with pytest.raises(NotFound, match="not found"):
        do(database, lambda tx: runs.post(tx, "nobody", RunRequested(Instant(1))))


def test_what_was_taken_stays_in_the_inbox_if_the_unit_fails(database: Database) -> None:
    run = make_run(database)

    def take_and_fail(tx: Tx) -> None:
        runs.take_inbox(tx, run)
        raise ValueError("crash")

    with pytest.raises(ValueError, match="crash"):
        do(database, take_and_fail)
    assert do(database, lambda tx: runs.take_inbox(tx, run)) == [RunRequested(Instant(1))]


def test_live_runs_have_not_ended_or_have_mail(database: Database) -> None:
    fresh, taken, ended, ended_with_mail = (make_run(database, a_run(name)) for name in "abcd")
    for run in (taken, ended, ended_with_mail):
        do(database, lambda tx, run=run: runs.take_inbox(tx, run))
    for run in (ended, ended_with_mail):
        write(database, run, 0, RunRequested(Instant(2)), RunMoved(Instant(2), State.FAILED))
    do(database, lambda tx: runs.post(tx, ended_with_mail.run_id, TerminateRequested(Instant(5))))
    assert database.read(runs.live_runs) == sorted(run.run_id for run in (fresh, taken, ended_with_mail))


def test_a_run_that_is_to_terminate_shows_it_at_once(database: Database) -> None:
    run = make_run(database)
    do(database, lambda tx: runs.post(tx, run.run_id, TerminateRequested(Instant(5))))
    assert database.read(lambda tx: query.get_run(tx, run.run_id)) == replace(run, state=State.CANCELING)
    assert load(database, run).run.state is State.PENDING
    write(database, run, 0, RunRequested(Instant(2)), RunMoved(Instant(2), State.SUCCEEDED))
    assert database.read(lambda tx: query.get_run(tx, run.run_id)).state is State.SUCCEEDED
    make_run(database, a_run("other"))
    assert database.read(query.count_runs) == {State.PENDING: 1, State.SUCCEEDED: 1}


def test_a_lease_has_one_holder(database: Database) -> None:
    run = make_run(database)
    assert do(database, lambda tx: leases.take_lease(tx, run.key, "one")) == leases.Taken(1, "", "")
    do(database, lambda tx: leases.hold_lease(tx, run.key, 1))
    assert do(database, lambda tx: leases.take_lease(tx, run.key, "two")) == leases.Taken(2, "one", "")
    do(database, lambda tx: leases.hold_lease(tx, run.key, 2))
    with pytest.raises(LeaseLost):
        do(database, lambda tx: leases.hold_lease(tx, run.key, 1))
    with pytest.raises(LeaseLost):
        do(database, lambda tx: leases.hold_lease(tx, 999_999, 1))
    with pytest.raises(NotFound):
        do(database, lambda tx: leases.take_lease(tx, 999_999, "one"))


def test_a_holder_keeps_its_runs_while_it_stands_by_the_databases_clock(database: Database) -> None:
    run, other, ended = (
        make_run(database, a_run("r")),
        make_run(database, a_run("other")),
        make_run(database, a_run("e")),
    )
    over = RunMoved(Instant(5), State.SUCCEEDED)
    do(database, lambda tx: runs.take_inbox(tx, ended))
    do(database, lambda tx: runs.write(tx, ended, 0, (RunRequested(Instant(5)),), (over,)))
    for each in (run, ended):
        do(database, lambda tx, key=each.key: leases.take_lease(tx, key, "one"))
    do(database, lambda tx: leases.renew(tx, "one", "its.host", 60))
    both = sorted((run.run_id, other.run_id))

    def takeable(holder: str) -> list[str]:
        return database.read(lambda tx: leases.takeable_runs(tx, holder))

    assert (takeable("one"), takeable("two")) == (both, [other.run_id])
    assert [database.read(lambda tx, h=holder: leases.is_alone(tx, h)) for holder in ("one", "two")] == [True, False]
    assert database.read(lambda tx: leases.owned_elsewhere(tx, "two")) == {run.run_id}
    with pytest.raises(LeaseLost, match="another server"):
        do(database, lambda tx: leases.take_lease(tx, run.key, "two"))
    assert do(database, lambda tx: leases.take_lease(tx, run.key, "one")) == leases.Taken(2, "one", "its.host")
    do(database, lambda tx: leases.renew(tx, "one", "its.host", 0))
    assert takeable("two") == both
    assert do(database, lambda tx: leases.take_lease(tx, run.key, "two")) == leases.Taken(3, "one", "its.host")
    with pytest.raises(LeaseLost):
        do(database, lambda tx: leases.hold_lease(tx, run.key, 2))


def test_attempts_are_stale_when_they_are_over_or_their_run_is_anothers(database: Database) -> None:
    mine, others = make_run(database, a_run("mine")), make_run(database, a_run("others"))
    do(database, lambda tx: leases.take_lease(tx, mine.key, "me"))
    do(database, lambda tx: leases.take_lease(tx, others.key, "you"))
    for run in (mine, others):
        attempts = [an_attempt(run, "root.t", number) for number in (1, 2)]
        over = AttemptMoved(replace(attempts[0], state=AttemptState.ENDED))
        write(
            database,
            run,
            0,
            TaskReady("root.t", Instant(2)),
            TaskAdded(a_task(run, "root.t")),
            *map(AttemptAdded, attempts),
            over,
        )
    asked = ["unknown", *(an_attempt(run, "root.t", number).attempt_id for run in (mine, others) for number in (1, 2))]
    stale = database.read(lambda tx: leases.stale_attempts(tx, "me", asked))
    assert set(stale) == {*asked} - {"unknown", an_attempt(mine, "root.t", 2).attempt_id}
    assert database.read(lambda tx: leases.last_events(tx, [mine.run_id, "unknown"])) == {mine.run_id: (1, "PENDING")}


def test_a_task_is_loaded_as_it_became(database: Database) -> None:
    run = make_run(database)
    data, model = an_artifact("data"), an_artifact("model", type="system.Model", framework="x")
    maker, user = a_task(run, "root.make"), a_task(run, "root.use", inputs=Bindings({"n": 1}, {"d": (data,)}))
    first, second = an_attempt(run, "root.use"), an_attempt(run, "root.use", 2)
    outputs = Bindings({"Output": "text"}, {"data": (data,)})
    write(
        database, run, 0, TaskReady("root.make", Instant(10)),
        TaskAdded(maker), TaskMoved("root.make", Instant(12), State.SUCCEEDED, outputs=outputs),
    )  # fmt: skip
    write(database, run, 1, TaskReady("root.use", Instant(13)), TaskAdded(user), AttemptAdded(first))
    write(
        database, run, 2, TaskReady("root.use", Instant(14)),
        AttemptMoved(replace(first, state=AttemptState.STARTED, started_at=Instant(14))),
        TaskMoved("root.use", Instant(14), State.RUNNING, reason="warned"),
    )  # fmt: skip
    lost = replace(
        first, state=AttemptState.ENDED, started_at=Instant(14), ended_at=Instant(15), exit_code=-9,
        failure=Failure("killed", 1), usage=Usage(0.25, 0.5, 2**40, 2**41, 7, 8),
    )  # fmt: skip
    write(database, run, 3, TaskReady("root.use", Instant(15)), AttemptMoved(lost), AttemptAdded(second))
    made = Bindings({"Output": [1, {"k": None}]}, {"models": (model, data), "none": ()})
    write(
        database, run, 4, TaskReady("root.use", Instant(16)),
        TaskMoved("root.use", Instant(16), State.SUCCEEDED, started_at=Instant(15), outputs=made),
        RunMoved(Instant(16), State.RUNNING), RunMoved(Instant(17), State.SUCCEEDED),
    )  # fmt: skip
    rows = load(database, run)
    assert rows.last_event == 5
    assert rows.run.state is State.SUCCEEDED
    assert rows.run.finished_at == 17
    assert [each.state for each in rows.run.history] == [State.PENDING, State.RUNNING, State.SUCCEEDED]
    one, two = rows.tasks
    assert one.outputs == outputs
    assert (one.ended_at, one.started_at) == (12, 0)
    assert two.inputs == user.inputs
    assert two.outputs == made
    assert two.attempts == (lost, second)
    assert (two.started_at, two.ended_at, two.reason) == (15, 16, "warned")
    assert [each.at for each in two.history] == [10, 14, 16]
    assert database.read(lambda tx: query.get_tasks(tx, run.run_id)) == rows.tasks
    for task in rows.tasks:
        assert database.read(lambda tx, task=task: query.get_task(tx, run.run_id, task.task_id)) == task


def test_artifacts_and_their_numbers_have_one_row_and_every_use_a_link(database: Database) -> None:
    run = make_run(database)
    score = an_artifact("score", type="system.Metrics", accuracy=0.5, epochs=3, note="x", ok=True, huge=10**400)
    outputs = Bindings(artifacts={"metrics": (score,)})
    write(
        database, run, 0, GroupDrained(ROOT, Instant(12)),
        TaskAdded(a_task(run, ROOT, State.RUNNING)), TaskAdded(a_task(run, "root.a")),
        TaskMoved("root.a", Instant(11), State.SUCCEEDED, outputs=outputs),
        TaskAdded(a_task(run, "root.b", inputs=outputs)),
        TaskMoved(ROOT, Instant(12), State.SUCCEEDED, outputs=outputs),
    )  # fmt: skip
    other = make_run(database, a_run("other"))
    write(
        database, other, 0, TaskReady("root.a", Instant(20)), TaskAdded(a_task(other, "root.a")),
        TaskMoved("root.a", Instant(21), State.CACHED, outputs=outputs, cached_from=task_id(run.run_id, "root.a")),
    )  # fmt: skip
    assert count(database, "artifacts") == 3  # the whole, and a number each
    assert count(database, "artifact_tasks") == 12
    metrics = select(tables.metrics.c.run_key, tables.metrics.c.key, tables.metrics.c.value)
    found = {tuple(row) for row in database.read(lambda tx: tx.execute(metrics).all())}
    assert found == {(each.key, *row) for each in (run, other) for row in (("accuracy", 0.5), ("epochs", 3.0))}
    record = database.read(lambda tx: artifacts.get_artifact(tx, score.artifact_id))
    assert record.artifact == score
    assert (record.run_id, record.task_id, record.producer) == (run.run_id, task_id(run.run_id, "root.a"), "a")


def test_large_values_are_kept(database: Database) -> None:
    run = make_run(database, a_run(text=BIG))
    inputs, outputs = Bindings({"x": BIG}), Bindings({"y": [BIG]})
    write(
        database, run, 0, TaskReady("root.a", Instant(10)), TaskAdded(a_task(run, "root.a", inputs=inputs)),
        TaskMoved("root.a", Instant(11), State.SUCCEEDED, outputs=outputs),
    )  # fmt: skip
    rows = load(database, run)
    assert rows.run.parameters == {"text": BIG}
    assert (rows.tasks[0].inputs, rows.tasks[0].outputs) == (inputs, outputs)


def test_a_unit_that_fails_writes_nothing_of_a_run(database: Database) -> None:
    run = make_run(database)

    def crash(tx: Tx) -> None:
        changes = (TaskAdded(a_task(run, "root.a")), RunMoved(Instant(2), State.RUNNING))
        runs.write(tx, run, 0, (RunRequested(Instant(2)),), changes)
        raise ValueError("crash")

    with pytest.raises(ValueError, match="crash"):
        do(database, crash)
    assert load(database, run) == runs.RunRows(run, run.plan_id, (), {}, 0)


def test_an_event_number_is_used_once(database: Database) -> None:
    run = make_run(database)
    write(database, run, 0, RunRequested(Instant(2)))
    with pytest.raises(IntegrityError):
        write(database, run, 0, RunRequested(Instant(2)))


def test_changes_need_an_event(database: Database) -> None:
    run = make_run(database)
    with pytest.raises(ValueError, match="history"):
        do(database, lambda tx: runs.write(tx, run, 0, (), (RunMoved(Instant(2), State.RUNNING),)))


def test_history_tells_what_changed(database: Database) -> None:
    run = make_run(database)
    write(
        database, run, 0, RunRequested(Instant(2)), RunMoved(Instant(2), State.RUNNING),
        TaskAdded(a_task(run, ROOT, State.RUNNING, at=2)),
        TaskAdded(a_task(run, "root.a", at=3)), AttemptAdded(an_attempt(run, "root.a")),
    )  # fmt: skip
    failure = Failure("it broke")
    events = (
        AttemptSucceeded("x", "root.b", Instant(4), Instant(3), Bindings()),
        AttemptFailed("y", "root.a", Instant(5), Instant(3), failure, exit_code=1),
    )
    changes = (
        TaskMoved("root.b", Instant(4), State.SUCCEEDED, started_at=Instant(3)),
        TaskMoved("root.a", Instant(5), State.FAILED, failure=failure),
        RunMoved(Instant(5), State.FAILED, failure),
    )
    do(database, lambda tx: runs.write(tx, run, 1, events, changes))
    first, second, third = database.read(lambda tx: runs.events_after(tx, run.run_id, 0, 10))
    assert (first.number, first.at, first.kind, first.path, first.state) == (1, 2, "RunRequested", "", "RUNNING")
    root = first.payload["changes"][1]
    assert (root["what"], root["path"], root["state"], root["name"], root["parent"]) == (
        "task",
        ROOT,
        "RUNNING",
        ROOT,
        "",
    )
    assert [each["what"] for each in first.payload["changes"]] == ["run", "task", "task", "attempt"]
    assert (second.kind, second.path, second.state) == ("AttemptSucceeded", "root.b", "SUCCEEDED")
    assert second.payload["changes"] == [
        {"what": "task", "path": "root.b", "at": 4, "state": "SUCCEEDED", "started_at": 3, "ended_at": 4}
    ]
    told = {"message": "it broke", "code": 2}
    assert (third.kind, third.path, third.state) == ("AttemptFailed", "root.a", "FAILED")
    assert third.payload["event"]["failure"] == told
    assert third.payload["changes"] == [
        {"what": "task", "path": "root.a", "at": 5, "state": "FAILED", "ended_at": 5, "failure": told},
        {"what": "run", "at": 5, "state": "FAILED", "failure": told},
    ]
    assert [row.number for row in database.read(lambda tx: runs.events_after(tx, run.run_id, 1, 1))] == [2]
    assert database.read(lambda tx: runs.events_after(tx, run.run_id, 3, 10)) == []
    with pytest.raises(NotFound):
        database.read(lambda tx: runs.events_after(tx, "nobody", 0, 10))


def test_what_is_not_there_is_not_found(database: Database) -> None:
    run = make_run(database)
    for read in (runs.load_run, query.get_run, query.get_tasks, artifacts.get_artifact):
        with pytest.raises(NotFound, match="not found"):
            database.read(lambda tx, read=read: read(tx, "nobody"))
    with pytest.raises(NotFound, match="Task nobody not found"):
        database.read(lambda tx: query.get_task(tx, run.run_id, "nobody"))
