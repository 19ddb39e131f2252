"""What clients of KFP 3.0 write: tasks of their own under a run, artifacts, and links between the two.

The tasks of this server's own runs are its controllers' to write: a client adds to them, it does not change them.
"""

from collections.abc import Collection, Sequence

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, limits, proto_json, query
from headrace.api.body import reply
from headrace.api.convert import artifacts as convert_artifacts
from headrace.api.convert import posted as convert
from headrace.api.convert.tasks import pipeline_task
from headrace.api.handlers import named_in
from headrace.api.tasks import Tasks
from headrace.api.wire import posting as wire
from headrace.api.wire import task as wire_task
from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.model.artifact import Artifact, IOType, Origin
from headrace.model.run import Run
from headrace.model.task import ROOT, Task
from headrace.spec.plan import Dag
from headrace.store import posted
from headrace.store import query as lists
from headrace.store.db import Tx
from headrace.store.posted import NewLink
from headrace.store.views import ArtifactTask

MOST = 500
"""How many things one request may write."""


class Posting(Tasks):
    async def create_task(self, request: Request) -> Response:
        asked = proto_json.read(wire_task.PipelineTask, await body.read(request))
        run_id, task_id, now = query.path(request, "run_id"), self.services.fresh_id(), self.services.clock.now()

        def unit(tx: Tx) -> wire_task.PipelineTask:
            run = lists.get_run(tx, run_id)
            posted.add_task(tx, run, convert.new_task(asked, run, _parent(tx, run, asked.parent_task_id), task_id, now))
            return self._shown(tx, run_id, [task_id])[0]

        return reply(await self.write(unit))

    async def update_task(self, request: Request) -> Response:
        raw = proto_json.decode(await body.read(request))
        run_id, task_id, now = query.path(request, "run_id"), query.path(request, "task_id"), self.services.clock.now()

        def unit(tx: Tx) -> wire_task.PipelineTask:
            _change(tx, run_id, task_id, raw, "", now)
            return self._shown(tx, run_id, [task_id])[0]

        return reply(await self.write(unit))

    async def update_tasks(self, request: Request) -> Response:
        """`tasks:batchUpdate`: all of them or, where one is refused, none."""
        raw = proto_json.decode(await body.read(request))
        run_id, now = query.path(request, "run_id"), self.services.clock.now()
        asked = proto_json.from_json(wire.UpdateTasks, raw)
        _check_count(len(asked.tasks), "tasks")

        def unit(tx: Tx) -> wire.UpdatedTasks:
            for task_id, change in asked.tasks.items():
                _change(tx, run_id, task_id, change, f"tasks.{task_id[:80]}", now)
            shown = self._shown(tx, run_id, list(asked.tasks))
            return wire.UpdatedTasks(tasks={each.task_id: each for each in shown})

        return reply(await self.write(unit))

    async def find_cached(self, request: Request) -> Response:
        """`tasks:findCached`: the newest task of the fingerprint that SUCCEEDED, or `{}`."""
        asked = proto_json.read(wire.FindCached, await body.read(request))
        if not asked.cache_fingerprint:
            raise InvalidInput("the fingerprint is missing", where="cache_fingerprint", hint="Give one")
        namespace = self.principal(request).namespace

        def read(tx: Tx) -> wire_task.PipelineTask:
            found = posted.newest_of(tx, namespace, asked.cache_fingerprint)
            if found is None:
                return wire_task.PipelineTask()
            run_id, task = found
            return self._shown(tx, run_id, [task.task_id])[0]

        return reply(await self.read(read))

    async def create_artifact(self, request: Request) -> Response:
        asked = proto_json.read(wire.CreateArtifact, await body.read(request))
        return reply((await self._create_artifacts([asked], [""]))[0])

    async def create_artifacts(self, request: Request) -> Response:
        """`artifacts:batchCreate`: all of them or none."""
        asked = proto_json.read(wire.CreateArtifacts, await body.read(request)).artifacts
        _check_count(len(asked), "artifacts")
        where = [f"artifacts[{index}]." for index in range(len(asked))]
        return reply(wire.CreatedArtifacts(artifacts=await self._create_artifacts(asked, where)))

    async def create_link(self, request: Request) -> Response:
        """Takes the link, by itself or as `artifact_task`."""
        raw = proto_json.decode(await body.read(request))
        wrapped = raw.get("artifact_task", raw.get("artifactTask", raw)) if isinstance(raw, dict) else raw
        asked = proto_json.from_json(wire_task.ArtifactTask, wrapped)
        return reply((await self._create_links([asked], [""]))[0])

    async def create_links(self, request: Request) -> Response:
        """`artifact_tasks:batchCreate`: all of them or none."""
        asked = proto_json.read(wire.CreateArtifactTasks, await body.read(request)).artifact_tasks
        _check_count(len(asked), "artifact_tasks")
        where = [f"artifact_tasks[{index}]." for index in range(len(asked))]
        return reply(wire.CreatedArtifactTasks(artifact_tasks=await self._create_links(asked, where)))

    async def _create_artifacts(
        self, asked: Sequence[wire.CreateArtifact], where: Sequence[str]
    ) -> list[wire_task.Artifact]:
        now = self.services.clock.now()
        wanted = [_artifact(each, path, self.services.fresh_id(), now) for each, path in zip(asked, where, strict=True)]
        link_ids = [self.services.fresh_id() for _ in asked]

        def unit(tx: Tx) -> list[wire_task.Artifact]:
            made = zip(asked, wanted, link_ids, where, strict=True)
            return [self._keep(tx, each, artifact, link_id, path) for each, artifact, link_id, path in made]

        return await self.write(unit)

    def _keep(
        self, tx: Tx, asked: wire.CreateArtifact, artifact: Artifact, link_id: str, where: str
    ) -> wire_task.Artifact:
        """Write the artifact, or take the one that is the same, and link it to its task."""
        run, task = _task(tx, asked.run_id, asked.task_id, where)
        same = posted.same_artifact(tx, run.namespace, artifact) if asked.reuse_if_exists else None
        if same is None:
            posted.add_artifact(tx, run, task, artifact)
        kept = same or artifact
        iteration = limits.iteration(asked.iteration_index, f"{where}iteration_index")
        origin = Origin(IOType.OUTPUT, task.name, iteration)
        own = self._own_keys(tx, run, task)
        posted.add_link(tx, run, NewLink(link_id, kept.artifact_id, task, asked.producer_key, origin, own))
        return convert_artifacts.artifact(kept, run.namespace)

    async def _create_links(
        self, asked: Sequence[wire_task.ArtifactTask], where: Sequence[str]
    ) -> list[wire_task.ArtifactTask]:
        fresh = [self.services.fresh_id() for _ in asked]

        def unit(tx: Tx) -> list[wire_task.ArtifactTask]:
            made = zip(asked, fresh, where, strict=True)
            return [convert_artifacts.link(self._add_link(tx, each, link_id, path)) for each, link_id, path in made]

        return await self.write(unit)

    def _add_link(self, tx: Tx, asked: wire_task.ArtifactTask, link_id: str, where: str) -> ArtifactTask:
        if asked.id:
            raise InvalidInput("the id is the server's to give", where=f"{where}id", hint="Leave it out")
        for name in ("artifact_id", "key"):
            if not getattr(asked, name):
                raise InvalidInput("is missing", where=f"{where}{name}", hint="Give one")
        if asked.type is wire_task.IOType.UNSPECIFIED:
            hint = f"Give one of {', '.join(IOType)}"
            raise InvalidInput("is missing", where=f"{where}type", hint=hint)
        run, task = _task(tx, asked.run_id, asked.task_id, where)
        made = asked.producer or wire_task.Producer()
        iteration = limits.iteration(made.iteration, f"{where}producer.iteration")
        origin = Origin(IOType[asked.type.name], made.task_name, iteration)
        own = self._own_keys(tx, run, task) if origin.type.is_output else ()
        return posted.add_link(tx, run, NewLink(link_id, asked.artifact_id, task, asked.key, origin, own))

    def _own_keys(self, tx: Tx, run: Run, task: Task) -> Collection[str]:
        """The outputs that the planner's own task gives, or may still give."""
        plan = self.plan_if_any(tx, run.plan_id) if task.posted is None else None
        if plan is None:
            return ()
        component = plan.root if task.path == ROOT else plan.find(task.path).component
        return component.output_artifacts if isinstance(component, Dag) else component.interface.output_artifacts

    def _shown(self, tx: Tx, run_id: str, task_ids: Sequence[str]) -> list[wire_task.PipelineTask]:
        whole = self.whole(tx, run_id)
        by_id = {task.task_id: task for task in whole.family.by_path.values()}
        return [pipeline_task(whole, by_id[each]) for each in task_ids]


