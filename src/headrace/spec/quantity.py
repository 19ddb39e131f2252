"""What a step asks for, as numbers: Kubernetes quantities (`500m`, `1.5`, `2Gi`, `1e3`) of CPU, memory, accelerators.

Takes `Resources`, the texts of the document; gives `Quantities`. Texts that are known when a pipeline is compiled are
checked then (`check_resources`), those that come from a parameter when their step is launched (`quantities`).
"""

import re
from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, Decimal

from headrace.base.errors import InvalidSpec
from headrace.spec.plan import Resources
from headrace.spec.templates import has_placeholder

_QUANTITY = re.compile(r"\+?(\d+\.?\d*|\.\d+)(?:([numkKMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?", re.ASCII)
_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal(10) ** -9,
    "u": Decimal(10) ** -6,
    "m": Decimal(10) ** -3,
    # The SDK lets pass K for k, which Kubernetes does not know.
    "K": Decimal(10) ** 3,
    "k": Decimal(10) ** 3,
    **{suffix: Decimal(10) ** (3 * power) for power, suffix in enumerate("MGTPE", 2)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_MOST = Decimal(2) ** 63 - 1
ABSENT = ("", "null")
"""What a field is that was left out, or whose optional parameter has no value."""

LEAST_MEMORY = 1 << 20
LEAST_CPU = Decimal("0.01")
"""What the kernel can keep to: a CPU limit is at least 1 ms in each tenth of a second."""

_CPU = 'A CPU quantity is a number of cores ("0.5", "2") or of thousandths of one ("500m")'
_MEMORY = 'A memory quantity is a number of bytes, such as "512Mi", "2Gi", "1G" or "128974848"'
_COUNT = 'A number of accelerators is whole, such as "1"'


@dataclass(frozen=True, slots=True)
class Quantities:
    """CPU in cores, memory in bytes; 0 is what was not asked for."""

    cpu_request: float = 0.0
    cpu_limit: float = 0.0
    memory_request: int = 0
    memory_limit: int = 0
    accelerator_type: str = ""
    accelerators: int = 0


def quantities(resources: Resources, where: str) -> Quantities:
    """The numbers of texts without placeholders. Raises InvalidSpec, naming the field, for what is no quantity."""
    cpu_limit = _cpu(resources.cpu_limit, "CPU limit", where)
    memory_limit = int(_memory(resources.memory_limit, "memory limit", where))
    if 0 < cpu_limit < LEAST_CPU:
        raise InvalidSpec(
            f"the CPU limit {resources.cpu_limit!r} is too small", where=where, hint=f"Give at least {LEAST_CPU} cores"
        )
    if 0 < memory_limit < LEAST_MEMORY:
        raise InvalidSpec(
            f"the memory limit {resources.memory_limit!r} is {memory_limit:,} bytes, in which nothing runs",
            where=where,
            hint=f"Give at least 1Mi. {_MEMORY}",
        )
    kind = resources.accelerator_type
    return Quantities(
        cpu_request=float(_cpu(resources.cpu_request, "CPU request", where)),
        cpu_limit=float(cpu_limit),
        memory_request=int(_memory(resources.memory_request, "memory request", where)),
        memory_limit=memory_limit,
        accelerator_type="" if kind in ABSENT else kind,
        accelerators=_count(resources.accelerator_count, where) if kind not in ABSENT else 0,
    )


def check_resources(resources: Resources, where: str) -> None:
    """Raises InvalidSpec for a text that is no quantity whatever the parameters will be."""
    texts = {each.name: getattr(resources, each.name) for each in fields(resources)}
    # A type is any text, so the number of accelerators is checked whatever will be there.
    known = {name: "" if has_placeholder(text) and name != "accelerator_type" else text for name, text in texts.items()}
    quantities(Resources(**known), where)


def parse_quantity(text: str) -> Decimal | None:
    """The number that a Kubernetes quantity stands for; None for anything else, and for what is negative."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None
    number, suffix, exponent = match.groups()
    value = Decimal(number) * (_SUFFIXES[suffix or ""] if exponent is None else Decimal(10) ** int(exponent))
    return value if value <= _MOST else None


def _cpu(text: str, what: str, where: str) -> Decimal:
    return _parsed(text, what, where, _CPU)


def _memory(text: str, what: str, where: str) -> Decimal:
    return _parsed(text, what, where, _MEMORY).to_integral_value(ROUND_CEILING)


def _count(text: str, where: str) -> int:
    count = _parsed(text, "number of accelerators", where, _COUNT)
    if count != count.to_integral_value():
        raise InvalidSpec(f"the number of accelerators {text!r} is not whole", where=where, hint=_COUNT)
    return int(count)


def _parsed(text: str, what: str, where: str, hint: str) -> Decimal:
    if text in ABSENT:
        return Decimal(0)
    found = parse_quantity(text)
    if found is None:
        raise InvalidSpec(f"the {what} {text[:60]!r} is no quantity", where=where, hint=hint)
    return found
