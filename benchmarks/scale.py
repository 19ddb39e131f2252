"""What a task costs in a large run, and how busy the machine is with the steps of one. Prints one JSON line a part.

`cached`: loops of cached trivial steps, and the API meanwhile. The marginal cost of a task between 5,000 and 10,000 is
compared with that between 500 and 1,000: were the work of an event to grow with the run, the ratio would show it. `api`
is what a list of runs took, asked for ten times a second.

`real`: a loop of steps that are executed, each of which burns a little CPU time. `busy` is the CPU time that the steps'
own processes used (their exit records have it, from fork to end, children included), as a share of what the cores could
have given from the creation of the run to its end; the rest is the server's, or nobody's.
"""

import argparse
import json
import os
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from kfp import dsl
from pipelines import Pipeline, burn, document, increment
from processes import family
from server import Server, server
from timing import milliseconds, progress, report

SIZES = (500, 1_000, 5_000, 10_000)
PERIOD = 0.1
"""Seconds between two questions to the API."""

STEPS = 2_000
WORK = 75
"""Milliseconds of CPU time that a real step burns: about as little as a step that does something can."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["cached", "real"], help="one of the two")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"real steps (default: {STEPS})")
    chosen = parser.parse_args()
    if chosen.only != "real":
        measure_cached()
    if chosen.only != "cached":
        measure_real(chosen.steps)


def measure_real(steps: int) -> None:
    """The loop of real steps, after one of a few that makes the environment and warms what is kept warm."""
    spec = document(_real_loop())
    cores = os.cpu_count() or 1
    with server() as up:
        _run(up, spec, 2 * cores)
        known = set(up.home.glob("attempts/*"))
        progress(f"a loop of {steps} real steps")
        wall = up.duration(_run(up, spec, steps)) / 1000
        used = [_used(folder) for folder in up.home.glob("attempts/*") if folder not in known]
    busy = sum(used) / (wall * cores)
    figures = {
        "steps": len(used),
        "work_ms": WORK,
        "wall_s": round(wall, 2),
        "steps_cpu_s": round(sum(used), 2),
        "step_cpu_ms": round(1000 * statistics.mean(used), 1),
        "busy": round(busy, 3),
    }
    report("scale-real", figures, [] if busy >= 0.85 else ["busy: at least 0.85 of the cores"])


def _used(attempt: Path) -> float:
    """The CPU seconds of an attempt's processes, as its supervisor wrote them down."""
    record = json.loads((attempt / "exit").read_text())
    return float(record["user"] + record["system"])


def _real_loop() -> Pipeline:
    """A loop over as many items as the run is given, each of whose steps is executed."""

    @dsl.pipeline(name="scale-real")
    def pipeline(items: list) -> None:  # type: ignore[type-arg] # the SDK wants it bare
        with dsl.ParallelFor(items) as item:
            burn(number=item, milliseconds=WORK).set_caching_options(False)

    return pipeline


def measure_cached() -> None:
    """Loops of cached steps of growing size."""
    spec = document(_loop())
    totals: dict[int, float] = {}
    api: list[float] = []
    with server() as up:
        _run(up, spec, 1)
        before = _memory(up)
        for size in SIZES:
            progress(f"a loop of {size}")
            asked: list[float] = []
            with_questions = threading.Event()
            asker = threading.Thread(target=_ask, args=(up, with_questions, asked))
            asker.start()
            totals[size] = up.duration(_run(up, spec, size))
            with_questions.set()
            asker.join()
            api += asked
        grown = _memory(up) - before
    small = (totals[1_000] - totals[500]) / 500
    large = (totals[10_000] - totals[5_000]) / 5_000
    figures = {
        "unit": "ms",
        "totals": {str(size): round(total, 1) for size, total in totals.items()},
        "marginal_small": round(small, 3),
        "marginal_large": round(large, 3),
        "ratio": round(large / small, 2),
        "api_p95": round(statistics.quantiles(api, n=20)[-1], 1),
        "grown_mb": round(grown, 1),
    }
    report("scale", figures, _missed(large / small, large, figures["api_p95"], grown))


def _loop() -> Pipeline:
    """A loop over as many items as the run is given, whose step is the same every time."""

    @dsl.pipeline(name="scale")
    def pipeline(items: list) -> None:  # type: ignore[type-arg] # the SDK wants it bare
        with dsl.ParallelFor(items):
            increment(number=0)

    return pipeline


def _run(up: Server, spec: dict[str, Any], size: int) -> str:
    return up.run(spec, items=list(range(size)))


def _ask(up: Server, over: threading.Event, took: list[float]) -> None:
    while not over.is_set():
        took.append(milliseconds(lambda: up.request("GET", "/apis/v2beta1/runs?page_size=1")))
        time.sleep(PERIOD)


def _memory(up: Server) -> float:
    return next(process.rss for process in family(up.process.pid, str(up.home)) if process.pid == up.process.pid)


def _missed(ratio: float, large: float, api_p95: object, grown: float) -> list[str]:
    """The budgets that this run did not keep."""
    kept = {
        "ratio: at most 1.3": ratio <= 1.3,
        "marginal_large: at most 2 ms": large <= 2.0,
        "api_p95: below 50 ms": isinstance(api_p95, float) and api_p95 < 50.0,
        "grown_mb: below 200": grown < 200.0,
    }
    return [budget for budget, met in kept.items() if not met]


if __name__ == "__main__":
    main()
