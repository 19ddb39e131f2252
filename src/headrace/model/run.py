"""A run: one execution of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base.clock import Instant
from headrace.base.json import JsonObject, JsonValue
from headrace.model.state import State, StorageState


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run or a task did not succeed, for a person. `code` is a google.rpc code: 2 for a failed step."""

    message: str
    code: int = 2


@dataclass(frozen=True, slots=True)
class StateChange:
    """One line of a state history."""

    at: Instant
    state: State
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """The earlier run of the same plan that a run was resumed from, and the spots from which on it runs anew."""

    run_id: str
    at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """What a client sees of a run. Its document is in the `plans` table under `plan_id`; lists leave `resume` out."""

    run_id: str
    key: int
    name: str
    namespace: str
    experiment_id: str
    plan_id: str
    pipeline_name: str
    created_at: Instant
    scheduled_at: Instant
    state: State = State.PENDING
    storage_state: StorageState = StorageState.AVAILABLE
    description: str = ""
    pipeline_id: str = ""
    pipeline_version_id: str = ""
    recurring_run_id: str = ""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    pipeline_root: str = ""
    service_account: str = ""
    plugins_input: Mapping[str, JsonObject] = field(default_factory=dict)
    finished_at: Instant = Instant(0)
    failure: Failure | None = None
    history: tuple[StateChange, ...] = ()
    resume: Resume | None = None

    @property
    def folder(self) -> str:
        """The uri of the folder of the run's own artifacts."""
        return folder_of(self.pipeline_root, self.pipeline_name, self.run_id)

    @property
    def resource_name(self) -> str:
        """`{{$.pipeline_job_resource_name}}`: `<pipeline>-<suffix>`, unique, a legal Kubernetes name."""
        return f"{self.pipeline_name}-{self.run_id.replace('-', '')[:8]}"


def folder_of(pipeline_root: str, pipeline_name: str, run_id: str) -> str:
    """`Run.folder`."""
    return f"{folder_of_root(pipeline_root)}/{pipeline_name}/{run_id}"


def folder_of_root(pipeline_root: str) -> str:
    """The uri of the folder that the root names. A query of the root is about the store, and part of no name."""
    return pipeline_root.partition("?")[0].rstrip("/")
