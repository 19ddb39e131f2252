"""How much trouble a simulated world makes, and of which kinds."""

import random
from dataclasses import dataclass, fields
from enum import StrEnum

_MODEST = (0.0, 0.0, 0.5, 2.0)
"""How many of each of the faults that end attempts or runs a world has, about, in a run without loops."""


class Trouble(StrEnum):
    """What can go wrong, one by one; a world counts what did."""

    CRASH_BEFORE_COMMIT = "crash before a commit"
    CRASH_AFTER_COMMIT = "crash after a commit"
    CRASH_WHILE_SENDING = "crash while commands are sent"
    DEPOSED = "commit of a controller that was replaced"
    DOUBLED = "event told twice"
    LOST = "end of an attempt not told"
    START_LOST = "start of an attempt not told"
    TERMINATED = "request to terminate the run"
    FAILED = "step that fails"
    REFUSED = "launch refused"
    VANISHED = "attempt that vanishes"
    TIMED_OUT = "time limit that passes"
    JUMP = "clock that jumps by a day"
    RETRIED = "request to retry the run"


@dataclass(frozen=True, slots=True)
class Luck:
    """How likely each trouble is, each time it could come. The fields are the names of `Trouble` in small letters."""

    crash_before_commit: float = 0.1
    crash_after_commit: float = 0.1
    crash_while_sending: float = 0.05
    deposed: float = 0.1
    doubled: float = 0.1
    lost: float = 0.1
    start_lost: float = 0.3
    terminated: float = 0.01
    failed: float = 0.1
    refused: float = 0.05
    vanished: float = 0.05
    timed_out: float = 0.3
    jump: float = 0.05
    retried: float = 0.3

    def of(self, trouble: Trouble) -> float:
        """How likely that is."""
        chance: float = getattr(self, trouble.name.lower())
        return chance

    @classmethod
    def drawn(cls, rng: random.Random, steps: int) -> "Luck":
        """The luck of one seed. Some troubles are absent, others frequent: what is rare together is seen alone.

        What ends attempts or runs is measured by how many `steps` the pipeline has, so that large ones get far too.
        """
        each = {name.name: rng.choice(_SHARES) * _DEFAULT.of(Trouble[name.name.upper()]) for name in fields(cls)}
        for name in ("failed", "refused", "vanished", "terminated"):
            each[name] = min(0.3, rng.choice(_MODEST) / max(1, steps) / (4 if name == "terminated" else 1))
        each["retried"] = _DEFAULT.retried
        return cls(**each)


_DEFAULT = Luck()
_SHARES = (0.0, 0.5, 1.0, 2.0)

CALM = Luck(**{each.name: 0.0 for each in fields(Luck)})
"""No trouble at all."""
