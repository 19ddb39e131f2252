"""What every group of handlers has: the services, the way to the database, and who asks."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from headrace.api.services import Services
from headrace.base.errors import InvalidInput, NotFound
from headrace.model.catalog import Principal
from headrace.spec.load import document_from_json
from headrace.spec.plan import Plan
from headrace.store import runs
from headrace.store.db import Tx

T = TypeVar("T")


@contextmanager
def named_in(where: str, hint: str) -> Iterator[None]:
    """What is not found is what that field of the request names. `hint` says what to do, where nothing says so yet."""
    try:
        yield
    except NotFound as error:
        raise NotFound(error.message, where=where, hint=error.hint or hint) from error


@dataclass(frozen=True, slots=True)
class Handlers:
    """Handlers of one noun. A handler takes a request and gives a response, or raises from `base.errors`."""

    services: Services

    async def read(self, function: Callable[[Tx], T]) -> T:
        """What `function` makes of the database, in one read transaction, off the event loop."""
        return await asyncio.to_thread(self.services.database.read, function)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """The unit's value once it is committed."""
        return await asyncio.wrap_future(self.services.database.submit(unit))

    def plan(self, tx: Tx, plan_id: str) -> Plan:
        """The plan with that id, compiled if it is not held. Raises NotFound, InvalidSpec."""
        plans = self.services.plans
        return plans.known(plan_id) or plans.get(document_from_json(runs.load_document(tx, plan_id)))

    def plan_if_any(self, tx: Tx, plan_id: str) -> Plan | None:
        """The plan with that id; None where this version cannot compile its document, or it was not kept."""
        try:
            return self.plan(tx, plan_id)
        except (InvalidInput, NotFound):
            return None

    def principal(self, _request: Request) -> Principal:
        """Who asks. A server without authentication has one user and one namespace, whatever the request says."""
        return Principal()
