"""What retention lets go at an instant: looked up in one read transaction, for a dry run and for the pass that acts.

A run that ended is *due* once its time is over; it takes its tasks and logs along, and its folder in the store. It has
*released* its artifacts once theirs is. The bytes of an artifact go when every run that has a link to it is due or has
released it: an artifact that a cached run shares outlives the run that made it. One that no run has a link to, as its
run was deleted by hand, goes by the server's time. What another artifact names stays. Pinned runs, runs that others
were resumed from, and runs with mail are not looked at.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, or_, select

from headrace.base.clock import Instant
from headrace.model.artifact import OUTPUTS
from headrace.model.retention import FOREVER, Retention
from headrace.model.run import folder_of
from headrace.model.state import StorageState
from headrace.store import retention
from headrace.store import tables as t
from headrace.store.cache import DROPPED, GOOD, ORIGIN
from headrace.store.lineage import CHUNK, chunks
from headrace.store.upkeep import ENDED

NOT_TOUCHED = or_(
    exists().where(t.pinned_runs.c.run_key == t.runs.c.run_key),
    t.runs.c.run_id.in_(select(t.resumes.c.from_run)),
    exists().where(t.inbox.c.run_id == t.runs.c.run_id),
)
_R = t.runs.c
_RUNS: Select[Any] = (
    select(
        _R.run_key, _R.run_id, _R.experiment_id, _R.storage_state, _R.finished_at, _R.pipeline_root, _R.pipeline_name
    )
    .where(t.runs.c.state.in_(ENDED), t.runs.c.namespace != t.GONE, t.runs.c.finished_at > 0, ~NOT_TOUCHED)
    .order_by(t.runs.c.finished_at, t.runs.c.run_key)
)
_T = t.tasks.c
_TAKEABLE = and_(_T.fingerprint != "", _T.state.in_(GOOD), _T.posted.is_(None), ~DROPPED)
_LINKS = t.artifact_tasks.c
_GONE = exists().where(t.removals.c.artifact_id == t.artifacts.c.artifact_id, t.removals.c.done == 1)
IS_FOLDER = t.removals.c.artifact_id == t.removals.c.run_id
CAME_AGAIN = exists().where(t.runs.c.run_id == t.removals.c.run_id)
"""A run of the same id is there: the due time that it was made for was backfilled."""
_ARTIFACTS = select(t.artifacts.c.artifact_id, t.artifacts.c.run_id, t.artifacts.c.uri).where(
    t.artifacts.c.number_value.is_(None), ~_GONE
)


@dataclass(frozen=True, slots=True)
class Bytes:
    """An artifact, the run that made it, and where its bytes are. Or the folder of a run that is gone, by its id."""

    artifact_id: str
    run_id: str
    uri: str

    @property
    def is_of_run(self) -> bool:
        """They are in that run's own folder. Others are not ours to remove: somebody imported them, say."""
        return bool(self.top)

    @property
    def top(self) -> str:
        """The uri of that folder, with a slash; "" where they are not in it."""
        before, name, _ = self.uri.partition(f"/{self.run_id}/")
        return before + name if name else ""


@dataclass(frozen=True, slots=True)
class Expired:
    """What may go. Runs by their keys, the oldest first; executions by the ids of the tasks that were executed.

    `artifacts` lose their bytes; `staying` are those of them whose runs stay, `orphans` those that had none, and some
    were queued by an earlier pass. `folders` are those of the runs, and of deleted ones. `uncached` executions are not
    taken any more by equal steps, `aged` those among them whose time in the cache is over.
    """

    due: tuple[int, ...] = ()
    released: frozenset[int] = frozenset()
    without_logs: frozenset[int] = frozenset()
    tasks: int = 0
    artifacts: tuple[Bytes, ...] = ()
    folders: tuple[Bytes, ...] = ()
    staying: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    aged: frozenset[str] = frozenset()
    uncached: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Rules:
    """Retention as it holds for each experiment, and the instant."""

    server: Retention
    experiments: Mapping[str, Retention]
    now: Instant

    def over(self, row: Row[Any], part: str) -> bool:
        """Whether the time of that part is over for the run in the row."""
        said = self.experiments.get(row.experiment_id, self.server)
        lasts: int | None = getattr(said, part)
        if part == "runs" and row.storage_state == StorageState.ARCHIVED and said.archived_runs is not None:
            lasts = said.archived_runs
        return bool(row.finished_at < self.ago(lasts))

    def ago(self, lasts: int | None) -> int:
        """What is older than this has lasted so long; 0 where it lasts for ever."""
        return 0 if lasts is None or lasts == FOREVER else self.now - lasts