def _parent(tx: Tx, run: Run, parent_id: str) -> Task | None:
    """The task under which another is posted: the run's own unless one is named. Raises NotFound."""
    if parent_id:
        return _in_run(tx, run, parent_id, "parent_task_id")
    return next((task for task in lists.get_tasks(tx, run.run_id) if task.path == ROOT), None)


def _task(tx: Tx, run_id: str, task_id: str, where: str) -> tuple[Run, Task]:
    """The run, and the task of it. Raises InvalidInput where one is not named, NotFound."""
    for name, given in (("run_id", run_id), ("task_id", task_id)):
        if not given:
            raise InvalidInput("is missing", where=f"{where}{name}", hint="Give one")
    run = lists.get_run(tx, run_id)
    return run, _in_run(tx, run, task_id, f"{where}task_id")


def _in_run(tx: Tx, run: Run, task_id: str, where: str) -> Task:
    with named_in(where, "GET .../runs/{run_id}/tasks lists them"):
        return lists.get_task(tx, run.run_id, task_id)


def _change(tx: Tx, run_id: str, task_id: str, raw: JsonValue, where: str, now: Instant) -> None:
    """Change a task that a client posted by what it says of it. Raises FailedPrecondition for another."""
    asked = proto_json.from_json(wire_task.PipelineTask, raw, where)
    task = lists.get_task(tx, run_id, task_id)
    if task.posted is None:
        posted.change_task(tx, task)
    given = proto_json.given(wire_task.PipelineTask, raw)
    posted.change_task(tx, convert.changed_task(task, asked, given, now))


