"""An artifact, the values and artifacts that go into a task and come out of it, and where each of them is from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.json import JsonObject, JsonValue

LOGS = "executor-logs"
"""The name, among the outputs of a task, of what its attempts printed."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact as a step made it. `type` is the schema title, e.g. `system.Dataset`.

    `digest` is `sha256:<hex>` of the bytes (of a folder: of its sorted listing of paths and digests), or ""
    while it is not known; `size` is in bytes, -1 while it is not known. `number_value` is that of a single metric.
    """

    artifact_id: str
    name: str
    type: str
    uri: str
    metadata: JsonObject = field(default_factory=dict)
    schema_version: str = "0.0.1"
    digest: str = ""
    size: int = -1
    created_at: Instant = Instant(0)
    number_value: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Bindings:
    """What goes into a task, or comes out of it: parameters by name, and artifacts by name, each a list."""

    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    artifacts: Mapping[str, tuple[Artifact, ...]] = field(default_factory=dict)

    @property
    def products(self) -> dict[str, tuple[Artifact, ...]]:
        """The artifacts without the logs: what has to be there for an earlier execution to stand in for a task."""
        return {name: made for name, made in self.artifacts.items() if name != LOGS}


class IOType(StrEnum):
    """How a value or an artifact got into a task, or out of it; the names are KFP 3.0's."""

    COMPONENT_DEFAULT_INPUT = "COMPONENT_DEFAULT_INPUT"
    TASK_OUTPUT_INPUT = "TASK_OUTPUT_INPUT"
    COMPONENT_INPUT = "COMPONENT_INPUT"
    RUNTIME_VALUE_INPUT = "RUNTIME_VALUE_INPUT"
    COLLECTED_INPUTS = "COLLECTED_INPUTS"
    ITERATOR_INPUT = "ITERATOR_INPUT"
    ITERATOR_INPUT_RAW = "ITERATOR_INPUT_RAW"
    ITERATOR_OUTPUT = "ITERATOR_OUTPUT"
    OUTPUT = "OUTPUT"
    ONE_OF_OUTPUT = "ONE_OF_OUTPUT"
    TASK_FINAL_STATUS_OUTPUT = "TASK_FINAL_STATUS_OUTPUT"

    @property
    def is_output(self) -> bool:
        """It came out of the task. (A final status goes in, whatever KFP's name for it says.)"""
        return self in OUTPUTS


OUTPUTS = frozenset({IOType.OUTPUT, IOType.ONE_OF_OUTPUT, IOType.ITERATOR_OUTPUT})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an input or an output is from: the task of that name, "" for none; in an iteration, which one."""

    type: IOType
    producer: str = ""
    iteration: int = -1


METRICS = "system.Metrics"
METRIC = "system.Metric"
"""The type of one number of a metrics artifact: KFP 3.0 has an artifact for each, 2.17 one for all."""

OTHER = "Artifact"
ARTIFACT_TYPE: dict[str, str] = {
    "system.Artifact": OTHER,
    "system.Model": "Model",
    "system.Dataset": "Dataset",
    "system.HTML": "HTML",
    "system.Markdown": "Markdown",
    METRIC: "Metric",
    METRICS: "Metric",
    "system.ClassificationMetrics": "ClassificationMetric",
    "system.SlicedClassificationMetrics": "SlicedClassificationMetric",
}
"""KFP 3.0's `Artifact.type` by schema title; it is OTHER for titles that are not among them."""


def numbers(artifact: Artifact) -> dict[str, float]:
    """The finite numbers that an artifact's metadata holds, by name."""
    found: dict[str, float] = {}
    for name, value in artifact.metadata.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        try:
            number = float(value)
        except OverflowError:  # an integer of more than 308 digits
            continue
        if math.isfinite(number):
            found[name] = number
    return found


def metric_id(artifact_id: str, name: str) -> str:
    """The id of one number of a metrics artifact."""
    return ids.derived(artifact_id, "metric", name)
