"""How many processes a step is: a training job, declared by an annotation of its pod that other back ends ignore. Pure.

Takes annotations, of the document or resolved; gives the number.
"""

import re
from collections.abc import Iterable, Mapping

from headrace.base.errors import InvalidSpec
from headrace.model.pod import Metadata
from headrace.spec.plan import PodItem
from headrace.spec.templates import has_placeholder

ANNOTATION = "headrace.dev/workers"
MOST = 256
"""So many processes are a mistake rather than a job for one machine."""

_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)


def workers(annotations: Mapping[str, str], where: str) -> int:
    """The number that the annotations give, 1 where they give none. Raises InvalidSpec for what is no such number."""
    text = annotations.get(ANNOTATION)
    if text is None:
        return 1
    if not _NUMBER.fullmatch(text) or int(text) > MOST:
        raise InvalidSpec(
            f"{text[:60]!r} is no number of workers",
            where=f"{where}[{ANNOTATION!r}]",
            hint=f"Give a whole number from 1 to {MOST}, in digits",
        )
    return int(text)


def check_workers(annotations: Mapping[str, str], where: str) -> None:
    """Raises InvalidSpec for an annotation that gives no number whatever the parameters will be."""
    if not has_placeholder(annotations.get(ANNOTATION, "")):
        workers(annotations, where)


def declared(pod: Iterable[PodItem]) -> str:
    """What the document says, placeholders included; "" where it says nothing."""
    found = (each.item.annotations.get(ANNOTATION, "") for each in pod if isinstance(each.item, Metadata))
    return next(filter(None, reversed(list(found))), "")
