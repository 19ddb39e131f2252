"""The log of a step that is tried again, while it is followed."""

from typing import Any

import pytest
from tests.api.conftest import Api, pipeline
from tests.api.scene import AT, Scene

from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskMoved
from headrace.model.artifact import Bindings
from headrace.model.event import AttemptFailed, AttemptStarted, AttemptSucceeded, Event
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import Attempt, AttemptState, attempt_id

STEP = "root.say"


@pytest.fixture
def run_id(api: Api) -> str:
    found: str = api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"]
    api.advance(found, *Scene(found).started())
    return found


def attempt(run_id: str, number: int, state: AttemptState) -> Attempt:
    return Attempt(attempt_id(run_id, STEP, number), STEP, number, state, AT, AT)


def printed(api: Api, run_id: str, number: int, data: bytes) -> None:
    path = api.services.home.log(attempt_id(run_id, STEP, number))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


def fails(api: Api, run_id: str, number: int) -> None:
    """That attempt fails, and the step waits to be tried again."""
    ended = attempt(run_id, number, AttemptState.ENDED)
    failed = AttemptFailed(ended.attempt_id, STEP, AT, AT, Failure("no luck"))
    api.advance(run_id, [failed], [AttemptMoved(ended), TaskMoved(STEP, AT, State.PENDING)])


def begins(api: Api, run_id: str, number: int) -> None:
    begun = attempt(run_id, number, AttemptState.OPEN)
    events: list[Event] = [AttemptStarted(begun.attempt_id, STEP, AT)]
    changes: list[Change] = [
        AttemptAdded(begun),
        AttemptMoved(attempt(run_id, number, AttemptState.STARTED)),
        TaskMoved(STEP, AT, State.RUNNING),
    ]
    api.advance(run_id, events, changes)


def ends(api: Api, run_id: str, number: int) -> None:
    ended = attempt(run_id, number, AttemptState.ENDED)
    changes: list[Change] = [
        AttemptMoved(ended),
        TaskMoved(STEP, AT, State.SUCCEEDED),
        RunMoved(AT, State.SUCCEEDED),
    ]
    api.advance(run_id, [AttemptSucceeded(ended.attempt_id, STEP, AT, AT, Bindings())], changes)


def test_all_attempts_are_followed_one_after_the_other_until_the_task_has_ended(api: Api, run_id: str) -> None:
    url, follow = f"/api/v1/runs/{run_id}/tasks/say/log", {"follow": "true"}
    printed(api, run_id, 1, b"start 1\n")
    with (
        api.http.stream("GET", url, params=follow) as response,
        api.http.stream("GET", url, params={**follow, "attempt": 1}) as first,
    ):
        lines = response.iter_lines()
        assert next(lines) == "start 1"
        printed(api, run_id, 1, b"end 1")
        fails(api, run_id, 1)
        assert first.read() == b"start 1\nend 1", "the one that is asked for ends by itself"
        for number in (2, 3):  # one of them may never be seen while it runs
            begins(api, run_id, number)
            printed(api, run_id, number, b"start %d\n" % number)
            fails(api, run_id, number)
        begins(api, run_id, 4)
        assert [next(lines) for _ in range(3)] == ["end 1", "start 2", "start 3"]
        printed(api, run_id, 4, b"start 4\nend 4\n")
        ends(api, run_id, 4)
        assert list(lines) == ["start 4", "end 4"]
    assert api.http.get(url, params=follow).text == "start 1\nend 1\nstart 2\nstart 3\nstart 4\nend 4\n"
    assert api.http.get(url).text == "start 4\nend 4\n"
    assert api.http.get(url, params={"attempt": 1}).text == "start 1\nend 1"


def test_a_tail_begins_in_the_attempt_that_goes_on(api: Api, run_id: str) -> None:
    printed(api, run_id, 1, b"start 1\n")
    fails(api, run_id, 1)
    begins(api, run_id, 2)
    printed(api, run_id, 2, b"start 2\nend 2\n")
    params: dict[str, Any] = {"follow": "true", "tail": 1}
    with api.http.stream("GET", f"/api/v1/runs/{run_id}/tasks/say/log", params=params) as response:
        lines = response.iter_lines()
        assert next(lines) == "end 2"
        fails(api, run_id, 2)
        begins(api, run_id, 3)
        printed(api, run_id, 3, b"start 3\nend 3\n")
        ends(api, run_id, 3)
        assert list(lines) == ["start 3", "end 3"]
