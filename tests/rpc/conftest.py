"""gRPC on a real socket, beside the HTTP application of the API tests and over the same services."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc import status_pb2
from tests.api.conftest import Api, pipeline, start
from tests.api.test_pipelines import files as files

from headrace.api.app import build_app
from headrace.base.settings import Settings
from headrace.rpc.methods import descriptors
from headrace.rpc.server import serving


@dataclass
class Client:
    """Calls methods by their names; messages are given as keyword arguments of their fields."""

    channel: grpc.Channel

    def call(self, name: str, /, metadata: Any = (), **fields: Any) -> Any:
        method = next(each for each in descriptors() if each.name == name)
        return self.ask(method, message_factory.GetMessageClass(method.input_type)(**fields), metadata)

    def ask(self, method: MethodDescriptor, request: Message, metadata: Any = ()) -> Any:
        answers = message_factory.GetMessageClass(method.output_type)
        path = f"/{method.containing_service.full_name}/{method.name}"
        found = self.channel.unary_unary(path, type(request).SerializeToString, answers.FromString)
        return found(request, timeout=60, metadata=metadata)

    def json(self, name: str, /, **fields: Any) -> Any:
        """What a call gives, as the JSON that HTTP would give."""
        return json_format.MessageToDict(self.call(name, **fields), preserving_proto_field_name=True)

    def refused(self, name: str, /, **fields: Any) -> tuple[grpc.StatusCode, str]:
        """The code and the sentence with which a call is refused; its trailing metadata says the same."""
        with pytest.raises(grpc.RpcError) as caught:
            self.call(name, **fields)
        return said(caught.value)


def said(error: Any) -> tuple[grpc.StatusCode, str]:
    """The code and the sentence of an error, after a look at the whole status that comes with it."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    for detail in status.details:
        inner = status_pb2.Status()
        assert detail.Unpack(inner)
        assert (inner.code, inner.message) == (status.code, status.message)
    assert (status.code, status.message) == (error.code().value[0], error.details())
    return error.code(), error.details()


def without(shown: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in names}


@contextlib.contextmanager
def listening(api: Api) -> Iterator[Client]:
    """A gRPC listener on the API's event loop, and a client of it."""
    stack = contextlib.AsyncExitStack()
    listener = serving(build_app(api.services), "127.0.0.1", 0)
    address = asyncio.run_coroutine_threadsafe(stack.enter_async_context(listener), api.loop).result(30)
    try:
        with grpc.insecure_channel(address) as channel:
            yield Client(channel)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), api.loop).result(30)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[Settings], Api]]:
    """Starts an API with those settings; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def begin(settings: Settings) -> Api:
            api = start(tmp_path, settings)
            stack.callback(api.stop)
            stack.callback(api.http.close)
            return api

        yield begin


@pytest.fixture
def api(served: Callable[[Settings], Api]) -> Api:
    return served(Settings(pipeline_url_validation_enabled=False))


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with listening(api) as client:
        yield client


@pytest.fixture
def document() -> dict[str, Any]:
    return pipeline()
