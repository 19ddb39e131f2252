"""What a step may use, on this machine: the limits in its job, and what is to be said of what cannot be kept or given.

Takes the step's `Quantities` and where control groups can be made. Without one for memory its supervisor watches the
step, without one for CPU a limit is advice; requests are advice always.
"""

import os

from headrace.base.json import JsonObject
from headrace.launch.control import Parents
from headrace.launch.runner import linux
from headrace.spec.quantity import Quantities

_NOTHING = Quantities()


def job(resources: Quantities, parents: Parents) -> JsonObject:
    """The `limits` of the step's job; empty where there are none to keep."""
    has_group = parents.cpu and resources.cpu_limit
    if not resources.memory_limit and not has_group:
        return {}
    return {
        "memory": resources.memory_limit,
        "cpu": resources.cpu_limit,
        "parents": [parents.memory, parents.cpu, parents.version],
    }


def warnings(resources: Quantities, parents: Parents) -> list[str]:
    """What the task is to say: a sentence each."""
    if resources == _NOTHING:
        return []
    said = []
    if resources.cpu_limit and not parents.cpu:
        said.append(f"its CPU limit of {resources.cpu_limit:g} is not enforced: {parents.reason}")
    if resources.memory_limit and not linux.IS_LINUX:
        said.append("its memory limit is not enforced: this system does not say what its processes hold")
    return [*said, *shortages(resources, os.cpu_count() or 1, _memory(), "this machine")]


def shortages(resources: Quantities, cores: int, memory: int, where: str) -> list[str]:
    """What is requested and can never be met there: a sentence each. `memory` is in bytes, 0 where it is not known."""
    said = []
    if resources.cpu_request > cores:
        said.append(f"it requests {resources.cpu_request:g} CPUs, and {where} has {cores}")
    if memory and resources.memory_request > memory:
        said.append(
            f"it requests {resources.memory_request / 2**20:,.0f} MiB of memory, "
            f"and {where} has {memory / 2**20:,.0f} MiB"
        )
    return said


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
