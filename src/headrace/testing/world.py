"""A simulated world: one run, real rows, a launcher that exists only in memory, and a seeded run of bad luck.

Nothing here waits and nothing is random but the seed: the same plan and seed give the same story, in a database where
they were not played before. At every turn the world ends some attempts, delivers some observations late, doubled or not
at all, moves the clock, terminates the run, or crashes the controller between any two commits. After every commit
`check` holds the run to its invariants, at its end `check_lineage` compares its lineage with what happened.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base import ids
from headrace.base.errors import LeaseLost
from headrace.base.json import JsonValue
from headrace.controllers.advance import Advance, Advanced, Held
from headrace.engine.decision import Deadline, Kill, Launch, Sent, Wait
from headrace.engine.state import Options, RunState
from headrace.model.event import (
    AttemptStarted,
    DeadlinePassed,
    Event,
    RetryRequested,
    RunRequested,
    TerminateRequested,
    WaitEnded,
)
from headrace.model.run import Resume, Run
from headrace.spec.plan import Plan
from headrace.store import runs
from headrace.store.db import Database, Tx
from headrace.testing.attempts import Attempts, Claimed
from headrace.testing.clock import FakeClock
from headrace.testing.invariants import check
from headrace.testing.lineage import check_lineage
from headrace.testing.luck import Luck, Trouble

_DAY = 86_400.0


class Crash(Exception):
    """The controller's process dies here."""