def is_wanted(tx: Connection, server: Retention) -> bool:
    """Somebody lets something go."""
    experiments = retention.of_experiments(tx).values()
    return not all(each.keeps_all for each in (server, *experiments))


def survey(tx: Connection, server: Retention, now: Instant) -> Expired:
    """What may go now."""
    said = retention.of_experiments(tx)
    rules = _Rules(server, {key: each.over(server) for key, each in said.items()}, now)
    if rules.server.keeps_all and all(each.keeps_all for each in rules.experiments.values()):
        return Expired(artifacts=tuple(_queued(tx)), folders=tuple(_queued(tx, folders=True)))
    rows = tx.execute(_RUNS).all()
    going_runs = [row for row in rows if rules.over(row, "runs")]
    due = tuple(row.run_key for row in going_runs)
    released = frozenset(due).union(row.run_key for row in rows if rules.over(row, "artifacts"))
    without_logs = frozenset(due).union(row.run_key for row in rows if rules.over(row, "logs"))
    artifacts, staying = _artifacts(tx, frozenset(due), released)
    orphans = _orphans(tx, rules.ago(server.runs if server.artifacts is None else server.artifacts))
    aged = _aged(tx, [row.run_key for row in rows if rules.over(row, "cache")])
    going = {each.artifact_id: each for each in (*artifacts, *orphans, *_queued(tx))}
    return Expired(
        due=due,
        released=released,
        without_logs=without_logs,
        tasks=_count_tasks(tx, due),
        artifacts=tuple(going.values()),
        folders=(*map(_folder, going_runs), *_queued(tx, folders=True)),
        staying=staying,
        orphans=tuple(each.artifact_id for each in orphans),
        aged=aged,
        uncached=aged | _executions_of(tx, due) | makers(tx, staying),
    )


def named_near(tx: Connection, going: Collection[Bytes]) -> set[str]:
    """The uris of artifacts that keep their bytes which lie in the folders of the same runs, or around these.

    Each query goes through the table once: no index is on uris.
    """
    ids = {each.artifact_id for each in going}
    a, found = t.artifacts.c, set[str]()
    for chunk in chunks(sorted({each.top for each in going if each.is_of_run})):
        inside = (func.substr(a.uri, 1, length).in_(tops) for length, tops in _by_length(chunk).items())
        around = a.uri.in_({uri for top in chunk for uri in _folders_around(top)})
        rows = tx.execute(select(a.artifact_id, a.uri).where(or_(around, *inside), ~_GONE))
        found.update(row.uri for row in rows if row.artifact_id not in ids)
    return found


