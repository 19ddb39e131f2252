"""`GET /metrics`: what the API counts itself, what the database knows and what the controllers hold when it is asked.

Prometheus text.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.controllers.pruner import Went

ROUTE = "headrace.route"
"""Where a request's scope holds the template of the path that it matched."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class HttpMetrics:
    """The counters of HTTP requests, in the registry that is handed in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "headrace_http_requests",
            "HTTP requests answered, by method, route and status",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "headrace_http_request_seconds",
            "Time from an HTTP request's head to its answer's head, by route",
            ["route"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.open = Gauge(
            "headrace_http_open", "HTTP requests that are being answered, live streams included", registry=registry
        )
        self._kinds: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one. Methods of routes, routes and statuses are few, so what they lead to is kept."""
        kind = (method, route, status)
        known = self._kinds.get(kind)
        if known is None:
            known = self.requests.labels(method, route, status), self.seconds.labels(route)
            self._kinds[kind] = known
        known[0].inc()
        known[1].observe(seconds)


class RunsByState(Collector):
    """Reads the number of runs in each state when it is scraped; called in a thread."""

    def __init__(self, count: Callable[[], Mapping[str, int]]) -> None:
        self._count = count

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("headrace_runs", "Runs in the database, by state", labels=["state"])
        for state, number in self._count().items():
            family.add_metric([state], number)
        yield family

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("headrace_runs", "Runs in the database, by state", labels=["state"])


class Pruned(Collector):
    """Reads what retention let go since the start."""

    def __init__(self, read: Callable[[], Went]) -> None:
        self._read = read

    def collect(self) -> Iterator[CounterMetricFamily]:
        went, (removed, freed) = self._read(), self._families()
        for what in ("runs", "tasks", "logs", "artifacts", "uncached"):
            removed.add_metric([what], getattr(went, what))
        freed.add_metric(["logs"], went.log_bytes)
        freed.add_metric(["artifacts"], went.artifact_bytes)
        yield from (removed, freed)

    def describe(self) -> Iterator[CounterMetricFamily]:
        yield from self._families()

    def _families(self) -> tuple[CounterMetricFamily, CounterMetricFamily]:
        removed, freed = "What retention let go, by what it was", "Bytes that retention freed, by what they held"
        return (
            CounterMetricFamily("headrace_retention_removed", removed, labels=["what"]),
            CounterMetricFamily("headrace_retention_freed_bytes", freed, labels=["what"]),
        )


class Load(Protocol):
    """What the controllers have in hand at the moment, to be read from any thread."""

    @property
    def live_runs(self) -> int: ...
    @property
    def running_steps(self) -> int: ...
    @property
    def queued_steps(self) -> int: ...
    @property
    def pruned(self) -> Went: ...


def load_registry(load: Load) -> CollectorRegistry:
    """A registry, for `build_app`, that shows the load."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str, read: Callable[[], int]) -> None:
        Gauge(name, text, registry=registry).set_function(read)

    gauge("headrace_live_runs", "Runs that this process's controllers are at work on", lambda: load.live_runs)
    gauge("headrace_running_steps", "Steps that hold a slot", lambda: load.running_steps)
    gauge("headrace_queued_steps", "Steps that wait for a slot", lambda: load.queued_steps)
    registry.register(Pruned(lambda: load.pruned))
    return registry


class Measured:
    """Middleware: counts each request once its answer begins. Paths that no route has share one label."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get(ROUTE, "unmatched")
                method = scope["method"] if route != "unmatched" else "any"
                self._metrics.answered(method, route, message["status"], loop.time() - began)
            await send(message)

        self._metrics.open.inc()
        try:
            await self._app(scope, receive, measured)
        finally:
            self._metrics.open.dec()


class Scrape:
    """The route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def get(self, _request: Request) -> Response:
        text = await asyncio.to_thread(generate_latest, self._registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
