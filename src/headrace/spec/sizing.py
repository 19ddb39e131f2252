"""Which requests and limits a component should have, from what its executions used. Pure.

A limit of memory leaves head room over the most that was ever seen, for going over it is the end of a step; requests
are what nearly all executions need, as they are what a scheduler sets aside. CPU over its limit only takes longer, so
that limit is never under one core.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headrace.model.task import Usage

_MIB = 1 << 20
_GIB = 1 << 30
_FEW = 5
_NEARLY_ALL = 0.95
_HEAD_ROOM, _HEAD_ROOM_OF_FEW = 1.25, 1.5
_HEAD_ROOM_OF_KILLED = 2.0
_MEMORY_STEPS = ((128 * _MIB, 16 * _MIB), (_GIB, 64 * _MIB), (8 * _GIB, 256 * _MIB), (math.inf, _GIB))
_CPU_STEPS = ((1000, 100), (4000, 500), (math.inf, 1000))
"""Up to the first, in thousandths of a core, quantities are multiples of the second."""
_LEAST_MEMORY = 32 * _MIB
_LEAST_CPU = 100
_SHORT_SECONDS = 1.0
"""A shorter step is counted as one of that length: what it takes of a core for so long matters to nobody."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What one execution used, and in how many seconds."""

    usage: Usage
    seconds: float
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Sizing:
    """Quantities as Kubernetes writes them, empty where nothing is known; and what they were derived from.

    `killed` is how many executions were killed over their limit of memory. Memory in bytes; `cores` and `memory` are
    those of nearly all that succeeded, the peaks those of any.
    """

    executions: int
    killed: int = 0
    seconds: float = 0.0
    cores: float = 0.0
    peak_cores: float = 0.0
    memory: int = 0
    peak_memory: int = 0
    cpu_request: str = ""
    cpu_limit: str = ""
    memory_request: str = ""
    memory_limit: str = ""


def size(executions: Sequence[Execution]) -> Sizing:
    """The quantities for a component that was executed so. Failed executions raise its peaks, and count for no more."""
    good = [each for each in executions if each.succeeded]
    killed = [each.usage for each in executions if each.usage.over_limit]
    if not good and not killed:
        return Sizing(len(executions))
    seconds = _quantile(good, lambda each: each.seconds)
    cores = _quantile(good, _cores)
    peak_cores = max(each.usage.peak_cores or _cores(each) for each in executions)
    memory = int(_quantile(good, lambda each: each.usage.peak_memory))
    peak_memory = max(each.usage.peak_memory for each in executions)
    room = _HEAD_ROOM if len(good) >= _FEW else _HEAD_ROOM_OF_FEW
    over = max((max(each.over_limit, each.peak_memory) for each in killed), default=0)
    limit = max(peak_memory * room, over * _HEAD_ROOM_OF_KILLED if over >= peak_memory else 0.0)
    memory_limit = _rounded(max(limit, _LEAST_MEMORY), _MEMORY_STEPS)
    # What was never seen to succeed needs all that it may have.
    memory_request = _rounded(max(memory, _LEAST_MEMORY), _MEMORY_STEPS) if good else memory_limit
    cpu_request = _rounded(max(cores * 1000, _LEAST_CPU), _CPU_STEPS)
    cpu_limit = max(_rounded(max(peak_cores * 1000, 1000), _CPU_STEPS), cpu_request)
    return Sizing(
        executions=len(executions),
        killed=len(killed),
        seconds=seconds,
        cores=cores,
        peak_cores=peak_cores,
        memory=memory,
        peak_memory=peak_memory,
        cpu_request=_spell_cpu(cpu_request),
        cpu_limit=_spell_cpu(cpu_limit),
        memory_request=_spell_memory(memory_request),
        memory_limit=_spell_memory(memory_limit),
    )


def lines(name: str, sizing: Sizing) -> tuple[str, ...]:
    """What a pipeline's author writes for the task in the variable `name`."""
    return tuple(
        f'{name}.set_{what}("{quantity}")'
        for what in ("cpu_request", "cpu_limit", "memory_request", "memory_limit")
        if (quantity := getattr(sizing, what))
    )


def _cores(execution: Execution) -> float:
    return execution.usage.cpu_seconds / max(execution.seconds, _SHORT_SECONDS)


def _quantile(executions: Sequence[Execution], what: Callable[[Execution], float]) -> float:
    """The least that nearly all stay within; 0 of none."""
    found = sorted(map(what, executions))
    return found[math.ceil(_NEARLY_ALL * len(found)) - 1] if found else 0.0


def _rounded(amount: float, steps: Sequence[tuple[float, int]]) -> int:
    """The next multiple, not below the amount, of what fits its size."""
    step = next(step for most, step in steps if amount <= most)
    return math.ceil(amount / step) * step


def _spell_cpu(thousandths: int) -> str:
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def _spell_memory(size: int) -> str:
    return f"{size // _MIB}Mi" if size % _GIB else f"{size // _GIB}Gi"
