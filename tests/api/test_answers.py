"""Answers of get-run that are kept: never older than the question, made once for all who ask together."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import V2, Api
from tests.api.scene import AT, Scene
from tests.store.build import a_run, do, make_experiment, make_run

from headrace.api.answers import Answers
from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.engine.decision import RunMoved
from headrace.model.event import RetryRequested, TaskReady, TerminateRequested
from headrace.model.run import Run
from headrace.model.state import State
from headrace.store import catalog, query, runs, upkeep
from headrace.store.db import Database, Tx
from headrace.testing.clock import FakeClock

COUNT = {"parameters": {"count": 3}}


@dataclass
class Maker:
    """Tells a run's state and how often it was made; `gate` holds makings back until it is set."""

    made: int = 0
    gate: threading.Event = field(default_factory=threading.Event)

    def __call__(self, tx: Tx, run_id: str, full: bool) -> bytes:
        self.gate.wait(120)
        self.made += 1
        run = query.get_run(tx, run_id)
        return f"{run.state} {run.storage_state} {full}".encode()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'headrace.db'}", FakeClock(tick=1), durable=False)
    yield database
    database.close()


@pytest.fixture
def maker() -> Maker:
    made = Maker()
    made.gate.set()
    return made


def no_time() -> float:
    return 0.0


@pytest.fixture
def answers(database: Database, maker: Maker) -> Answers:
    return Answers(database, maker, cpu_time=no_time)


@pytest.mark.anyio
async def test_every_change_is_seen_by_the_next_question(database: Database, maker: Maker, answers: Answers) -> None:
    experiment = make_experiment(database)
    run = make_run(database, a_run(experiment_id=experiment.experiment_id))
    do(database, lambda tx: runs.take_inbox(tx, run))
    at = Instant(5)

    async def told() -> str:
        return (await answers.get(run.run_id, False)).decode()

    assert await told() == "PENDING AVAILABLE False"
    assert await told() == "PENDING AVAILABLE False"
    assert maker.made == 1
    changes: list[tuple[Any, str]] = [
        (lambda tx: _move(tx, run, 0, State.RUNNING), "RUNNING AVAILABLE False"),
        (lambda tx: runs.post(tx, run.run_id, TerminateRequested(at)), "CANCELING AVAILABLE False"),
        (lambda tx: (runs.take_inbox(tx, run), _move(tx, run, 1, State.CANCELED)), "CANCELED AVAILABLE False"),
        (lambda tx: upkeep.archive_run(tx, run.run_id), "CANCELED ARCHIVED False"),
        (lambda tx: upkeep.unarchive_run(tx, run.run_id), "CANCELED AVAILABLE False"),
        (lambda tx: catalog.archive_experiment(tx, experiment.experiment_id), "CANCELED ARCHIVED False"),
        (lambda tx: runs.post(tx, run.run_id, RetryRequested(at)), "PENDING ARCHIVED False"),
        (lambda tx: runs.touch(tx, run.key), "PENDING ARCHIVED False"),
    ]
    for made, (change, expected) in enumerate(changes, start=2):
        do(database, change)
        assert await told() == expected
        assert maker.made == made
    do(database, lambda tx: upkeep.delete_run(tx, run.run_id, at))
    for _ in range(2):
        with pytest.raises(NotFound, match=run.run_id):
            await told()


def _move(tx: Tx, run: Run, number: int, state: State) -> None:
    runs.write(tx, run, number, (TaskReady("root", Instant(5)),), (RunMoved(Instant(5), state),))


@pytest.mark.anyio
async def test_where_others_write_too_the_version_is_read_each_time(database: Database, maker: Maker) -> None:
    shared = _Shared(database)
    answers = Answers(shared, maker, cpu_time=no_time)  # type: ignore[arg-type]
    run = make_run(database)
    for reads in (1, 2, 3):
        assert await answers.get(run.run_id, False) == b"PENDING AVAILABLE False"
        assert (shared.reads, maker.made) == (reads, 1)


@dataclass
class _Shared:
    """A database that other servers use, too."""

    whole: Database
    reads: int = 0
    commits: int | None = None

    def read(self, function: Any) -> Any:
        self.reads += 1
        return self.whole.read(function)


@pytest.mark.anyio
async def test_who_asks_together_shares_one_making(database: Database, maker: Maker, answers: Answers) -> None:
    run = make_run(database)
    maker.gate.clear()
    asked = [asyncio.create_task(answers.get(run.run_id, False)) for _ in range(50)]
    await asyncio.sleep(0)
    maker.gate.set()
    assert len({await each for each in asked}) == 1
    assert maker.made <= 2
    full, plain = await asyncio.gather(answers.get(run.run_id, True), answers.get(run.run_id, False))
    assert (full, plain) == (b"PENDING AVAILABLE True", b"PENDING AVAILABLE False")


@pytest.mark.anyio
async def test_who_gives_up_takes_nobody_along(database: Database, maker: Maker, answers: Answers) -> None:
    run = make_run(database)
    maker.gate.clear()
    first, second = (asyncio.create_task(answers.get(run.run_id, False)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    maker.gate.set()
    assert await second == b"PENDING AVAILABLE False"
    assert first.cancelled()


@pytest.mark.anyio
async def test_no_more_is_kept_than_there_is_room_for(database: Database, maker: Maker) -> None:
    answers = Answers(database, maker, most=100, cpu_time=no_time)
    several = [make_run(database, a_run(f"r{number}", at=number + 1)) for number in range(8)]
    for run in several:
        await answers.get(run.run_id, False)
    assert sum(len(kept.body) for kept in answers._kept.values()) == answers._held <= 100
    await answers.get(several[-1].run_id, False)
    assert maker.made == 8
    await answers.get(several[0].run_id, False)
    assert maker.made == 9


@pytest.mark.anyio
async def test_trouble_reaches_everybody_and_passes(database: Database, answers: Answers) -> None:
    run = make_run(database)
    await answers.get(run.run_id, False)
    trouble = OSError("no")
    whole, answers.database = database, _Broken(trouble)  # type: ignore[assignment]
    for result in await asyncio.gather(*(answers.get(run.run_id, False) for _ in range(3)), return_exceptions=True):
        assert result is trouble
    answers.database = whole
    assert await answers.get(run.run_id, False) == b"PENDING AVAILABLE False"


@dataclass
class _Broken:
    error: Exception
    commits: int | None = None

    def read(self, _function: object) -> None:
        raise self.error


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_over_http_a_run_is_as_it_was_committed(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    for _ in range(2):
        assert api.get(f"/runs/{run_id}")["state"] == "PENDING"
    api.advance(run_id, *Scene(run_id).started())
    for _ in range(2):
        assert api.get(f"/runs/{run_id}")["state"] == "RUNNING"
        assert len(api.get(f"/runs/{run_id}", view="FULL")["tasks"]) == 2
    api.advance(run_id, [TerminateRequested(AT)], [RunMoved(AT, State.CANCELED)])
    assert api.get(f"/runs/{run_id}")["state"] == "CANCELED"
    api.delete(f"/runs/{run_id}")
    assert api.http.get(f"{V2}/runs/{run_id}").status_code == 404
