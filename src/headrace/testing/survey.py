"""A pipeline played with many seeds: how its runs ended, what its tasks came to, and the first seed that broke a rule.

Takes a plan and the seeds; plays each in a `World` of its own luck, seed 0 without any trouble. What a survey gives is
for a report: counts of seeds, by the paths of tasks without the numbers of iterations.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from headrace.base.json import JsonValue
from headrace.engine.state import RunState
from headrace.model.state import State
from headrace.model.task import ROOT, TaskKind, child
from headrace.spec.plan import Dag, Plan, TaskPlan
from headrace.store import runs
from headrace.store.db import Database
from headrace.store.views import EventRow
from headrace.testing.luck import CALM, Luck, Trouble
from headrace.testing.shapes import static_path
from headrace.testing.world import World

_EVERY = 1_000_000


@dataclass(slots=True)
class Fate:
    """What became of a task: in how many seeds it was in each end state, `began` in how many it ran or was cached.

    `condition` is the task's own, "" if it has none; `reason` why it was skipped, as it was said the last time.
    """

    path: str
    is_group: bool
    condition: str = ""
    began: int = 0
    ends: Counter[State] = field(default_factory=Counter)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """A seed that broke a rule: which, what the world did, and the run's events as the database has them."""

    seed: int
    problem: str
    story: tuple[str, ...]
    events: tuple[EventRow, ...]


@dataclass(slots=True)
class Survey:
    """What was seen. `steps` holds, for each seed, how many attempts were executed."""

    fates: dict[str, Fate]
    seeds: int = 0
    runs: Counter[State] = field(default_factory=Counter)
    troubles: Counter[Trouble] = field(default_factory=Counter)
    steps: list[int] = field(default_factory=list)
    commits: int = 0
    violation: Violation | None = None
    story: tuple[str, ...] = ()

    @property
    def dead(self) -> list[Fate]:
        """The tasks that never began, but those within a group that never did."""
        never = {path for path, fate in self.fates.items() if not fate.began}
        return [fate for path, fate in self.fates.items() if path in never and path.rpartition(".")[0] not in never]


def play(
    plan: Plan,
    parameters: Mapping[str, JsonValue],
    database: Database,
    seeds: Iterable[int],
    played: Callable[[int], None] = lambda _: None,
) -> Survey:
    """Play the pipeline with each seed, up to the first that breaks a rule; `played` is told how many were."""
    survey = Survey({fate.path: fate for fate in _fates(ROOT, plan.root)})
    size = sum(not fate.is_group for fate in survey.fates.values())
    for seed in seeds:
        luck = Luck.drawn(random.Random(f"luck {seed}"), size) if seed else CALM
        world = World(plan, database, seed, luck, parameters)
        survey.seeds += 1
        try:
            final = world.play()
        except Exception as error:  # whatever it is, this seed found it
            survey.violation = _violation(world, error)
            return survey
        _count(survey, plan, world, final)
        played(survey.seeds)
    return survey


def _fates(path: str, dag: Dag) -> Iterator[Fate]:
    for name, task in dag.tasks.items():
        at = child(path, name)
        inner = task.component
        yield Fate(at, isinstance(inner, Dag), _condition(task))
        if isinstance(inner, Dag):
            yield from _fates(at, inner)


def _condition(task: TaskPlan) -> str:
    return task.condition.text if task.condition is not None else ""


def _count(survey: Survey, plan: Plan, world: World, final: RunState) -> None:
    survey.runs[final.run.state] += 1
    survey.troubles += world.troubles
    survey.steps.append(sum(world.executions.values()))
    survey.commits += world.commits
    survey.story = tuple(world.story)
    began: set[str] = set()
    ends: set[tuple[str, State]] = set()
    for task in final.tasks.values():
        if task.kind in (TaskKind.ROOT, TaskKind.ITERATION):
            continue
        path = static_path(plan, task.path)
        ends.add((path, task.state))
        if task.started_at or task.state is State.CACHED:
            began.add(path)
        elif task.state is State.SKIPPED:
            survey.fates[path].reason = task.reason
    for path in began:
        survey.fates[path].began += 1
    for path, state in ends:
        survey.fates[path].ends[state] += 1


def _violation(world: World, error: Exception) -> Violation:
    events = world.database.read(lambda tx: runs.events_after(tx, world.run_id, 0, _EVERY))
    named = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return Violation(world.seed, f"{named}{error}", tuple(world.story), tuple(events))
