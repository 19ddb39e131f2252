"""What one transaction does of a large run: a bounded piece, so that others get their turn."""

from headrace.base.clock import Instant
from headrace.engine.decision import TaskAdded, Wait
from headrace.engine.groups import ITERATIONS_AT_ONCE
from headrace.engine.settle import Settled, settle
from headrace.engine.state import Options, RunState
from headrace.model.artifact import Bindings
from headrace.model.event import CacheAnswered, RunRequested, WaitEnded
from headrace.model.run import Run
from headrace.model.state import State
from headrace.model.task import TaskKind
from headrace.testing.plans import dag, leaf, loop, plan

ITERATIONS = 1_050


def test_a_loop_that_the_cache_answers_is_begun_piece_by_piece() -> None:
    """Each answer ends an iteration, and each end asks for more: they are woken once, not once each."""
    compiled = plan(dag(loop("each", dag(leaf("a", cached=True)), items=list(range(ITERATIONS)))))
    run = Run(
        run_id="11111111-1111-4111-8111-111111111111",
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
    state, now = RunState(compiled, Options(), run), 1

    def feed(*events: RunRequested | WaitEnded) -> Settled:
        nonlocal now

        def answer(look: object) -> CacheAnswered:
            nonlocal now
            now += 1  # as a clock does: no two answers are of one instant
            return CacheAnswered(look.path, Instant(now), "earlier", Bindings({"Output": "x"}))  # type: ignore[attr-defined]

        return settle(state, events, answer)

    pieces, settled = [], feed(RunRequested(Instant(now)))
    while True:
        pieces.append(sum(isinstance(c, TaskAdded) and c.task.kind is TaskKind.ITERATION for c in settled.changes))
        waits = [command for command in settled.commands if isinstance(command, Wait)]
        if not waits:
            break
        now += 1
        settled = feed(*(WaitEnded(wait.path, Instant(now)) for wait in waits))
    assert state.run.state is State.SUCCEEDED
    assert sum(pieces) == ITERATIONS
    assert max(pieces) == ITERATIONS_AT_ONCE
