"""The planner's decisions on small plans, event by event."""

import sys
from types import FrameType

import pytest

from headrace.base.clock import Instant
from headrace.engine.decision import Kill, Launch, LookUp, LookUpEarlier
from headrace.engine.settle import Settled, settle
from headrace.engine.state import Options, RunState
from headrace.engine.step import NOTHING, step
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CacheAnswered,
    EarlierAnswered,
    Event,
    RunAborted,
    RunRequested,
    TerminateRequested,
)
from headrace.model.run import Failure, Run
from headrace.model.state import State
from headrace.model.task import AttemptState, Earlier, TaskKind, attempt_id
from headrace.spec.plan import Dag, FinalStatus, OutputSelector, ParameterBinding
from headrace.testing.plans import constant, dag, group, leaf, output_of, plan

RUN = "11111111-1111-4111-8111-111111111111"


class Game:
    """A run that a test plays by hand, with a clock that counts events."""

    def __init__(self, root: Dag, *, cache: dict[str, Bindings] | None = None, **options: object) -> None:
        compiled = plan(root)
        run = Run(
            run_id=RUN,
            key=1,
            name="a run",
            namespace="",
            experiment_id="",
            plan_id=compiled.plan_id,
            pipeline_name=compiled.pipeline_name,
            created_at=Instant(1),
            scheduled_at=Instant(1),
            pipeline_root="minio://bucket",
        )
        self.state = RunState(compiled, Options(**options), run)  # type: ignore[arg-type]
        self.cache = cache or {}
        self.now = 1
        self.earlier: dict[str, Earlier] = {}
        self.looked_up: list[str] = []

    def at(self) -> Instant:
        self.now += 1
        return Instant(self.now)

    def feed(self, *events: Event) -> Settled:
        return settle(self.state, events, self._answer)

    def begin(self) -> list[str]:
        return launched(self.feed(RunRequested(self.at())))

    def succeed(self, path: str, *, made: dict[str, Artifact] | None = None, **values: str) -> list[str]:
        outputs = Bindings(values, {key: (each,) for key, each in (made or {}).items()})
        event = AttemptSucceeded(attempt_id(RUN, path, 1), path, self.at(), Instant(self.now), outputs)
        return launched(self.feed(event))

    def fail(self, path: str, *, killed: bool = False) -> list[str]:
        name = attempt_id(RUN, path, 1)
        event = AttemptFailed(name, path, self.at(), Instant(self.now), Failure("boom"), exit_code=1, killed=killed)
        return launched(self.feed(event))

    def states(self) -> dict[str, str]:
        return {path.removeprefix("root.") or path: str(task.state) for path, task in self.state.tasks.items()}

    def _answer(self, look: LookUp) -> CacheAnswered | EarlierAnswered:
        if isinstance(look, LookUpEarlier):
            return EarlierAnswered(look.path, self.at(), self.earlier.get(look.task_id))
        self.looked_up.append(look.path)
        hit = self.cache.get(look.path)
        return CacheAnswered(look.path, self.at(), "earlier" if hit else "", hit or Bindings())


def launched(settled: Settled) -> list[str]:
    return [command.path for command in settled.commands if isinstance(command, Launch)]


def test_a_chain_runs_one_after_the_other_and_hands_values_on() -> None:
    second = leaf("b", parameters={"x": output_of("a")})
    game = Game(dag(leaf("a"), second, outputs={"result": ("b", "Output")}))
    assert game.begin() == ["root.a"]
    assert game.succeed("root.a", Output="one") == ["root.b"]
    assert game.state.tasks["root.b"].inputs.parameters == {"x": "one"}
    assert game.succeed("root.b", Output="two") == []
    assert game.state.run.state is State.SUCCEEDED
    assert game.state.tasks["root"].outputs.parameters == {"result": "two"}
    assert game.state.run.finished_at == game.now


def test_branches_run_side_by_side_and_a_join_waits_for_all() -> None:
    game = Game(dag(leaf("a"), leaf("b"), leaf("c", after=["a", "b"])))
    assert game.begin() == ["root.a", "root.b"]
    assert game.succeed("root.b", Output="") == []
    assert game.succeed("root.a", Output="") == ["root.c"]


def test_a_nested_pipeline_is_a_task_that_ends_with_its_tasks() -> None:
    inner = dag(leaf("x"), leaf("y", after=["x"]), outputs={"Output": ("y", "Output")})
    game = Game(dag(group("inner", inner), leaf("after", parameters={"v": output_of("inner")})))
    assert game.begin() == ["root.inner.x"]
    assert game.succeed("root.inner.x", Output="") == ["root.inner.y"]
    assert game.succeed("root.inner.y", Output="deep") == ["root.after"]
    assert game.state.tasks["root.inner"].state is State.SUCCEEDED
    assert game.state.tasks["root.after"].inputs.parameters == {"v": "deep"}


