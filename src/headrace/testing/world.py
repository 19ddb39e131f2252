"""A simulated world: one run, real rows, a launcher that exists only in memory, and a seeded run of bad luck.

Nothing here waits and nothing is random but the seed: the same plan and seed give the same story. At every step the
world delivers some observations, doubles one, terminates the run, or crashes the controller before or after a commit.
After every commit `check` holds the run to its invariants.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.controllers.advance import Advance, Advanced, Held
from headrace.engine.decision import Deadline, Kill, Launch, Sent, Wait
from headrace.engine.state import Options, RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    DeadlinePassed,
    Event,
    RetryRequested,
    RunRequested,
    TerminateRequested,
    WaitEnded,
)
from headrace.model.run import Failure, Run
from headrace.model.task import Task, child
from headrace.spec.plan import Container, Plan
from headrace.store import runs
from headrace.store.db import Database, Tx
from headrace.testing.clock import FakeClock
from headrace.testing.invariants import check


class Crash(Exception):
    """The controller's process dies here."""


@dataclass(frozen=True, slots=True)
class Luck:
    """How likely, at each step, each kind of trouble is."""

    crash_before_commit: float = 0.1
    crash_after_commit: float = 0.1
    doubled: float = 0.1
    terminated: float = 0.01
    failed: float = 0.1
    start_lost: float = 0.3
    retried: float = 0.3
    timed_out: float = 0.3


@dataclass(slots=True)
class _Claimed:
    """An attempt that the launcher has started once and for all."""

    task: Task
    attempt_id: str
    started_at: Instant
    ended: Event | None = None


