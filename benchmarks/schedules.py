"""A thousand schedules that are due at the same second: when their runs are there. Prints one JSON line.

Each run has one cached step. A run is there when it is committed: `first`, `median` and `last` are seconds from the due
time to that, by the server's clock; `created` is what making a schedule took over HTTP.
"""

import json
import statistics
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pipelines import document, one
from server import Server, server
from timing import milliseconds, progress, report

SCHEDULES = 1_000
AHEAD = 60
"""Seconds in which the schedules have to be made before they are due."""

BUDGET = 5.0
PATIENCE = 60


def main() -> None:
    spec = document(one(cached=True))
    with server() as up:
        up.run(spec)
        due = (datetime.now(UTC) + timedelta(seconds=AHEAD)).replace(microsecond=0)
        progress(f"{SCHEDULES} schedules, due at {due:%H:%M:%S}")
        body = _schedule(spec, due)
        created = [
            milliseconds(lambda: up.request("POST", "/apis/v2beta1/recurringruns", body)) for _ in range(SCHEDULES)
        ]
        if datetime.now(UTC) >= due:
            raise SystemExit(f"making {SCHEDULES} schedules took more than {AHEAD} seconds")
        time.sleep((due - datetime.now(UTC)).total_seconds())
        runs = _runs(up, due)
    late = sorted((datetime.fromisoformat(run["created_at"]) - due).total_seconds() for run in runs)
    fired = Counter(run["recurring_run_id"] for run in runs)
    once = len(fired) == SCHEDULES and set(fired.values()) == {1}
    figures = {
        "unit": "s",
        "schedules": SCHEDULES,
        "first": round(late[0], 3),
        "median": round(statistics.median(late), 3),
        "last": round(late[-1], 3),
        "each_once": once,
        "created_ms": round(statistics.median(created), 2),
    }
    missed = [] if once else ["each fires once"]
    report("schedules", figures, [*missed, *(["all within 5 s"] if late[-1] > BUDGET else [])])


def _schedule(spec: dict[str, Any], due: datetime) -> dict[str, Any]:
    """A schedule that is due at that second of each year."""
    return {
        "display_name": "benchmark",
        "pipeline_spec": spec,
        "runtime_config": {"parameters": {}},
        "max_concurrency": 1,
        "mode": "ENABLE",
        "trigger": {"cron_schedule": {"cron": f"{due:%-S %-M %-H %-d %-m} *"}},
    }


def _runs(up: Server, due: datetime) -> list[dict[str, Any]]:
    """All runs of that due time, once there are as many as there should be, or patience ends."""
    instant = f"{due:%Y-%m-%dT%H:%M:%SZ}"
    predicate = {"operation": "EQUALS", "key": "scheduled_at", "timestamp_value": instant}
    query = f"page_size=200&filter={quote(json.dumps({'predicates': [predicate]}))}"
    until = time.monotonic() + PATIENCE
    while True:
        time.sleep(1)
        runs: list[dict[str, Any]] = []
        token = ""
        while True:
            page = up.request("GET", f"/apis/v2beta1/runs?{query}&page_token={quote(token)}")
            runs += page.get("runs", [])
            token = page.get("next_page_token", "")
            if not token:
                break
        if len(runs) >= SCHEDULES or time.monotonic() > until:
            return runs


if __name__ == "__main__":
    main()
