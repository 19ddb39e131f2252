"""Experiments, pipelines and their versions: made, found, changed, archived, deleted, by KFP's rules.

Ids and instants come from the caller. Names are unique: of experiments and pipelines in their namespace, of versions in
their pipeline. Lists are in `query.py`.
"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidInput, NotFound
from headrace.base.json import JsonObject
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion
from headrace.model.state import StorageState
from headrace.store import tables as t
from headrace.store import tags
from headrace.store.lineage import chunks
from headrace.store.rows import experiment_of, pipeline_of, version_of
from headrace.store.runs import keep_document

DEFAULT_EXPERIMENT = "Default"
DEFAULT_DESCRIPTION = "Where a run goes that names no experiment."
EXPERIMENT_NAME = 128
PIPELINE_NAME = 128
VERSION_NAME = 127
DISPLAY_NAME = 255

_EXPERIMENT = select(t.experiments).where(t.experiments.c.experiment_id == bindparam("experiment"))
_EXPERIMENT_NAMED = select(t.experiments).where(
    t.experiments.c.namespace == bindparam("namespace"), t.experiments.c.name == bindparam("name")
)


def create_experiment(tx: Connection, experiment: Experiment) -> Experiment:
    """Raises AlreadyExists for its name, InvalidInput for a name that is empty or too long."""
    _check_length("display_name", experiment.name, EXPERIMENT_NAME)
    values = {
        "experiment_id": experiment.experiment_id,
        "namespace": experiment.namespace,
        "name": experiment.name,
        "storage_state": experiment.storage_state.value,
        "created_at": experiment.created_at,
        "last_run_created_at": experiment.last_run_created_at,
        "description": experiment.description,
    }
    try:
        tx.execute(insert(t.experiments), values)
    except IntegrityError as error:
        raise AlreadyExists(
            f"Experiment {experiment.name} already exists",
            where="display_name",
            hint="Give another name, or use that experiment",
        ) from error
    return experiment


def ensure_default_experiment(tx: Connection, namespace: str, at: Instant) -> Experiment:
    """The namespace's experiment `Default`, made if there is none."""
    try:
        return get_experiment_by_name(tx, namespace, DEFAULT_EXPERIMENT)
    except NotFound:
        experiment = Experiment(
            experiment_id=ids.derived(namespace, "experiment", DEFAULT_EXPERIMENT),
            name=DEFAULT_EXPERIMENT,
            namespace=namespace,
            created_at=at,
            description=DEFAULT_DESCRIPTION,
        )
        return create_experiment(tx, experiment)


def present_or_default(tx: Connection, namespace: str, experiment_id: str, at: Instant) -> Experiment:
    """The experiment with that id; `Default` where it was deleted."""
    row = tx.execute(_EXPERIMENT, {"experiment": experiment_id}).first()
    return ensure_default_experiment(tx, namespace, at) if row is None else experiment_of(row)


def get_experiment(tx: Connection, experiment_id: str) -> Experiment:
    """Raises NotFound."""
    row = tx.execute(_EXPERIMENT, {"experiment": experiment_id}).first()
    if row is None:
        raise NotFound(f"Experiment {experiment_id} not found")
    return experiment_of(row)


def get_experiment_by_name(tx: Connection, namespace: str, name: str) -> Experiment:
    """Raises NotFound."""
    row = tx.execute(_EXPERIMENT_NAMED, {"namespace": namespace, "name": name}).first()
    if row is None:
        raise NotFound(f"Experiment {name} not found")
    return experiment_of(row)


def archive_experiment(tx: Connection, experiment_id: str) -> None:
    """Archive the experiment and all its runs. Raises NotFound."""
    _store_experiment(tx, experiment_id, StorageState.ARCHIVED)
    of_it = t.runs.c.experiment_id == experiment_id
    namespace = get_experiment(tx, experiment_id).namespace
    tx.execute(
        update(t.runs)
        .where(t.runs.c.namespace == namespace, of_it)
        .values(storage_state=StorageState.ARCHIVED.value, revision=t.runs.c.revision + 1)
    )


