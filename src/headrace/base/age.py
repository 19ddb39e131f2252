"""Ages as people write them, `12h`, `90d`, `2w`: to microseconds and back."""

import re

from headrace.base.clock import SECOND
from headrace.base.errors import InvalidInput

_AGE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw])")
MOST_SECONDS = 1000 * 366 * 86_400
_SECONDS = {"w": 7 * 86_400, "d": 86_400, "h": 3600, "m": 60, "s": 1}


def parse(text: str, where: str) -> int:
    """The microseconds of an age. Raises InvalidInput, which names `where`."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text[:40]!r} is no age", where=where, hint="Write it as 12h, 7d or 2w")
    seconds = float(found[1]) * _SECONDS[found[2]]
    if seconds > MOST_SECONDS:
        raise InvalidInput(f"{text!r} is no age: it is more than 1000 years", where=where, hint="Say less")
    return round(seconds * SECOND)


def spell(micros: int) -> str:
    """The shortest text that `parse` reads as this."""
    for unit in ("w", "d", "h", "m"):
        if micros and micros % (_SECONDS[unit] * SECOND) == 0:
            return f"{micros // (_SECONDS[unit] * SECOND)}{unit}"
    return f"{micros / SECOND:.6f}".rstrip("0").rstrip(".") + "s"
