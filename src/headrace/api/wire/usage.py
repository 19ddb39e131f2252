"""What steps used, and what they should ask for: answers of Headrace's own routes. Every field is given."""

from headrace.api.wire.own import Told


class AttemptUsage(Told):
    """What one attempt at a task used, in seconds and bytes; null where it is not known (yet).

    A step of less than a second has no `peak_cores` and no `average_memory`.
    """

    attempt: int
    attempt_id: str
    state: str
    started_at: str | None
    exit_code: int | None
    seconds: float | None
    cpu_seconds: float | None
    peak_cores: float | None
    peak_memory: int | None
    average_memory: int | None
    largest_process: int | None
    read_bytes: int | None
    written_bytes: int | None


class TaskUsage(Told):
    """The attempts at a task."""

    task: str
    task_id: str
    attempts: list[AttemptUsage]


class RunUsage(Told):
    """The tasks of a run that were executed, in that order."""

    run_id: str
    tasks: list[TaskUsage]


class Sample(Told):
    """What a step had used so many seconds after it began; `memory` is what it held, the most since the last sample."""

    seconds: float
    cpu_seconds: float
    memory: int
    read_bytes: int
    written_bytes: int


class TaskSamples(Told):
    """What an attempt at a task used while it ran; empty for less than a second."""

    task: str
    task_id: str
    attempt: int
    samples: list[Sample]


class Sizes(Told):
    """Requests and limits as Kubernetes writes quantities; empty where there are none."""

    cpu_request: str
    cpu_limit: str
    memory_request: str
    memory_limit: str


class Measured(Told):
    """What advice was derived from, in seconds, cores and bytes: of nearly all executions, and the most of any."""

    seconds: float
    cores: float
    peak_cores: float
    memory: int
    peak_memory: int


class ComponentAdvice(Told):
    """What a component should ask for; `current` is what the pipeline says now, `lines` what its author may write.

    It was executed `executions` times in `runs` runs, and killed over its limit of memory in `killed` of them.
    """

    component: str
    tasks: list[str]
    executions: int
    runs: int
    killed: int
    measured: Measured
    current: Sizes
    suggested: Sizes
    lines: list[str]


class Advice(Told):
    """The components of a run's pipeline, in the order of their first tasks."""

    run_id: str
    pipeline: str
    components: list[ComponentAdvice]
