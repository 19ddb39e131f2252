"""The cache key of a step: equal fingerprints mean that the outputs of one execution can stand in for another.

Takes the component, its resolved inputs and the task's caching options from the engine; gives a digest, and the parts
it was made of so that two keys that differ can be compared. Resources and platform settings are not in it; how many
processes a training job has is, and what this server takes for the image, where somebody said so.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from headrace.base.json import JsonObject, JsonValue, canonical
from headrace.base.settings import ImageSetting
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.plan import Caching, Container
from headrace.spec.workers import declared


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`digest` is `sha256:<hex>` of `parts`, or of the user's own key; a part is a short text, or digests by name."""

    digest: str
    parts: dict[str, JsonValue]


def fingerprint(
    component: Container,
    inputs: Bindings,
    caching: Caching,
    pipeline_name: str,
    environment: ImageSetting | None = None,
    claims: Sequence[str] = (),
    sources: str = "",
) -> Fingerprint:
    """The key of one execution. A key of the user's own replaces all but the component's name, as KFP has it.

    `environment` is what the setting `images` gives for the image, `claims` are the names of the volume claims that the
    step mounts, `sources` is the digest of those that the image is mapped to.
    """
    if caching.key:
        own = hashlib.sha256(f"{component.component}\0{caching.key}".encode()).hexdigest()
        return Fingerprint(f"sha256:{own}", {"component": component.component, "cache_key": caching.key})
    interface = component.interface
    parts: dict[str, JsonValue] = {
        "pipeline": pipeline_name,
        "image": component.image,
        "command": _digest([component.command, component.args]),
        "env": _digest(component.env),
        "parameters": {name: _digest(value) for name, value in inputs.parameters.items()},
        "artifacts": {
            name: _digest([identity(each) for each in artifacts]) for name, artifacts in inputs.artifacts.items()
        },
        "outputs": _digest(
            {
                "parameters": {name: spec.type for name, spec in interface.output_parameters.items()},
                "artifacts": {
                    name: [spec.type, spec.schema_version, spec.is_list, spec.metadata]
                    for name, spec in interface.output_artifacts.items()
                },
            }
        ),
    }
    processes = declared(component.pod)
    if processes:
        parts["workers"] = processes
    if environment is not None:
        parts["environment"] = _digest([getattr(environment, each.name) for each in fields(environment)])
    if claims:
        parts["claims"] = ", ".join(sorted(claims))
    if sources:
        parts["sources"] = sources
    return Fingerprint(f"sha256:{_digest(parts)}", parts)


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that two fingerprints do not share, such as `image` or `parameters.n`; "" where one has no such part."""

    part: str
    before: str
    now: str


def differences(before: JsonObject, now: JsonObject) -> tuple[Difference, ...]:
    """Which parts of two fingerprints differ, in the order of their names."""
    old, new = _flat(before), _flat(now)
    names = sorted({*old, *new})
    return tuple(
        Difference(name, old.get(name, ""), new.get(name, "")) for name in names if old.get(name) != new.get(name)
    )


def _flat(parts: JsonObject) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, part in parts.items():
        if isinstance(part, Mapping):
            found.update({f"{name}.{key}": str(each) for key, each in part.items()})
        else:
            found[name] = str(part)
    return found


def identity(artifact: Artifact) -> JsonValue:
    """The bytes of the artifact where they are known, else the place; a copy elsewhere is the same artifact."""
    return [artifact.type, artifact.digest or artifact.uri, artifact.metadata]


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()
