"""What clients of KFP 3.0 write themselves: tasks, artifacts, and links between the two, under a run.

A task that was posted is a row of its own, which the planner never loads and no cache of ours answers with. Links to
the planner's own tasks may be added, but not under a key that the task itself has. All of it goes with its run.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from headrace.base.errors import AlreadyExists, FailedPrecondition, NotFound
from headrace.model.artifact import METRIC, OUTPUTS, Artifact, IOType, Origin
from headrace.model.run import Run
from headrace.model.task import Task
from headrace.store import keys
from headrace.store import tables as t
from headrace.store.lineage import METRIC_KEY_LENGTH
from headrace.store.rows import Values, artifact_of, artifact_values, task_values
from headrace.store.runs import tasks_of, touch
from headrace.store.views import ArtifactTask

_LINKS = (
    select(
        t.artifacts,
        t.artifact_tasks.c.task_id.label("of_task"),
        t.artifact_tasks.c.key.label("link_key"),
        t.artifact_tasks.c.type.label("link_type"),
        t.artifact_tasks.c.producer.label("link_producer"),
        t.artifact_tasks.c.iteration.label("link_iteration"),
    )
    .join(t.artifact_tasks, t.artifacts.c.artifact_id == t.artifact_tasks.c.artifact_id)
    .where(t.artifact_tasks.c.run_key == bindparam("run"), t.artifact_tasks.c.posted == 1)
    .order_by(t.artifacts.c.artifact_key, t.artifact_tasks.c.key)
)
_SAME = (
    select(t.artifacts)
    .where(
        t.artifacts.c.namespace == bindparam("namespace"),
        t.artifacts.c.uri == bindparam("uri"),
        t.artifacts.c.type == bindparam("type"),
        t.artifacts.c.name == bindparam("name"),
        t.artifacts.c.listed == 1,
    )
    .order_by(t.artifacts.c.artifact_key.desc())
)
_KEYS = select(t.artifact_tasks).where(t.artifact_tasks.c.task_id == bindparam("task"))


@dataclass(frozen=True, slots=True)
class PostedLink:
    """An artifact that a client linked to a task, under which key, and where it says that it is from."""

    key: str
    origin: Origin
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to be written. `own_keys` are those that the task fills itself."""

    link_id: str
    artifact_id: str
    task: Task
    key: str
    origin: Origin
    own_keys: Collection[str] = ()


def add_task(tx: Connection, run: Run, task: Task) -> None:
    """Keep a task that a client posted."""
    own = {"task_key": keys.take(tx, 1)[0], "run_key": run.key, "namespace": run.namespace}
    tx.execute(insert(t.tasks), {**_columns(task), **own})
    touch(tx, run.key)


def change_task(tx: Connection, task: Task) -> None:
    """Write a task that a client posted anew. Raises FailedPrecondition for one of the planner's."""
    mine = (t.tasks.c.task_id == task.task_id, t.tasks.c.posted.is_not(None))
    if tx.execute(update(t.tasks).where(*mine).values(_columns(task))).rowcount == 0:
        raise FailedPrecondition(
            f"Task {task.task_id} is carried out by this server, which alone writes it",
            hint="Post a task of your own under the run, and change that",
        )
    touch(tx, tx.execute(select(t.tasks.c.run_key).where(t.tasks.c.task_id == task.task_id)).scalar_one())


def _columns(task: Task) -> Values:
    """Those that all tasks have, and those with what of the message no other column holds."""
    said: Mapping[str, Any] = task.posted or {}
    pods = " ".join(pod.get("name", "") for pod in said.get("pods", ()))
    return {**task_values(task), "scope_path": said.get("scope_path", ""), "pods": pods}


