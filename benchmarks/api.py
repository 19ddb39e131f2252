"""How fast runs are shown, and what showing them costs the runs. Prints one JSON line. Needs `wrk`.

    python benchmarks/api.py [--seconds N] [--steps N]

`get_run` asks for one ended run from 32 connections; `bare` is a Starlette route that returns the same bytes, measured
in turn with it. `watched` is a run of so many steps while somebody asks for that very run 200 times a second, `alone`
the same without.
"""

import argparse
import contextlib
import http.client
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kfp import dsl
from pipelines import Pipeline, chain, document, increment
from server import Server, clean_environment, server
from timing import progress, report

CONNECTIONS = 32
TURNS = 3
RATE = 200
ASKERS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast runs are shown, and what showing them costs the runs.")
    parser.add_argument("--seconds", type=int, default=5, help="how long each rate is measured (default: 5)")
    parser.add_argument("--steps", type=int, default=1000, help="steps of the run that is watched (default: 1000)")
    arguments = parser.parse_args()
    with server() as up:
        rates = measure_rate(up, arguments.seconds)
        pace = measure_pace(up, arguments.steps)
    report("api", {**rates, **pace}, missed(rates, pace))


def measure_rate(up: Server, seconds: int) -> dict[str, Any]:
    """Requests a second of get-run and of the bare route, by turns; the median of each."""
    progress("get-run against a bare route")
    path = f"/apis/v2beta1/runs/{up.run(document(chain(cached=False)))}"
    body = _body(up, path)
    rates: dict[str, list[float]] = {"get_run": [], "bare": []}
    failed = 0
    with _bare(body) as bare:
        for _ in range(TURNS):
            for name, url in (("get_run", up.url + path), ("bare", bare)):
                rate, errors = _wrk(url, seconds)
                rates[name].append(rate)
                failed += errors
    medians = {name: round(statistics.median(each)) for name, each in rates.items()}
    return {
        "unit": "requests/s",
        "bytes": len(body),
        **medians,
        "ratio": round(medians["get_run"] / medians["bare"], 2),
        "failed": failed,
    }


def measure_pace(up: Server, steps: int) -> dict[str, Any]:
    """Seconds that a run of so many steps takes, alone and watched, by turns."""
    spec = document(_loop())
    _take(up, spec, 10, watched=False)
    took: dict[bool, list[float]] = {False: [], True: []}
    answers: list[float] = []
    for watched in (False, True, False, True):
        progress(f"a run of {steps} steps, {'watched' if watched else 'alone'}")
        seconds, asked = _take(up, spec, steps, watched=watched)
        took[watched].append(seconds)
        answers += asked
    alone, watched_too = min(took[False]), min(took[True])
    return {
        "steps": steps,
        "alone_s": round(alone, 2),
        "watched_s": round(watched_too, 2),
        "watched_speed": round(alone / watched_too, 2),
        "watched_answers_per_s": round(len(answers) / sum(took[True])),
        "watched_p50_ms": round(statistics.median(answers) * 1000, 1),
        "watched_p99_ms": round(statistics.quantiles(answers, n=100)[-1] * 1000, 1),
    }


def _take(up: Server, spec: dict[str, Any], steps: int, *, watched: bool) -> tuple[float, list[float]]:
    """Seconds of one run, and what each look at it took."""
    body = {"display_name": "b", "pipeline_spec": spec, "runtime_config": {"parameters": {"items": list(range(steps))}}}
    begin = time.perf_counter()
    run_id = up.request("POST", "/apis/v2beta1/runs", body)["run_id"]
    over, answers = threading.Event(), list[float]()
    path = f"/apis/v2beta1/runs/{run_id}"
    askers = [
        threading.Thread(target=_ask, args=(up, path, over, answers, number / RATE))
        for number in range(ASKERS if watched else 0)
    ]
    for each in askers:
        each.start()
    up.wait(run_id)
    seconds = time.perf_counter() - begin
    over.set()
    for each in askers:
        each.join()
    up.duration(run_id)
    return seconds, answers


def _ask(up: Server, path: str, over: threading.Event, answers: list[float], offset: float) -> None:
    """Ask again and again, at a pace that does not mind how long an answer takes."""
    connection = http.client.HTTPConnection(str(urlsplit(up.url).netloc), timeout=300)
    due = time.perf_counter() + offset
    while not over.wait(max(0.0, due - time.perf_counter())):
        begin = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"GET {path}: {answer.status}")
        answers.append(time.perf_counter() - begin)
        due += ASKERS / RATE
    connection.close()


def _loop() -> Pipeline:
    @dsl.pipeline(name="watched")
    def pipeline(items: list) -> None:  # type: ignore[type-arg] # the SDK wants it bare
        with dsl.ParallelFor(items) as item:
            increment(number=item).set_caching_options(False)

    return pipeline


def _body(up: Server, path: str) -> bytes:
    connection = http.client.HTTPConnection(str(urlsplit(up.url).netloc), timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read()


@contextlib.contextmanager
def _bare(body: bytes) -> Iterator[str]:
    """The bare route's URL."""
    command = [sys.executable, str(Path(__file__).parent / "bare.py")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment())
    assert process.stdin
    assert process.stdout
    process.stdin.write(body)
    process.stdin.close()
    try:
        yield process.stdout.readline().decode().strip() + "/"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _wrk(url: str, seconds: int) -> tuple[float, int]:
    """Requests a second, and how many failed."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if rate is None:
        raise SystemExit(f"wrk said: {told}")
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    return float(rate[1]), int(errors[1] if errors else 0) + sum(map(int, broken.groups() if broken else ()))


def missed(rates: dict[str, Any], pace: dict[str, Any]) -> list[str]:
    """The budgets that this run did not keep."""
    kept = {
        "ratio: at least 0.4": rates["ratio"] >= 0.4,
        "failed: none": rates["failed"] == 0,
        "watched_speed: at least 0.8": pace["watched_speed"] >= 0.8,
    }
    return [budget for budget, met in kept.items() if not met]


if __name__ == "__main__":
    main()
