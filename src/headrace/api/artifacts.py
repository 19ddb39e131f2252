"""Artifacts and their lineage as KFP 3.0 has them."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import listing, query
from headrace.api.body import reply
from headrace.api.convert import artifacts as convert
from headrace.api.handlers import Handlers
from headrace.api.wire import task as wire
from headrace.model.listing import ListQuery, Operation, Predicate
from headrace.store import artifacts as lists
from headrace.store.views import ArtifactRecord

MAX_OF_URI = 1000
"""How many artifacts of one uri a page holds."""


class Artifacts(Handlers):
    async def list(self, request: Request) -> Response:
        """Of metrics artifacts the numbers, each by itself."""
        asked, namespace = listing.asked(request, "Artifact"), self.principal(request).namespace
        wanted = asked.query
        if _is_one_uri(wanted.predicates):
            wanted = replace(wanted, size=MAX_OF_URI)
        page = await self.read(lambda tx: lists.list_artifacts(tx, namespace, wanted))
        return reply(
            wire.ListArtifacts(
                artifacts=[convert.artifact(each.artifact, each.namespace) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )
        )

    async def get(self, request: Request) -> Response:
        found = await self._get(query.path(request, "artifact_id"))
        return reply(convert.artifact(found.artifact, found.namespace))

    async def list_links(self, request: Request) -> Response:
        """Which tasks made and used which artifacts."""
        asked, namespace = listing.asked(request, "ArtifactTask"), self.principal(request).namespace
        wanted = _with_type(asked.query, query.enum(request, "type", wire.IOType))
        run_ids, task_ids = query.texts(request, "run_ids"), query.texts(request, "task_ids")
        artifact_ids = query.texts(request, "artifact_ids")
        page = await self.read(
            lambda tx: lists.list_artifact_tasks(
                tx, namespace, wanted, run_ids=run_ids, task_ids=task_ids, artifact_ids=artifact_ids
            )
        )
        return reply(
            wire.ListArtifactTasks(
                artifact_tasks=[convert.link(each) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )
        )

    async def _get(self, artifact_id: str) -> ArtifactRecord:
        return await self.read(lambda tx: lists.get_artifact(tx, artifact_id))


def _is_one_uri(predicates: Sequence[Predicate]) -> bool:
    """The filter asks for what is at one uri: KFP answers that with all of it, on one page."""
    return len(predicates) == 1 and (predicates[0].key, predicates[0].operation) == ("uri", Operation.EQUALS)


def _with_type(asked: ListQuery, kind: wire.IOType) -> ListQuery:
    """The query, narrowed to links of that type if it is one."""
    if kind is wire.IOType.UNSPECIFIED:
        return asked
    return replace(asked, predicates=(*asked.predicates, Predicate("type", Operation.EQUALS, kind.value)))
