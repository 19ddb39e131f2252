"""What lists cost when there is much to list. Prints one JSON line.

    python benchmarks/lists.py [--runs N] [--database URL]

Writes so many runs (default 100,000) with ten tasks and ten artifacts each into an empty database, then asks a server
over HTTP, the questions by turns. `bare_search` is what the database itself takes to look through all names, asked in
the same turns without a server. `create_run` is asked while 50 clients list, once a second each. Times are in
milliseconds.
"""

import argparse
import contextlib
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from pipelines import chain, document
from population import METRIC, populate
from server import Server, server
from sqlalchemy import func, select
from timing import progress, report

from headrace.store import tables
from headrace.store.dialect import dialect_of, position

RUNS = "/apis/v2beta1/runs"
QUESTIONS = 200
CREATIONS = 200
CLIENTS = 50
PAGE = 20
FAR = 1000
"""The page that has to cost what the first one costs."""


def main() -> None:
    parser = argparse.ArgumentParser(description="What lists cost when there is much to list.")
    parser.add_argument("--runs", type=int, default=100_000, help="runs in the database (default: 100,000)")
    parser.add_argument("--database", metavar="URL", help="an empty database (default: SQLite in a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        url = arguments.database or f"sqlite:///{home / 'headrace.db'}"
        progress(f"{arguments.runs} runs are written")
        begin = time.perf_counter()
        run_id = populate(url, arguments.runs, document(chain(cached=False)))
        written = time.perf_counter() - begin
        options = ["--database", url] if arguments.database else []
        with server(options, home=home) as up, bare_search(url) as search:
            figures = measure(up, run_id, search)
    kind = url.partition(":")[0]
    figures = {"unit": "ms", "database": kind, "runs": arguments.runs, "written_s": round(written, 1), **figures}
    report("lists", figures, missed(figures))


@contextlib.contextmanager
def bare_search(url: str) -> Iterator[Callable[[], float]]:
    """What looks through the names of all runs without a server; it gives its milliseconds."""
    run = tables.runs.c
    search = select(func.count()).where(run.namespace == "", position(run.folded_name, b"nowhere") > 0)
    engine = dialect_of(url, busy_seconds=10).reader_engine()

    def ask() -> float:
        begin = time.perf_counter()
        with engine.begin() as tx:
            tx.execute(search).all()
        return (time.perf_counter() - begin) * 1000

    yield ask
    engine.dispose()


def measure(up: Server, run_id: str, search: Callable[[], float]) -> dict[str, Any]:
    """p50 and p99 of each question."""
    client = Client(up)
    far = _far_token(client)
    questions = {
        "first_page": _list(),
        "far_page": _list(page_token=far),
        "state": _list(filter=_filter("EQUALS", "state", "FAILED")),
        "not_archived": _list(filter=_filter("NOT_EQUALS", "storage_state", "ARCHIVED"), sort_by="created_at desc"),
        "rare_name": _list(filter=_filter("IS_SUBSTRING", "name", "RARE")),
        "common_name": _list(filter=_filter("IS_SUBSTRING", "name", "model 7")),
        "old_name": _list(filter=_filter("IS_SUBSTRING", "name", "old"), sort_by="created_at desc"),
        "no_name": _list(filter=_filter("IS_SUBSTRING", "name", "nowhere")),
        "metric": _list(sort_by=f"metric:{METRIC} desc"),
        "get_run": f"{RUNS}/{run_id}",
    }
    asked: dict[str, Callable[[], float]] = {name: partial(client.get, path) for name, path in questions.items()}
    asked["bare_search"] = search
    progress(f"{QUESTIONS} times {', '.join(asked)}")
    turns = [{name: ask() for name, ask in asked.items()} for _ in range(QUESTIONS)]
    figures: dict[str, Any] = {name: _told([turn[name] for turn in turns]) for name in asked}
    progress("create_run")
    figures["create_run"] = _told(_create(up))
    client.close()
    return figures


@dataclass(slots=True)
class Client:
    """One connection that is kept."""

    up: Server
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(str(urlsplit(self.up.url).netloc), timeout=300)

    def ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:2000]!r}")
        return dict(json.loads(text))

    def get(self, path: str) -> float:
        """Milliseconds."""
        return self.timed("GET", path)

    def timed(self, method: str, path: str, body: bytes | None = None) -> float:
        """Milliseconds to the last byte of the answer."""
        begin = time.perf_counter()
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - begin) * 1000
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:2000]!r}")
        return took

    def close(self) -> None:
        self.connection.close()


def _far_token(client: Client) -> str:
    """The token of page FAR, or of a page half way through what there is."""
    total = int(client.ask("GET", _list())["total_size"])
    left, token = min((FAR - 1) * PAGE, total // 2), ""
    while left:
        size = min(200, left)
        page = client.ask("GET", _list(page_size=size, page_token=token))
        token, left = str(page["next_page_token"]), left - size
    return token


def _create(up: Server) -> list[float]:
    """How long each creation took, while the clients list."""
    spec = document(chain(cached=True))
    body = json.dumps({"display_name": "new", "pipeline_spec": spec, "runtime_config": {"parameters": {}}}).encode()
    with _listing(up, lambda client: client.get(_list(sort_by="created_at desc"))):
        client = Client(up)
        took = [client.timed("POST", RUNS, body)]
        for _ in range(CREATIONS):
            time.sleep(0.05)
            took.append(client.timed("POST", RUNS, body))
        client.close()
    return took[1:]


@contextlib.contextmanager
def _listing(up: Server, ask: Callable[[Client], object]) -> Iterator[None]:
    """Clients that ask once a second each, spread over the second."""
    over = threading.Event()

    def live(offset: float) -> None:
        client = Client(up)
        while not over.wait(offset):
            ask(client)
            offset = 1.0
        client.close()

    clients = [threading.Thread(target=live, args=(number / CLIENTS,)) for number in range(CLIENTS)]
    for each in clients:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in clients:
            each.join()


def _list(**parameters: object) -> str:
    return f"{RUNS}?{urlencode({'page_size': PAGE, **parameters})}"


def _filter(operation: str, key: str, value: str) -> str:
    return json.dumps({"predicates": [{"operation": operation, "key": key, "string_value": value}]})


def _told(samples: Sequence[float]) -> dict[str, float]:
    return {
        "p50": round(statistics.median(samples), 2),
        "p99": round(statistics.quantiles(samples, n=100)[-1], 2),
    }


def missed(figures: dict[str, Any]) -> list[str]:
    """The budgets that this run did not keep."""
    told = {name: each["p50"] for name, each in figures.items() if isinstance(each, dict)}
    limits = {name: 10.0 if name == "create_run" else 20.0 for name in told if name != "bare_search"}
    over = [f"{name}: at most {limit:g} ms" for name, limit in limits.items() if told[name] > limit]
    return over + (["written_s: at most 300"] if figures["written_s"] > 300 else [])


if __name__ == "__main__":
    main()
