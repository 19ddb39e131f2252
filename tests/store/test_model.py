"""Any sequence of changes, in any grouping into transactions: what is loaded is what the planner's state became."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.build import a_run, do, make_run

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskAdded, TaskMoved
from headrace.engine.state import run_after, task_after
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import Event, TaskReady
from headrace.model.run import Failure, Run, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, AttemptState, Task, TaskKind, Usage, attempt_id, task_id
from headrace.store import runs
from headrace.store.db import Database
from headrace.testing.clock import FakeClock

INSTANTS = st.integers(0, 2**53).map(Instant)
TEXTS = st.text(max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FAILURES = st.none() | st.builds(Failure, TEXTS, st.integers(0, 16))
STATES = st.sampled_from(State)
PATHS = [ROOT, "root.a", "root.b", "root.a.c", "root.a.ü"]


class Model:
    """A run as it should be, and how it is changed: the rules of `engine.state`, without its plan."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.tasks: dict[str, Task] = {}
        self.artifacts: list[Artifact] = []

    def apply(self, change: Change) -> None:
        match change:
            case RunMoved():
                self.run = run_after(self.run, change)
            case TaskAdded(task):
                self.tasks[task.path] = task
            case TaskMoved():
                self.tasks[change.path] = task_after(self.tasks[change.path], change)
            case AttemptAdded(attempt) | AttemptMoved(attempt):
                task = self.tasks[attempt.path]
                others = [each for each in task.attempts if each.attempt_id != attempt.attempt_id]
                attempts = tuple(sorted([*others, attempt], key=lambda each: each.number))
                self.tasks[attempt.path] = replace(task, attempts=attempts)


def bindings(data: st.DataObject, model: Model, *, fresh: bool) -> Bindings:
    """Parameters, and artifacts that exist already or, in outputs, may be new."""
    artifacts: dict[str, tuple[Artifact, ...]] = {}
    for key in data.draw(st.lists(TEXTS, max_size=2, unique=True)):
        listed = data.draw(st.lists(st.sampled_from(model.artifacts), max_size=2)) if model.artifacts else []
        if fresh and data.draw(st.booleans()):
            artifact = Artifact(
                artifact_id=ids.derived(model.run.run_id, len(model.artifacts)),
                name=data.draw(TEXTS),
                type=data.draw(st.sampled_from(["system.Model", "system.Metrics", "my.Own"])),
                uri=data.draw(TEXTS),
                metadata=data.draw(st.dictionaries(TEXTS, VALUES, max_size=3)),
                digest=data.draw(st.sampled_from(["", "sha256:1"])),
                size=data.draw(st.integers(-1, 2**62)),
                created_at=data.draw(INSTANTS),
            )
            model.artifacts.append(artifact)
            listed.append(artifact)
        artifacts[key] = tuple(listed)
    return Bindings(data.draw(st.dictionaries(TEXTS, VALUES, max_size=3)), artifacts)


def draw_change(data: st.DataObject, model: Model) -> Change:
    unseen = [path for path in PATHS if path not in model.tasks]
    kinds = ["run", *(["add"] if unseen else []), *(["move", "try", "retry"] if model.tasks else [])]
    kind = data.draw(st.sampled_from(kinds))
    at = data.draw(INSTANTS)
    if kind == "run":
        return RunMoved(at, data.draw(STATES), data.draw(FAILURES))
    if kind == "add":
        return TaskAdded(draw_task(data, model, data.draw(st.sampled_from(unseen)), at))
    path = data.draw(st.sampled_from(sorted(model.tasks)))
    if kind == "move":
        gives = model.tasks[path].outputs == Bindings() and data.draw(st.booleans())  # a task gives its outputs once
        return TaskMoved(
            path,
            at,
            data.draw(STATES),
            started_at=data.draw(st.just(Instant(0)) | INSTANTS),
            outputs=bindings(data, model, fresh=True) if gives else None,
            cached_from=data.draw(st.sampled_from(["", "some-task"])),
            failure=data.draw(FAILURES),
            reason=data.draw(TEXTS),
        )
    attempts = model.tasks[path].attempts
    if kind == "try" or not attempts:
        return AttemptAdded(draw_attempt(data, model, path, len(attempts) + 1))
    return AttemptMoved(draw_attempt(data, model, path, data.draw(st.integers(1, len(attempts)))))


def draw_task(data: st.DataObject, model: Model, path: str, at: Instant) -> Task:
    return Task(
        task_id=task_id(model.run.run_id, path),
        path=path,
        parent=path.rpartition(".")[0],
        name=path.rpartition(".")[2],
        display_name=data.draw(TEXTS),
        kind=data.draw(st.sampled_from(TaskKind)),
        state=data.draw(STATES),
        created_at=at,
        inputs=bindings(data, model, fresh=False),
        fingerprint=data.draw(st.sampled_from(["", "abc"])),
        failure=data.draw(FAILURES),
        reason=data.draw(TEXTS),
        history=(StateChange(at, State.PENDING, data.draw(FAILURES)),),
    )


def draw_attempt(data: st.DataObject, model: Model, path: str, number: int) -> Attempt:
    """`created_at` is given by the number: it does not change."""
    return Attempt(
        attempt_id=attempt_id(model.run.run_id, path, number),
        path=path,
        number=number,
        state=data.draw(st.sampled_from(AttemptState)),
        created_at=Instant(number),
        started_at=data.draw(INSTANTS),
        ended_at=data.draw(INSTANTS),
        exit_code=data.draw(st.none() | st.integers(-64, 255)),
        failure=data.draw(FAILURES),
        usage=data.draw(st.none() | st.builds(Usage, st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 2**50))),
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all examples; each has a run of its own."""
    folder: Path = tmp_path_factory.mktemp("model")
    database = Database.open(f"sqlite:///{folder / 'headrace.db'}", FakeClock(tick=1))
    yield database
    database.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_loaded_is_what_was_written(shared: Database, data: st.DataObject) -> None:
    serial = shared.read(lambda tx: len(runs.live_runs(tx)))
    run = make_run(shared, a_run("model", at=serial))
    model, number = Model(run), 0
    for _ in range(data.draw(st.integers(1, 5))):
        changes: list[Change] = []
        for _ in range(data.draw(st.integers(0, 6))):
            changes.append(draw_change(data, model))
            model.apply(changes[-1])
        about = data.draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3))
        events: list[Event] = [TaskReady(path, Instant(1)) for path in about]
        do(shared, lambda tx, n=number, e=events, c=changes: runs.write(tx, run, n, e, c))
        number += len(events)
        rows = shared.read(lambda tx: runs.load_run(tx, run.run_id))
        assert rows.run == model.run
        assert {task.path: task for task in rows.tasks} == model.tasks
        assert rows.last_event == number
        history = shared.read(lambda tx: runs.events_after(tx, run.run_id, 0, 1000))
        assert [row.number for row in history] == list(range(1, number + 1))