def links_of(tx: Connection, artifacts: Collection[str]) -> dict[str, set[int]]:
    """By artifact id the keys of the runs that have links to it."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for chunk in chunks(list(artifacts)):
        rows = tx.execute(select(_LINKS.artifact_id, _LINKS.run_key).where(_LINKS.artifact_id.in_(chunk)))
        for row in rows:
            found[row.artifact_id].add(row.run_key)
    return found


def makers(tx: Connection, artifacts: Collection[str]) -> frozenset[str]:
    """The executions that can be taken only while these artifacts have their bytes."""
    found: set[str] = set()
    for chunk in chunks(list(artifacts)):
        given = (
            select(ORIGIN)
            .join(t.artifact_tasks, _LINKS.task_id == _T.task_id)
            .join(t.artifacts, t.artifacts.c.artifact_id == _LINKS.artifact_id)
            .where(_LINKS.artifact_id.in_(chunk), _LINKS.type.in_(sorted(OUTPUTS)), t.artifacts.c.size >= 0, _TAKEABLE)
        )
        found.update(tx.execute(given).scalars())
    return frozenset(found)


def pieces(wanted: Collection[int]) -> Iterator[Sequence[int]]:
    """As `lineage.chunks`, of keys."""
    keys = list(wanted)
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _by_length(texts: Collection[str]) -> Mapping[int, Sequence[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for text in texts:
        found[len(text)].append(text)
    return found


def _folders_around(top: str) -> Iterator[str]:
    """The folder and those that hold it, up to the first in the bucket; each with a slash at its end and without."""
    names = top.removesuffix("/").split("/")
    for count in range(4, len(names) + 1):  # after the scheme, nothing, and the bucket
        folder = "/".join(names[:count])
        yield from (folder, f"{folder}/")


def _artifacts(tx: Connection, due: Collection[int], released: Collection[int]) -> tuple[list[Bytes], tuple[str, ...]]:
    """Those that only runs which released them have links to; and which of them have a run that stays."""
    found: dict[str, Bytes] = {}
    for keys in pieces(released):
        of_runs = select(_LINKS.artifact_id).where(_LINKS.run_key.in_(keys))
        rows = tx.execute(_ARTIFACTS.where(t.artifacts.c.artifact_id.in_(of_runs)))
        found.update({row.artifact_id: Bytes(row.artifact_id, row.run_id, row.uri) for row in rows})
    links = links_of(tx, found)
    going = [each for key, each in found.items() if links[key].issubset(released)]
    return going, tuple(each.artifact_id for each in going if not links[each.artifact_id].issubset(due))


def _orphans(tx: Connection, before: int) -> list[Bytes]:
    """Those that no run has a link to, and that were made before that instant."""
    if not before:
        return []
    unlinked = ~exists().where(_LINKS.artifact_id == t.artifacts.c.artifact_id)
    rows = tx.execute(_ARTIFACTS.where(t.artifacts.c.created_at < before, unlinked))
    return [Bytes(row.artifact_id, row.run_id, row.uri) for row in rows]


def _folder(row: Row[Any]) -> Bytes:
    """That of a run."""
    return Bytes(row.run_id, row.run_id, f"{folder_of(row.pipeline_root, row.pipeline_name, row.run_id)}/")


def _queued(tx: Connection, *, folders: bool = False) -> list[Bytes]:
    """Those that an earlier pass was to remove, numbers left out; or folders of runs that were deleted."""
    r = t.removals.c
    which = IS_FOLDER & ~CAME_AGAIN if folders else ~IS_FOLDER
    rows = tx.execute(select(r.artifact_id, r.run_id, r.uri).where(r.done == 0, r.uri != "", which))
    return [Bytes(row.artifact_id, row.run_id, row.uri) for row in rows]


def _aged(tx: Connection, runs: Collection[int]) -> frozenset[str]:
    """What was executed in these runs and may be taken; or taken by them, where the run that executed it is gone."""
    first = t.tasks.alias("first")
    own = or_(_T.cached_from == "", ~exists().where(first.c.task_id == _T.cached_from))
    found: set[str] = set()
    for keys in pieces(runs):
        found.update(tx.execute(select(ORIGIN).where(_T.run_key.in_(keys), _TAKEABLE, own)).scalars())
    return frozenset(found)


def _executions_of(tx: Connection, due: Collection[int]) -> frozenset[str]:
    """What may be taken as long as these runs are there, and not after that."""
    going: dict[str, str] = {}
    for keys in pieces(due):
        rows = tx.execute(select(ORIGIN.label("origin"), _T.fingerprint).where(_T.run_key.in_(keys), _TAKEABLE))
        going.update({row.origin: row.fingerprint for row in rows})
    gone, stays = frozenset(due), set[str]()
    for chunk in chunks(sorted(set(going.values()))):
        rows = tx.execute(select(ORIGIN.label("origin"), _T.run_key).where(_T.fingerprint.in_(chunk), _TAKEABLE))
        stays.update(row.origin for row in rows if row.run_key not in gone)
    return frozenset(going).difference(stays)


def _count_tasks(tx: Connection, due: Collection[int]) -> int:
    count = 0
    for keys in pieces(due):
        count += tx.execute(select(func.count()).select_from(t.tasks).where(_T.run_key.in_(keys))).scalar_one()
    return count
