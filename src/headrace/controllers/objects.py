"""The objects that steps' pods name, for a launcher: out of the database, and as folders of the home."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headrace.base.errors import NotFound
from headrace.base.home import Home
from headrace.store import claims, objects
from headrace.store.db import Database
from headrace.store.vault import Vault

_OPEN = 0o777


@dataclass(frozen=True, slots=True)
class SeenObjects:
    """`launch.base.Objects` for whoever only looks: no mount of a claim is noted. All methods block."""

    database: Database
    vault: Vault
    home: Home

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        return self.database.read(lambda tx: objects.secret(tx, self.vault, namespace, name))

    def config_map(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        return self.database.read(lambda tx: objects.config_map(tx, namespace, name))

    def volume(self, namespace: str, name: str, attempt_id: str) -> Path | None:  # noqa: ARG002 - the protocol's
        claim = self.database.read(lambda tx: claims.find(tx, namespace, name))
        return None if claim is None else _made(self.home.volume(claim.uid))

    def workspace(self, run_id: str) -> Path:
        return _made(self.home.workspace(run_id))


@dataclass(frozen=True, slots=True)
class ServerObjects(SeenObjects):
    """The same for a server's launcher: that an attempt mounts a claim is on disk before it has its folder."""

    def volume(self, namespace: str, name: str, attempt_id: str) -> Path | None:
        try:
            claim = self.database.submit(lambda tx: claims.mount(tx, namespace, name, attempt_id)).result()
        except NotFound:
            return None
        return _made(self.home.volume(claim.uid))


def _made(folder: Path) -> Path:
    """As a fresh volume is: whoever a step runs as may write to it."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_OPEN)
    return folder
