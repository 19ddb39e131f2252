"""Answers gRPC calls with the HTTP application, and health checks for all of its services.

Takes the application; gives the handlers that `server` registers. Calls come in on the event loop; what costs time with
the size of a message is done in a thread.
"""

import asyncio
import functools
from collections import defaultdict
from typing import Any, TypeAlias

import grpc.aio
from google.protobuf.descriptor import MethodDescriptor
from google.rpc.status_pb2 import Status

from headrace.api.errors import answer
from headrace.rpc import status, translate
from headrace.rpc.inside import Answer, App, Headers, Request, ask
from headrace.rpc.methods import RULES, Rule, descriptors
from headrace.rpc.proto import health_pb2

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_NOT_PASSED = frozenset({"connection", "content-length", "content-type", "host", "te", "transfer-encoding"})


class Service:
    """All services over one application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._asking: set[asyncio.Task[Answer]] = set()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """One for each service."""
        services: dict[str, dict[str, Handler]] = defaultdict(dict)
        for method in descriptors():
            call = functools.partial(self._call, method, RULES[method.name])
            services[method.containing_service.full_name][method.name] = grpc.unary_unary_rpc_method_handler(call)
        check = functools.partial(_check, frozenset({"", _HEALTH, *services}))
        services[_HEALTH]["Check"] = grpc.unary_unary_rpc_method_handler(
            check, health_pb2.HealthCheckRequest.FromString, health_pb2.HealthCheckResponse.SerializeToString
        )
        return [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()]

    async def finished(self, seconds: float) -> None:
        """Wait so long for what calls have begun, those included whose clients have gone."""
        if self._asking:
            await asyncio.wait(self._asking, timeout=seconds)

    async def _call(self, method: MethodDescriptor, rule: Rule, data: bytes, context: Context) -> bytes:
        given = await self._answer(method, rule, data, _headers(context))
        if isinstance(given, Status):
            await context.abort(*status.told(given))
        return given

    async def _answer(self, method: MethodDescriptor, rule: Rule, data: bytes, headers: Headers) -> bytes | Status:
        """The bytes of the answer, or how the call is refused."""
        try:
            request = await asyncio.to_thread(translate.request, method, rule, data)
            found = await self._ask(request, headers)
            if found.status < 300:
                return await asyncio.to_thread(translate.reply, method, found.body)
            return status.read(found.body)
        except Exception as error:  # The edge: nothing but what `answer` says of it goes out.
            told = answer(error)
            return status.made(told.code, told.message)

    async def _ask(self, request: Request, headers: Headers) -> Answer:
        """The answer. A client that goes away leaves the request to be done, as it would over HTTP."""
        asking = asyncio.create_task(ask(self._app, request, headers))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        return await asyncio.shield(asking)


async def _check(
    services: frozenset[str], request: health_pb2.HealthCheckRequest, context: Context
) -> health_pb2.HealthCheckResponse:
    """grpc.health.v1: whoever is answered is answered by a server that serves."""
    if request.service not in services:
        await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no service {request.service[:100]!r}")
    return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def _headers(context: Context) -> list[tuple[bytes, bytes]]:
    """The call's metadata as headers: who asks, and what proxies and tracing add."""
    return [
        (key.lower().encode(), value.encode())
        for key, value in context.invocation_metadata() or ()
        if isinstance(value, str) and key.lower() not in _NOT_PASSED and not key.startswith(("grpc-", ":"))
    ]
