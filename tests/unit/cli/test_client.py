"""Event streams, errors and the way to a server; against a small HTTP server that says what a test tells it to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from headrace.base import errors
from headrace.base.home import Home
from headrace.cli import discover
from headrace.cli.client import Client, Gone, parse_events
from headrace.cli.connect import connect, find
from headrace.cli.find import find_experiment, find_or_make_experiment, find_run, find_task
from headrace.cli.view import RunView, TaskView
from headrace.cli.watch import Watch
from headrace.model.state import State

Answers = dict[str, list[tuple[int, str]]]


class Stub:
    """Answers a path with the next of its answers, the last one for ever; keeps what was asked."""

    def __init__(self, answers: Answers) -> None:
        stub = self
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                stub.asked.append((self.path, dict(self.headers)))
                left = stub.answers.get(path, [(404, '{"code": 5, "message": "Not Found"}')])
                status, body = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                self.send_header("content-length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub({})
    yield made
    made.close()


def test_events_are_read_as_the_html_standard_says() -> None:
    lines = [
        *("retry: 1000", "", ": comment", "id: 1", "event: a", "data: {", "data:  1}", "", "data", "", "id:2"),
        *("data: last", "", "data: cut off"),
    ]
    read = [(event.event_id, event.name, event.data) for event in parse_events(iter(lines))]
    assert read == [("1", "a", "{\n 1}"), ("1", "message", ""), ("2", "message", "last")]


@pytest.mark.parametrize("end", ["", "\n"])
def test_only_a_newline_ends_a_line(stub: Stub, end: str) -> None:
    printed = ["a\u2028b\fc\vd\x1ce\x85f", "", " 50%\r100%", "dos\r", "é" * 100_000, "last"]
    stub.answers["/api/v1/runs/r/tasks/root.a/log"] = [(200, "\n".join(printed) + end)]
    told = json.dumps({"changes": [], "message": "a\u2028b\x85c"}, ensure_ascii=False)
    stub.answers["/api/v1/runs/r/events"] = [(200, f"id: 1\ndata: {told}\n\n")]
    with Client(stub.url) as client:
        assert list(client.log("r", "root.a", follow=False)) == printed
        assert [event.data for event in client.events("r", "")] == [told]


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (404, {"code": 5, "message": "Run x not found", "details": []}, errors.NotFound, "Run x not found"),
        (400, {"code": 9, "message": "it has ended"}, errors.FailedPrecondition, "it has ended"),
        (400, {"error_message": "no log", "error_details": "no log"}, errors.InvalidInput, "no log"),
        (502, "<html>", errors.Unavailable, "502"),
        (500, {"code": 13, "message": "Internal error in request 1"}, errors.Unavailable, "request 1"),
        (200, "<html>", errors.Unavailable, "--host"),
        (200, [], errors.Unavailable, "--host"),
    ],
)
def test_what_the_server_refuses_is_raised_in_its_words(
    stub: Stub, status: int, body: Any, kind: type[Exception], text: str
) -> None:
    stub.answers["/api/v1/server"] = [(status, body if isinstance(body, str) else json.dumps(body))]
    with Client(stub.url) as client, pytest.raises(kind, match=text):
        client.server()


def test_a_server_that_is_not_there() -> None:
    stub = Stub({})
    stub.close()
    with Client(stub.url) as client, pytest.raises(Gone, match="headrace up"):
        client.server()


def event(number: int, state: str) -> str:
    change = {"what": "task", "path": "root.a", "state": state, "at": "1970-01-01T00:00:01Z", "kind": "RUNTIME"}
    return f"id: {number}\nevent: TaskReady\ndata: {json.dumps({'changes': [change]})}\n\n"


def test_watching_resumes_after_the_last_event_and_ends_with_the_run(stub: Stub) -> None:
    going, ended = (json.dumps({"run_id": "r", "state": state}) for state in ("RUNNING", "SUCCEEDED"))
    stub.answers = {
        "/apis/v2beta1/runs/r": [(200, going), (200, going), (200, ended)],
        "/api/v1/runs/r/events": [(200, event(1, "PENDING") + event(2, "RUNNING")), (200, event(3, "SUCCEEDED"))],
    }
    seen: list[State] = []
    with Client(stub.url) as client:
        watch = Watch(client, "r", lambda run: seen.extend(task.state for task in run.tasks.values()))
        assert watch.follow().state is State.SUCCEEDED
    assert seen == [State.PENDING, State.RUNNING, State.SUCCEEDED]
    resumed = [headers.get("last-event-id") for path, headers in stub.asked if path.endswith("/events")]
    assert resumed == [None, "2"]


def test_lists_go_on_over_pages(stub: Stub) -> None:
    pages = [{"runs": [{"run_id": "1"}, {"run_id": "2"}], "next_page_token": "t"}, {"runs": [{"run_id": "3"}]}]
    stub.answers["/apis/v2beta1/runs"] = [(200, json.dumps(page)) for page in pages]
    with Client(stub.url) as client:
        assert [run["run_id"] for run in client.listed("runs", limit=10)] == ["1", "2", "3"]
    assert "page_token=t" in stub.asked[1][0]


def test_a_run_by_last_by_its_id_and_by_the_start_of_it(stub: Stub) -> None:
    def listed(*ids: str) -> list[tuple[int, str]]:
        return [(200, json.dumps({"runs": [{"run_id": each} for each in ids]}))]

    whole = "0a1b2c3d-0000-4000-8000-000000000000"
    with Client(stub.url) as client:
        stub.answers["/apis/v2beta1/runs"] = listed("abc1", "xabc")
        assert find_run(client, "last") == "abc1"
        assert find_run(client, "ABC") == "abc1"
        assert find_run(client, whole) == whole
        stub.answers["/apis/v2beta1/runs"] = listed("abc1", "abc2")
        with pytest.raises(errors.InvalidInput, match="abc1, abc2"):
            find_run(client, "abc")
        stub.answers["/apis/v2beta1/runs"] = listed()
        with pytest.raises(errors.NotFound, match="headrace ls"):
            find_run(client, "abc")
        with pytest.raises(errors.NotFound, match="no run yet"):
            find_run(client, "last")


def test_an_experiment_is_made_only_if_it_is_new(stub: Stub) -> None:
    with Client(stub.url) as client:
        stub.answers["/apis/v2beta1/experiments"] = [(200, '{"experiments": [{"experiment_id": "e"}]}')]
        assert find_or_make_experiment(client, "x") == find_experiment(client, "x") == "e"
        stub.answers["/apis/v2beta1/experiments"] = [(200, "{}"), (200, '{"experiment_id": "new"}')]
        assert find_or_make_experiment(client, "x") == "new"
        stub.answers["/apis/v2beta1/experiments"] = [(200, "{}")]
        with pytest.raises(errors.NotFound, match="no experiment has that name"):
            find_experiment(client, "x")


def test_a_task_by_path_and_by_name() -> None:
    tasks = [
        TaskView(path, name, State.RUNNING)
        for path, name in [("root", "root"), ("root.a", "first"), ("root.inner.a", "second"), ("root.inner.b", "third")]
    ]
    run = RunView("r", "n", State.RUNNING, tasks={task.path: task for task in tasks})
    assert find_task(run, "a").path == "root.a"
    assert find_task(run, "inner.a").path == "root.inner.a"
    assert find_task(run, "b").path == "root.inner.b"
    assert find_task(run, "second").path == "root.inner.a"
    with pytest.raises(errors.NotFound, match=r"a, inner\.a, inner\.b"):
        find_task(run, "c")


def test_a_record_is_written_read_and_forgotten_by_its_writer_only(tmp_path: Path) -> None:
    import os

    home = Home(tmp_path)
    assert discover.read(home) is None
    discover.write(home, discover.ServerRecord("http://a", 1, "0"))
    discover.remove(home)
    assert discover.read(home) == discover.ServerRecord("http://a", 1, "0")
    discover.write(home, discover.ServerRecord("http://b", os.getpid(), "0"))
    discover.remove(home)
    assert discover.read(home) is None
    home.server.write_text("{")
    with pytest.raises(errors.InvalidInput, match="damaged"):
        discover.read(home)


def test_a_server_is_found_only_if_it_has_this_home(tmp_path: Path, stub: Stub) -> None:
    home, other = Home(tmp_path / "a"), Home(tmp_path / "b")
    for each in (home, other):
        each.root.mkdir()
        discover.write(each, discover.ServerRecord(stub.url, 1, "0"))
    stub.answers["/api/v1/server"] = [(200, json.dumps({"home": str(home.root)}))]
    client = find(home)
    assert client is not None
    client.close()
    assert find(other) is None
    with pytest.raises(errors.Unavailable, match=f"headrace up --home {other.root}"):
        connect(str(other.root), None)
    with connect(str(other.root), stub.url.removeprefix("http://") + "/") as chosen:
        assert chosen.url == stub.url
