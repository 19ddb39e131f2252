"""Events and changes as the planner makes them, to put a run into a state without a planner."""

from dataclasses import dataclass, field

from headrace.base.clock import Instant
from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskAdded, TaskMoved
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import AttemptStarted, AttemptSucceeded, Event, RunRequested, TaskReady
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, AttemptState, Task, TaskKind, attempt_id, task_id

AT = Instant(1_700_000_500_000_000)


@dataclass
class Scene:
    """One run of the pipeline `hello`: its task `root.say` runs once."""

    run_id: str
    inputs: Bindings = field(default_factory=lambda: Bindings({"count": 3}))

    @property
    def attempt_id(self) -> str:
        return attempt_id(self.run_id, "root.say", 1)

    def task_id(self, path: str = "root.say") -> str:
        return task_id(self.run_id, path)

    def started(self) -> tuple[list[Event], list[Change]]:
        """The run is RUNNING, and so is its step."""
        events = [RunRequested(AT), TaskReady("root.say", AT), AttemptStarted(self.attempt_id, "root.say", AT)]
        attempt = Attempt(self.attempt_id, "root.say", 1, created_at=AT)
        changes = [
            RunMoved(AT, State.RUNNING),
            TaskAdded(self._task(ROOT, "", "root", TaskKind.ROOT)),
            TaskAdded(self._task("root.say", ROOT, "say", TaskKind.RUNTIME)),
            TaskMoved("root.say", AT, State.RUNNING, started_at=AT),
            AttemptAdded(attempt),
            AttemptMoved(self._attempt(AttemptState.STARTED)),
        ]
        return list(events), list(changes)

    def ended(
        self, outputs: Bindings | None = None, failure: Failure | None = None
    ) -> tuple[list[Event], list[Change]]:
        """The step has ended, and the run with it."""
        outputs = outputs or Bindings()
        state = State.FAILED if failure else State.SUCCEEDED
        given = None if failure else outputs
        events = [AttemptSucceeded(self.attempt_id, "root.say", AT, AT, outputs)]
        changes = [
            AttemptMoved(self._attempt(AttemptState.ENDED, failure)),
            TaskMoved("root.say", AT, state, outputs=given, failure=failure),
            TaskMoved(ROOT, AT, state, outputs=given, failure=failure),
            RunMoved(AT, state, failure),
        ]
        return list(events), list(changes)

    def _task(self, path: str, parent: str, name: str, kind: TaskKind) -> Task:
        return Task(self.task_id(path), path, parent, name, name, kind, State.PENDING, AT, inputs=self.inputs)

    def _attempt(self, state: AttemptState, failure: Failure | None = None) -> Attempt:
        ended = AT if state is AttemptState.ENDED else Instant(0)
        return Attempt(self.attempt_id, "root.say", 1, state, AT, AT, ended, 1 if failure else 0, failure)


def artifact(name: str = "model", type: str = "system.Model", uri: str = "", **metadata: object) -> Artifact:
    """An artifact of its own id."""
    return Artifact(f"id-of-{name}", name, type, uri or f"minio://mlpipeline/v2/{name}", metadata, created_at=AT)  # type: ignore[arg-type]
