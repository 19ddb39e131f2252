"""A component in a fresh interpreter, where its command does not fit the system's limit for arguments, or where no
start-up hook maps the store's paths, as in an environment of the user's own.

Started as `python <this package's folder> cold FILE`; the file holds the job, as JSON.
"""

from __future__ import annotations

import json
import os
import runpy
import sys

from . import component


def main(file: str) -> None:
    """Run the job in `file`; ends the process."""
    with open(file, encoding="utf-8") as text:
        job = json.load(text)
    if job["light"]:
        os.environ["_KFP_RUNTIME"] = "true"
    details = runpy._get_module_details(job["module"])  # type: ignore[attr-defined]
    code = component.execute(component.Warm(details, b"", frozenset(sys.modules)), component.enter(job))
    component.leave(code)
