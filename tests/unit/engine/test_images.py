"""Which sources a task is reached with: those that its image was mapped to when its run was loaded, at every try."""

from dataclasses import replace

from tests.unit.engine.test_step import RUN, Game

from headrace.base.clock import Instant
from headrace.base.settings import ImageSetting
from headrace.engine.equal import look_up
from headrace.engine.state import Options, RunState
from headrace.model.artifact import Bindings
from headrace.model.event import AttemptFailed, RetryRequested, RunRequested
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import attempt_id
from headrace.spec.plan import Container, Retry, TaskPlan
from headrace.testing.plans import constant, dag, leaf

ONE, OTHER = "1" * 64, "2" * 64


def of_image(image: str, task: TaskPlan) -> TaskPlan:
    assert isinstance(task.component, Container)
    return replace(task, component=replace(task.component, image=image))


def again(game: Game, **options: object) -> RunState:
    """The same run, as another server would load it."""
    state = game.state
    return RunState.load(state.plan, Options(**options), state.run, state.tasks.values(), state.retired)  # type: ignore[arg-type]


def test_each_step_has_what_its_image_is_mapped_to() -> None:
    steps = [leaf("a"), of_image("x/team:1", leaf("b")), of_image("x/other", leaf("c"))]
    game = Game(dag(*steps), mapped={"x/*": ONE, "x/team:1": OTHER})
    game.begin()
    assert [game.state.tasks[f"root.{name}"].sources for name in "abc"] == ["", OTHER, ONE]


def test_an_image_that_a_parameter_names() -> None:
    image = "{{$.inputs.parameters['image']}}"
    step = of_image(image, leaf("a", parameters={"image": constant("x/team:1")}, cached=True))
    game = Game(dag(step), mapped={"x/team:?": ONE}, images={"x/*": ImageSetting(python="3.12")})
    game.begin()
    assert game.state.tasks["root.a"].sources == ONE


def test_what_the_step_was_reached_with_holds_for_all_its_tries_and_its_fingerprint() -> None:
    step = of_image("x/team:1", leaf("a", cached=True, retry=Retry(2)))
    game = Game(dag(step), mapped={"x/team:1": ONE})
    game.begin()
    task = game.state.tasks["root.a"]
    assert look_up(game.state, task).parts["sources"] == ONE
    later = again(game, mapped={"x/team:1": OTHER})
    assert later.tasks["root.a"].sources == ONE
    assert look_up(later, task) == look_up(game.state, task)
    assert look_up(again(game), task).fingerprint == task.fingerprint


def test_a_mapping_wins_over_the_setting_which_still_counts_for_others() -> None:
    images = {"x/*": ImageSetting(python="3.12")}
    steps = [of_image("x/team:1", leaf("a", cached=True)), of_image("x/other", leaf("b", cached=True))]
    game = Game(dag(*steps), mapped={"x/team:1": ONE}, images=images)
    game.begin()
    mapped, other = (look_up(game.state, game.state.tasks[f"root.{name}"]).parts for name in "ab")
    assert ("environment" in mapped, "sources" in mapped) == (False, True)
    assert ("environment" in other, "sources" in other) == (True, False)


def test_a_run_that_is_run_again_takes_what_is_mapped_by_then() -> None:
    game = Game(dag(of_image("x/team:1", leaf("a"))))
    game.begin()
    failure = Failure("no sources")
    game.feed(AttemptFailed(attempt_id(RUN, "root.a", 1), "root.a", game.at(), Instant(0), failure))
    assert game.state.run.state is State.FAILED
    assert game.state.tasks["root.a"].sources == ""
    game.state = again(game, mapped={"x/team:1": ONE})
    game.feed(RetryRequested(game.at()))
    assert game.state.tasks["root.a"].sources == ONE
    assert game.succeed("root.a") == []


def test_nothing_is_read_where_nothing_is_mapped() -> None:
    game = Game(dag(leaf("a", cached=True)), cache={"root.a": Bindings()})
    game.feed(RunRequested(game.at()))
    assert game.state.tasks["root.a"].sources == ""
