"""How long things are kept, and what goes: a feature of our own. Ages are texts: `90d`, `forever`, "" for not said."""

from headrace.api.proto_json import Message
from headrace.api.wire.own import Told


class RetentionTimes(Told):
    """For how long each part is kept after the end of its run."""

    runs: str
    archived_runs: str
    logs: str
    artifacts: str
    cache: str


class ExperimentRetention(Told):
    """What an experiment says itself, and what holds for its runs."""

    experiment_id: str
    display_name: str
    said: RetentionTimes
    in_force: RetentionTimes


class RetentionPolicy(Told):
    """What the server says, the experiments that say otherwise, and the runs that are always kept."""

    server: RetentionTimes
    experiments: list[ExperimentRetention]
    pinned_runs: list[str]


class ChangeRetention(Message):
    """What an experiment is to say; what is left out stays, "" is as the server says."""

    runs: str | None = None
    archived_runs: str | None = None
    logs: str | None = None
    artifacts: str | None = None
    cache: str | None = None


class RunRetention(Message):
    """Whether only to say what would go."""

    dry_run: bool = False


class GoingRun(Told):
    """A run that would go."""

    run_id: str
    display_name: str


class GoingArtifact(Told):
    """An artifact that would lose its bytes, and the run that made it."""

    artifact_id: str
    run_id: str
    uri: str


class GoingExecution(Told):
    """A task that was executed, whose outputs equal steps would not take any more; "" where its run is gone."""

    task_id: str
    run_id: str
    path: str


class WouldGo(Told):
    """What would go, by name: the first 100 of each."""

    runs: list[GoingRun]
    artifacts: list[GoingArtifact]
    executions: list[GoingExecution]


class RetentionResult(Told):
    """What went, or on a dry run would, which also names it. `uncached` counts executions that equal steps do not take
    any more."""

    dry_run: bool
    runs: int
    tasks: int
    logs: int
    log_bytes: int
    artifacts: int
    artifact_bytes: int
    uncached: int
    would: WouldGo | None
