"""Pipelines of random shape, in which every construct of control flow comes up, also within every other.

The randomness is the caller's; the same gives the same pipeline. `constructs` says which came up.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from headrace.base.json import JsonValue
from headrace.spec.condition import Condition, compile_condition
from headrace.spec.plan import (
    ArtifactSource,
    ArtifactSpec,
    Constant,
    Container,
    CreateClaim,
    Dag,
    FinalStatus,
    FromInput,
    FromParent,
    FromTask,
    Importer,
    Loop,
    ParameterSource,
    ParameterSpec,
    ParameterType,
    Plan,
    Retry,
    TaskPlan,
    Trigger,
)
from headrace.testing.plans import STRING, create_claim, dag, group, importer, leaf, loop, plan

DEEPEST = 3
MOST_STEPS = 11
"""How many steps a pipeline has, about, at most; those within loops count more."""


class Construct(StrEnum):
    """What a pipeline can be made of."""

    STEP = "step"
    GROUP = "sub-pipeline"
    CONDITION = "condition on a value"
    NESTED_CONDITION = "condition in a condition"
    BRANCHES = "if, elif, else"
    ONEOF = "oneof of parameters"
    ONEOF_ARTIFACTS = "oneof of artifacts"
    LOOP_CONSTANT = "loop over constants"
    LOOP_INPUT = "loop over a pipeline's parameter"
    LOOP_OUTPUT = "loop over a task's output"
    LOOP_ARTIFACTS = "loop over artifacts"
    LOOP_LIMITED = "loop with a limit"
    LOOP_EMPTY = "loop over nothing"
    NESTED_LOOP = "loop in a loop"
    LOOP_OF_STEPS = "loop without a sub-pipeline"
    COLLECTED = "collected parameters"
    COLLECTED_ARTIFACTS = "collected artifacts"
    EXIT_TASK = "exit task"
    SEVERAL_EXITS = "several exit tasks of one task"
    NESTED_EXIT = "exit task in a group that has one"
    EXIT_PIPELINE = "sub-pipeline as exit task"
    FINAL_STATUS = "final status"
    IGNORED_FAILURE = "ignored failure of an upstream task"
    STEP_RETRY = "retry of a step"
    GROUP_RETRY = "retry of a sub-pipeline"
    LOOP_RETRY = "retry of a loop"
    CACHED = "cached step"
    TIME_LIMIT = "time limit of a step"
    RUN_TIME_LIMIT = "time limit of the run"
    AFTER_GROUP = "after a group"
    SELECTOR = "field of a value"
    IMPORTER = "importer"
    REIMPORTER = "importer that always imports"
    CLAIM = "persistent volume claim"


_LIST = ParameterSpec(ParameterType.LIST, optional=True)
_STRUCT = ParameterSpec(ParameterType.STRUCT, optional=True)
_NUMBER = ParameterSpec(ParameterType.NUMBER_INTEGER, optional=True)
_OUTPUTS = {"Output": STRING, "items": _LIST, "table": _STRUCT, "number": _NUMBER}
_MADE = {"data": ArtifactSpec("system.Dataset"), "parts": ArtifactSpec("system.Metrics", is_list=True)}
_CONDITIONS = ("{0} == 'yes'", "{0} != 'yes'", "!({0} == 'no')", "{0} == 'yes' && {0} != 'no'")


def random_plan(rng: random.Random, name: str) -> Plan:
    """A pipeline with one parameter, a list."""
    root = Generator(rng).dag(0, items=True)
    listed: list[JsonValue] = [f"{number}" for number in range(rng.randint(0, 3))]
    default = ParameterSpec(ParameterType.LIST, optional=True, has_default=True, default=listed)
    whole = replace(root, interface=replace(root.interface, input_parameters={"items": default}))
    return plan(whole, name, time_limit=rng.choice([0, 0, 0, 0, 3600]))


@dataclass
class Generator:
    """Makes DAGs until its steps are used up."""

    rng: random.Random
    left: int = MOST_STEPS
    _weight: int = 1

    def dag(self, depth: int, *, items: bool = False, artifact: bool = False) -> Dag:
        """A graph; `items` says that it is given a list of that name, else it is given `item`, maybe an artifact."""
        tasks: list[TaskPlan] = []
        for number in range(self.rng.randint(0 if depth > 1 else 1, 4)):
            if self.left > 0:
                tasks += self._tasks(depth, f"t{number}", tasks, items=items, artifact=artifact)
        giving = [task.name for task in tasks if "Output" in task.component.interface.output_parameters]
        making = [task.name for task in tasks if "data" in task.component.interface.output_artifacts]
        return dag(
            *tasks,
            outputs={"Output": (self.rng.choice(giving), "Output")} if giving else {},
            made={"data": [(self.rng.choice(making), "data")]} if making else {},
        )

    def _tasks(self, depth: int, name: str, earlier: list[TaskPlan], *, items: bool, artifact: bool) -> list[TaskPlan]:
        """A task, with its exit tasks if it has some."""
        after = [task.name for task in earlier if self._may(0.25)]
        kind = self.rng.random() if depth < DEEPEST else 1.0
        if kind < 0.12:
            made = self._group(depth, name, earlier, after)
        elif kind < 0.32:
            made = self._loop(depth, name, earlier, after, items=items)
        elif kind < 0.42:
            made = self._branches(depth, name, earlier, after)
        else:
            made = self._step(name, earlier, after, artifact=artifact)
        exits = self.rng.randint(1, 2) if self._may(0.25 if isinstance(made.component, Dag) else 0.05) else 0
        return [made, *(self._exit(depth, f"{name}-exit-{number}", made.name) for number in range(exits))]

    def _step(self, name: str, earlier: list[TaskPlan], after: Sequence[str], *, artifact: bool) -> TaskPlan:
        self.left -= self._weight
        kind = self.rng.random()
        if kind < 0.08:
            uri, again = f"minio://bucket/{self.rng.randint(0, 2)}", self._may(0.3)
            return importer(name, uri, after=after, reimport=again, metadata={"n": 1}, retry=self._retry())
        if kind < 0.11:
            return create_claim(name, after=after, retry=self._retry())
        parameters, artifacts = self._parameters(earlier), self._artifacts(earlier)
        if artifact and self._may(0.5):
            artifacts["item"] = FromParent("item")
        elif self._may(0.3):
            parameters["item"] = FromParent("item")
        made = leaf(
            name,
            after=after,
            parameters=parameters,
            artifacts=artifacts,
            outputs=_OUTPUTS,
            made=_MADE,
            cached=self._may(0.3),
            always=bool(after) and self._may(0.15),
            retry=self._retry(),
            condition=self._condition("x") if "x" in parameters and self._may(0.3) else None,
            time_limit=self.rng.choice([0, 0, 60]),
        )
        return self._selecting(made) if self._may(0.2) else made

    def _selecting(self, made: TaskPlan) -> TaskPlan:
        """It takes a field of a table, where it takes something of a step."""
        chosen = made.parameters.get("x")
        if chosen is None or not isinstance(chosen.source, FromTask):
            return made
        table = replace(chosen, source=replace(chosen.source, key="table"), selector=("field",))
        return replace(made, parameters={**made.parameters, "x": table})

    def _group(self, depth: int, name: str, earlier: list[TaskPlan], after: Sequence[str]) -> TaskPlan:
        parameters = self._parameters(earlier)
        return group(
            name,
            self.dag(depth + 1),
            after=after,
            parameters={**parameters, "item": parameters.get("x", Constant("no"))},
            artifacts=self._artifacts(earlier),
            always=bool(after) and self._may(0.1),
            retry=self._retry(),
            condition=self._condition("x") if "x" in parameters and self._may(0.4) else None,
        )

    def _loop(self, depth: int, name: str, earlier: list[TaskPlan], after: Sequence[str], *, items: bool) -> TaskPlan:
        source = self._list(earlier, items=items)
        lists = [task.name for task in earlier if "parts" in task.component.interface.output_artifacts]
        artifacts: ArtifactSource | None = FromTask(self.rng.choice(lists), "parts") if lists else None
        limit = self.rng.choice([0, 0, 1, 2])
        if artifacts is not None and self._may(0.4):
            body = self._body(depth, artifact=True)
            return loop(name, body, None, after=after, artifacts=artifacts, parallelism=limit, retry=self._retry())
        if self._may(0.2):
            return self._loop_of_steps(name, source, after, limit)
        made = loop(name, self._body(depth), source, after=after, parallelism=limit, retry=self._retry())
        if isinstance(source, Constant) and isinstance(source.value, list) and self._may(0.5):  # as the SDK writes it
            return replace(made, parameters={}, loop=Loop("item", tuple(source.value), parallelism=limit))
        return made

    def _body(self, depth: int, *, artifact: bool = False) -> Dag:
        self._weight *= 2
        body = self.dag(depth + 1, artifact=artifact)
        self._weight //= 2
        return body

    def _loop_of_steps(self, name: str, source: ParameterSource, after: Sequence[str], limit: int) -> TaskPlan:
        self.left -= self._weight
        made = leaf(name, after=after, parameters={"items": source}, outputs=_OUTPUTS, made=_MADE)
        interface = replace(made.component.interface, input_parameters={"items": _LIST, "item": STRING})
        assert not isinstance(made.component, Dag)
        component = replace(made.component, interface=interface)
        return replace(made, component=component, loop=Loop("item", FromInput("items"), parallelism=limit))

    def _list(self, earlier: list[TaskPlan], *, items: bool) -> ParameterSource:
        """Something to loop over."""
        lists = [task.name for task in earlier if "items" in task.component.interface.output_parameters]
        if items and self._may(0.3):
            return FromParent("items")
        if lists and self._may(0.5):
            return FromTask(self.rng.choice(lists), "items")
        return Constant([f"item {number}" for number in range(self.rng.randint(0, 3))])

    def _branches(self, depth: int, name: str, earlier: list[TaskPlan], after: Sequence[str]) -> TaskPlan:
        """If, elif, else, as the SDK compiles them: each branch with the negations of those before it."""
        parameters = self._parameters(earlier)
        parameters = {"x": parameters.get("x", Constant("yes"))}
        names = [f"condition-{number}" for number in range(self.rng.randint(2, 3))]
        branches = []
        for number, branch in enumerate(names):
            said = " && ".join([*(f"!({_asks(each)})" for each in range(number)), _asks(number)])
            condition = compile_condition(said, "test")
            self.left -= self._weight
            step = leaf("made", parameters={"x": FromParent("x")}, outputs=_OUTPUTS, made=_MADE, cached=self._may(0.2))
            more = [group("more", self.dag(depth + 1), parameters={"item": FromParent("x")})] if self._may(0.2) else []
            inner = dag(step, *more, outputs={"Output": ("made", "Output")}, made={"data": [("made", "data")]})
            branches.append(group(branch, inner, parameters={"x": FromParent("x")}, condition=condition))
        chosen = dag(
            *branches,
            oneof={"Output": [(each, "Output") for each in names]},
            made={"data": [(each, "data") for each in names]},
        )
        return group(name, chosen, after=after, parameters=parameters)

    def _exit(self, depth: int, name: str, after: str) -> TaskPlan:
        """An exit task, with the final status of what it follows."""
        status = {"item": FinalStatus(after)}
        if depth < DEEPEST and self._may(0.3):
            return group(name, self.dag(depth + 1), parameters=status, always=True)
        self.left -= self._weight
        return leaf(name, parameters=status, always=True, retry=self._retry())

    def _parameters(self, earlier: list[TaskPlan]) -> dict[str, ParameterSource]:
        giving = [task.name for task in earlier if "Output" in task.component.interface.output_parameters]
        return {"x": FromTask(self.rng.choice(giving), "Output")} if giving and self._may(0.6) else {}

    def _artifacts(self, earlier: list[TaskPlan]) -> dict[str, ArtifactSource]:
        making = [task.name for task in earlier if "data" in task.component.interface.output_artifacts]
        return {"used": FromTask(self.rng.choice(making), "data")} if making and self._may(0.4) else {}

    def _condition(self, name: str) -> Condition:
        text = self.rng.choice(_CONDITIONS).format(f"inputs.parameter_values['{name}']")
        return compile_condition(text, "test")

    def _retry(self) -> Retry | None:
        return Retry(self.rng.randint(1, 3), self.rng.choice([0.0, 1.0])) if self._may(0.2) else None

    def _may(self, chance: float) -> bool:
        return self.rng.random() < chance


def _asks(number: int) -> str:
    """What branch `number` compares."""
    return f"inputs.parameter_values['x'] {'==' if number == 0 else '!='} '{('yes', 'no', 'maybe')[number]}'"


def constructs(made: Plan) -> set[Construct]:
    """Which constructs the pipeline is made of."""
    return {*_in_dag(made.root, ()), *([Construct.RUN_TIME_LIMIT] if made.time_limit else [])}


def _in_dag(outer: Dag, around: tuple[TaskPlan, ...]) -> Iterator[Construct]:
    for selectors in outer.output_parameters.values():
        if len(selectors) > 1:
            yield Construct.ONEOF
    for selectors in outer.output_artifacts.values():
        if len(selectors) > 1:
            yield Construct.ONEOF_ARTIFACTS
    for task in outer.tasks.values():
        yield from _in_task(task, outer, around)
        if isinstance(task.component, Dag):
            yield from _in_dag(task.component, (*around, task))


def _in_task(task: TaskPlan, outer: Dag, around: tuple[TaskPlan, ...]) -> Iterator[Construct]:
    is_group = isinstance(task.component, Dag)
    match task.component:
        case Importer(reimport=reimport):
            yield Construct.REIMPORTER if reimport else Construct.IMPORTER
        case CreateClaim():
            yield Construct.CLAIM
        case _:
            yield Construct.GROUP if is_group else Construct.STEP
    if task.condition is not None:
        yield Construct.CONDITION
        if any(each.condition is not None for each in around):
            yield Construct.NESTED_CONDITION
        if sum(each.condition is not None for each in outer.tasks.values()) > 1 and is_group:
            yield Construct.BRANCHES
    if task.retry is not None:
        yield Construct.LOOP_RETRY if task.loop else Construct.GROUP_RETRY if is_group else Construct.STEP_RETRY
    if isinstance(task.component, Container) and task.component.time_limit:
        yield Construct.TIME_LIMIT
    if task.caching.enabled:
        yield Construct.CACHED
    if any(binding.selector for binding in task.parameters.values()):
        yield Construct.SELECTOR
    if any(isinstance(outer.tasks[name].component, Dag) for name in task.depends_on):
        yield Construct.AFTER_GROUP
    if task.loop is not None:
        yield from _in_loop(task, task.loop, around)
    if task.trigger is Trigger.ALL_COMPLETED:
        yield from _in_exit(task, outer, around)
    for source in (*(binding.source for binding in task.parameters.values()), *task.artifacts.values()):
        if isinstance(source, FromTask) and outer.tasks[source.task].loop is not None:
            yield Construct.COLLECTED_ARTIFACTS if source in task.artifacts.values() else Construct.COLLECTED


def _in_loop(task: TaskPlan, turns: Loop, around: tuple[TaskPlan, ...]) -> Iterator[Construct]:
    if turns.parallelism:
        yield Construct.LOOP_LIMITED
    if any(each.loop is not None for each in around):
        yield Construct.NESTED_LOOP
    if not isinstance(task.component, Dag):
        yield Construct.LOOP_OF_STEPS
    source = task.parameters["items"].source if "items" in task.parameters else None
    if turns.over_artifacts:
        yield Construct.LOOP_ARTIFACTS
    elif isinstance(source, FromParent):
        yield Construct.LOOP_INPUT
    elif isinstance(source, FromTask):
        yield Construct.LOOP_OUTPUT
    else:
        yield Construct.LOOP_CONSTANT
        if turns.items == () or (isinstance(source, Constant) and not source.value):
            yield Construct.LOOP_EMPTY


def _in_exit(task: TaskPlan, outer: Dag, around: tuple[TaskPlan, ...]) -> Iterator[Construct]:
    watched = [binding.source for binding in task.parameters.values() if isinstance(binding.source, FinalStatus)]
    if not watched:
        yield Construct.IGNORED_FAILURE
        return
    yield Construct.EXIT_TASK
    yield Construct.FINAL_STATUS
    if isinstance(task.component, Dag):
        yield Construct.EXIT_PIPELINE
    alike = [each for each in outer.tasks.values() if set(task.depends_on) & set(each.depends_on) and each != task]
    if any(each.trigger is Trigger.ALL_COMPLETED for each in alike):
        yield Construct.SEVERAL_EXITS
    if any(each.trigger is Trigger.ALL_COMPLETED for each in around) or len(around) > 0:
        yield Construct.NESTED_EXIT
