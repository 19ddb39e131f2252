"""The history of a run as server-sent events, and logs while they grow."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.api.conftest import V2, Api, pipeline
from tests.api.scene import AT, Scene

from headrace.engine.decision import RunMoved
from headrace.model.artifact import Bindings
from headrace.model.event import TerminateRequested
from headrace.model.state import State


@pytest.fixture
def run_id(api: Api) -> str:
    found: str = api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"]
    return found


def events(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    """(id, name, data) of each event."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        else:
            if "data" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


def test_events_come_as_they_are_committed_and_end_with_the_run(api: Api, run_id: str) -> None:
    scene = Scene(run_id)
    with api.http.stream("GET", f"/api/v1/runs/{run_id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        seen = events(response.iter_lines())
        api.advance(run_id, *scene.started())
        kinds = [next(seen)[1] for _ in range(3)]
        assert kinds == ["RunRequested", "TaskReady", "AttemptStarted"]
        api.advance(run_id, *scene.ended(Bindings()))
        number, kind, data = next(seen)
        assert (number, kind, data["path"], data["at"]) == ("4", "AttemptSucceeded", "root.say", "2023-11-14T22:21:40Z")
        assert {change["what"] for change in data["changes"]} == {"attempt", "task", "run"}
        assert all(isinstance(change.get("at", ""), str) for change in data["changes"])
        assert next(seen) == ("4", "end", {"state": "SUCCEEDED"})
        assert list(seen) == []


def test_a_stream_resumes_after_the_last_event_and_is_over_once_all_is_seen(api: Api, run_id: str) -> None:
    api.advance(run_id, *Scene(run_id).started())
    api.advance(run_id, *Scene(run_id).ended())
    path = f"/api/v1/runs/{run_id}/events"
    with api.http.stream("GET", path, headers={"Last-Event-ID": "2"}) as response:
        assert [(number, kind) for number, kind, _ in events(response.iter_lines())] == [
            ("3", "AttemptStarted"),
            ("4", "AttemptSucceeded"),
            ("4", "end"),
        ]
    assert api.http.get(path, headers={"Last-Event-ID": "4"}).status_code == 204
    assert api.http.get(f"/api/v1/runs/{run_id}/events", params={"after": 4}).status_code == 204


def test_there_is_no_stream_of_no_run(api: Api) -> None:
    assert api.http.get("/api/v1/runs/nope/events").status_code == 404


def log_file(api: Api, scene: Scene) -> Any:
    path = api.services.home.log(scene.attempt_id)
    path.parent.mkdir(parents=True)
    return path.open("ab", buffering=0)


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta1", "v2beta1"])
def test_a_log_is_had_by_every_name_of_its_task(api: Api, run_id: str, version: str) -> None:
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    with log_file(api, scene) as log:
        log.write(b"hello\xff\n")
    for node in ("say", "root.say", scene.task_id(), scene.attempt_id):
        response = api.http.get(f"/apis/{version}/runs/{run_id}/nodes/{node}/log")
        assert response.content == b"hello\xff\n"
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert response.headers["x-content-type-options"] == "nosniff"
    assert api.http.get(f"/api/v1/runs/{run_id}/tasks/say/log").content == b"hello\xff\n"
    assert api.http.get(f"/api/v1/runs/{run_id}/tasks/say/log", params={"attempt": 1}).content == b"hello\xff\n"


def test_a_log_is_followed_until_the_attempt_has_ended(api: Api, run_id: str) -> None:
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    with (
        log_file(api, scene) as log,
        api.http.stream("GET", f"/api/v1/runs/{run_id}/tasks/say/log", params={"follow": "true"}) as response,
    ):
        lines = response.iter_lines()
        for number in range(3):
            log.write(b"line %d\n" % number)
            assert next(lines) == f"line {number}"
        log.write(b"last words")
        api.advance(run_id, *scene.ended())
        assert list(lines) == ["last words"]


def test_a_log_that_is_followed_too_early_begins_when_its_task_does(api: Api, run_id: str) -> None:
    scene = Scene(run_id)
    events_, changes = scene.started()
    api.advance(run_id, events_[:2], changes[:3])
    with api.http.stream("GET", f"/api/v1/runs/{run_id}/tasks/say/log", params={"follow": "true"}) as response:
        api.advance(run_id, events_[2:], changes[3:])
        with log_file(api, scene) as log:
            log.write(b"at last\n")
        api.advance(run_id, *scene.ended())
        assert response.read() == b"at last\n"


def test_a_task_that_is_never_reached_has_an_empty_log_for_who_followed(api: Api, run_id: str) -> None:
    with api.http.stream("GET", f"/api/v1/runs/{run_id}/tasks/root.say/log", params={"follow": "true"}) as response:
        api.advance(run_id, [TerminateRequested(AT)], [RunMoved(AT, State.CANCELED)])
        assert response.read() == b""
    assert api.http.get(f"/api/v1/runs/{run_id}/tasks/say/log", params={"follow": "true"}).status_code == 404


def test_many_followers_hold_no_thread(api: Api, run_id: str) -> None:
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    responses: list[str] = []

    def follow() -> None:
        responses.append(
            httpx2.get(f"{api.url}/api/v1/runs/{run_id}/tasks/say/log", params={"follow": "true"}, timeout=60).text
        )

    with log_file(api, scene) as log:
        followers = [threading.Thread(target=follow) for _ in range(60)]
        for follower in followers:
            follower.start()
        for _ in range(20):
            assert api.get(f"/runs/{run_id}")["state"] == "RUNNING"
        log.write(b"x" * 1_000_000)
        api.advance(run_id, *scene.ended())
        for follower in followers:
            follower.join()
    assert [len(text) for text in responses] == [1_000_000] * 60


def test_why_there_is_no_log(api: Api, run_id: str) -> None:
    def refused(node: str, status: int, **params: Any) -> str:
        response = api.http.get(f"{V2}/runs/{run_id}/nodes/{node}/log", params=params)
        assert response.status_code == status, response.text
        assert set(response.json()) == {"error_message", "error_details"}
        message: str = response.json()["error_message"]
        return message

    scene = Scene(run_id)
    assert "no task" in refused("say", 404)
    api.advance(run_id, *scene.started())
    assert "its folder was removed" in refused("say", 404)
    assert "It has: root.say" in refused("nope", 404)
    assert "In it are: root.say" in refused("root", 400)
    assert "no number 2" in refused("say", 404, attempt=2)
    assert "attempt" in refused("say", 400, attempt="x")
    assert "boolean" in refused("say", 400, follow="maybe")
    assert api.http.get(f"{V2}/runs/nope/nodes/say/log").status_code == 404


def test_streams_end_when_the_server_stops(api: Api, run_id: str) -> None:
    api.advance(run_id, *Scene(run_id).started())
    with (
        api.http.stream("GET", f"/api/v1/runs/{run_id}/events") as stream,
        api.http.stream("GET", f"/api/v1/runs/{run_id}/tasks/say/log", params={"follow": "true"}) as log,
    ):
        seen = events(stream.iter_lines())
        assert next(seen)[1] == "RunRequested"
        stopping = threading.Thread(target=api.stop)
        stopping.start()
        assert [kind for _, kind, _ in seen] == ["TaskReady", "AttemptStarted"]
        assert log.read() == b""
        stopping.join()


def test_the_last_lines_of_a_log(api: Api, run_id: str) -> None:
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    lines = [b"%d %s\n" % (number, b"x" * (number % 100)) for number in range(20_000)]
    url = f"/api/v1/runs/{run_id}/tasks/say/log"
    with log_file(api, scene) as log:
        log.write(b"".join(lines))
        log.flush()
        for tail in (0, 1, 3, 15_000, 20_000, 20_001):
            assert api.http.get(url, params={"tail": tail}).content == b"".join(lines[max(0, 20_000 - tail) :])
        assert api.http.get(f"{V2}/runs/{run_id}/nodes/say/log", params={"tail": 1}).content == lines[-1]
        assert api.http.get(url, params={"tail": "-1"}).status_code == 400
        with api.http.stream("GET", url, params={"follow": "true", "tail": 1}) as response:
            chunks = response.iter_raw()
            assert next(chunks) == lines[-1]
            log.write(b"more")
            log.flush()
            assert next(chunks) == b"more"
            api.advance(run_id, *scene.ended())
            assert b"".join(chunks) == b""


def test_a_log_is_read_by_ranges(api: Api, run_id: str) -> None:
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    with log_file(api, scene) as log:
        log.write(b"0123456789")
    url = f"{V2}/runs/{run_id}/nodes/say/log"
    part = api.http.get(url, headers={"Range": "bytes=4-"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"456789", "bytes 4-9/10")
    assert api.http.get(url, headers={"Range": "bytes=10-"}).status_code == 416
    assert api.http.head(url).headers["content-length"] == "10"


def test_logs_are_looked_through(api: Api, run_id: str) -> None:
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    url = f"/api/v1/runs/{run_id}/logs"
    assert api.http.get(url, params={"q": "x"}).json() == {"matches": [], "truncated": False}
    with log_file(api, scene) as log:
        log.write(b"one\nError: two\n\xff error: \xc3\xa9\r\n" + b"y" * 70_000 + b"error:")
    found = api.http.get(url, params={"q": "error:"}).json()["matches"]
    assert [(each["task"], each["attempt"], each["line"]) for each in found] == [("root.say", 1, 3), ("root.say", 1, 4)]
    assert found[0]["text"] == "\ufffd error: é"
    assert len(found[1]["text"]) < 5_000
    both = api.http.get(url, params={"q": "error:", "ignore_case": "true", "limit": 2, "task": "say"}).json()
    assert ([each["line"] for each in both["matches"]], both["truncated"]) == ([2, 3], True)
    assert api.http.get(url, params={"q": "error:", "attempt": 2}).json()["matches"] == []
    for rank in (1, 2):
        api.services.home.log(scene.attempt_id, rank).write_text(f"of another\n{'error: one of two' * (rank - 1)}\n")
    (third,) = api.http.get(url, params={"q": "one of two"}).json()["matches"]
    assert (third["rank"], third["line"], found[0]["rank"]) == (2, 2, 0)
    log_url = f"/api/v1/runs/{run_id}/tasks/say/log"
    assert api.http.get(log_url, params={"rank": 2}).text == "of another\nerror: one of two\n"
    assert api.http.get(log_url, params={"rank": 2, "tail": 1}).text == "error: one of two\n"
    assert api.http.get(log_url, params={"rank": 3}).status_code == 404
    for params, status in (({}, 400), ({"q": "x" * 1001}, 400), ({"q": "x", "task": "nobody"}, 404)):
        assert api.http.get(url, params=params).status_code == status
    assert api.http.get("/api/v1/runs/nope/logs", params={"q": "x"}).status_code == 404
