"""What a step's process is put into before it becomes the step: mounts, ids, and the commands that run before it.

Takes the job. In the step's process, which has one thread; but for `ids_warning` and `clear`, which are the
supervisor's.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from . import ids as others
from . import mounts, wire

Job = dict[str, Any]


def enter(job: Job) -> str:
    """Make the step's mounts and give it its ids. Returns why there will be no step, else nothing.

    Without its ids it runs as we do, which its start has told. Without the store's folders it runs all the same, and
    may not miss them: word is left of why they are missing. Without a volume that it asks for it does not run.
    """
    reason = bind(job)
    if not reason:
        return ""
    if "must" in job:
        paths = " and ".join(job["must"])
        return (
            f"its volumes cannot be mounted at {paths}: {reason}. Let the server's user make mount namespaces, or run "
            "the server as root"
        )
    paths = " and ".join(target for _, target, _ in job["mounts"])
    with open(f"{job['folder']}/{wire.UNBOUND}", "w", encoding="utf-8") as note:
        note.write(f"It names {paths}, where the store could not be bound for it: {reason}")
    return ""


def bind(job: Job) -> str:
    """Be in a namespace with the mounts and the ids, or at least with the mounts. Returns why not, else nothing."""
    wanted, ids, folder = job.get("mounts", ()), job.get("ids"), job["folder"]
    if ids is not None:
        if os.geteuid() == 0 and not mounts.cannot_become(ids, wanted, folder, job["reach"]):
            bound = {source for source, _, _ in wanted if isinstance(source, str)}
            own = [each for each in job.get("mkdirs", ()) if each not in bound]
            others.give(folder, own, f"{folder}/{wire.LOG}", ids)
            mounts.become(ids, wanted, folder, job["reach"])
            return ""
        if not mounts.enter(wanted, folder, ids):
            return ""
    return mounts.enter(wanted, folder) if wanted else ""


def ids_warning(job: Job) -> str:
    """What is to be said where the step cannot have the ids that it asks for."""
    user, group = job["ids"]
    reason = mounts.no_ids(job["folder"], job["ids"], job["reach"])
    return f"it runs as the server's user, not as {user}:{group}: {reason}" if reason else ""


def run_before(job: Job) -> str:
    """Run the init containers, one after the other; a sidecar goes on beside the step. Returns why there is no step."""
    for container in job["before"]:
        pid = os.fork()
        if pid == 0:
            _become(container)
        if container["sidecar"]:
            continue
        _, status = os.waitpid(pid, 0)
        if status:
            code = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"code {os.WEXITSTATUS(status)}"
            return f"its init container {container['name']} ended with {code}; its output is in the log"
    return ""


def _become(container: Job) -> None:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, programs expect them
    argv = container["argv"]
    try:
        os.execvpe(argv[0], argv, dict(container["env"]))
    except OSError as error:
        os.write(2, f"cannot execute {argv[0]!r}: {error.strerror}\n".encode())
    os._exit(127)


def clear(folder: str) -> None:
    """Remove what was the step's alone. What is left of it goes with the attempt's folder."""
    import shutil  # few steps have some, and a fork server is to be small

    shutil.rmtree(folder, ignore_errors=True)
