"""The named moments at which a crash is worth testing. A server runs with `no_faults`; a test hands in its own."""

from collections.abc import Callable
from enum import StrEnum


class Fault(StrEnum):
    """Where the process may be killed; each is passed once per transaction, launch or observation."""

    BEFORE_COMMIT = "before-commit"
    AFTER_COMMIT = "after-commit"
    AFTER_LAUNCH = "after-launch"
    AFTER_CLAIM = "after-claim"
    AFTER_EXIT = "after-exit"


Faults = Callable[[Fault], None]


def no_faults(_: Fault) -> None:
    """Nothing goes wrong on purpose."""
