"""What an attempt printed, as an artifact of its task: `executor-logs`, one for each attempt, where that is asked for.

Blocking file work, called in a thread. Never fails an attempt: what cannot be kept is told in the server's log.
"""

import logging
import shutil

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import HeadraceError
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.controllers.step import Step
from headrace.model.artifact import LOGS, Artifact
from headrace.model.task import Attempt

_log = logging.getLogger(__name__)


def keep_logs(step: Step, home: Home, blobs: FolderStore, at: Instant) -> tuple[Artifact, ...]:
    """The logs of the attempt, which has just ended, and of those before it, as far as they were kept."""
    this = next(each for each in step.task.attempts if each.attempt_id == step.attempt_id)
    try:
        _keep(step, this, home, blobs)
    except (HeadraceError, OSError) as error:
        _log.warning("the log of attempt %s cannot be kept as an artifact: %s", step.attempt_id, error)
    tried = [each for each in step.task.attempts if each.number <= this.number]
    return tuple(_artifact(step, each, at) for each in tried if blobs.exists(_uri(step, each)))


def _keep(step: Step, attempt: Attempt, home: Home, blobs: FolderStore) -> None:
    """Copy the log, which may be large, to where the artifact is. One that was kept already stays as it is."""
    source, target = home.log(attempt.attempt_id), blobs.local_path(_uri(step, attempt))
    if target.exists() or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    growing = target.with_name(f"{target.name}.part")
    try:
        shutil.copyfile(source, growing)
        growing.replace(target)
    finally:
        growing.unlink(missing_ok=True)


def _artifact(step: Step, attempt: Attempt, at: Instant) -> Artifact:
    """Without size and digest, for nobody asks whether a log is what it was."""
    return Artifact(
        artifact_id=ids.derived(attempt.attempt_id, "artifact", LOGS),
        name=LOGS,
        type="system.Artifact",
        uri=_uri(step, attempt),
        created_at=at,
    )


def _uri(step: Step, attempt: Attempt) -> str:
    """KFP's front end reads the attempt's number at the end."""
    return f"{step.folder_of(attempt.attempt_id)}/{LOGS}-{attempt.number}"