def unarchive_experiment(tx: Connection, experiment_id: str) -> None:
    """Bring back the experiment, not its runs. Raises NotFound."""
    _store_experiment(tx, experiment_id, StorageState.AVAILABLE)


def delete_experiment(tx: Connection, experiment_id: str) -> None:
    """Delete the experiment; its runs stay. Raises NotFound, Conflict for the default one."""
    if get_experiment(tx, experiment_id).name == DEFAULT_EXPERIMENT:
        raise Conflict("the Default experiment cannot be deleted", hint="Runs that name no experiment need it")
    for table in (t.experiments, t.retentions):
        tx.execute(delete(table).where(table.c.experiment_id == experiment_id))


def create_pipeline(tx: Connection, pipeline: Pipeline) -> Pipeline:
    """Raises AlreadyExists for its name, InvalidInput for its names or tags."""
    _check_length("name", pipeline.name, PIPELINE_NAME)
    _check_length("display_name", pipeline.display_name, DISPLAY_NAME)
    values = {
        "pipeline_id": pipeline.pipeline_id,
        "namespace": pipeline.namespace,
        "name": pipeline.name,
        "display_name": pipeline.display_name,
        "created_at": pipeline.created_at,
        "description": pipeline.description,
    }
    try:
        tx.execute(insert(t.pipelines), values)
    except IntegrityError as error:
        raise AlreadyExists(
            f"Pipeline {pipeline.name} already exists",
            where="name",
            hint="Give another name, or add a version to that pipeline",
        ) from error
    tags.put(tx, pipeline.pipeline_id, pipeline.namespace, pipeline.tags)
    return pipeline


def get_pipeline(tx: Connection, pipeline_id: str) -> Pipeline:
    """Raises NotFound."""
    row = tx.execute(select(t.pipelines).where(t.pipelines.c.pipeline_id == pipeline_id)).first()
    if row is None:
        raise NotFound(f"Pipeline {pipeline_id} not found")
    return pipeline_of(row, tags.of(tx, [pipeline_id])[pipeline_id])


def get_pipeline_by_name(tx: Connection, namespace: str, name: str) -> Pipeline:
    """Raises NotFound."""
    query = select(t.pipelines).where(t.pipelines.c.namespace == namespace, t.pipelines.c.name == name)
    row = tx.execute(query).first()
    if row is None:
        raise NotFound(f"Pipeline {name} not found")
    return pipeline_of(row, tags.of(tx, [row.pipeline_id])[row.pipeline_id])


def update_pipeline(
    tx: Connection, pipeline_id: str, *, display_name: str | None = None, new_tags: Mapping[str, str] | None = None
) -> Pipeline:
    """Change what is given. Raises NotFound, InvalidInput."""
    pipeline = get_pipeline(tx, pipeline_id)
    if display_name is not None:
        _check_length("display_name", display_name, DISPLAY_NAME)
        which = t.pipelines.c.pipeline_id == pipeline_id
        tx.execute(update(t.pipelines).where(which).values(display_name=display_name))
        pipeline = replace(pipeline, display_name=display_name)
    if new_tags is not None:
        tags.put(tx, pipeline_id, pipeline.namespace, new_tags)
        pipeline = replace(pipeline, tags=new_tags)
    return pipeline


def delete_pipeline(tx: Connection, pipeline_id: str, *, cascade: bool = False) -> tuple[str, ...]:
    """Delete the pipeline; gives the ids of the versions that went with it, whose bytes are of no use any more.

    Raises NotFound, FailedPrecondition where it has versions and `cascade` is not given.
    """
    get_pipeline(tx, pipeline_id)
    versions = t.pipeline_versions
    of_it = versions.c.pipeline_id == pipeline_id
    owned = tuple(tx.execute(select(versions.c.pipeline_version_id).where(of_it)).scalars())
    if owned and not cascade:
        raise FailedPrecondition(
            f"Pipeline {pipeline_id} has {len(owned)} versions",
            where="cascade",
            hint="Delete them first, or delete all with cascade=true",
        )
    for chunk in chunks([*owned, pipeline_id]):
        tx.execute(delete(t.tags).where(t.tags.c.owner_id.in_(chunk)))
    tx.execute(delete(versions).where(of_it))
    tx.execute(delete(t.pipelines).where(t.pipelines.c.pipeline_id == pipeline_id))
    return owned