def newest_of(tx: Connection, namespace: str, fingerprint: str) -> tuple[str, Task] | None:
    """The newest task of that fingerprint that SUCCEEDED, posted ones included, and its run's id.

    A run that is deleted has tasks until it has ended.
    """
    row = tx.execute(
        select(t.tasks, t.runs.c.run_id)
        .join(t.runs, t.runs.c.run_key == t.tasks.c.run_key)
        .where(t.tasks.c.namespace == namespace, t.tasks.c.fingerprint == fingerprint, t.tasks.c.state == "SUCCEEDED")
        .where(t.runs.c.namespace != t.GONE)
        .order_by(t.tasks.c.ended_at.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.run_id, tasks_of(tx, [row])[0])


def add_artifact(tx: Connection, run: Run, task: Task, artifact: Artifact) -> None:
    """Keep an artifact of the task that a client posted; a number is one of the run's metrics, too."""
    values = {
        **artifact_values(artifact),
        "artifact_key": keys.take(tx, 1)[0],
        "namespace": run.namespace,
        "run_id": run.run_id,
        "task_id": task.task_id,
        "producer": task.name,
        "listed": 1,
    }
    tx.execute(insert(t.artifacts), values)
    if artifact.type == METRIC and artifact.number_value is not None and len(artifact.name) <= METRIC_KEY_LENGTH:
        which = {"run_key": run.key, "artifact_id": artifact.artifact_id, "key": artifact.name}
        own = {"namespace": run.namespace, "run_id": run.run_id, "value": artifact.number_value}
        tx.execute(insert(t.metrics), {**which, **own})


def same_artifact(tx: Connection, namespace: str, wanted: Artifact) -> Artifact | None:
    """The newest artifact that is the same in uri, type, name, description, number and metadata."""
    which = {"namespace": namespace, "uri": wanted.uri, "type": wanted.type, "name": wanted.name}
    for row in tx.execute(_SAME, which):
        found = artifact_of(row)
        if (found.description, found.number_value, found.metadata) == (
            wanted.description,
            wanted.number_value,
            wanted.metadata,
        ):
            return found
    return None


def add_link(tx: Connection, run: Run, link: NewLink) -> ArtifactTask:
    """Link an artifact to a task of the run. Raises NotFound, AlreadyExists."""
    artifact = tx.execute(select(t.artifacts).where(t.artifacts.c.artifact_id == link.artifact_id)).first()
    if artifact is None or artifact.namespace != run.namespace:
        raise NotFound(f"Artifact {link.artifact_id} not found", where="artifact_id")
    outward = link.origin.type in OUTPUTS
    there = [row for row in tx.execute(_KEYS, {"task": link.task.task_id}) if (IOType(row.type) in OUTPUTS) == outward]
    taken = {row.key for row in there if not row.posted} | set(link.own_keys)
    if link.key in taken:
        raise AlreadyExists(
            f"the task {link.task.path} fills {link.key!r} itself", where="key", hint="Link it under another key"
        )
    if any((row.key, row.artifact_id) == (link.key, link.artifact_id) for row in there):
        raise AlreadyExists(f"artifact {link.artifact_id} is linked under {link.key!r} already", where="key")
    position = sum(row.key == link.key for row in there)
    values = {
        "link_id": link.link_id,
        "namespace": run.namespace,
        "run_key": run.key,
        "task_id": link.task.task_id,
        "artifact_id": link.artifact_id,
        "type": link.origin.type.value,
        "position": position,
        "iteration": link.origin.iteration,
        "posted": 1,
        "key": link.key,
        "producer": link.origin.producer,
    }
    tx.execute(insert(t.artifact_tasks), values)
    touch(tx, run.key)
    return ArtifactTask(
        link_id=link.link_id,
        artifact_id=link.artifact_id,
        run_id=run.run_id,
        task_id=link.task.task_id,
        type=link.origin.type,
        key=link.key,
        position=position,
        producer=link.origin.producer or artifact.producer,
        iteration=link.origin.iteration,
    )


def links_of(tx: Connection, run_key: int) -> Mapping[str, Sequence[PostedLink]]:
    """What clients linked to the tasks of the run with that key, by task id."""
    found: defaultdict[str, list[PostedLink]] = defaultdict(list)
    for row in tx.execute(_LINKS, {"run": run_key}):
        origin = Origin(IOType(row.link_type), row.link_producer, row.link_iteration)
        found[row.of_task].append(PostedLink(row.link_key, origin, artifact_of(row)))
    return found
