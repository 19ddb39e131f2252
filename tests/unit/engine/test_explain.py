"""What is said of tasks in every state, and of those that have not been reached."""

from dataclasses import replace

import pytest
from tests.unit.engine.test_step import RUN, Game

from headrace.base.errors import NotFound
from headrace.engine.explain import Explanation, why
from headrace.model.artifact import Bindings
from headrace.model.event import AttemptFailed, AttemptStarted, RunAborted, TerminateRequested
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import attempt_id
from headrace.spec.condition import compile_condition
from headrace.spec.plan import Retry
from headrace.testing.plans import constant, dag, group, leaf, loop, output_of

SOON = Retry(max_retries=2)
LATER = Retry(max_retries=2, backoff=60.0)


def said(game: Game, path: str) -> tuple[str, dict[str, str]]:
    explained = why(game.state, path)
    assert len(dict(explained.details)) == len(explained.details)
    return explained.headline, dict(explained.details)


def start(game: Game, path: str, number: int = 1) -> None:
    game.feed(AttemptStarted(attempt_id(RUN, path, number), path, game.at()))


def fail(game: Game, path: str, number: int, *, code: int | None = 1, infrastructure: bool = False) -> None:
    name, at = attempt_id(RUN, path, number), game.at()
    failure = Failure(f"boom {number}")
    game.feed(AttemptFailed(name, path, at, at, failure, exit_code=code, infrastructure=infrastructure))


def test_a_run_that_has_not_begun_says_so() -> None:
    game = Game(dag(leaf("a")))
    assert why(game.state, "root") == Explanation("root", State.PENDING, "it was accepted, and has not begun")
    assert said(game, "root.a") == ("the run is PENDING, and none of its tasks was reached", {})
    game.feed(TerminateRequested(game.at()))
    assert said(game, "root")[0] == "it was terminated before it began"


def test_a_run_that_could_not_begin_says_why() -> None:
    game = Game(dag(leaf("a")))
    game.feed(RunAborted(game.at(), Failure("its plan is gone")))
    assert said(game, "root")[0] == "it failed: its plan is gone"


def test_a_task_waits_for_what_it_depends_on_and_then_for_a_slot() -> None:
    game = Game(dag(leaf("a"), leaf("b", after=["a"]), leaf("c", after=["a", "b"])))
    game.begin()
    assert why(game.state, "root.c") == Explanation(
        "root.c", None, "it waits for a, b", (("a", "PENDING"), ("b", "not reached yet"))
    )
    assert said(game, "root.a") == ("it waits for a free slot, or for its environment: attempt 1 is to start", {})
    start(game, "root.a")
    headline, details = said(game, "root")
    assert headline == "it waits for a, b, c"
    assert details == {"a": "RUNNING: it runs since 1970-01-01T00:00:00.000003Z"}
    game.succeed("root.a", Output="")
    assert said(game, "root.a") == ("it succeeded", {})
    assert said(game, "root.c")[1] == {"b": "PENDING"}


def test_a_task_of_a_group_that_was_not_opened_says_what_the_group_waits_for() -> None:
    game = Game(dag(leaf("a"), group("g", dag(group("h", dag(leaf("x")))), after=["a"])))
    game.begin()
    assert said(game, "root.g.h.x") == (
        "it is not reached yet: its group g was not opened",
        {"g": "it waits for a"},
    )
    game.fail("root.a")
    assert said(game, "root.g.h.x") == (
        "it was not reached: its group g is SKIPPED",
        {"g": "SKIPPED: upstream task a is FAILED"},
    )
    for path in ("root.zzz", "root.g.zzz", "root.a.b"):
        with pytest.raises(NotFound, match="the pipeline has no task there"):
            why(game.state, path)


def test_an_iteration_waits_for_its_turn() -> None:
    game = Game(dag(loop("l", dag(leaf("x")), ["1", "2", "3"], parallelism=1)))
    game.begin()
    assert said(game, "root.l.1") == (
        "it waits for its turn: the loop runs at most 1 at a time",
        {"running": "l.0"},
    )
    assert said(game, "root.l.1.x")[0] == "it is not reached yet: its group l.1 was not opened"
    assert said(game, "root.l")[0] == "it goes on: 0 of its 3 iterations have ended, 1 running, 2 to begin"
    for path in ("root.l.3", "root.l.word", "root.l.3.x"):
        with pytest.raises(NotFound, match="the loop has 3 iterations"):
            why(game.state, path)


def test_a_task_between_two_tries_says_when_the_next_is_and_what_went_wrong() -> None:
    game = Game(dag(leaf("a", retry=LATER)))
    game.begin()
    fail(game, "root.a", 1)
    headline, details = said(game, "root.a")
    assert headline == "it waits for its next try"
    assert details == {
        "next try": "at 1970-01-01T00:01:00.000003Z, after attempt 1 failed: boom 1",
        "attempt 1": "exit code 1: boom 1",
        "tries": "1 of 3 have failed; faults that are not its own do not count",
    }
    assert said(game, "root")[1]["a"].startswith("PENDING: it waits for its next try (at 1970-01-01T00:01:00")


