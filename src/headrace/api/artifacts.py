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
from headrace.model.listing import ListQuery, Operation, Page, Predicate
from headrace.store import artifacts as lists
from headrace.store.db import Tx
from headrace.store.views import ArtifactRecord

AT_ONCE = 1000
"""How many artifacts of one uri are read at a time."""


class Artifacts(Handlers):
    async def list(self, request: Request) -> Response:
        """Of metrics artifacts the numbers, each by itself."""
        asked, namespace = listing.asked(request, "Artifact"), self.principal(request).namespace
        listed = _all if _is_one_uri(asked.query.predicates) else lists.list_artifacts
        page = await self.read(lambda tx: listed(tx, namespace, asked.query))
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


def _all(tx: Tx, namespace: str, query: ListQuery) -> Page[ArtifactRecord]:
    """All that the query finds, on one page."""
    page = lists.list_artifacts(tx, namespace, replace(query, size=AT_ONCE))
    found = [*page.items]
    while page.next is not None:
        page = lists.list_artifacts(tx, namespace, replace(query, size=AT_ONCE, after=page.next))
        found += page.items
    return Page(tuple(found), page.total, None)


def _with_type(asked: ListQuery, kind: wire.IOType) -> ListQuery:
    """The query, narrowed to links of that type if it is one."""
    if kind is wire.IOType.UNSPECIFIED:
        return asked
    return replace(asked, predicates=(*asked.predicates, Predicate("type", Operation.EQUALS, kind.value)))
