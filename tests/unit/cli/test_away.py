"""Reading a log on, and waiting for a server: against a small HTTP server that says what a test tells it to."""

import pytest
from tests.unit.cli.test_client import Stub

from headrace.cli import away
from headrace.cli.client import Client, Gone


def test_a_line_is_given_once_however_often_the_stream_ends() -> None:
    stub = Stub(
        {"/api/v1/runs/r/tasks/root.a/log": [(200, "one\ntwo\n"), (200, "one\ntwo\n"), (200, "one\ntwo\nthree")]}
    )
    over = iter([False, False, True])
    try:
        with Client(stub.url) as client:
            assert list(away.follow_log(client, "r", "root.a", lambda: next(over))) == ["one", "two", "three"]
    finally:
        stub.close()


def test_patience_ends_and_silence_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [0.0], list[float]()
    monkeypatch.setattr(away.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(away.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    stub = Stub({"/apis/v2beta1/healthz": [(200, "{}")]})
    with Client(stub.url) as client:
        away.wait_for_server(client, lambda: said.append(now[0]))
        assert not said
        stub.close()
        with pytest.raises(Gone):
            away.wait_for_server(client, lambda: said.append(now[0]))
    assert len(said) == 1
    assert now[0] > away.PATIENCE
