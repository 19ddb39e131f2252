"""The listener over applications that are slow, broken or busy."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from tests.rpc.conftest import said

from headrace.base.errors import Unavailable
from headrace.rpc.inside import Event
from headrace.rpc.proto import experiment_pb2
from headrace.rpc.server import serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def get_experiment(channel: grpc.aio.Channel) -> Any:
    """The method, to be called with a request."""
    return channel.unary_unary(
        "/kubeflow.pipelines.backend.api.v2beta1.ExperimentService/GetExperiment",
        experiment_pb2.GetExperimentRequest.SerializeToString,
        experiment_pb2.Experiment.FromString,
    )


REQUEST = experiment_pb2.GetExperimentRequest(experiment_id="e")


class App:
    """Answers once it is let."""

    def __init__(self, status: int = 200, body: bytes = b'{"experiment_id": "e"}') -> None:
        self.begun, self.let = asyncio.Event(), asyncio.Event()
        self.answered = 0
        self._status, self._body = status, body

    async def __call__(self, scope: Event, receive: Any, send: Any) -> None:
        assert (scope["method"], scope["path"]) == ("GET", "/apis/v2beta1/experiments/e")
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        self.begun.set()
        await self.let.wait()
        await send({"type": "http.response.start", "status": self._status, "headers": []})
        for part in (self._body[:5], self._body[5:]):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        self.answered += 1


async def test_what_a_client_that_has_gone_asked_for_is_done() -> None:
    app = App()
    async with serving(app, "127.0.0.1", 0) as address, grpc.aio.insecure_channel(address) as channel:
        call = get_experiment(channel)(REQUEST)
        await app.begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert app.answered == 0
        app.let.set()
    assert app.answered == 1


async def test_many_calls_wait_for_their_turn() -> None:
    app = App()
    async with serving(app, "127.0.0.1", 0) as address, grpc.aio.insecure_channel(address) as channel:
        method = get_experiment(channel)
        calls = [asyncio.ensure_future(method(REQUEST)) for _ in range(1_500)]
        await app.begun.wait()
        app.let.set()
        assert {each.experiment_id for each in await asyncio.gather(*calls)} == {"e"}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"experiment_id": 7}'])
@pytest.mark.parametrize("status", [200, 502])
async def test_an_answer_that_makes_no_sense(status: int, body: bytes) -> None:
    """Nothing of it goes out."""
    app = App(status, body)
    app.let.set()
    async with serving(app, "127.0.0.1", 0) as address, grpc.aio.insecure_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await get_experiment(channel)(REQUEST)
    code, message = said(caught.value)
    assert code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED)
    assert "html" not in message


async def test_one_address_is_one_listeners() -> None:
    async with serving(App(), "::1", 0) as address:
        assert address.startswith("[::1]:")
        with pytest.raises(Unavailable, match="cannot listen there for gRPC"):
            await serving(App(), "::1", int(address.rpartition(":")[2])).__aenter__()
    with pytest.raises(Unavailable):
        await serving(App(), "192.0.2.1", 0).__aenter__()