def _artifact(asked: wire.CreateArtifact, where: str, artifact_id: str, now: Instant) -> Artifact:
    """The artifact that is asked for. Raises InvalidInput."""
    given = asked.artifact or wire_task.Artifact()
    limits.name(given.name, f"{where}artifact.name")
    if given.artifact_id:
        raise InvalidInput("the id is the server's to give", where=f"{where}artifact.artifact_id", hint="Leave it out")
    if given.type is wire_task.ArtifactType.TYPE_UNSPECIFIED:
        known = ", ".join(each for each in wire_task.ArtifactType if each != given.type)
        raise InvalidInput("is missing", where=f"{where}artifact.type", hint=f"Give one of {known}")
    is_metric = given.type is wire_task.ArtifactType.Metric
    if is_metric is (given.number_value is None):
        message = "a Metric needs its number" if is_metric else f"a {given.type} has no number"
        raise InvalidInput(message, where=f"{where}artifact.number_value")
    if not asked.producer_key:
        raise InvalidInput("is missing", where=f"{where}producer_key", hint="Give the key of the task's output")
    kind, metadata = convert_artifacts.row_type(given)
    return Artifact(
        artifact_id=artifact_id,
        name=given.name,
        type=kind,
        uri=given.uri,
        metadata=metadata,
        created_at=now,
        number_value=given.number_value,
        description=given.description,
    )


def _check_count(count: int, where: str) -> None:
    if not 1 <= count <= MOST:
        raise InvalidInput(f"there are {count}", where=where, hint=f"Give 1 to {MOST}")
