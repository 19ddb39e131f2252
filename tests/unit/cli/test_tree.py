"""A run as rows."""

from headrace.base.clock import SECOND, Instant
from headrace.cli.tree import Outline, rows
from headrace.cli.view import RunView, TaskView
from headrace.model.state import State

NOW = Instant(100 * SECOND)


def task(path: str, state: State, start: int = 0, end: int = 0, message: str = "") -> TaskView:
    name = path.rpartition(".")[2]
    return TaskView(path, name, state, False, Instant(start * SECOND), Instant(end * SECOND), message)


def run(*tasks: TaskView, state: State = State.RUNNING) -> RunView:
    return RunView("id", "name", state, tasks={each.path: each for each in tasks})


def outline(*paths: str) -> Outline:
    children: dict[str, tuple[str, ...]] = {"root": ()}
    for path in paths:
        parent = path.rpartition(".")[0]
        children[parent] = (*children.get(parent, ()), path)
    return Outline(children, {path: path.rpartition(".")[2] for path in paths})


def drawn(view: RunView, plan: Outline, siblings: int = 30) -> list[str]:
    return [f"{row.guide}{row.name}" for row in rows(view, plan, NOW, siblings=siblings)]


def test_nested_pipelines_are_branches_in_the_order_of_the_graph() -> None:
    plan = outline("root.b", "root.inner", "root.inner.y", "root.inner.x", "root.a")
    assert drawn(run(), plan) == ["├─ b", "├─ inner", "│  ├─ y", "│  └─ x", "└─ a"]


def test_what_is_not_reached_waits_while_the_run_goes_on_and_is_skipped_after() -> None:
    plan = outline("root.a")
    assert rows(run(), plan, NOW)[0].state is State.PENDING
    assert rows(run(state=State.FAILED), plan, NOW)[0].state is State.SKIPPED


def test_a_duration_counts_on_while_a_step_runs_and_stops_with_it() -> None:
    view = run(
        task("root.a", State.RUNNING, 90), task("root.b", State.SUCCEEDED, 90, 92), task("root.c", State.PENDING)
    )
    assert [row.duration for row in rows(view, outline("root.a", "root.b", "root.c"), NOW)] == [10, 2, None]


def test_a_note_says_what_was_cached_and_the_first_line_of_a_failure() -> None:
    view = run(task("root.a", State.CACHED, 1, 1), task("root.b", State.FAILED, 1, 2, "exit code 1\nmore"))
    assert [row.note for row in rows(view, outline("root.a", "root.b"), NOW)] == ["cached", "exit code 1"]


def test_a_task_that_the_outline_does_not_know_is_shown_under_its_parent() -> None:
    view = run(task("root.inner", State.RUNNING), task("root.inner.new", State.RUNNING))
    assert drawn(view, Outline({}, {})) == ["└─ inner", "   └─ new"]


def test_many_siblings_show_those_that_matter_and_a_count_of_the_others() -> None:
    paths = [f"root.step-{number}" for number in range(100)]
    states = {3: State.FAILED, 50: State.RUNNING, **dict.fromkeys(range(10, 20), State.CACHED)}
    view = run(*(task(paths[number], state) for number, state in states.items()))
    assert drawn(view, outline(*paths)) == ["├─ step-3", "├─ step-50", "└─ … 88 waiting, 10 cached"]


def test_failed_steps_are_shown_before_running_ones_where_there_is_room_for_few() -> None:
    paths = [f"root.step-{number}" for number in range(10)]
    view = run(*(task(path, State.RUNNING) for path in paths[:9]), task(paths[9], State.FAILED))
    assert drawn(view, outline(*paths), siblings=2) == ["├─ step-0", "├─ step-9", "└─ … 8 running"]
