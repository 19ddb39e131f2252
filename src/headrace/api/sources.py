"""What a run or a recurring run is made of: a pipeline that the request gives, or a version that it names."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from headrace.api import proto_json
from headrace.api.handlers import Handlers, named_in
from headrace.api.wire.recurring import RecurringRun
from headrace.api.wire.run import Run
from headrace.base.errors import InvalidInput, NotFound
from headrace.spec.load import Document, document_from_json
from headrace.store import catalog, runs
from headrace.store.db import Tx


@dataclass(frozen=True, slots=True)
class Source:
    """A document, and the version that it is of, if any. `newest`: the request names a pipeline, and no version."""

    document: Document
    pipeline_id: str = ""
    pipeline_version_id: str = ""
    newest: bool = False


async def source(handlers: Handlers, asked: Run | RecurringRun, quick: bool) -> Source:
    """The pipeline that the request, which is `quick` to read, gives or names. Raises InvalidInput, NotFound."""
    reference = asked.pipeline_version_reference
    named = [asked.pipeline_spec, reference, asked.pipeline_version_id or None]
    if sum(each is not None for each in named) != 1:
        raise InvalidInput(
            "the run has no pipeline, or several",
            hint="Give one of pipeline_spec, pipeline_version_reference and pipeline_version_id",
        )
    if isinstance(asked.pipeline_spec, Mapping):
        given = asked.pipeline_spec
        if quick:
            return Source(handlers.services.plans.read(proto_json.encode(given), given))
        return Source(await asyncio.to_thread(document_from_json, given))
    pipeline_id = reference.pipeline_id if reference is not None else ""
    version_id = reference.pipeline_version_id if reference is not None else asked.pipeline_version_id
    where = "pipeline_version_reference." if reference is not None else ""
    return await handlers.read(lambda tx: _version(tx, pipeline_id, version_id, where))


def _version(tx: Tx, pipeline_id: str, version_id: str, where: str) -> Source:
    """The version with that id, or the pipeline's latest. `where` is what the fields that name them begin with."""
    if version_id:
        with named_in(f"{where}pipeline_version_id", "GET .../pipelines/{pipeline_id}/versions lists a pipeline's"):
            version = catalog.get_version(tx, version_id)
            if pipeline_id and version.pipeline_id != pipeline_id:
                raise NotFound(f"Pipeline version {version_id} is not one of pipeline {pipeline_id}")
    elif pipeline_id:
        with named_in(f"{where}pipeline_id", "GET .../pipelines lists them"):
            version = catalog.latest_version(tx, pipeline_id)
    else:
        raise InvalidInput("the pipeline is missing", where=f"{where}pipeline_id", hint="Give its id")
    document = document_from_json(runs.load_document(tx, version.plan_id))
    return Source(document, version.pipeline_id, version.pipeline_version_id, newest=not version_id)