@dataclass(slots=True)
class World:
    """One run in its world. `play` runs it to its end and gives the final state.

    It goes on from an earlier run where one is given to `resume`. `fails` holds paths whose steps always fail. `number`
    tells apart the runs of one seed; they share a `namespace`, and so a cache. `troubles` counts what went wrong,
    `story` says it in order, with the numbers of the run's events.
    """

    plan: Plan
    database: Database
    seed: int
    luck: Luck = field(default_factory=Luck)
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    number: int = 0
    resume: Resume | None = None
    fails: set[str] = field(default_factory=set)
    commits: int = 0
    troubles: Counter[Trouble] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    run_id: str = field(init=False)
    _clock: FakeClock = field(default_factory=lambda: FakeClock(tick=1))
    _rng: random.Random = field(init=False)
    _advance: Advance = field(init=False)
    _attempts: Attempts = field(init=False)
    _held: Held | None = None
    _deposed: Held | None = None
    _mail: list[Event] = field(default_factory=list)
    _delivered: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(f"{self.seed}/{self.number}")
        self._advance = Advance(self._clock, self.options, "world", lambda *_: self.plan, lambda _: True)
        self._attempts = Attempts(self.plan, self._rng)
        self.run_id = ids.derived(self.plan.plan_id, "run", f"{self.seed}/{self.number}")

    @property
    def executions(self) -> Counter[str]:
        """How often the step at each path was executed."""
        return self._attempts.executions

    def play(self, limit: int = 100_000) -> RunState:
        """To the end of the run. Raises AssertionError where an invariant breaks or the run does not end."""
        self.database.submit(self._create).result()
        final = self._go_on(limit)
        while not final.run.state.good and self._has(Trouble.RETRIED):
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
                check_lineage(self.database, held.state, self._attempts.made)
                return held.state
            self._turn()
        raise AssertionError(f"the run did not end in {limit} turns")

    def _post(self, event: TerminateRequested | RetryRequested) -> None:
        self.database.submit(lambda tx: runs.post(tx, self.run_id, event)).result()

    def _create(self, tx: Tx) -> None:
        now = self._clock.now()
        run = Run(
            run_id=self.run_id,
            key=0,
            name=f"seed {self.seed}",
            namespace=f"seed-{self.seed}",
            experiment_id="",
            plan_id=self.plan.plan_id,
            pipeline_name=self.plan.pipeline_name,
            created_at=now,
            scheduled_at=now,
            parameters=self.parameters,
            pipeline_root="minio://bucket",
            resume=self.resume,
        )
        runs.create_run(tx, run, {}, RunRequested(now))

    def _turn(self) -> None:
        self._clock.advance(self._rng.uniform(0, 10))
        if self._has(Trouble.JUMP):
            self._clock.advance(self._rng.choice([-_DAY, _DAY]))
        if self._held is not None and (not self._mail or self._lucky(0.5)):
            self._end_something()
        if self._has(Trouble.TERMINATED):
            self._post(TerminateRequested(self._clock.now()))
        if self._deposed is not None and self._has(Trouble.DEPOSED):
            self._try_deposed(self._deposed)
        batch = self._draw()
        if self._delivered and self._has(Trouble.DOUBLED):
            batch.append(self._rng.choice(self._delivered))
        if self._held is not None and not batch and not self._mail and not self._attempts.running:
            self._crash("restart: nothing more will be heard")  # what was lost is told again after it
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
            self._crash(str(Trouble.CRASH_BEFORE_COMMIT))
            return
        self.commits += 1
        self._held = done.held
        self._delivered.extend(batch)
        self._tell(f"commit: event {done.held.number} is the last, the run is {done.held.state.run.state}")
        loaded = self.database.read(lambda tx: self._advance.peek(tx, self.run_id))
        check(done.held.state, loaded, self.executions)
        if self._has(Trouble.CRASH_AFTER_COMMIT):
            self._crash()
            return
        for command in done.commands:
            if self._has(Trouble.CRASH_WHILE_SENDING):
                self._crash()
                return
            self._carry_out(done.held.state, command)

    def _transaction(self, tx: Tx, batch: list[Event]) -> Advanced:
        held, self._held = self._held, None
        done = self._advance(tx, self.run_id, held, batch)
        if self._has(Trouble.CRASH_BEFORE_COMMIT):
            raise Crash
        return done

    def _crash(self, story: str = "") -> None:
        """What was in memory is gone, the mail too; the claimed attempts go on. The old controller may come back."""
        if story:
            self._tell(story)
        if self._held is not None:
            self._deposed = self._held
        self._held = None
        self._mail.clear()

    def _try_deposed(self, held: Held) -> None:
        """A controller that does not know that it was replaced goes on; it must not get far."""
        self._deposed = None
        try:
            self.database.submit(lambda tx: self._advance(tx, self.run_id, held, list(self._delivered[-1:]))).result()
        except LeaseLost:
            return
        assert self._held is None, "a controller that was replaced could still write"
        self._mail.clear()  # nobody had taken its place yet

    def _carry_out(self, state: RunState, command: Sent) -> None:
        if isinstance(command, Wait):
            self._mail.append(WaitEnded(command.path, self._clock.now()))
            return
        if isinstance(command, Deadline):
            self._limit(command)
            return
        claimed = self._attempts.claim(state.tasks[command.path], command.attempt_id, self._clock.now())
        if isinstance(command, Kill):
            self._attempts.kill(claimed, self._clock.now())
        elif isinstance(command, Launch) and not claimed.launched:
            self._launch(claimed)
        if claimed.ended is not None:
            self._mail.append(claimed.ended)
        elif not self._has(Trouble.START_LOST):
            self._mail.append(AttemptStarted(claimed.attempt_id, command.path, claimed.started_at))

    def _limit(self, deadline: Deadline) -> None:
        """It passes soon, or not at all."""
        if self._has(Trouble.TIMED_OUT):
            path, attempt_id, since, seconds = deadline.path, deadline.attempt_id, deadline.since, deadline.seconds
            self._mail.append(DeadlinePassed(path, attempt_id, since, seconds, self._clock.now()))

    def _launch(self, claimed: Claimed) -> None:
        if self._has(Trouble.REFUSED):
            self._attempts.refuse(claimed, self._clock.now())
        else:
            self._attempts.launch(claimed)

    def _end_something(self) -> None:
        """One of the attempts that run comes to its end."""
        if not self._attempts.running:
            return
        chosen, now = self._rng.choice(self._attempts.running), self._clock.now()
        if chosen.task.path in self.fails or self._has(Trouble.FAILED):
            self._attempts.fail(chosen, now)
        elif self._has(Trouble.VANISHED):
            self._attempts.lose(chosen, now)
        else:
            self._attempts.succeed(chosen, now)
        if chosen.ended is not None and not self._has(Trouble.LOST):
            self._mail.append(chosen.ended)

    def _has(self, trouble: Trouble) -> bool:
        """Whether it comes now."""
        comes = self._lucky(self.luck.of(trouble))
        if comes:
            self.troubles[trouble] += 1
            self._tell(str(trouble))
        return comes

    def _lucky(self, chance: float) -> bool:
        return self._rng.random() < chance

    def _tell(self, what: str) -> None:
        self.story.append(what)
