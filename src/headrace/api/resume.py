"""`POST /api/v1/runs/{run}:resume`: a new run of the same pipeline that takes over what an ended run has done already.

Everything is checked before anything is written: that the run has ended, that the tasks exist, that the parameters fit,
and that the artifacts that may be taken over are still there. What is taken over, the engine decides step by step.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, limits, proto_json, query
from headrace.api.body import reply
from headrace.api.convert import runs as convert
from headrace.api.handlers import Handlers
from headrace.api.wire import run as wire
from headrace.base.clock import Instant
from headrace.base.errors import Conflict, FailedPrecondition, InvalidInput, NotFound
from headrace.base.json import JsonObject, JsonValue
from headrace.model.event import RunRequested
from headrace.model.run import Resume, Run, StateChange
from headrace.model.state import State, StorageState
from headrace.model.task import Task, TaskKind
from headrace.spec.load import document_from_json
from headrace.spec.plan import Plan
from headrace.spec.schedule import macros
from headrace.spec.spots import ANY, Spot, find_spot
from headrace.spec.values import runtime_parameters
from headrace.store import catalog, runs
from headrace.store import query as lists
from headrace.store.db import Tx

_MOST = 10
"""How many lost artifacts an error names."""


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The run that is to be resumed, with what is needed to check it."""

    run: Run
    document: JsonObject
    plan: Plan
    tasks: tuple[Task, ...]


class Resumes(Handlers):
    async def post(self, request: Request) -> Response:
        run_id = query.path(request, "run_id")
        asked = proto_json.read(wire.ResumeRun, await body.read(request))
        if not asked.at:
            raise InvalidInput("no task is given", where="at", hint="Name the tasks from which on it is to run anew")
        earlier = await self.read(lambda tx: self._earlier(tx, run_id))
        run = await asyncio.to_thread(self._checked, earlier, asked)

        def unit(tx: Tx) -> Run:
            _check_ended(lists.get_run(tx, run_id))
            home = catalog.present_or_default(tx, run.namespace, run.experiment_id, run.created_at)
            placed = replace(run, experiment_id=home.experiment_id)
            return runs.create_run(tx, placed, earlier.document, RunRequested(run.created_at))

        created = await self.write(unit)
        self.services.wake(created.run_id)
        return reply(convert.run(created, self.services.settings.pipeline_root, document=earlier.document))

    def _earlier(self, tx: Tx, run_id: str) -> _Earlier:
        run = lists.get_run(tx, run_id)
        _check_ended(run)
        document, plans = runs.load_document(tx, run.plan_id), self.services.plans
        plan = plans.known(run.plan_id) or plans.get(document_from_json(document))
        return _Earlier(run, document, plan, runs.load_tasks(tx, run.key))

    def _checked(self, earlier: _Earlier, asked: wire.ResumeRun) -> Run:
        """The new run. Raises NotFound or InvalidInput for what was asked, FailedPrecondition for what is lost."""
        spots = tuple(find_spot(earlier.plan, each) for each in asked.at)
        for spot in spots:
            _check_iterations(spot, earlier.tasks)
        now, new_id = self.services.clock.now(), self.services.fresh_id()
        parameters = _parameters(earlier, asked.parameters, macros.Occasion(new_id, now, Instant(0)))
        self._check_artifacts(earlier, spots)
        return replace(
            earlier.run,
            run_id=new_id,
            key=0,
            name=limits.name(asked.display_name or _name(earlier.run, spots), "display_name"),
            created_at=now,
            scheduled_at=now,
            state=State.PENDING,
            storage_state=StorageState.AVAILABLE,
            recurring_run_id="",
            parameters=parameters,
            finished_at=Instant(0),
            failure=None,
            history=(StateChange(now, State.PENDING),),
            resume=Resume(earlier.run.run_id, tuple(spot.path for spot in spots)),
        )

    def _check_artifacts(self, earlier: _Earlier, spots: Sequence[Spot]) -> None:
        """All that the steps that may be taken over have made is there, unchanged."""
        lost = [
            f"{name} of {_short(task.path)}"
            for task in earlier.tasks
            if task.kind is TaskKind.RUNTIME and task.state.good and not any(spot.covers(task.path) for spot in spots)
            for name, made in task.outputs.products.items()
            if not all(self.services.blobs.is_intact(each) for each in made)
        ]
        if lost:
            more = f" and {len(lost) - _MOST} more" if len(lost) > _MOST else ""
            raise FailedPrecondition(
                f"artifacts that the run made are gone, or were changed: {', '.join(lost[:_MOST])}{more}",
                where=f"run {earlier.run.run_id}",
                hint="Resume at the tasks that made them, too: then these run anew",
            )


def _check_ended(run: Run) -> None:
    if not run.state.ended:
        raise Conflict(
            f"Run {run.run_id} is {run.state}: only a run that has ended can be resumed",
            hint="Wait for its end, or terminate it first",
        )


def _check_iterations(spot: Spot, tasks: Sequence[Task]) -> None:
    """The loops that the spot names an iteration of had such."""
    counts = {task.path: task.iterations for task in tasks if task.kind is TaskKind.LOOP}
    names = spot.path.split(".")
    for place, name in enumerate(names):
        loop = ".".join(names[:place])
        if name != ANY and loop in counts and not (name.isdecimal() and int(name) < counts[loop]):
            raise NotFound(f"the loop had {counts[loop]} iterations, counted from 0", where=_short(spot.path))


def _parameters(earlier: _Earlier, changed: Mapping[str, JsonValue], occasion: macros.Occasion) -> JsonObject:
    """The run's own parameters with the changed ones in their place. Raises InvalidInput."""
    known = earlier.plan.root.interface.input_parameters
    unknown = [name for name in changed if name not in known]
    if unknown:
        hint = f"It takes {', '.join(known)}" if known else "It takes none"
        raise InvalidInput("the pipeline has no such parameter", where=f"parameters.{unknown[0][:80]}", hint=hint)
    parameters = {**earlier.run.parameters, **macros.fill(changed, occasion)}
    runtime_parameters(earlier.plan, parameters)
    return parameters


def _name(run: Run, spots: Sequence[Spot]) -> str:
    """What the new run is called where the request does not say."""
    return f"{run.name} from {', '.join(_short(spot.path) for spot in spots)}"[: runs.NAME_LENGTH]


def _short(path: str) -> str:
    return path.removeprefix("root.")
