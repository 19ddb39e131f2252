"""The cache key of a step: equal fingerprints mean that the outputs of one execution can stand in for another.

Takes the component, its resolved inputs and the task's caching options from the engine; gives a digest, and the parts
it was made of so that two keys that differ can be compared. Resources and platform settings are not in it.
"""

import hashlib
from dataclasses import dataclass

from headrace.base.json import JsonValue, canonical
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.plan import Caching, Container


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`digest` is `sha256:<hex>` of `parts`; a part is a short text, or digests by name."""

    digest: str
    parts: dict[str, JsonValue]


def fingerprint(component: Container, inputs: Bindings, caching: Caching, pipeline_name: str) -> Fingerprint:
    """The key of one execution. A key of the user's own replaces all but the component's name."""
    parts: dict[str, JsonValue]
    if caching.key:
        parts = {"component": component.component, "cache_key": caching.key}
    else:
        interface = component.interface
        parts = {
            "pipeline": pipeline_name,
            "image": component.image,
            "command": _digest([component.command, component.args]),
            "env": _digest(component.env),
            "parameters": {name: _digest(value) for name, value in inputs.parameters.items()},
            "artifacts": {
                name: _digest([_identity(each) for each in artifacts]) for name, artifacts in inputs.artifacts.items()
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
    return Fingerprint(f"sha256:{_digest(parts)}", parts)


def _identity(artifact: Artifact) -> JsonValue:
    """The bytes of the artifact where they are known, else the place; a copy elsewhere is the same artifact."""
    return [artifact.type, artifact.digest or artifact.uri, artifact.metadata]


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()