def test_a_group_between_two_tries_says_so_and_so_do_its_tasks() -> None:
    game = Game(dag(group("g", dag(leaf("x")), retry=LATER)))
    game.begin()
    game.fail("root.g.x")
    assert said(game, "root.g")[0] == "it waits for its next try"
    headline, details = said(game, "root.g.x")
    assert headline == "it waits for the next try of its group"
    assert details == {"next try": "at 1970-01-01T00:01:00.000003Z, after attempt 1 failed: task x failed: boom"}
    assert said(game, "root")[1]["g"].startswith("RUNNING: it waits for its next try")


def test_an_attempt_that_was_lost_is_not_the_steps_fault_and_not_counted() -> None:
    game = Game(dag(leaf("a", retry=SOON)))
    game.begin()
    fail(game, "root.a", 1, code=None, infrastructure=True)
    headline, details = said(game, "root.a")
    assert headline == "it waits for its next try"
    assert details["attempt 1"] == "boom 1 (not the step's fault)"
    assert details["tries"].startswith("0 of 3 have failed")


def test_a_step_that_had_all_its_tries_says_so() -> None:
    game = Game(dag(leaf("a", retry=SOON), leaf("b", after=["a"]), leaf("c", after=["b"])))
    game.begin()
    for number, code in ((1, 3), (2, -9), (3, -99)):
        fail(game, "root.a", number, code=code)
    assert said(game, "root.a") == (
        "it failed: boom 3",
        {
            "attempt 1": "exit code 3: boom 1",
            "attempt 2": "signal 9 (SIGKILL): boom 2",
            "attempt 3": "signal 99: boom 3",
            "tries": "3 of 3 have failed; faults that are not its own do not count",
        },
    )
    assert said(game, "root.b") == ("it was skipped: upstream task a is FAILED", {"a": "FAILED: boom 3"})
    assert said(game, "root.c") == (
        "it was skipped: upstream task b is SKIPPED",
        {"b": "SKIPPED: upstream task a is FAILED", "a": "FAILED: boom 3"},
    )


def test_a_group_failed_by_the_steps_that_failed_not_by_the_groups_around_them() -> None:
    game = Game(dag(group("g", dag(group("h", dag(leaf("x"), leaf("y"))))), leaf("ok")))
    game.begin()
    game.fail("root.g.h.y")
    game.fail("root.g.h.x")
    game.succeed("root.ok", Output="")
    headline, details = said(game, "root")
    assert headline.startswith("it failed: task g failed")
    assert list(details) == ["g.h.y", "g.h.x"]
    assert details["g.h.x"] == "FAILED: boom"
    assert said(game, "root.g")[1] == details


def test_many_failures_are_counted_and_the_first_few_named() -> None:
    game = Game(dag(loop("l", dag(leaf("x")), [str(number) for number in range(12)])))
    game.begin()
    assert said(game, "root.l")[1]["more"] == "2 others"
    for number in range(12):
        game.fail(f"root.l.{number}.x")
    assert list(said(game, "root.l")[1]) == [*(f"l.{number}.x" for number in range(10)), "more"]


def test_a_condition_that_is_false_is_shown_with_its_values() -> None:
    condition = compile_condition("inputs.parameter_values['p'] == 'yes'", "here")
    game = Game(dag(leaf("a", parameters={"p": constant("no")}, condition=condition)))
    game.begin()
    assert said(game, "root.a") == (
        "it was skipped: its condition is false",
        {"condition": "inputs.parameter_values['p'] == 'yes'  (p = \"no\")"},
    )


def test_a_task_whose_inputs_are_wrong_was_never_started() -> None:
    taker = leaf("b", parameters={"x": output_of("a")})
    binding = replace(taker.parameters["x"], selector=("k",))
    game = Game(dag(leaf("a"), replace(taker, parameters={"x": binding})))
    game.begin()
    game.succeed("root.a", Output="[1]")
    assert said(game, "root.b")[0].startswith("it was never started: ")


def test_what_was_cached_names_the_task_that_it_came_from() -> None:
    game = Game(dag(leaf("a", cached=True)), cache={"root.a": Bindings({"Output": "old"})})
    game.begin()
    assert said(game, "root.a") == (
        "it was not run: an earlier execution of the same stands in",
        {"task": "earlier"},
    )


def test_what_was_canceled_says_whether_it_ran() -> None:
    game = Game(dag(leaf("a"), leaf("b", after=["a"])))
    game.begin()
    start(game, "root.a")
    game.feed(TerminateRequested(game.at()))
    assert said(game, "root.a")[0].endswith("and is being ended: the run is being terminated")
    game.fail("root.a", killed=True)
    assert said(game, "root.a")[0] == "it was ended: the run was terminated"
    assert said(game, "root.b")[0] == "it never started: the run was terminated"
    assert said(game, "root")[0] == "it was ended: the run was terminated"
    assert set(said(game, "root")[1]) == {"a", "b"}


def test_a_step_that_may_be_tried_once_says_that_it_was() -> None:
    game = Game(dag(leaf("a", retry=Retry(max_retries=0))))
    game.begin()
    game.fail("root.a")
    assert said(game, "root.a")[1]["tries"].startswith("1 of 1 have failed")
