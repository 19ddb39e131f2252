"""`/api/v1/cache`: the executions that may stand in for equal steps, listed, explained and dropped."""

from dataclasses import dataclass, replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import listing, query
from headrace.api.body import reply_own
from headrace.api.cache_reason import of_cache
from headrace.api.handlers import Handlers
from headrace.api.why import path_of, told
from headrace.api.wire import own
from headrace.base.clock import Instant, from_rfc3339, to_rfc3339
from headrace.base.errors import InvalidInput
from headrace.engine.explain import why
from headrace.engine.state import Options, RunState
from headrace.model.listing import Page
from headrace.store import cache, entries, runs
from headrace.store.db import Tx
from headrace.store.entries import Which
from headrace.store.views import Entry

_NARROWING = "fingerprint, pipeline, run_id, task or ended_before"


@dataclass(frozen=True, slots=True)
class Cache(Handlers):
    async def list(self, request: Request) -> Response:
        asked, which = listing.asked(request, "CacheEntry"), _which(request)
        namespace = self.principal(request).namespace

        def read(tx: Tx) -> Page[Entry]:
            return entries.list_entries(tx, namespace, asked.query, which)

        page = await self.read(read)
        return reply_own(
            own.CacheEntries(
                entries=[_entry(each) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )
        )

    async def drop(self, request: Request) -> Response:
        """What is narrowed down, or all if that is said in so many words."""
        which, dry_run, everything = _which(request), query.flag(request, "dry_run"), query.flag(request, "all")
        namespace = self.principal(request).namespace
        if which.is_all and not everything:
            hint = f"Give {_NARROWING}, or all=true"
            raise InvalidInput("it is not said what to drop", where="query", hint=hint)
        work = self.read if dry_run else self.write
        dropped = await work(lambda tx: entries.drop(tx, namespace, which, dry_run=dry_run))
        return reply_own(own.CacheDropped(dry_run=dry_run, count=len(dropped), fingerprints=list(dropped)))

    async def why(self, request: Request) -> Response:
        run_id, node = query.path(request, "run_id"), query.path(request, "node")
        return reply_own(await self.read(lambda tx: self._explain(tx, run_id, node)))

    def _explain(self, tx: Tx, run_id: str, node: str) -> own.CacheExplanation:
        rows = runs.load_run(tx, run_id)
        state = RunState.load(self.plan(tx, rows.run.plan_id), Options(), rows.run, rows.tasks, rows.retired)
        path = path_of(state, node)
        task = state.tasks.get(path)
        if task is None or task.kind.is_group:
            hint = "Name a step that was reached; `why` tells of the others"
            raise InvalidInput("the cache is asked for steps whose turn has come", where=node[:200], hint=hint)
        said = told(run_id, replace(why(state, path), details=of_cache(tx, state, task)))
        parts = cache.parts_of(tx, rows.run.namespace, task.fingerprint) if task.fingerprint else {}
        return own.CacheExplanation(
            **msgspec.structs.asdict(said),
            fingerprint=task.fingerprint,
            parts=parts,
            cached_from=task.cached_from,
        )


def _which(request: Request) -> Which:
    """What the query string narrows the entries to."""
    return Which(
        fingerprint=query.text(request, "fingerprint"),
        pipeline=query.text(request, "pipeline"),
        run=query.text(request, "run_id"),
        task=query.text(request, "task"),
        before=_instant(request, "ended_before"),
    )


def _instant(request: Request, name: str) -> Instant | None:
    given = query.text(request, name)
    if not given:
        return None
    try:
        return from_rfc3339(given)
    except (ValueError, OverflowError) as error:
        hint = "Write it as 2026-01-31T08:00:00Z"
        raise InvalidInput(f"{given[:40]!r} is no time", where=name, hint=hint) from error


def _entry(entry: Entry) -> own.CacheEntry:
    return own.CacheEntry(
        fingerprint=entry.fingerprint,
        pipeline=entry.pipeline,
        run_id=entry.run_id,
        task_id=entry.task_id,
        path=entry.path,
        created_at=to_rfc3339(entry.ended_at),
        taken=entry.taken,
        size=entry.size,
    )
