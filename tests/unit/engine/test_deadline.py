"""Time limits of attempts and of runs, event by event."""

import json

import pytest
from tests.unit.engine.test_step import RUN, Game

from headrace.base.clock import SECOND, Instant
from headrace.engine.deadline import open_deadlines
from headrace.engine.decision import Deadline, Kill, Launch
from headrace.engine.explain import why
from headrace.engine.settle import Settled
from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.event import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    DeadlinePassed,
    RetryRequested,
    RunRequested,
    TerminateRequested,
)
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import attempt_id
from headrace.spec.plan import Dag, FinalStatus, Retry
from headrace.testing.plans import constant, dag, group, leaf, loop, plan

TIMED_OUT = "timed out after 60 s, its time limit (activeDeadlineSeconds)"


def start(game: Game, path: str = "root.a", number: int = 1) -> Deadline:
    """The attempt starts; its limit."""
    (limit,) = limits(game.feed(AttemptStarted(attempt_id(RUN, path, number), path, game.at())))
    return limit


def limits(settled: Settled) -> list[Deadline]:
    return [command for command in settled.commands if isinstance(command, Deadline)]


def over(game: Game, limit: Deadline) -> Settled:
    return game.feed(DeadlinePassed(limit.path, limit.attempt_id, limit.since, limit.seconds, game.at()))


def killed(game: Game, path: str = "root.a", number: int = 1) -> Settled:
    name = attempt_id(RUN, path, number)
    failure = Failure("killed")
    return game.feed(AttemptFailed(name, path, game.at(), Instant(1), failure, exit_code=-15, killed=True))


def limited(root: Dag) -> Game:
    """A run that may take 9 s, and what it begins with."""
    game = Game(root)
    game.state = RunState(plan(root, time_limit=9), game.state.options, game.state.run)
    return game


def message(game: Game, path: str) -> str:
    failure = game.state.tasks[path].failure
    return failure.message if failure is not None else ""


class TestAttempts:
    def test_a_limit_counts_from_the_start_of_the_process(self) -> None:
        game = Game(dag(leaf("a", time_limit=60)))
        assert limits(game.feed(RunRequested(game.at()))) == []
        limit = start(game)
        assert (limit.due - game.now, limit.seconds) == (60 * SECOND, 60)
        assert open_deadlines(game.state) == [limit]

    def test_what_is_over_its_time_is_killed_and_fails_with_the_limit(self) -> None:
        game = Game(dag(leaf("a", time_limit=60)))
        game.begin()
        limit = start(game)
        assert over(game, limit).commands == (Kill("root.a", limit.attempt_id),)
        assert why(game.state, "root.a").headline.endswith(f"and is being ended: {TIMED_OUT}")
        assert open_deadlines(game.state) == []
        killed(game)
        assert (game.state.run.state, message(game, "root.a")) == (State.FAILED, TIMED_OUT)
        failure = game.state.tasks["root.a"].failure
        assert failure is not None
        assert failure.code == 4

    def test_it_counts_as_a_try_and_the_next_has_its_own_time(self) -> None:
        game = Game(dag(leaf("a", time_limit=60, retry=Retry(1))))
        game.begin()
        over(game, start(game))
        assert [type(each) for each in killed(game).commands] == [Launch]
        second = start(game, number=2)
        assert second.since == game.now
        over(game, second)
        killed(game, number=2)
        assert game.states() == {"root": "FAILED", "a": "FAILED"}

    def test_what_went_well_meanwhile_went_well(self) -> None:
        game = Game(dag(leaf("a", time_limit=60)))
        game.begin()
        limit = start(game)
        over(game, limit)
        game.feed(AttemptSucceeded(limit.attempt_id, "root.a", game.at(), Instant(1), Bindings()))
        assert game.state.run.state is State.SUCCEEDED
        assert game.state.tasks["root.a"].attempts[0].failure is None

    def test_told_late_or_twice_it_is_nothing(self) -> None:
        game = Game(dag(leaf("a", time_limit=60)))
        game.begin()
        limit = start(game)
        assert over(game, limit).changes
        assert not over(game, limit).changes
        killed(game)
        assert not over(game, limit).changes

    def test_a_loss_after_it_is_still_the_step_over_its_time(self) -> None:
        game = Game(dag(leaf("a", time_limit=60)))
        game.begin()
        limit = start(game)
        over(game, limit)
        lost = Failure("its host is gone")
        game.feed(AttemptFailed(limit.attempt_id, "root.a", game.at(), Instant(0), lost, infrastructure=True))
        assert (game.state.run.state, message(game, "root.a")) == (State.FAILED, TIMED_OUT)

    def test_an_exit_task_of_a_run_that_was_terminated_has_its_time_too(self) -> None:
        last = leaf("exit", after=["a"], always=True, time_limit=60)
        game = Game(dag(leaf("a"), last))
        game.begin()
        game.feed(AttemptStarted(attempt_id(RUN, "root.a", 1), "root.a", game.at()))
        game.feed(TerminateRequested(game.at()))
        killed(game)
        assert open_deadlines(game.state) == []
        over(game, start(game, "root.exit"))
        killed(game, "root.exit")
        assert game.states() == {"root": "CANCELED", "a": "CANCELED", "exit": "FAILED"}
        assert message(game, "root.exit") == TIMED_OUT

    def test_why_says_how_long_it_may_run(self) -> None:
        game = Game(dag(leaf("a", time_limit=60)))
        game.begin()
        start(game)
        assert dict(why(game.state, "root.a").details)["time limit"] == (
            "60 s: it is ended at 1970-01-01T00:01:00.000003Z"
        )


