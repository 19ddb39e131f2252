"""What stands for images where steps are processes: sources that a user mapped to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from headrace.base.clock import Instant


@dataclass(frozen=True, slots=True)
class MappedImage:
    """`image` may be a glob. `context` is the digest of the sources and of what they need; the rest says what that is.

    `python` is a version, or "" for the server's own; `size` are the bytes of all `files`.
    """

    image: str
    context: str
    python: str
    requirements: tuple[str, ...]
    files: int
    size: int
    created_at: Instant
    updated_at: Instant


def best_fit(image: str, globs: Iterable[str]) -> str | None:
    """Which of the globs an image is mapped by: its own name, else the longest glob that fits."""
    fitting = [glob for glob in globs if glob == image or fnmatchcase(image, glob)]
    return max(fitting, key=lambda glob: (glob == image, len(glob), glob), default=None)
