"""The narrow waist: a step is a `LaunchRequest`, a launcher runs it and reports `Observation`s.

The controllers make requests and take observations; a launcher knows neither runs nor the database. A launch is
idempotent per attempt id: the second launch of a claimed attempt adopts it, so recovery is to launch again all
attempts that have not ended.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from headrace.base.clock import Instant
from headrace.base.json import JsonObject
from headrace.model.pod import Pod
from headrace.model.task import Usage
from headrace.spec.quantity import Quantities


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """One attempt, ready to run: no placeholder left, but that `executor_input` may be wanted in a file.

    `command` + `args` is the whole command, where an argument that is exactly `EXECUTOR_INPUT` stands for the
    text of `executor_input`. `env` is what the component declares; `system_env` what Headrace adds (KFP_POD_NAME
    and the like). `folder` is the attempt's own (log, claim, exit record, TMPDIR, parameter files); `outputs` are
    files that the step may write, whose parent folders must exist when it starts; `store_root` is the folder
    that stands for `minio://`, beside those of other schemes (`base.home.buckets`). `pod` is what it asks of the
    platform: it names objects, whose values the launcher gets from `Objects` when the attempt really starts.
    `sources` is the digest of the context that stands for the image, "" where it is not mapped. `resources` are what
    the step asks for and what it may have at most; `warnings` is what is to be said on its task when it starts.
    `workers` is how many processes it is, which find each other by variables and end together: rank 0
    of several is the one whose log and outputs count.
    """

    attempt_id: str
    run_id: str
    path: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    system_env: tuple[tuple[str, str], ...]
    executor_input: JsonObject
    folder: Path
    store_root: Path
    outputs: tuple[Path, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    pod: Pod = field(default_factory=Pod)
    sources: str = ""
    resources: Quantities = field(default_factory=Quantities)
    warnings: tuple[str, ...] = ()
    workers: int = 1


EXECUTOR_INPUT = "{{$}}"


@dataclass(frozen=True, slots=True)
class Started:
    """The attempt's process exists."""

    attempt_id: str
    at: Instant
    warning: str = ""


@dataclass(frozen=True, slots=True)
class OverLimit:
    """A step was killed for its memory. In bytes: its limit, what all of it held, and its largest process.

    0 and empty where nobody looked in time.
    """

    limit: int
    used: int = 0
    process: str = ""
    held: int = 0


@dataclass(frozen=True, slots=True)
class Exited:
    """The attempt's process ended by itself or was killed. `exit_code` is its own, or minus the signal.

    `killed` says that it ended because `kill` was asked. `message` explains an end that the code does not;
    `out_of_memory` says that the kernel killed for want of memory while it ran, and that it ended so; `over_limit` that
    it was killed for more than its own limit. `rank` is which process of several was the first that failed, whose exit
    code this is; None of one, and where none did.
    """

    attempt_id: str
    started_at: Instant
    at: Instant
    exit_code: int
    killed: bool = False
    message: str = ""
    usage: Usage = field(default_factory=Usage)
    out_of_memory: bool = False
    over_limit: OverLimit | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The attempt was claimed, is not alive and left no record: nobody knows how it ended."""

    attempt_id: str
    at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The attempt could not be started and never will be by itself: its environment failed, its command is missing.

    `infrastructure` says that the step is not to blame (a full disk, a registry that does not answer).
    """

    attempt_id: str
    at: Instant
    reason: str
    infrastructure: bool = False


Observation = Started | Exited | Lost | Refused

Observer = Callable[[Observation], None]
"""Called on the event loop, at least once per end of an attempt; duplicates are the caller's to ignore."""


class Objects(Protocol):
    """The objects that a step's pod names, by namespace and name; None where there is none. Called from threads.

    Raises HeadraceError where they cannot be read.
    """

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The values of a secret by key. Whoever asked keeps them nowhere."""
        ...

    def config_map(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The values of a config map by key."""
        ...

    def volume(self, namespace: str, name: str, attempt_id: str) -> Path | None:
        """The folder behind a persistent volume claim, which the attempt mounts from now on until it has ended."""
        ...

    def workspace(self, run_id: str) -> Path:
        """The folder that the steps of the run share."""
        ...


class Launcher(Protocol):
    """Runs attempts. All methods are called on the event loop."""

    async def start(self, observer: Observer) -> None:
        """Get ready; nothing is observed before this."""
        ...

    def held_up(self, request: LaunchRequest) -> str:
        """Why the attempt had better not be launched yet: it needs what others have now. "" where nothing is missing.

        Whoever was told to wait first is first in the row; one that will never be launched has to be killed.
        """
        ...

    def launch(self, request: LaunchRequest) -> None:
        """Start the attempt, or adopt it if it was started before. Returns at once and raises nothing.

        What comes of it is observed, not before this has returned.
        """
        ...

    def kill(self, request: LaunchRequest, *, grace: float) -> None:
        """End the attempt's whole tree: TERM, after `grace` seconds KILL. Returns at once.

        An attempt that never started will not start.
        """
        ...

    async def stop(self) -> None:
        """Let go: steps go on running and are adopted after the next start."""
        ...
