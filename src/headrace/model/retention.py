"""How long runs, and what they leave, are kept: said for the server, and for an experiment in place of that."""

from dataclasses import dataclass, fields

from headrace.base import age

FOREVER = -1
_FOREVER = "forever"


@dataclass(frozen=True, slots=True)
class Retention:
    """Microseconds after the end of a run until this goes, or FOREVER; None where nothing is said.

    `archived_runs` is asked for archived runs before `runs` is. Artifacts and logs go with their run at the latest.
    """

    runs: int | None = None
    archived_runs: int | None = None
    logs: int | None = None
    artifacts: int | None = None
    cache: int | None = None

    def over(self, server: "Retention") -> "Retention":
        """What an experiment says, and the server where it says nothing."""
        both = ((getattr(self, name), getattr(server, name)) for name in PARTS)
        return Retention(*(below if own is None else own for own, below in both))

    @property
    def keeps_all(self) -> bool:
        return all(getattr(self, name) in (None, FOREVER) for name in PARTS)


PARTS = tuple(field.name for field in fields(Retention))


def parse(text: str, where: str) -> int | None:
    """`90d` or `forever`; "" says nothing. Raises InvalidInput, which names `where`."""
    if not text:
        return None
    return FOREVER if text == _FOREVER else age.parse(text, where)


def spell(part: int | None) -> str:
    """What `parse` reads as this."""
    if part is None:
        return ""
    return _FOREVER if part == FOREVER else age.spell(part)
