"""Which of the paths where KFP's containers find buckets a step names, and what is to be bound there for it.

Takes the words of a request; gives mounts for its job. The SDK is told where the store is (`variables.STORE`), so only
what spells such a path itself needs it. A folder that the host has at the path is covered by the store's: a container
would not see it either.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from headrace.base.home import buckets
from headrace.base.json import JsonObject
from headrace.launch.base import LaunchRequest

SCHEMES: Mapping[str, str] = MappingProxyType({"/minio": "minio", "/gcs": "gs", "/s3": "s3"})
"""The scheme whose buckets are found at a path: what the SDK's `artifact.path` begins with in a container."""

_POINT = re.compile(rf"(?:{'|'.join(SCHEMES)})(?![\w.-])")

Mount = tuple[str | JsonObject, str, bool]
"""Source folder, or what is in memory (`runner.mounts`); target path; and whether it is read-only."""


def named(*words: str) -> frozenset[str]:
    """The paths that a text spells, also within another path: one too many costs milliseconds, one less the step."""
    return frozenset(found for word in words for found in _POINT.findall(word))


def mounts(request: LaunchRequest, points: Iterable[str]) -> list[Mount]:
    """The mounts for a step that names `points`. None covers the home, where it is in such a folder itself."""
    store = request.store_root
    return [
        (str(buckets(store, SCHEMES[point])), point, False)
        for point in sorted(points)
        if not store.is_relative_to(point) and not request.folder.is_relative_to(point)
    ]
