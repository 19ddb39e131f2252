"""What an engine says of itself, of an image, of a container: as much of its JSON as matters here.

Sources: Docker's Engine API (GET /version, /info, /images/{name}/json, /containers/{id}/json), and what Podman 4
answers in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.base.clock import Instant, from_rfc3339

_WAITING = ("created", "configured", "initialized")
_OVER = ("exited", "dead", "stopped")


@dataclass(frozen=True, slots=True)
class About:
    """An engine. `rootless`: its root is the user who runs it. `remapped`: its root is nobody on the host.

    `labelled`: SELinux lets containers read only what is labelled for them. `memory` is in bytes, 0 where unknown.
    """

    name: str
    podman: bool = False
    rootless: bool = False
    remapped: bool = False
    labelled: bool = False
    cores: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine has. `user` is who its processes are, empty for root."""

    id: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """A container at a moment. `exit_code` is 128 + the signal where its first process died of one.

    `started_at` and `finished_at` are 0 before that. `error` is why it could not be started.
    """

    id: str
    labels: Mapping[str, str]
    status: str
    exit_code: int = 0
    out_of_memory: bool = False
    error: str = ""
    started_at: Instant = Instant(0)
    finished_at: Instant = Instant(0)

    @property
    def is_new(self) -> bool:
        """It never ran."""
        return self.status in _WAITING

    @property
    def is_over(self) -> bool:
        """It ran and does not any more."""
        return self.status in _OVER


def about(version: Mapping[str, Any], info: Mapping[str, Any]) -> About:
    """The engine of these two answers."""
    names = [str(each.get("Name")) for each in version.get("Components") or ()]
    podman = "Podman Engine" in names
    options = [str(each).split(",") for each in info.get("SecurityOptions") or ()]
    security = {words[0].removeprefix("name=") for words in options}
    return About(
        name=f"{'Podman' if podman else 'Docker'} {version.get('Version')}",
        podman=podman,
        rootless="rootless" in security,
        remapped="userns" in security,
        labelled="selinux" in security,
        cores=int(info.get("NCPU") or 0),
        memory=int(info.get("MemTotal") or 0),
    )


def image_of(said: Mapping[str, Any]) -> Image:
    config = said.get("Config") or {}
    return Image(str(said["Id"]), str(config.get("User") or ""))


def container_of(said: Mapping[str, Any]) -> Container:
    state = said["State"]
    return Container(
        id=str(said["Id"]),
        labels=(said.get("Config") or {}).get("Labels") or {},
        status=str(state["Status"]),
        exit_code=int(state.get("ExitCode") or 0),
        out_of_memory=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        started_at=_instant(state.get("StartedAt")),
        finished_at=_instant(state.get("FinishedAt")),
    )


def _instant(text: str | None) -> Instant:
    """Of RFC 3339, with up to nine digits of a second. What never was is the year 1."""
    return Instant(max(0, from_rfc3339(text))) if text and not text.startswith("0001-") else Instant(0)