@dataclass(slots=True)
class World:
    """One run in its world. `play` runs it to its end and gives the final state."""

    plan: Plan
    database: Database
    seed: int
    luck: Luck = field(default_factory=Luck)
    parameters: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    executions: Counter[str] = field(default_factory=Counter)
    fails: set[str] = field(default_factory=set)
    commits: int = 0
    _clock: FakeClock = field(default_factory=lambda: FakeClock(tick=1))
    _rng: random.Random = field(init=False)
    _advance: Advance = field(init=False)
    _run_id: str = field(init=False)
    _held: Held | None = None
    _claimed: dict[str, _Claimed] = field(default_factory=dict)
    _mail: list[Event] = field(default_factory=list)
    _delivered: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._advance = Advance(self._clock, self.options, "world", lambda *_: self.plan, lambda _: True)
        self._run_id = ids.derived(self.plan.plan_id, "run", self.seed)

    def play(self, limit: int = 100_000) -> RunState:
        """To the end of the run. Raises AssertionError where an invariant breaks or the run does not end."""
        self.database.submit(self._create).result()
        final = self._go_on(limit)
        while self._lucky(self.luck.retried) and not final.run.state.good:
            final = self.retry(limit)
        return final

    def retry(self, limit: int = 100_000) -> RunState:
        """Run what did not succeed again, to the end."""
        self._held = None
        self._post(RetryRequested(self._clock.now()))
        while self._held is None:
            self._deliver([])
        return self._go_on(limit)

    def _go_on(self, limit: int) -> RunState:
        for _ in range(limit):
            held = self._held
            if held is not None and held.state.run.state.ended:
                return held.state
            self._turn()
        raise AssertionError(f"seed {self.seed}: the run did not end in {limit} turns")

    def _post(self, event: TerminateRequested | RetryRequested) -> None:
        self.database.submit(lambda tx: runs.post(tx, self._run_id, event)).result()

    def _create(self, tx: Tx) -> None:
        now = self._clock.now()
        run = Run(
            run_id=self._run_id,
            key=0,
            name=f"run {self.seed}",
            namespace="",
            experiment_id="",
            plan_id=self.plan.plan_id,
            pipeline_name=self.plan.pipeline_name,
            created_at=now,
            scheduled_at=now,
            parameters=self.parameters,
            pipeline_root="minio://bucket",
        )
        runs.create_run(tx, run, {}, RunRequested(now))

    def _turn(self) -> None:
        if self._held is not None and (not self._mail or self._lucky(0.5)):
            self._end_something()
        if self._lucky(self.luck.terminated):
            self._post(TerminateRequested(self._clock.now()))
        batch = self._draw()
        if self._lucky(self.luck.doubled) and self._delivered:
            batch.append(self._rng.choice(self._delivered))
        self._deliver(batch)

    def _draw(self) -> list[Event]:
        """Some of the mail, in any order."""
        self._rng.shuffle(self._mail)
        count = self._rng.randint(0, len(self._mail))
        batch, self._mail = self._mail[:count], self._mail[count:]
        return batch

    def _deliver(self, batch: list[Event]) -> None:
        try:
            done = self.database.submit(lambda tx: self._transaction(tx, batch)).result()
        except Crash:
            self._crash()
            return
        self.commits += 1
        self._held = done.held
        self._delivered.extend(batch)
        loaded = self.database.read(lambda tx: self._advance.peek(tx, self._run_id))
        check(done.held.state, loaded, self.executions)
        if self._lucky(self.luck.crash_after_commit):
            self._crash()
            return
        for command in done.commands:
            self._carry_out(done.held.state, command)

    def _transaction(self, tx: Tx, batch: list[Event]) -> Advanced:
        held, self._held = self._held, None
        done = self._advance(tx, self._run_id, held, batch)
        if self._lucky(self.luck.crash_before_commit):
            raise Crash
        return done

    def _crash(self) -> None:
        """What was in memory is gone, the mail too; the claimed attempts go on."""
        self._held = None
        self._mail.clear()

    def _carry_out(self, state: RunState, command: Sent) -> None:
        if isinstance(command, Wait):
            self._mail.append(WaitEnded(command.path, self._clock.now()))
            return
        if isinstance(command, Deadline):
            self._limit(command)
            return
        claimed = self._claimed.get(command.attempt_id)
        if claimed is None:
            task = state.tasks[command.path]
            claimed = self._claimed[command.attempt_id] = _Claimed(task, command.attempt_id, self._clock.now())
            if isinstance(command, Launch):
                self.executions[command.path] += 1
        if isinstance(command, Kill) and claimed.ended is None:
            claimed.ended = self._failure(claimed, "killed", killed=True)
        if claimed.ended is not None:
            self._mail.append(claimed.ended)
        elif not self._lucky(self.luck.start_lost):
            self._mail.append(AttemptStarted(claimed.attempt_id, command.path, claimed.started_at))

    def _limit(self, deadline: Deadline) -> None:
        """It passes soon, or not at all."""
        if self._lucky(self.luck.timed_out):
            path, attempt_id, since, seconds = deadline.path, deadline.attempt_id, deadline.since, deadline.seconds
            self._mail.append(DeadlinePassed(path, attempt_id, since, seconds, self._clock.now()))

    def _end_something(self) -> None:
        """One of the attempts that run comes to its end."""
        running = [each for each in self._claimed.values() if each.ended is None]
        if not running:
            return
        chosen = self._rng.choice(running)
        if self._lucky(self.luck.failed) or chosen.task.path in self.fails:
            chosen.ended = self._failure(chosen, "bad luck", killed=False)
        else:
            chosen.ended = AttemptSucceeded(
                chosen.attempt_id, chosen.task.path, self._clock.now(), chosen.started_at, self._outputs(chosen)
            )
        self._mail.append(chosen.ended)

    def _failure(self, claimed: _Claimed, message: str, *, killed: bool) -> AttemptFailed:
        return AttemptFailed(
            claimed.attempt_id,
            claimed.task.path,
            self._clock.now(),
            claimed.started_at,
            Failure(message),
            exit_code=-9 if killed else 1,
            killed=killed,
        )

    def _outputs(self, claimed: _Claimed) -> Bindings:
        component = self.plan.find(claimed.task.path).component
        assert isinstance(component, Container)
        values = {name: f"{claimed.task.path}/{name}" for name in component.interface.output_parameters}
        made = {
            key: (
                Artifact(
                    artifact_id=ids.derived(claimed.attempt_id, "artifact", key, 0),
                    name=key,
                    type=spec.type,
                    uri=f"minio://bucket/{claimed.attempt_id}/{key}",
                    created_at=claimed.started_at,
                ),
            )
            for key, spec in component.interface.output_artifacts.items()
        }
        return Bindings(values, made)

    def _lucky(self, chance: float) -> bool:
        return self._rng.random() < chance


def path(*names: str) -> str:
    """`path("inner", "train")` is `root.inner.train`."""
    found = "root"
    for name in names:
        found = child(found, name)
    return found
