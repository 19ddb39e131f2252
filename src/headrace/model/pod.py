"""What a step asks of the platform that it runs on, in the words of a pod: concrete, with no placeholder left.

The planner makes a `Pod` of a task from committed rows; a launcher gives the step what it names. Objects are named
here, never read: no value of a secret is in a `Pod`, so none is in a row, a request or a log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from headrace.base.json import JsonObject, JsonValue

SHARED_MEMORY = "/dev/shm"
WORKSPACE = "/kfp-workspace"


@dataclass(frozen=True, slots=True)
class SecretVariables:
    """Variables from keys of a secret: pairs of a key and the variable that it becomes."""

    name: str
    keys: tuple[tuple[str, str], ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ConfigMapVariables:
    """The same from a config map."""

    name: str
    keys: tuple[tuple[str, str], ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class FieldVariable:
    """A variable from a field of the pod itself, such as `metadata.labels['k']`: the downward API."""

    variable: str
    path: str


@dataclass(frozen=True, slots=True)
class SecretVolume:
    """A folder with a file for each key of a secret. An optional one that is not there is an empty folder."""

    name: str
    path: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ConfigMapVolume:
    """The same from a config map."""

    name: str
    path: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ClaimVolume:
    """A persistent volume claim, or what is at `sub_path` in it."""

    name: str
    path: str
    sub_path: str = ""


@dataclass(frozen=True, slots=True)
class EmptyVolume:
    """A folder that is empty when the step begins and gone when it has ended. `medium` is "" (disk) or `Memory`.

    `name` is the volume's: two paths with the same one are one folder. `size` is a quantity, "" for no limit.
    """

    name: str
    path: str
    medium: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class EphemeralVolume:
    """The same, as a claim of the step's own: what else it says is for a cluster that provisions it."""

    name: str
    path: str
    size: str = ""
    access_modes: tuple[str, ...] = ()
    storage_class: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """A file system in memory at /dev/shm."""

    name: str
    size: str = ""
    path: str = SHARED_MEMORY


@dataclass(frozen=True, slots=True)
class WorkspaceVolume:
    """The folder that the steps of the run share."""

    path: str = WORKSPACE


@dataclass(frozen=True, slots=True)
class Metadata:
    """Labels and annotations of the pod."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Security:
    """The ids that the step's processes have. `non_root` says that it must not run as root."""

    user: int | None = None
    group: int | None = None
    non_root: bool = False


@dataclass(frozen=True, slots=True)
class InitContainer:
    """A command that runs before the step; a `sidecar` goes on beside it."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    sidecar: bool = False


@dataclass(frozen=True, slots=True)
class NodeSelector:
    """Labels that the node must have: text by text."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class Tolerations:
    """A toleration as Kubernetes' JSON has it, or a list of them."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class NodeAffinity:
    """A node affinity as Kubernetes' JSON has it."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class PullSecret:
    """A secret for the registry of the image."""

    name: str


@dataclass(frozen=True, slots=True)
class PullPolicy:
    """When the image is pulled."""

    value: str


Variables: TypeAlias = SecretVariables | ConfigMapVariables | FieldVariable
Stored: TypeAlias = SecretVolume | ConfigMapVolume | ClaimVolume
Volume: TypeAlias = Stored | EmptyVolume | EphemeralVolume | SharedMemory | WorkspaceVolume
Structured: TypeAlias = NodeSelector | Tolerations | NodeAffinity
Placing: TypeAlias = Structured | PullSecret | PullPolicy
Named: TypeAlias = SecretVariables | ConfigMapVariables | Stored | PullSecret
Item: TypeAlias = Variables | Volume | Metadata | Security | InitContainer | Placing


@dataclass(frozen=True, slots=True)
class Placement:
    """What says where a pod goes and how its image gets there: no matter to a step on this machine."""

    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[JsonObject, ...] = ()
    node_affinity: JsonObject = field(default_factory=dict)
    pull_policy: str = ""
    pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """All that a step asks for. `namespace` is where its objects are; `variables` are in the document's order.

    `workspace` says that the run has one, which its steps may name.
    """

    namespace: str = ""
    service_account: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[Variables, ...] = ()
    volumes: tuple[Volume, ...] = ()
    security: Security = field(default_factory=Security)
    init: tuple[InitContainer, ...] = ()
    placement: Placement = field(default_factory=Placement)
    workspace: bool = False

    @property
    def is_plain(self) -> bool:
        """The step is a process like any other: nothing is to be got or made for it."""
        return not (self.variables or self.volumes or self.init) and self.security == Security()
