"""What each placeholder stands for where a pipeline writes it, and that it stands for nothing in a user's value."""

import pytest
from tests.compat.pipelines import placeholders
from tests.compat.pipelines.play import Back, Played
from tests.harness import parameters_of

GIVEN = "{{$.pipeline_job_name}}"


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    return anyone


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    return back.play(placeholders.placeholders, text=GIVEN)


def told(played: Played, name: str) -> object:
    return parameters_of(played.displayed(name))["Output"]


def expected(played: Played, name: str, display: str) -> str:
    """What the placeholder of that name stands for in the task of that display name."""
    run, task = played.run, played.displayed(display)
    return {
        "name": run["display_name"],
        "resource": f"placeholders-{run['run_id'].replace('-', '')[:8]}",
        "run": run["run_id"],
        "task": task["name"],
        "task id": task["task_id"],
        "root": "minio://mlpipeline/v2/artifacts",
        "created": run["created_at"],
        "scheduled": run["scheduled_at"],
    }[name]


@pytest.mark.parametrize("name", placeholders.SYSTEM)
def test_what_the_system_says(played: Played, name: str) -> None:
    assert told(played, name) == expected(played, name, name)
    within = f"{name} within"
    assert told(played, within) == f"<{expected(played, name, within)}|{GIVEN}>"


def test_within_structures(played: Played) -> None:
    run = played.run["run_id"]
    assert told(played, "structured") == [
        {"run": run, "deep": {"many": [f"a {run}", 3]}},
        [run, GIVEN, "structured"],
    ]


def test_in_groups_the_task_is_the_innermost(played: Played) -> None:
    inner = [task for path, task in played.tasks.items() if path.startswith("root.inner.")]
    assert [parameters_of(task)["Output"] for task in inner] == [f"word in same of {played.run['run_id']}"]
    iterations = [task for task in played.tasks.values() if task["display_name"] == "each"]
    (name,) = {task["name"] for task in iterations}
    assert sorted(parameters_of(task)["Output"] for task in iterations) == [f"a {name}", f"b {name}"]
    ids = [task for task in played.tasks.values() if task["display_name"] == "each id"]
    assert [parameters_of(task)["Output"] for task in ids] == [task["task_id"] for task in ids]
    assert len({task["task_id"] for task in ids}) == 2


def test_in_variables(played: Played) -> None:
    run = played.run["run_id"]
    unknown = "{{$.nothing}} {{x}}"
    assert told(played, "variables") == {"RUN": run, "GIVEN": None, "BOTH": None, "UNKNOWN": unknown}
    assert parameters_of(played.displayed("contained"))["out"] == f"{run} {GIVEN} 3m"


def test_images_from_parameters_and_outputs(played: Played) -> None:
    for name in ("image of a parameter", "image of an output"):
        assert played.displayed(name)["state"] == "SUCCEEDED"
    assert told(played, "which image") == placeholders.OWN


def test_components_from_files(played: Played) -> None:
    assert told(played, "loaded") == f"loaded {played.run['run_id']}"
    assert parameters_of(played.displayed("loaded container"))["out"] == " x "