def test_after_a_failure_independent_branches_run_and_nothing_downstream_does() -> None:
    inner = dag(leaf("x"), leaf("y", after=["x"]))
    down = (leaf("c", after=["a"]), group("d", inner, after=["c"]))
    game = Game(dag(leaf("a"), leaf("b"), *down, leaf("e", after=["b"])))
    game.begin()
    assert game.fail("root.a") == []
    assert game.succeed("root.b", Output="") == ["root.e"]
    game.succeed("root.e", Output="")
    assert game.states() == {
        "root": "FAILED", "a": "FAILED", "b": "SUCCEEDED", "c": "SKIPPED", "d": "SKIPPED", "e": "SUCCEEDED",
    }  # fmt: skip
    assert game.state.tasks["root.c"].reason == "upstream task a is FAILED"
    assert game.state.run.failure == Failure("task a failed: boom")


def test_a_failed_group_fails_its_parent_and_an_exit_task_still_runs() -> None:
    status = leaf("exit", parameters={"status": FinalStatus("body")}, always=True)
    game = Game(dag(group("body", dag(leaf("x"))), status))
    game.begin()
    assert game.fail("root.body.x") == ["root.exit"]
    game.succeed("root.exit", Output="")
    assert game.state.run.state is State.FAILED


@pytest.mark.parametrize(("word", "compat"), [("SUCCEEDED", "SUCCEEDED"), ("COMPLETE", "COMPLETE")])
def test_a_final_status_says_how_the_task_ended(word: str, compat: str) -> None:
    taken = leaf("exit", parameters={"status": FinalStatus("a")}, always=True)
    interface = taken.component.interface
    game = Game(dag(leaf("a"), taken), success_status=compat)
    game.begin()
    game.succeed("root.a", Output="")
    assert interface.input_parameters["status"].optional
    assert f'"state":"{word}"' in str(game.state.tasks["root.exit"].inputs.parameters["status"])


def test_a_cache_hit_ends_the_task_in_the_same_transaction() -> None:
    hit = Bindings({"Output": "old"})
    second = leaf("b", parameters={"x": output_of("a")}, cached=True)
    game = Game(dag(leaf("a", cached=True), second), cache={"root.a": hit, "root.b": hit})
    assert game.begin() == []
    assert game.states() == {"root": "SUCCEEDED", "a": "CACHED", "b": "CACHED"}
    assert game.state.tasks["root.b"].cached_from == "earlier"
    assert game.state.tasks["root.b"].inputs.parameters == {"x": "old"}


def test_a_cache_miss_launches() -> None:
    game = Game(dag(leaf("a", cached=True)))
    assert game.begin() == ["root.a"]
    assert game.looked_up == ["root.a"]
    assert game.state.tasks["root.a"].fingerprint


def test_nothing_is_looked_up_where_caching_is_off() -> None:
    game = Game(dag(leaf("a", cached=True), leaf("b")), cache=None)
    game.state.options = Options(cache=False)
    assert game.begin() == ["root.a", "root.b"]
    assert game.looked_up == []


def test_equal_inputs_have_equal_fingerprints_and_others_do_not() -> None:
    marks = []
    for value in ("x", "x", "y"):
        game = Game(dag(leaf("a", parameters={"p": constant(value)}, cached=True)))
        game.begin()
        marks.append(game.state.tasks["root.a"].fingerprint)
    assert marks[0] == marks[1] != marks[2]


def test_a_required_artifact_that_was_not_made_fails_the_task_by_name() -> None:
    taker = leaf("b", artifacts={"data": output_of("a", "data")})
    required = taker.component.interface.input_artifacts["data"]
    assert required.optional
    game = Game(dag(leaf("a", made=["data"]), taker))
    game.begin()
    game.succeed("root.a", Output="")
    assert "data" not in game.state.tasks["root.b"].inputs.artifacts


def test_an_artifact_goes_from_its_maker_to_its_taker() -> None:
    made = Artifact("id", "data", "system.Artifact", "minio://bucket/data")
    game = Game(dag(leaf("a", made=["data"]), leaf("b", artifacts={"given": output_of("a", "data")})))
    game.begin()
    game.succeed("root.a", Output="", made={"data": made})
    assert game.state.tasks["root.b"].inputs.artifacts == {"given": (made,)}


def test_terminate_kills_what_runs_and_starts_nothing_more() -> None:
    game = Game(dag(leaf("a"), group("g", dag(leaf("x"))), leaf("c", after=["a"])))
    game.begin()
    settled = game.feed(TerminateRequested(game.at()))
    assert [type(command) for command in settled.commands] == [Kill, Kill]
    assert game.state.run.state is State.CANCELING
    assert game.succeed("root.a", Output="") == []
    assert game.fail("root.g.x", killed=True) == []
    assert game.states() == {
        "root": "CANCELED", "a": "SUCCEEDED", "c": "CANCELED", "g": "CANCELED", "g.x": "CANCELED",
    }  # fmt: skip
    assert [change.state for change in game.state.run.history] == [State.RUNNING, State.CANCELING, State.CANCELED]


