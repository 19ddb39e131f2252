"""Becomes the process of a container of `fake_engine`: makes its mounts where it may, and executes its command."""

import json
import os
import signal
import sys
from typing import Any

from headrace.launch.runner import mounts


def main(job: dict[str, Any]) -> None:
    bound = [each for each in job["mounts"] if each[0] != each[1]]
    if bound:
        mounts.enter(bound, job["stage"])
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, programs expect them
    os.chdir("/")
    try:
        os.execvp(job["argv"][0], job["argv"])
    except OSError as error:
        print(f"[FATAL tini (7)] exec {job['argv'][0]} failed: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
