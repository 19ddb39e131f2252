"""The name of an image in its parts, as registries and engines read it: `[REGISTRY/]NAME[:TAG][@DIGEST]`.

Source: github.com/distribution/reference. A name without a registry is on Docker Hub.
"""

import re
from dataclasses import dataclass

from headrace.base.errors import StepError

HUB = "docker.io"
LATEST = "latest"

_VALID = re.compile(r"[a-zA-Z0-9][\w.\-]*(?::\d+)?(?:/[\w.\-]+)*(?::[\w.\-]+)?(?:@[\w+.\-]+:[0-9a-fA-F]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """`tag` is a tag, or the digest where there is one."""

    registry: str
    name: str
    tag: str
    short: bool

    @property
    def whole(self) -> str:
        """As an engine is asked for it."""
        return f"{self.name}{'@' if ':' in self.tag else ':'}{self.tag}"


def parse(text: str, where: str) -> Reference:
    """Raises StepError for what is no name of an image."""
    if not _VALID.fullmatch(text) or "/../" in text:
        raise StepError(f"{text!r} is no name of an image", where=where, hint="Write it as REGISTRY/NAME:TAG")
    name, _, digest = text.partition("@")
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        name = head
    else:
        tag = ""
    first, slash, _ = name.partition("/")
    short = not slash or not ("." in first or ":" in first or first == "localhost")
    return Reference(HUB if short else first, name, digest or tag or LATEST, short)
