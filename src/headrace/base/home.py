"""The home directory: everything a local server keeps, and where.

headrace.db        the database (SQLite)
headrace.toml      settings, if the user wrote some
server.json        where the server that is up listens; server.lock is held while it is
identity.json      who this home is among those that share a database
secret.key         what the values of secrets are sealed with, once there was one
store/BUCKET/...   what `minio://BUCKET/...` means; store.gs/ and store.s3/ are the same for `gs://` and `s3://`
attempts/ID/       an attempt's own folder: log, claim, exit record, outputs/, tmp/
environments/KEY/  the Python environments of steps
accelerators/ID    which attempt has one of the machine's accelerators
contexts/DIGEST/   sources that stand for images: what `headrace image map` was given
volumes/UID/       what is in a persistent volume claim
workspaces/RUN/    the workspace that the steps of a run share
"""

import os
from dataclasses import dataclass
from pathlib import Path

BUCKETS = ("minio", "gs", "s3")
"""The schemes of uris whose buckets are folders here."""


def buckets(store: Path, scheme: str) -> Path:
    """The folder of the buckets of a scheme, where `store` is that of `minio`'s.

    None is in another: the SDK tells the uri of a path by its beginning, and asks for `minio`'s before `s3`'s.
    """
    return store if scheme == "minio" else store.with_name(f"{store.name}.{scheme}")


@dataclass(frozen=True, slots=True)
class Home:
    root: Path

    @classmethod
    def default(cls) -> "Home":
        """`$HEADRACE_HOME`, else `~/.headrace`."""
        return cls(Path(os.environ.get("HEADRACE_HOME") or Path.home() / ".headrace").absolute())

    @property
    def database(self) -> Path:
        return self.root / "headrace.db"

    @property
    def settings(self) -> Path:
        return self.root / "headrace.toml"

    @property
    def server(self) -> Path:
        return self.root / "server.json"

    @property
    def lock(self) -> Path:
        return self.root / "server.lock"

    @property
    def identity(self) -> Path:
        return self.root / "identity.json"

    @property
    def secret_key(self) -> Path:
        return self.root / "secret.key"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def attempts(self) -> Path:
        return self.root / "attempts"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def accelerators(self) -> Path:
        return self.root / "accelerators"

    @property
    def contexts(self) -> Path:
        return self.root / "contexts"

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    @property
    def workspaces(self) -> Path:
        return self.root / "workspaces"

    def attempt(self, attempt_id: str) -> Path:
        return self.attempts / attempt_id

    def log(self, attempt_id: str, rank: int = 0) -> Path:
        """What the attempt printed; of a training job, what its process of that rank did."""
        return self.attempt(attempt_id) / (f"log.rank-{rank}" if rank else "log")

    def volume(self, uid: str) -> Path:
        """The folder that the claim with that uid is; made by whoever needs it first."""
        return self.volumes / uid

    def workspace(self, run_id: str) -> Path:
        """What a run's steps find at `/kfp-workspace`; made by whoever needs it first."""
        return self.workspaces / run_id
