"""Made-up outputs for the steps of a simulated run: of the declared types, and such that branches are taken.

Takes a plan and, for each step that ends, its component; the randomness is the caller's. Gives values and artifacts as
the step could have made them.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.json import JsonValue
from headrace.model.artifact import METRICS, Artifact, Bindings
from headrace.spec.plan import ArtifactSpec, Constant, Importer, Leaf, ParameterSpec, ParameterType, Plan
from headrace.testing.shapes import Shape, Shapes, shapes_of, static_path

_MOST_ITEMS = 3


@dataclass(slots=True)
class MadeUp:
    """The outputs of one run's steps."""

    plan: Plan
    rng: random.Random
    _shapes: Shapes = field(init=False)

    def __post_init__(self) -> None:
        self._shapes = shapes_of(self.plan)

    def outputs(self, path: str, component: Leaf, attempt_id: str, at: Instant) -> Bindings:
        """All that the component declares."""
        interface, static = component.interface, static_path(self.plan, path)
        artifacts = {
            name: self._artifacts(name, spec, attempt_id, at) for name, spec in interface.output_artifacts.items()
        }
        if isinstance(component, Importer) and isinstance(component.uri, Constant):
            uri, metadata = str(component.uri.value), component.metadata.value
            assert isinstance(metadata, Mapping)
            artifacts = {
                name: tuple(replace(each, uri=uri, metadata=metadata) for each in made)
                for name, made in artifacts.items()
            }
        return Bindings(
            {name: self._parameter(static, path, name, spec) for name, spec in interface.output_parameters.items()},
            artifacts,
        )

    def _parameter(self, static: str, path: str, name: str, spec: ParameterSpec) -> JsonValue:
        if spec.literals:
            return self.rng.choice(spec.literals)
        return self._value(spec.type, self._shapes.get((static, name), Shape()), f"{path}/{name}")

    def _value(self, kind: ParameterType, shape: Shape, name: str) -> JsonValue:
        known = [each for each in shape.constants if _is(each, kind)]
        if known and self.rng.random() < 0.8:
            return self._near(self.rng.choice(known), kind)
        match kind:
            case ParameterType.NUMBER_INTEGER:
                return self.rng.randint(0, _MOST_ITEMS)
            case ParameterType.NUMBER_DOUBLE:
                return round(self.rng.random(), 3)
            case ParameterType.BOOLEAN:
                return self.rng.random() < 0.5
            case ParameterType.LIST:
                return self._list(shape.items or Shape(), name)
            case ParameterType.STRUCT | ParameterType.TASK_CONFIG | ParameterType.TASK_FINAL_STATUS:
                return {key: self._value(_kind(inner), inner, f"{name}/{key}") for key, inner in shape.fields.items()}
        if _kind(shape) is not ParameterType.STRING:  # the JSON text of what its takers want
            return json.dumps(self._value(_kind(shape), shape, name))
        return name

    def _near(self, value: JsonValue, kind: ParameterType) -> JsonValue:
        """A number that something is compared with, or one a little less or more."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        beside = value + self.rng.choice([-1, 0, 0, 1])
        return int(beside) if kind is ParameterType.NUMBER_INTEGER else float(beside)

    def _list(self, item: Shape, name: str) -> list[JsonValue]:
        return [self._value(_kind(item), item, f"{name}/{number}") for number in range(self._count())]

    def _artifacts(self, name: str, spec: ArtifactSpec, attempt_id: str, at: Instant) -> tuple[Artifact, ...]:
        return tuple(
            Artifact(
                artifact_id=ids.derived(attempt_id, "artifact", name, number),
                name=name,
                type=spec.type,
                uri=f"minio://bucket/{attempt_id}/{name}" + (f"/{number}" if spec.is_list else ""),
                metadata={"score": round(self.rng.random(), 3)} if spec.type == METRICS else {},
                schema_version=spec.schema_version,
                created_at=at,
            )
            for number in range(self._count() if spec.is_list else 1)
        )

    def _count(self) -> int:
        return self.rng.randint(0, _MOST_ITEMS)


def _kind(shape: Shape) -> ParameterType:
    """The type that all takers can live with; what takes a STRING takes anything."""
    if shape.items is not None:
        return ParameterType.LIST
    if shape.fields:
        return ParameterType.STRUCT
    order: Sequence[ParameterType] = (
        ParameterType.LIST,
        ParameterType.STRUCT,
        ParameterType.BOOLEAN,
        ParameterType.NUMBER_INTEGER,
        ParameterType.NUMBER_DOUBLE,
    )
    return next((each for each in order if each in shape.types), ParameterType.STRING)


def _is(value: JsonValue, kind: ParameterType) -> bool:
    """Whether the constant can be a value of that type."""
    match kind:
        case ParameterType.STRING:
            return isinstance(value, str)
        case ParameterType.BOOLEAN:
            return isinstance(value, bool)
        case ParameterType.NUMBER_INTEGER:
            return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
        case ParameterType.NUMBER_DOUBLE:
            return isinstance(value, int | float) and not isinstance(value, bool)
    return False
