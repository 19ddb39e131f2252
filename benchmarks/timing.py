"""How the benchmarks take times and tell them: medians, in milliseconds, one JSON line a benchmark."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence


def milliseconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def repeated(work: Callable[[], object], times: int) -> float:
    """The median wall time of so many calls, after one that does not count."""
    work()
    return statistics.median(milliseconds(work) for _ in range(times))


def summary(samples: Sequence[float], divisor: int = 1) -> dict[str, float]:
    """Median and extremes, each divided (by the steps of a run, for one)."""
    parts = {"median": statistics.median(samples), "min": min(samples), "max": max(samples)}
    return {name: round(value / divisor, 3) for name, value in parts.items()}


def report(benchmark: str, figures: Mapping[str, object], missed: Sequence[str]) -> None:
    """Print the line. `missed` names the budgets of docs/performance.md that this run did not keep."""
    machine = {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}
    print(json.dumps({"benchmark": benchmark, **machine, **figures, "missed": missed}), flush=True)


def progress(text: str) -> None:
    """Say on stderr what is measured now; standard output holds the result only."""
    print(text, file=sys.stderr, flush=True)
