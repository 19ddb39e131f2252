"""The names that the runs of a schedule have, made as KFP makes them."""

import re

_PREFIX = 25
_SUFFIX = 5


def run_name(schedule: str, recurring_run_id: str, index: int) -> str:
    """`<schedule>-<index>-<hash>`: the schedule's name as Kubernetes would have it, what tells it from others of the
    name, the number of the run, and the 32-bit FNV-1a hash of all before."""
    plain = re.sub("[^a-z0-9-]+", "-", schedule.lower())[:_PREFIX].strip("-") or "schedule"
    suffix = re.sub("[^a-z0-9]", "", recurring_run_id.lower())[:_SUFFIX]
    numbered = f"{plain}-{suffix}-{index}"
    return f"{numbered}-{_fnv32a(numbered)}"


def _fnv32a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    return value