def create_version(tx: Connection, version: PipelineVersion, document: JsonObject) -> PipelineVersion:
    """Add a version, and keep its document. Raises NotFound for its pipeline, AlreadyExists, InvalidInput."""
    _check_length("name", version.name, VERSION_NAME)
    _check_length("display_name", version.display_name, DISPLAY_NAME)
    namespace = get_pipeline(tx, version.pipeline_id).namespace
    values = {
        "pipeline_version_id": version.pipeline_version_id,
        "namespace": namespace,
        "pipeline_id": version.pipeline_id,
        "name": version.name,
        "display_name": version.display_name,
        "created_at": version.created_at,
        "plan_id": version.plan_id,
        "code_source_url": version.code_source_url,
        "package_url": version.package_url,
        "description": version.description,
    }
    try:
        tx.execute(insert(t.pipeline_versions), values)
    except IntegrityError as error:
        raise AlreadyExists(
            f"Pipeline version {version.name} already exists", where="name", hint="Give another name"
        ) from error
    keep_document(tx, version.plan_id, document)
    tags.put(tx, version.pipeline_version_id, namespace, version.tags)
    return version


def get_version(tx: Connection, version_id: str) -> PipelineVersion:
    """Raises NotFound."""
    versions = t.pipeline_versions
    row = tx.execute(select(versions).where(versions.c.pipeline_version_id == version_id)).first()
    if row is None:
        raise NotFound(f"Pipeline version {version_id} not found")
    return version_of(row, tags.of(tx, [version_id])[version_id])


def latest_version(tx: Connection, pipeline_id: str) -> PipelineVersion:
    """The newest version of the pipeline; of two made at once the one with the larger id. Raises NotFound."""
    versions = t.pipeline_versions
    query = (
        select(versions)
        .where(versions.c.pipeline_id == pipeline_id)
        .order_by(versions.c.created_at.desc(), versions.c.pipeline_version_id.desc())
        .limit(1)
    )
    row = tx.execute(query).first()
    if row is None:
        get_pipeline(tx, pipeline_id)
        raise NotFound(f"Pipeline {pipeline_id} has no version", hint="Upload one")
    return version_of(row, tags.of(tx, [row.pipeline_version_id])[row.pipeline_version_id])


def update_version(
    tx: Connection, version_id: str, *, display_name: str | None = None, new_tags: Mapping[str, str] | None = None
) -> PipelineVersion:
    """Change what is given. Raises NotFound, InvalidInput."""
    version = get_version(tx, version_id)
    if display_name is not None:
        _check_length("display_name", display_name, DISPLAY_NAME)
        which = t.pipeline_versions.c.pipeline_version_id == version_id
        tx.execute(update(t.pipeline_versions).where(which).values(display_name=display_name))
        version = replace(version, display_name=display_name)
    if new_tags is not None:
        tags.put(tx, version_id, get_pipeline(tx, version.pipeline_id).namespace, new_tags)
        version = replace(version, tags=new_tags)
    return version


def delete_version(tx: Connection, version_id: str) -> None:
    """Delete the version; runs of it keep their document. Raises NotFound."""
    get_version(tx, version_id)
    tx.execute(delete(t.tags).where(t.tags.c.owner_id == version_id))
    tx.execute(delete(t.pipeline_versions).where(t.pipeline_versions.c.pipeline_version_id == version_id))


def _store_experiment(tx: Connection, experiment_id: str, state: StorageState) -> None:
    which = t.experiments.c.experiment_id == experiment_id
    if tx.execute(update(t.experiments).where(which).values(storage_state=state.value)).rowcount == 0:
        raise NotFound(f"Experiment {experiment_id} not found")


def _check_length(field: str, text: str, most: int) -> None:
    if not 1 <= len(text) <= most:
        raise InvalidInput(f"it has {len(text)} characters", where=field, hint=f"Give 1 to {most}")
