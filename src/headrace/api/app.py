"""Puts the HTTP application together: routes, what stands in front of them, errors."""

import functools

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from headrace.api.errors import LastResort, on_known_error
from headrace.api.guard import Guard
from headrace.api.metrics import HttpMetrics, Measured, RunsByState, Scrape
from headrace.api.routes import routes
from headrace.api.services import Services
from headrace.api.waiting import Closing
from headrace.base.errors import HeadraceError
from headrace.model.state import State
from headrace.store import query
from headrace.store.db import Tx


def count_runs(tx: Tx) -> dict[str, int]:
    """How many runs are in each state, those that no run is in included."""
    counted = query.count_runs(tx)
    return {state.value: counted.get(state, 0) for state in State}


def build_app(services: Services, registry: CollectorRegistry | None = None) -> Starlette:
    """The application. `/metrics` shows what is in `registry`, which others may have filled, and what is added here.

    `app.state.closing` ends live streams when it is set; `server.serve` does that.
    """
    registry = CollectorRegistry() if registry is None else registry
    registry.register(RunsByState(functools.partial(services.database.read, count_runs)))
    closing = Closing()
    app = Starlette(
        routes=routes(services, closing, Scrape(registry)),
        middleware=[
            Middleware(Measured, metrics=HttpMetrics(registry)),
            Middleware(LastResort),
            Middleware(Guard, settings=services.settings),
        ],
        exception_handlers={HeadraceError: on_known_error, HTTPException: on_known_error},
    )
    app.router.redirect_slashes = False
    app.state.closing = closing
    return app