def test_terminate_before_anything_ran_cancels_at_once() -> None:
    game = Game(dag(leaf("a")))
    game.feed(TerminateRequested(game.at()))
    assert game.state.run.state is State.CANCELED
    assert game.begin() == []


def test_late_doubled_and_foreign_reports_change_nothing() -> None:
    game = Game(dag(leaf("a"), leaf("b", after=["a"])))
    game.begin()
    started = AttemptStarted(attempt_id(RUN, "root.a", 1), "root.a", game.at())
    foreign = AttemptStarted("someone else's", "root.a", game.at())
    unknown = AttemptStarted("nobody's", "root.zzz", game.at())
    assert step(game.state, foreign) == step(game.state, unknown) == NOTHING
    game.feed(started)
    assert game.state.tasks["root.a"].state is State.RUNNING
    assert game.state.tasks["root.a"].attempts[0].state is AttemptState.STARTED
    assert step(game.state, started) == NOTHING
    game.succeed("root.a", Output="")
    assert game.succeed("root.a", Output="again") == []
    assert game.fail("root.a") == []
    assert step(game.state, started) == NOTHING
    assert game.state.tasks["root.a"].outputs.parameters == {"Output": ""}
    assert game.begin() == []


def test_an_attempt_that_was_lost_keeps_when_it_began() -> None:
    game = Game(dag(leaf("a")))
    game.begin()
    begun = AttemptStarted(attempt_id(RUN, "root.a", 1), "root.a", game.at())
    game.feed(begun)
    game.feed(AttemptFailed(begun.attempt_id, "root.a", game.at(), Instant(0), Failure("lost")))
    assert game.state.tasks["root.a"].attempts[0].started_at == begun.at


def test_an_empty_pipeline_succeeds() -> None:
    game = Game(dag(group("empty", dag())))
    game.begin()
    assert game.states() == {"root": "SUCCEEDED", "empty": "SUCCEEDED"}
    assert game.state.tasks["root"].kind is TaskKind.ROOT


def test_an_output_takes_the_first_candidate_that_succeeded() -> None:
    root = dag(leaf("a"), leaf("b"))
    chosen = {"result": (OutputSelector("a", "Output"), OutputSelector("b", "Output"))}
    root = Dag(root.component, root.interface, root.tasks, root.successors, root.roots, output_parameters=chosen)
    game = Game(root)
    game.begin()
    game.succeed("root.b", Output="from b")
    game.succeed("root.a", Output="from a")
    assert game.state.tasks["root"].outputs.parameters == {"result": "from a"}


def test_a_selector_takes_a_field_and_its_failure_names_the_input() -> None:
    for text, state in (('{"k": "v"}', "PENDING"), ("[1]", "FAILED")):
        taker = leaf("b", parameters={"x": output_of("a")})
        taker = type(taker)(
            name="b",
            display_name="b",
            component=taker.component,
            parameters={"x": ParameterBinding(output_of("a"), ("k",))},
            depends_on=("a",),
        )
        game = Game(dag(leaf("a"), taker))
        game.begin()
        game.succeed("root.a", Output=text)
        task = game.state.tasks["root.b"]
        assert task.state == state
        if task.failure:
            assert "input parameter x" in task.failure.message
        else:
            assert task.inputs.parameters == {"x": "v"}


def calls_of_one_end(tasks: int) -> int:
    """How many Python calls the end of one task of a wide run takes: counted, so the machine's mood is no matter."""
    game = Game(dag(*(leaf(f"t{number}") for number in range(tasks))))
    game.begin()
    calls = 0

    def count(_frame: FrameType, kind: str, _argument: object) -> None:
        nonlocal calls
        calls += kind == "call"

    sys.setprofile(count)
    try:
        game.succeed("root.t3", Output="")
    finally:
        sys.setprofile(None)
    return calls


def test_an_event_costs_what_it_touches_not_what_the_run_holds() -> None:
    assert calls_of_one_end(5_000) == calls_of_one_end(10)


def test_a_run_that_cannot_go_on_fails_with_all_that_is_open() -> None:
    game = Game(dag(leaf("a"), group("g", dag(leaf("x"))), leaf("c", after=["a"])))
    game.begin()
    game.succeed("root.a", Output="")
    game.feed(RunAborted(game.at(), Failure("internal error", code=13)))
    assert game.states() == {"root": "FAILED", "a": "SUCCEEDED", "g": "FAILED", "g.x": "FAILED", "c": "FAILED"}
    assert game.state.tasks["root.c"].attempts[0].state is AttemptState.ENDED
    assert game.state.run.failure == Failure("internal error", code=13)
    assert step(game.state, RunAborted(game.at(), Failure("again"))) == NOTHING
