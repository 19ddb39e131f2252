"""The HTTP application on a real socket, over a real database and folder, without controllers.

Tests put runs into states with the store's own functions; what the API would tell the controllers is in `woken`,
and what they would say of attempts that wait comes from `waits`.
"""

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headrace.api.app import build_app
from headrace.api.server import serve
from headrace.api.services import Services
from headrace.base import ids
from headrace.base.clock import SECOND, Instant
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers.feed import Feed, News
from headrace.controllers.pruner import Pruner, kept
from headrace.engine.decision import Change
from headrace.model.event import Event
from headrace.model.run import Run
from headrace.spec.plans import Plans
from headrace.store import runs
from headrace.store.db import Database
from headrace.store.vault import Vault

V2 = "/apis/v2beta1"


class CountingClock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self._seconds = itertools.count(1_700_000_000)

    def now(self) -> Instant:
        return Instant(next(self._seconds) * SECOND)


@dataclass
class Api:
    """A served application, a client of it, and what is behind it."""

    url: str
    services: Services
    loop: asyncio.AbstractEventLoop
    stop: Callable[[], None]
    woken: "queue.Queue[str]"
    waits: dict[str, str]
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx2.Client(base_url=self.url, timeout=120, verify=False)

    def get(self, path: str, **params: Any) -> Any:
        return _answer(self.http.get(V2 + path, params=params))

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        return _answer(self.http.post(V2 + path, json=body, params=params))

    def delete(self, path: str, **params: Any) -> Any:
        return _answer(self.http.delete(V2 + path, params=params))

    def upload(self, data: bytes, *, filename: str = "p.yaml", route: str = "upload", **params: str) -> httpx2.Response:
        return self.http.post(f"{V2}/pipelines/{route}", files={"uploadfile": (filename, data)}, params=params)

    def run(self, document: Mapping[str, Any], name: str = "a run", **fields: Any) -> Any:
        fields.setdefault("runtime_config", {"parameters": {}})
        return self.post("/runs", {"display_name": name, "pipeline_spec": document, **fields})

    def advance(self, run_id: str, events: Sequence[Event], changes: Sequence[Change]) -> None:
        """What a controller would write, and tell the feed."""

        def unit(tx: Any) -> News:
            rows = runs.load_run(tx, run_id)
            lines = runs.write(tx, rows.run, rows.last_event, events, changes)
            after = runs.load_run(tx, run_id).run.state
            return News(lines, after, moved=after is not rows.run.state)

        news = self.services.database.submit(unit).result()
        self.loop.call_soon_threadsafe(self.services.feed.publish, run_id, news)

    def row(self, run_id: str) -> Run:
        return self.services.database.read(lambda tx: runs.load_run(tx, run_id)).run


def _answer(response: httpx2.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()


def start(home: Path, settings: Settings, host: str = "127.0.0.1", database_url: str = "") -> Api:
    """Serve an application in a thread of its own; `stop` ends it and waits. Its database is a file in the home."""
    clock, woken, waits = CountingClock(), queue.Queue[str](), dict[str, str]()
    database = Database.open(database_url or f"sqlite:///{home}/headrace.db", clock, durable=False)
    up: queue.Queue[Any] = queue.Queue()
    blobs = FolderStore(home / "store")
    services = Services(
        database=database,
        blobs=blobs,
        plans=Plans(),
        settings=settings,
        home=Home(home),
        clock=clock,
        fresh_id=ids.fresh,
        wake=woken.put,
        schedules_changed=lambda: woken.put("schedules"),
        notify=lambda: woken.put("webhooks"),
        waits_for=lambda attempt_id: waits.get(attempt_id, ""),
        feed=Feed(),
        pruner=Pruner(database, blobs, Home(home), kept(settings), clock, "me", settle_seconds=0),
        vault=Vault.of(Home(home), settings),
    )

    async def main() -> None:
        task = asyncio.create_task(
            serve(build_app(services), host, 0, lambda url: up.put((url, asyncio.get_running_loop(), task)))
        )
        try:
            await task
        except asyncio.CancelledError:
            up.put(None)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    url, loop, task = up.get(timeout=120)

    def stop() -> None:
        if thread.is_alive():
            loop.call_soon_threadsafe(task.cancel)
            thread.join()
        database.close()

    return Api(url, services, loop, stop, woken, waits)


@pytest.fixture
def api(tmp_path: Path, url: str) -> Iterator[Api]:
    """On each database."""
    served = start(tmp_path, Settings(), database_url=url)
    try:
        yield served
    finally:
        served.http.close()
        served.stop()


@pytest.fixture
def document() -> dict[str, Any]:
    return pipeline()


def pipeline(name: str = "hello") -> dict[str, Any]:
    """A pipeline of one container that takes a number and a text with a default."""
    parameters = {
        "count": {"parameterType": "NUMBER_INTEGER"},
        "word": {"parameterType": "STRING", "defaultValue": "hi", "isOptional": True},
    }
    return {
        "pipelineInfo": {"name": name},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
        "deploymentSpec": {"executors": {"exec-say": {"container": {"image": "busybox", "command": ["echo", "x"]}}}},
        "components": {
            "comp-say": {
                "executorLabel": "exec-say",
                "inputDefinitions": {"parameters": {"count": parameters["count"]}},
            }
        },
        "root": {
            "inputDefinitions": {"parameters": parameters},
            "dag": {
                "tasks": {
                    "say": {
                        "componentRef": {"name": "comp-say"},
                        "taskInfo": {"name": "say"},
                        "inputs": {"parameters": {"count": {"componentInputParameter": "count"}}},
                    }
                }
            },
        },
    }
