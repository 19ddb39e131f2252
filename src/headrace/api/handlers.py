"""What every group of handlers has: the services, the way to the database, and who asks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from headrace.api.services import Services
from headrace.model.catalog import Principal
from headrace.store.db import Tx

T = TypeVar("T")


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

    def principal(self, _request: Request) -> Principal:
        """Who asks. A server without authentication has one user and one namespace, whatever the request says."""
        return Principal()
