"""The compiled pipeline: immutable, typed, checked, shared by all runs of the same document.

`compile_plan` makes it from the IR; the engine walks it; the controllers turn its leaves into launch requests.
A component that is used by several tasks is one object here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from headrace.base.json import JsonObject, JsonValue
from headrace.model.pod import Item
from headrace.spec.condition import Condition
from headrace.spec.templates import mark_templates


class ParameterType(StrEnum):
    """`parameterType` of the IR."""

    NUMBER_DOUBLE = "NUMBER_DOUBLE"
    NUMBER_INTEGER = "NUMBER_INTEGER"
    STRING = "STRING"
    BOOLEAN = "BOOLEAN"
    LIST = "LIST"
    STRUCT = "STRUCT"
    TASK_FINAL_STATUS = "TASK_FINAL_STATUS"
    TASK_CONFIG = "TASK_CONFIG"


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter that a component takes or gives. `default` counts only where `has_default`."""

    type: ParameterType
    optional: bool = False
    has_default: bool = False
    default: JsonValue = None
    literals: tuple[JsonValue, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactSpec:
    """An artifact that a component takes or gives. `type` is the schema title, e.g. `system.Model`."""

    type: str
    schema_version: str = "0.0.1"
    optional: bool = False
    is_list: bool = False
    metadata: JsonObject = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """What a component takes and gives, by name."""

    input_parameters: Mapping[str, ParameterSpec] = field(default_factory=dict)
    input_artifacts: Mapping[str, ArtifactSpec] = field(default_factory=dict)
    output_parameters: Mapping[str, ParameterSpec] = field(default_factory=dict)
    output_artifacts: Mapping[str, ArtifactSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the document. Its texts that hold placeholders are `Template`s; nobody else's ever are."""

    value: JsonValue

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", mark_templates(self.value))


@dataclass(frozen=True, slots=True)
class FromParent:
    """The resolved input `name` of the DAG that the task is in."""

    name: str


@dataclass(frozen=True, slots=True)
class FromTask:
    """The output `key` of the sibling `task`."""

    task: str
    key: str


@dataclass(frozen=True, slots=True)
class FromInput:
    """The resolved input `name` of the task itself."""

    name: str


@dataclass(frozen=True, slots=True)
class FinalStatus:
    """How the sibling `task` ended, as a STRUCT."""

    task: str


ParameterSource = Constant | FromParent | FromTask | FinalStatus
ArtifactSource = FromParent | FromTask


@dataclass(frozen=True, slots=True)
class ParameterBinding:
    """Where an input parameter comes from. `selector` is the keys that `parseJson(...)["k"]...` walks."""

    source: ParameterSource
    selector: tuple[str, ...] = ()


class Trigger(StrEnum):
    """When a task may start, once all that it depends on has ended."""

    ALL_SUCCEEDED = "ALL_UPSTREAM_TASKS_SUCCEEDED"
    ALL_COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"


@dataclass(frozen=True, slots=True)
class Caching:
    """Whether an earlier execution may stand in, and the user's own cache key if there is one."""

    enabled: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed task is tried again, and after how many seconds: at first `backoff`, each time `factor` times
    as many, never more than `longest`."""

    max_retries: int
    backoff: float = 0.0
    factor: float = 2.0
    longest: float = 3600.0

    def pause(self, number: int) -> float:
        """The seconds before retry `number`, from 1."""
        try:
            return min(self.backoff * self.factor ** (number - 1), self.longest)
        except OverflowError:
            return self.longest if self.backoff else 0.0


@dataclass(frozen=True, slots=True)
class Loop:
    """The component runs once for each item, with the item as its input `item`, at most `parallelism` at a time.

    0 is no limit. The items are written down, or are an input of the task: a parameter that is a list or the JSON text
    of one, or the artifacts of an artifact list if `over_artifacts`. What the component gives is collected in the
    order of the items. SDK: the component is a DAG, which takes the list besides the item.
    """

    item: str
    items: tuple[JsonValue, ...] | FromInput
    over_artifacts: bool = False
    parallelism: int = 0


@dataclass(frozen=True, slots=True)
class Resources:
    """Requests and limits as written, placeholders included: CPU in Kubernetes quantity or cores, memory likewise."""

    cpu_request: str = ""
    cpu_limit: str = ""
    memory_request: str = ""
    memory_limit: str = ""
    accelerator_type: str = ""
    accelerator_count: str = ""


@dataclass(frozen=True, slots=True)
class PodItem:
    """Something that a step asks of the platform, which the document says at `where`.

    The object's name, or the value of what is JSON, comes from `binding` where there is one, in the scope of the DAG
    that the task is in; where it has none, the item is left out.
    """

    item: Item
    where: str
    binding: ParameterBinding | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """What a step is told of its own configuration, by its inputs of type TASK_CONFIG, whether it also has it or not.

    `workspace` says that it is told of the run's workspace, if it names that.
    """

    env: tuple[tuple[str, str], ...] = ()
    resources: Resources = field(default_factory=Resources)
    pod: tuple[PodItem, ...] = ()
    workspace: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """A component that is a command. All strings may hold placeholders; `env` keeps the document's order.

    `time_limit` is how many seconds one attempt may run, 0 for as long as it likes; `pod` is what it asks of the
    platform; `workspace` says that it may use the run's. `passed` is for whatever it starts elsewhere.
    """

    component: str
    interface: Interface
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    resources: Resources = field(default_factory=Resources)
    label: str = ""
    time_limit: int = 0
    pod: tuple[PodItem, ...] = ()
    workspace: bool = True
    passed: Passed = field(default_factory=Passed)


@dataclass(frozen=True, slots=True)
class Importer:
    """A component that makes an artifact, its one output `output`, of an object that is there.

    `uri` is a text, or the input that holds it; placeholders in `metadata`, keys included, refer to inputs too.
    `resolve_import` fills in both. Unless `reimport`, an artifact of the same uri, type and metadata is taken again.
    """

    component: str
    interface: Interface
    uri: Constant | FromInput
    output: str
    metadata: Constant = field(default_factory=lambda: Constant({}))
    reimport: bool = False
    download_to_workspace: bool = False
    label: str = ""

    @property
    def artifact(self) -> ArtifactSpec:
        """What is made."""
        return self.interface.output_artifacts[self.output]


@dataclass(frozen=True, slots=True)
class CreateClaim:
    """A component that makes a persistent volume claim (`kubernetes.CreatePVC`); `spec.claims` reads its inputs."""

    component: str
    interface: Interface
    label: str = ""


@dataclass(frozen=True, slots=True)
class DeleteClaim:
    """A component that deletes one (`kubernetes.DeletePVC`)."""

    component: str
    interface: Interface
    label: str = ""


Errand: TypeAlias = Importer | CreateClaim | DeleteClaim
"""What the server does itself, without a process."""

Leaf: TypeAlias = Container | Errand


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One task of a DAG. `depends_on` holds data and explicit dependencies, each once.

    `condition` is evaluated over the resolved inputs, before a loop begins; where it is false, the task is skipped.
    """

    name: str
    display_name: str
    component: "Leaf | Dag"
    parameters: Mapping[str, ParameterBinding] = field(default_factory=dict)
    artifacts: Mapping[str, ArtifactSource] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    trigger: Trigger = Trigger.ALL_SUCCEEDED
    caching: Caching = field(default_factory=Caching)
    condition: Condition | None = None
    loop: Loop | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class OutputSelector:
    """One candidate for a DAG's output: the output `key` of its task `task`."""

    task: str
    key: str


@dataclass(frozen=True, slots=True)
class Dag:
    """A component that is a graph of tasks. `tasks` is in an order where dependencies come first.

    `successors[t]` are the tasks that depend on `t`; `roots` those that depend on none. An output takes the
    first of its selectors whose task succeeded.
    """

    component: str
    interface: Interface
    tasks: Mapping[str, TaskPlan]
    successors: Mapping[str, tuple[str, ...]]
    roots: tuple[str, ...]
    output_parameters: Mapping[str, tuple[OutputSelector, ...]] = field(default_factory=dict)
    output_artifacts: Mapping[str, tuple[OutputSelector, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole pipeline. `plan_id` is `sha256:<hex>` of the document's canonical content.

    `time_limit` is how many seconds a run may take, 0 for as long as it likes; `workspace` says that its steps share
    one.
    """

    plan_id: str
    pipeline_name: str
    root: Dag
    display_name: str = ""
    description: str = ""
    default_pipeline_root: str = ""
    sdk_version: str = ""
    time_limit: int = 0
    workspace: bool = False

    def find(self, path: str) -> TaskPlan:
        """The task at a path such as `root.inner.train`; of an iteration (`root.loop.3`) its loop's.

        Raises KeyError; `root` itself is no task.
        """
        names = iter(path.split(".")[1:])
        task = self.root.tasks[next(names, "")]
        for name in names:
            inner = next(names, "") if task.loop is not None else name  # after the number of the iteration
            if not inner:
                return task
            if not isinstance(task.component, Dag):
                raise KeyError(path)
            task = task.component.tasks[inner]
        return task
