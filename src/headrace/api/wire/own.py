"""Answers of Headrace's own routes, and the errors of those that take or give files. Every field is given."""

import msgspec
from msgspec import UNSET, UnsetType

from headrace.base.json import JsonObject


class Told(msgspec.Struct, kw_only=True):
    """An answer that leaves nothing out; null is a value of its own."""


class FileError(Told):
    """What went wrong, on a route that takes or gives files. Both fields say the same."""

    error_message: str
    error_details: str


class About(Told):
    """What answers here."""

    name: str
    version: str
    docs: str


class Health(Told):
    """That the server serves, in KFP's words."""

    commit_sha: str
    tag_name: str
    multi_user: bool
    pipeline_store: str


class HomeUsage(Told):
    """Bytes that the home holds, by what they are for."""

    total: int
    artifacts: int
    environments: int
    attempts: int
    rest: int


class DiskUsage(Told):
    """Bytes of the disk that the home is on; `home` is null before it was measured for the first time."""

    free: int
    total: int
    home: HomeUsage | None


class Server(Told):
    """Where the server keeps things, and what it may use."""

    name: str
    version: str
    home: str
    slots: int
    cache: bool
    kfp_compat: str
    pipeline_root: str
    disk: DiskUsage


class Detail(Told):
    """A line of an explanation."""

    label: str
    text: str


class Explanation(Told):
    """Why a task, or the run, is where it is; `state` is null while the task is not reached."""

    run_id: str
    task_id: str
    path: str
    state: str | None
    headline: str
    details: list[Detail]


class LogMatch(Told):
    """A line of a log; lines are counted from 1. `rank` is which process of a training job printed it, else 0."""

    task: str
    task_id: str
    attempt: int
    rank: int
    line: int
    text: str


class LogMatches(Told):
    """The lines that were found; `truncated` says that there are more."""

    matches: list[LogMatch]
    truncated: bool


class ArtifactFile(Told):
    """A file in an artifact's folder, by its path in there; `size` is in bytes."""

    path: str
    size: int


class ArtifactFiles(Told):
    """What is in an artifact's folder; where `folder` is false, the one file that the artifact is."""

    folder: bool
    files: list[ArtifactFile]
    total_size: int | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class CacheEntry(Told):
    """An execution that may stand in for equal steps: how often it was taken, and the bytes of its artifacts."""

    fingerprint: str
    pipeline: str
    run_id: str
    task_id: str
    path: str
    created_at: str
    taken: int
    size: int


class CacheEntries(Told):
    """A page of the cache; `next_page_token` is empty on the last one."""

    entries: list[CacheEntry]
    total_size: int
    next_page_token: str


class CacheDropped(Told):
    """What will not be taken again; on a dry run, what would not."""

    dry_run: bool
    count: int
    fingerprints: list[str]


class CacheExplanation(Explanation):
    """What a step's fingerprint is made of, and whether it hit; the details are of the cache alone."""

    fingerprint: str
    parts: JsonObject
    cached_from: str
