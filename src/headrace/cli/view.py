"""A run as the command line shows it: frozen, and no more than is drawn or printed.

`wire` makes these from the server's JSON; `tree`, `draw`, `plain` and `report` take them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base.clock import SECOND, Instant
from headrace.base.json import JsonObject, JsonValue
from headrace.model.state import State


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """One artifact. `type` is the schema title without its prefix: `Dataset`, `Metrics`, the user's own."""

    name: str
    type: str
    uri: str
    metadata: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageView:
    """What the last attempt at a task used, in seconds and bytes; None is what is not known.

    `cores` is the most CPU that it had for a second, or what it had on the average where it ran for less.
    """

    seconds: float | None = None
    cpu_seconds: float | None = None
    cores: float | None = None
    peak_memory: int | None = None
    average_memory: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task that the run has reached. `is_group`: it holds tasks and runs nothing itself."""

    path: str
    name: str
    state: State
    is_group: bool = False
    started_at: Instant = Instant(0)
    ended_at: Instant = Instant(0)
    message: str = ""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    artifacts: Mapping[str, tuple[ArtifactView, ...]] = field(default_factory=dict)
    usage: UsageView | None = None

    @property
    def key(self) -> str:
        """The task's name in its DAG: the end of its path."""
        return self.path.rpartition(".")[2]

    @property
    def metrics(self) -> Mapping[str, JsonValue]:
        """The numbers of its Metrics artifacts; a name that two of them share keeps the artifact's name before it."""
        found: dict[str, JsonValue] = {}
        for output, artifacts in self.artifacts.items():
            for artifact in artifacts:
                if artifact.type != "Metrics":
                    continue
                for name, value in artifact.metadata.items():
                    found[f"{output}.{name}" if name in found else name] = value
        return found


@dataclass(frozen=True, slots=True)
class RunView:
    """A run and its tasks by path, in the order in which they were reached.

    `resumed_from` is the id of the run that it goes on from, `resumed_at` the paths of the tasks from which on it does.
    """

    run_id: str
    name: str
    state: State
    created_at: Instant = Instant(0)
    finished_at: Instant = Instant(0)
    experiment_id: str = ""
    message: str = ""
    tasks: Mapping[str, TaskView] = field(default_factory=dict)
    resumed_from: str = ""
    resumed_at: tuple[str, ...] = ()

    @property
    def outputs(self) -> Mapping[str, JsonValue]:
        """The pipeline's own output parameters."""
        root = self.tasks.get("root")
        return root.parameters if root is not None else {}

    @property
    def steps(self) -> tuple[TaskView, ...]:
        """The tasks that are no groups."""
        return tuple(task for task in self.tasks.values() if not task.is_group)


def seconds(start: Instant, end: Instant, now: Instant) -> float | None:
    """How long it took, or has taken so far; None where it has not begun."""
    if not start:
        return None
    return max(0, (end or now) - start) / SECOND


def spell(duration: float | None) -> str:
    """A duration for a person: `30ms`, `1.2s`, `42s`, `3m 05s`, `1h 02m`, and "" for None."""
    if duration is None:
        return ""
    if duration < 0.0995:
        return f"{duration * 1000:.0f}ms"
    if duration < 9.95:
        return f"{duration:.1f}s"
    whole = round(duration)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def spell_bytes(size: int) -> str:
    """An amount of bytes for a person: `512 B`, `1.4 MB`; thousands, as disks are sold."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.5 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def spell_memory(size: int) -> str:
    """An amount of memory for a person: `512 MiB`, `1.5 GiB`; as limits are set."""
    mebibytes = size / 2**20
    return f"{mebibytes:,.0f} MiB" if mebibytes < 1023.5 else f"{mebibytes / 1024:,.1f} GiB"
