"""What a failed step may have missed: an input that an importer names, or a step was to write, and that is not there.

Takes the step's request and looks at the disk; gives a sentence for a person, or nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headrace.base.errors import InvalidInput
from headrace.blobs.folder import FolderStore
from headrace.launch.base import LaunchRequest


def said_of_inputs(request: LaunchRequest) -> str:
    """The first input under whose uri this machine has nothing, and where it would be."""
    for name, uri in _uris(request.executor_input):
        path = _local(request.store_root, uri)
        if path is not None and not path.exists():
            return f". Its input artifact {name}, {uri}, is not on this machine: it would be at {path}"
    return ""


def _uris(executor_input: Any) -> Iterator[tuple[str, str]]:
    artifacts = executor_input.get("inputs", {}).get("artifacts", {})
    for name, held in artifacts.items():
        for artifact in held["artifacts"]:
            yield name, str(artifact["uri"])


def _local(store: Path, uri: str) -> Path | None:
    """Where the stores here have it; None for what is of no concern to them."""
    try:
        return FolderStore(store).local_path(uri)
    except InvalidInput:
        return None
