"""What a pipeline asks of Kubernetes, as types: the `platforms.kubernetes` part of a PlatformSpec."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base.json import JsonObject
from headrace.spec.decode import one_of
from headrace.spec.ir import InputParameter, TaskOutputParameter


@dataclass(frozen=True, slots=True)
class SecretAsVolume:
    secret_name: str = ""
    mount_path: str = ""
    optional: bool | None = None
    secret_name_parameter: InputParameter | None = None


@dataclass(frozen=True, slots=True)
class SecretKeyToEnv:
    secret_key: str = ""
    env_var: str = ""


@dataclass(frozen=True, slots=True)
class SecretAsEnv:
    secret_name: str = ""
    key_to_env: tuple[SecretKeyToEnv, ...] = ()
    optional: bool | None = None
    secret_name_parameter: InputParameter | None = None


@dataclass(frozen=True, slots=True)
class ConfigMapAsVolume:
    config_map_name: str = ""
    mount_path: str = ""
    optional: bool | None = None
    config_map_name_parameter: InputParameter | None = None


@dataclass(frozen=True, slots=True)
class ConfigMapKeyToEnv:
    config_map_key: str = ""
    env_var: str = ""


@dataclass(frozen=True, slots=True)
class ConfigMapAsEnv:
    config_map_name: str = ""
    key_to_env: tuple[ConfigMapKeyToEnv, ...] = ()
    config_map_name_parameter: InputParameter | None = None
    optional: bool | None = None


@dataclass(frozen=True, slots=True)
class PvcMount:
    """The first three are older forms of `pvc_name_parameter`."""

    task_output_parameter: TaskOutputParameter | None = one_of("pvc_reference")
    constant: str | None = one_of("pvc_reference")
    component_input_parameter: str | None = one_of("pvc_reference")
    mount_path: str = ""
    pvc_name_parameter: InputParameter | None = None
    sub_path: str = ""


@dataclass(frozen=True, slots=True)
class NodeSelector:
    labels: Mapping[str, str] = field(default_factory=dict)
    node_selector_json: InputParameter | None = None


@dataclass(frozen=True, slots=True)
class PodMetadata:
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImagePullSecret:
    secret_name: str = ""
    secret_name_parameter: InputParameter | None = None


@dataclass(frozen=True, slots=True)
class FieldPathAsEnv:
    name: str = ""
    field_path: str = ""


@dataclass(frozen=True, slots=True)
class Toleration:
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""
    toleration_seconds: int | None = None
    toleration_json: InputParameter | None = None


@dataclass(frozen=True, slots=True)
class GenericEphemeralVolume:
    volume_name: str = ""
    mount_path: str = ""
    access_modes: tuple[str, ...] = ()
    size: str = ""
    default_storage_class: bool = False
    storage_class_name: str = ""
    metadata: PodMetadata = field(default_factory=PodMetadata)


@dataclass(frozen=True, slots=True)
class SelectorRequirement:
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeAffinityTerm:
    match_expressions: tuple[SelectorRequirement, ...] = ()
    match_fields: tuple[SelectorRequirement, ...] = ()
    weight: int | None = None
    node_affinity_json: InputParameter | None = None


@dataclass(frozen=True, slots=True)
class PodAffinityTerm:
    match_pod_expressions: tuple[SelectorRequirement, ...] = ()
    match_pod_labels: Mapping[str, str] = field(default_factory=dict)
    topology_key: str = ""
    namespaces: tuple[str, ...] = ()
    match_namespace_expressions: tuple[SelectorRequirement, ...] = ()
    match_namespace_labels: Mapping[str, str] = field(default_factory=dict)
    weight: int | None = None
    anti: bool | None = None


@dataclass(frozen=True, slots=True)
class EnabledSharedMemory:
    volume_name: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class EmptyDirMount:
    volume_name: str = ""
    mount_path: str = ""
    medium: str | None = None
    size_limit: str | None = None


@dataclass(frozen=True, slots=True)
class SecurityContext:
    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None


@dataclass(frozen=True, slots=True)
class KubernetesExecutor:
    """What one executor asks for."""

    secret_as_volume: tuple[SecretAsVolume, ...] = ()
    secret_as_env: tuple[SecretAsEnv, ...] = ()
    pvc_mount: tuple[PvcMount, ...] = ()
    node_selector: NodeSelector | None = None
    pod_metadata: PodMetadata | None = None
    image_pull_secret: tuple[ImagePullSecret, ...] = ()
    image_pull_policy: str = ""
    config_map_as_volume: tuple[ConfigMapAsVolume, ...] = ()
    config_map_as_env: tuple[ConfigMapAsEnv, ...] = ()
    active_deadline_seconds: int = 0
    field_path_as_env: tuple[FieldPathAsEnv, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    generic_ephemeral_volume: tuple[GenericEphemeralVolume, ...] = ()
    node_affinity: tuple[NodeAffinityTerm, ...] = ()
    pod_affinity: tuple[PodAffinityTerm, ...] = ()
    enabled_shared_memory: EnabledSharedMemory | None = None
    empty_dir_mounts: tuple[EmptyDirMount, ...] = ()
    security_context: SecurityContext | None = None
    init_containers: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True)
class KubernetesWorkspace:
    pvc_spec_patch: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workspace:
    size: str = ""
    kubernetes: KubernetesWorkspace | None = None


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """What the pipeline as a whole asks for."""

    resource_ttl_on_completion: int = 0
    workspace: Workspace | None = None
    resource_ttl_on_success: int = 0
    resource_ttl_on_failure: int = 0
    active_deadline_seconds: int = 0


@dataclass(frozen=True, slots=True)
class KubernetesDeployment:
    executors: Mapping[str, KubernetesExecutor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """The platform spec of Kubernetes: `executors` by executor label."""

    deployment_spec: KubernetesDeployment = field(default_factory=KubernetesDeployment)
    platform: str = ""
    config: JsonObject = field(default_factory=dict)
    pipeline_config: PipelineConfig = field(default_factory=PipelineConfig)


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """All platforms of the document; the others than Kubernetes are kept as they are."""

    platforms: Mapping[str, JsonObject] = field(default_factory=dict)