class TestRuns:
    def test_it_ends_failed_and_so_does_all_that_it_leaves_unfinished(self) -> None:
        status = leaf("exit", parameters={"status": FinalStatus("g")}, always=True)
        game = limited(dag(group("g", dag(leaf("a"), leaf("b", after=["a"]))), leaf("c"), status))
        (limit,) = limits(game.feed(RunRequested(game.at())))
        game.succeed("root.c", Output="")
        game.feed(AttemptStarted(attempt_id(RUN, "root.g.a", 1), "root.g.a", game.at()))
        over(game, limit)
        said = "the run timed out after 9 s, its time limit (activeDeadlineSeconds)"
        assert game.state.run.state is State.CANCELING
        assert why(game.state, "root.g.a").headline.endswith(f"is being ended: {said}")
        killed(game, "root.g.a")
        assert game.succeed("root.exit", Output="") == []
        assert game.states() == {
            "root": "FAILED",
            "g": "FAILED",
            "c": "SUCCEEDED",
            "g.a": "FAILED",
            "g.b": "FAILED",
            "exit": "SUCCEEDED",
        }
        assert message(game, "root.g.a") == message(game, "root.g.b") == message(game, "root") == said
        assert game.state.run.failure == Failure(said, 4)
        told = game.state.tasks["root.exit"].inputs.parameters["status"]
        assert isinstance(told, str)
        assert json.loads(told)["state"] == "FAILED"

    def test_nothing_is_tried_again_when_there_is_no_time(self) -> None:
        game = limited(dag(leaf("a", retry=Retry(5))))
        (limit,) = limits(game.feed(RunRequested(game.at())))
        over(game, limit)
        assert game.fail("root.a") == []
        assert (game.state.run.state, message(game, "root.a")) == (State.FAILED, "boom")

    def test_iterations_that_did_not_begin_never_do(self) -> None:
        game = limited(dag(loop("l", dag(leaf("x")), ["1", "2"], parallelism=1)))
        (limit,) = limits(game.feed(RunRequested(game.at())))
        over(game, limit)
        assert why(game.state, "root.l.1").headline.startswith("it will not begin: the run timed out")
        killed(game, "root.l.0.x")
        assert (game.states()["l"], game.state.run.state) == ("FAILED", State.FAILED)
        assert "root.l.1" not in game.state.tasks

    @pytest.mark.parametrize("first", ["limit", "terminate"])
    def test_whichever_comes_first_says_how_it_ends(self, first: str) -> None:
        game = limited(dag(leaf("a", parameters={"x": constant("1")})))
        (limit,) = limits(game.feed(RunRequested(game.at())))
        if first == "limit":
            over(game, limit)
        game.feed(TerminateRequested(game.at()))
        over(game, limit)
        killed(game)
        assert game.state.run.state is (State.FAILED if first == "limit" else State.CANCELED)

    def test_a_retried_run_has_its_time_anew(self) -> None:
        game = limited(dag(leaf("a")))
        (first,) = limits(game.feed(RunRequested(game.at())))
        over(game, first)
        killed(game)
        (second,) = limits(game.feed(RetryRequested(game.at())))
        assert second.since > first.since
        assert not over(game, first).changes
        assert (game.state.run.state, game.state.run.failure) == (State.RUNNING, None)
        assert dict(why(game.state, "root").details)["time limit"].startswith("9 s: ")
