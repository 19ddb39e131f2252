"""Why over HTTP: the run, its tasks, those that were not reached, and what the cache has to do with it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.api.conftest import Api, pipeline
from tests.api.scene import AT, Scene

from headrace.base.clock import Instant
from headrace.engine.decision import AttemptMoved, Change, TaskAdded, TaskMoved
from headrace.model.artifact import Bindings
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.spec.fingerprint import Fingerprint, fingerprint
from headrace.spec.load import document_from_json
from headrace.spec.plan import Caching, Container
from headrace.store import equal
from headrace.store.db import Tx

LATER = Instant(AT + 1)


def ask(api: Api, run_id: str, task: str = "say") -> dict[str, Any]:
    response = api.http.get(f"/api/v1/runs/{run_id}/tasks/{task}/why")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def details(api: Api, run_id: str) -> dict[str, str]:
    return {each["label"]: each["text"] for each in ask(api, run_id)["details"]}


def caching(image: str = "busybox") -> dict[str, Any]:
    document = pipeline()
    document["root"]["dag"]["tasks"]["say"]["cachingOptions"] = {"enableCache": True}
    document["deploymentSpec"]["executors"]["exec-say"]["container"]["image"] = image
    return document


def execute(api: Api, document: dict[str, Any], count: int, at: Instant = AT, *, keep: bool = True) -> str:
    """A run of the document whose step has missed the cache, and succeeded."""
    component = api.services.plans.get(document_from_json(document)).find("root.say").component
    assert isinstance(component, Container)
    mark = fingerprint(component, Bindings({"count": count}), Caching(enabled=True), "hello")
    run_id: str = api.run(document, runtime_config={"parameters": {"count": count}})["run_id"]
    scene = Scene(run_id, Bindings({"count": count}))
    api.advance(run_id, *_at(scene.started(), at, mark.digest))
    api.advance(run_id, *_at(scene.ended(), at, mark.digest))
    if keep:
        tell(api, mark, run_id)
    return run_id


def tell(api: Api, mark: Fingerprint, run_id: str) -> None:
    """The step is executed for that fingerprint."""

    def unit(tx: Tx) -> None:
        again = equal.executed_for(tx, "", mark.digest) is not None
        equal.execute(tx, "", mark.digest, mark.parts, run_id, "root.say", again=again)

    api.services.database.submit(unit).result()


def _at(scene: tuple[Any, list[Change]], at: Instant, digest: str) -> tuple[Any, list[Change]]:
    def moved(change: Change) -> Change:
        match change:
            case TaskAdded(task):
                return TaskAdded(replace(task, created_at=at, fingerprint=digest if task.path != "root" else ""))
            case TaskMoved():
                return replace(change, at=at)
        return change

    return scene[0], [moved(change) for change in scene[1]]


def test_a_run_and_a_task_that_were_not_reached(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config={"parameters": {"count": 3}})["run_id"]
    assert ask(api, run_id, "root") == {
        "run_id": run_id,
        "task_id": Scene(run_id).task_id("root"),
        "path": "root",
        "state": "PENDING",
        "headline": "it was accepted, and has not begun",
        "details": [],
    }
    said = ask(api, run_id, "say")
    assert (said["path"], said["state"]) == ("root.say", None)
    assert ask(api, run_id, "root.say") == said


def test_a_task_is_named_by_id_path_or_name(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config={"parameters": {"count": 3}})["run_id"]
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    api.advance(run_id, *scene.ended(failure=Failure("exit code 1")))
    said = ask(api, run_id, "say")
    assert said["headline"] == "it failed: exit code 1"
    assert {"label": "attempt 1", "text": "exit code 1: exit code 1"} in said["details"]
    assert {"label": "cache", "text": "off: by the pipeline"} in said["details"]
    assert said == ask(api, run_id, scene.task_id()) == ask(api, run_id, "root.say")
    assert {"label": "say", "text": "FAILED: exit code 1"} in ask(api, run_id, "root")["details"]


@pytest.mark.parametrize("path", ["{run}/tasks/other/why", "other/tasks/say/why", "{run}/tasks/root.say.x/why"])
def test_what_is_not_there_is_not_found(api: Api, document: dict[str, Any], path: str) -> None:
    run_id = api.run(document, runtime_config={"parameters": {"count": 3}})["run_id"]
    assert api.http.get(f"/api/v1/runs/{path.format(run=run_id)}").status_code == 404


def test_a_task_that_waits_for_what_others_have_says_so(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config={"parameters": {"count": 3}})["run_id"]
    scene = Scene(run_id)
    events, changes = scene.started()
    api.advance(run_id, events, [each for each in changes if not isinstance(each, AttemptMoved)][:3] + changes[4:5])
    assert ask(api, run_id)["headline"].startswith("it waits for a free slot, or for its environment")
    api.waits[scene.attempt_id] = "for 2 nvidia.com/gpu: this machine has 2, of which 1 are free"
    said = ask(api, run_id)["headline"]
    assert said == f"it waits {api.waits[scene.attempt_id]}: attempt 1 is to start"


def test_a_first_execution_has_nothing_to_be_compared_with(api: Api) -> None:
    execute(api, pipeline("another"), 3)
    run_id = execute(api, caching(), 3)
    assert details(api, run_id) == {"cache": "missed: there is no earlier execution"}


def test_a_miss_names_the_nearest_execution_and_what_differs(api: Api) -> None:
    execute(api, caching(), 1)
    before = execute(api, caching(), 3, LATER)
    after = Instant(AT + 10)
    assert details(api, execute(api, caching("alpine"), 4, after)) == {
        "cache": f"missed: not the same as in run {before}, where it ended at 2023-11-14T22:21:40.000001Z",
        "image": "was busybox, is alpine",
        "parameter count": "was 3, is 4",
    }
    changed = caching("alpine")
    changed["deploymentSpec"]["executors"]["exec-say"]["container"]["command"] = ["echo", "y"]
    said = details(api, execute(api, changed, 4, Instant(AT + 20)))
    assert said["command"] == "its code, command or arguments differ"
    assert len(said) == 2


def test_a_miss_of_what_was_not_kept_or_could_not_stand_in_says_so(api: Api) -> None:
    execute(api, caching(), 1, keep=False)
    assert "not known to be the same" in details(api, execute(api, caching(), 2, LATER))["cache"]
    assert "could not stand in" in details(api, execute(api, caching(), 2, Instant(AT + 2)))["cache"]


def test_a_server_without_a_cache_is_told_from_a_pipeline_without(api: Api) -> None:
    run_id = api.run(caching(), runtime_config={"parameters": {"count": 3}})["run_id"]
    api.advance(run_id, *Scene(run_id).started())
    assert details(api, run_id) == {"cache": "off: the server ran without it"}


def test_a_cached_task_names_the_run_it_came_from_while_that_exists(api: Api) -> None:
    before = execute(api, caching(), 3)
    run_id = api.run(caching(), runtime_config={"parameters": {"count": 3}})["run_id"]
    source = Scene(before).task_id()
    events, changes = Scene(run_id).started()
    hit = TaskMoved("root.say", LATER, State.CACHED, outputs=Bindings(), cached_from=source)
    api.advance(run_id, events, [*changes[:3], hit])
    assert ask(api, run_id)["headline"] == "it was not run: an earlier execution of the same stands in"
    assert details(api, run_id) == {"task": source, "run": f"{before}, task say"}
    api.delete(f"/runs/{before}")
    assert details(api, run_id)["run"] == "it was deleted"


def test_a_task_that_waits_for_an_equal_one_names_it(api: Api) -> None:
    component = api.services.plans.get(document_from_json(caching())).find("root.say").component
    assert isinstance(component, Container)
    mark = fingerprint(component, Bindings({"count": 3}), Caching(enabled=True), "hello")
    first, second = (api.run(caching(), runtime_config={"parameters": {"count": 3}})["run_id"] for _ in range(2))
    api.advance(first, *_at(Scene(first).started(), AT, mark.digest))
    tell(api, mark, first)
    events, changes = _at(Scene(second).started(), AT, mark.digest)
    api.advance(second, events, changes[:3])
    said = ask(api, second)
    assert said["headline"] == "it waits for an equal step, whose outputs it takes if that succeeds"
    assert details(api, second) == {"equal step": f"say of run {first}: RUNNING"}
