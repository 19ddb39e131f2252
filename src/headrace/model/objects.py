"""Secrets and config maps: values under keys, which steps get as variables and files, as they would on Kubernetes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from headrace.base.clock import Instant


class ObjectKind(StrEnum):
    """What it is, in words for a person. A secret's values are sealed before they are stored, and never shown."""

    SECRET = "secret"
    CONFIG_MAP = "config map"


@dataclass(frozen=True, slots=True)
class KeyedObject:
    """A secret or a config map, but for its values. `sizes` has their bytes, by key."""

    kind: ObjectKind
    namespace: str
    name: str
    sizes: Mapping[str, int]
    created_at: Instant
    updated_at: Instant
