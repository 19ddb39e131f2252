"""What a step costs past the user's own code: floors, Headrace, and what users would run instead, in one run.

    python benchmarks/overhead.py [--repeats N] [--skip-peer] [--database URL | --postgres]

Wall time a step, in milliseconds, of a chain of 10 and a fan-out of 100 trivial lightweight components. Headrace is
driven through its HTTP API from the sending of the compiled pipeline to the news that the run ended, with everything
durable; `server_clock` is the same by the run's own times. Runs are warm: the environment is built, an interpreter is
up, the pipeline was run before. `--database` has Headrace keep its rows there instead of in SQLite; `--postgres` starts
a PostgreSQL of its own for that, as it comes, fsync and all. Prints one JSON line.
"""

import argparse
import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import database
import floors
import peer
import pipelines
import server
from timing import progress, report, summary

STEPS = {"chain": pipelines.CHAIN, "fan_out": pipelines.FAN_OUT}
CHAIN, CHAIN_ON_A_SERVER = 15.0, 25.0
"""The budget of a step of the chain: on SQLite, and on PostgreSQL or MySQL."""

MAKERS = {"chain": pipelines.chain, "fan_out": pipelines.fan_out}


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description="What a step costs past the user's own code.")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each pipeline on Headrace (default: 7)")
    parser.add_argument("--skip-peer", action="store_true", help="leave kfp.local out: it takes minutes")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--database", metavar="URL", help="an empty database for Headrace (default: SQLite)")
    where.add_argument("--postgres", action="store_true", help="a PostgreSQL that is thrown away, for Headrace")
    arguments = parser.parse_args()

    progress("floors")
    floor = floors.measure(pipelines.component_source())
    progress("Headrace")
    with database.postgres() if arguments.postgres else nullcontext(arguments.database) as url:
        headrace = measure_headrace(arguments.repeats, url)
    kfp_local = {}
    if not arguments.skip_peer:
        progress("kfp.local with pip taken out")
        kfp_local["pip_stripped"] = peer.measure("pip_stripped", 3)
        progress("kfp.local as it is; some minutes")
        kfp_local["as_is"] = peer.measure("as_is", 1)
    ratios = compare(floor, headrace, kfp_local)
    figures = {"unit": "ms per step", "floors": floor, "headrace": headrace, "kfp_local": kfp_local, "ratios": ratios}
    report("overhead", figures, missed(headrace, ratios, CHAIN_ON_A_SERVER if url else CHAIN))


def measure_headrace(repeats: int, url: str | None) -> dict[str, dict[str, Any]]:
    """Every pipeline: executed each time, and answered by the cache each time."""
    documents = {
        (name, cached): pipelines.document(make(cached=cached))
        for name, make in MAKERS.items()
        for cached in (False, True)
    }
    figures: dict[str, dict[str, Any]] = {}
    with server.server(["--database", url] if url else []) as up:
        for (name, cached), document in documents.items():
            up.duration(up.run(document))
            samples, by_server = [], []
            for _ in range(repeats):
                begin = time.perf_counter()
                run_id = up.run(document)
                samples.append((time.perf_counter() - begin) * 1000)
                by_server.append(up.duration(run_id))
            steps = STEPS[name]
            key = f"cached_{name}" if cached else name
            figures[key] = {**summary(samples, steps), "server_clock": summary(by_server, steps)["median"]}
    return figures


def compare(
    floor: Mapping[str, float], headrace: Mapping[str, Mapping[str, Any]], kfp_local: Mapping[str, Mapping[str, Any]]
) -> dict[str, float]:
    """Headrace over its floor (less is better), and each peer over Headrace (more is better)."""
    chain, fan_out = headrace["chain"]["median"], headrace["fan_out"]["median"]
    ratios = {
        "chain_over_floor": chain / floor["fork_executor"],
        "fan_out_over_floor": fan_out / floor["fork_executor_two_at_a_time"],
    }
    for variant, figures in kfp_local.items():
        for name in STEPS:
            ratios[f"{variant}_over_headrace_{name}"] = figures[name]["median"] / headrace[name]["median"]
    return {name: round(value, 2) for name, value in ratios.items()}


def missed(headrace: Mapping[str, Mapping[str, Any]], ratios: Mapping[str, float], chain: float) -> list[str]:
    """The budgets that this run did not keep."""
    most = {"chain": chain, "fan_out": 10.0, "cached_chain": 2.0, "cached_fan_out": 2.0}
    least = {"as_is": 50.0, "pip_stripped": 4.0}
    over = [f"{name}: at most {limit} ms" for name, limit in most.items() if headrace[name]["median"] > limit]
    under = [
        f"{name}: at least {limit}"
        for variant, limit in least.items()
        for name in (f"{variant}_over_headrace_{pipeline}" for pipeline in STEPS)
        if ratios.get(name, limit) < limit
    ]
    return over + under


if __name__ == "__main__":
    main()
