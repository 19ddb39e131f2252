"""The server as the command line calls it: one method a request, JSON in and out, errors in our own tree.

Knows HTTP and the routes, not what the documents mean: `wire` reads those. Synchronous; one client a thread.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import quote
from urllib.request import getproxies

import httpx2

from headrace.base import errors
from headrace.base.json import JsonObject

_V2 = "/apis/v2beta1"
_OWN = "/api/v1"
_OWN_SCHEDULES = "/api/v1/recurringruns"
_WEBHOOKS = "/api/v1/webhooks"
_IMAGES = "/api/v1/images"
_LIST_KEYS = {"recurringruns": "recurringRuns", "configmaps": "config_maps", "pvcs": "claims"}
_TIMEOUT = httpx2.Timeout(60, connect=5)
_BY_CODE: dict[int, type[errors.HeadraceError]] = {
    3: errors.InvalidInput,
    5: errors.NotFound,
    6: errors.AlreadyExists,
    7: errors.PermissionDenied,
    9: errors.FailedPrecondition,
    10: errors.Conflict,
    12: errors.Unimplemented,
}

Document = dict[str, Any]
"""A JSON object as the server sent it."""


class Gone(errors.Unavailable):
    """The server does not answer, or went away in the middle of an answer."""


class Client:
    """Talks to the server at `url`; `close` it, or use it in a `with`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.Client(
            base_url=url, timeout=_TIMEOUT, headers={"accept": "application/json"}, verify=_may_meet_tls(url)
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def healthz(self) -> None:
        """Nothing, where the server answers. Raises Gone where none does."""
        self._get(f"{_V2}/healthz")

    def server(self) -> Document:
        """Where the server's home is, and how full."""
        return self._get("/api/v1/server")

    def create_run(self, run: JsonObject) -> Document:
        return self._post(f"{_V2}/runs", run)

    def run(self, run_id: str) -> Document:
        """The run with its tasks."""
        return self._get(f"{_V2}/runs/{run_id}", view="FULL")

    def terminate(self, run_id: str) -> None:
        self._post(f"{_V2}/runs/{run_id}:terminate", None)

    def retry(self, run_id: str) -> None:
        self._post(f"{_V2}/runs/{run_id}:retry", None)

    def resume(self, run_id: str, body: JsonObject) -> Document:
        """A new run that goes on from the ended one."""
        return self._post(f"/api/v1/runs/{run_id}:resume", body)

    def create_experiment(self, name: str) -> Document:
        return self._post(f"{_V2}/experiments", {"display_name": name})

    def listed(self, what: str, *, limit: int, filters: Mapping[str, tuple[str, str]] | None = None) -> list[Document]:
        """Up to `limit` of `runs`, `pipelines`, `experiments` or `recurringruns`, newest first.

        `filters`: key to (operation, text).
        """
        predicates = [
            {"key": key, "operation": operation, "string_value": text}
            for key, (operation, text) in (filters or {}).items()
        ]
        query = {"sort_by": "created_at desc", "filter": json.dumps({"predicates": predicates}) if predicates else ""}
        return self._pages(f"{_V2}/{what}", _LIST_KEYS.get(what, what), limit, query)

    def events(self, run_id: str, after: str) -> "Iterator[ServerEvent]":
        """The run's events after the one with that id, as they happen; ends with the run's end or the connection's."""
        headers = {"accept": "text/event-stream"} | ({"last-event-id": after} if after else {})
        with self._stream(f"/api/v1/runs/{run_id}/events", {}, headers) as response:
            yield from parse_events(_lines(response.iter_text()))

    def log(
        self, run_id: str, path: str, *, follow: bool, tail: int | None = None, attempt: int = 0, rank: int = 0
    ) -> Iterator[str]:
        """The lines that an attempt at the task printed, the latest for 0, or the last `tail`; with `follow` until it
        has ended. `rank` is which process of a training job."""
        query = ({"follow": "true"} if follow else {}) | ({} if tail is None else {"tail": str(tail)})
        if attempt:
            query["attempt"] = str(attempt)
        if rank:
            query["rank"] = str(rank)
        with self._stream(f"/api/v1/runs/{run_id}/tasks/{path}/log", query, {"accept": "text/plain"}) as response:
            yield from _lines(response.iter_text())

    def search_logs(self, run_id: str, text: str, *, task: str, attempt: int, ignore_case: bool) -> Document:
        """The lines that hold the text, in the logs of the run, or of one of its tasks."""
        query = {"q": text, "task": task, "ignore_case": "true" if ignore_case else ""}
        return self._get(f"/api/v1/runs/{run_id}/logs", **query, attempt=str(attempt) if attempt else "")

    def usage(self, run_id: str) -> Document:
        """What the steps of the run used. Raises NotFound where the server does not tell."""
        return self._get(f"/api/v1/runs/{run_id}/usage")

    def advice(self, run_id: str) -> Document:
        """The requests and limits that the run's components should have."""
        return self._get(f"/api/v1/runs/{run_id}/advice")

    def why(self, run_id: str, task: str) -> Document:
        """Why the task, by its id, path or name, is where it is; of `root`, why the run is."""
        return self._get(f"/api/v1/runs/{run_id}/tasks/{quote(task, safe='')}/why")

    def newest_version(self, pipeline_id: str) -> Document:
        """The newest version of a pipeline, with its document. Raises NotFound."""
        versions = f"{_V2}/pipelines/{quote(pipeline_id, safe='')}/versions"
        page = self._get(versions, page_size="1", sort_by="created_at desc").get("pipeline_versions", [])
        if not page:
            raise errors.NotFound("the pipeline has no version", where=pipeline_id, hint="Upload one")
        return self._get(f"{versions}/{page[0]['pipeline_version_id']}")

    def version(self, pipeline_id: str, name: str) -> Document:
        """The version of that name of a pipeline, with its document. Raises NotFound."""
        versions = f"{_V2}/pipelines/{quote(pipeline_id, safe='')}/versions"
        predicate = {"key": "name", "operation": "EQUALS", "string_value": name}
        page = self._get(versions, filter=json.dumps({"predicates": [predicate]})).get("pipeline_versions", [])
        if not page:
            raise errors.NotFound("the pipeline has no version of that name", where=name)
        return self._get(f"{versions}/{page[0]['pipeline_version_id']}")

    def create_schedule(self, schedule: JsonObject) -> Document:
        return self._post(f"{_V2}/recurringruns", schedule)

    def schedule(self, schedule_id: str) -> Document:
        return self._get(f"{_V2}/recurringruns/{schedule_id}")

    def enable_schedule(self, schedule_id: str, *, enabled: bool) -> None:
        self._post(f"{_V2}/recurringruns/{schedule_id}:{'enable' if enabled else 'disable'}", None)

    def delete_schedule(self, schedule_id: str, *, stop_runs: bool) -> None:
        """Its runs stay; those that have not ended are asked to, where `stop_runs`."""
        policy = {"propagation_policy": "BACKGROUND"} if stop_runs else {}
        self._call("DELETE", f"{_V2}/recurringruns/{schedule_id}", params=policy)

    def ticks(self, schedule_id: str) -> list[Document]:
        """The next times at which it is due."""
        found: list[Document] = self._get(f"{_OWN_SCHEDULES}/{schedule_id}/ticks").get("ticks", [])
        return found

    def create_backfill(self, schedule_id: str, backfill: JsonObject) -> Document:
        return self._post(f"{_OWN_SCHEDULES}/{schedule_id}/backfills", backfill)

    def backfills(self, schedule_id: str) -> list[Document]:
        """Newest first."""
        found: list[Document] = self._get(f"{_OWN_SCHEDULES}/{schedule_id}/backfills").get("backfills", [])
        return found

    def stop_backfill(self, schedule_id: str, backfill_id: str) -> None:
        self._post(f"{_OWN_SCHEDULES}/{schedule_id}/backfills/{quote(backfill_id, safe='')}:stop", None)

    def create_webhook(self, webhook: JsonObject) -> Document:
        return self._post(_WEBHOOKS, webhook)

    def webhooks(self) -> list[Document]:
        found: list[Document] = self._get(_WEBHOOKS).get("webhooks", [])
        return found

    def delete_webhook(self, webhook_id: str) -> None:
        self._call("DELETE", f"{_WEBHOOKS}/{webhook_id}")

    def test_webhook(self, webhook_id: str) -> Document:
        """The delivery of an example."""
        return self._post(f"{_WEBHOOKS}/{webhook_id}:test", None)

    def deliveries(self, webhook_id: str) -> list[Document]:
        """Newest first."""
        found: list[Document] = self._get(f"{_WEBHOOKS}/{webhook_id}/deliveries").get("deliveries", [])
        return found

    def resend(self, webhook_id: str, delivery_id: str) -> Document:
        return self._post(f"{_WEBHOOKS}/{webhook_id}/deliveries/{delivery_id}:resend", None)

    def create_object(self, kind: str, body: JsonObject) -> Document:
        """A secret, a config map or a claim; `kind` is `secrets`, `configmaps` or `pvcs`."""
        return self._post(f"{_OWN}/{kind}", body)

    def replace_object(self, kind: str, name: str, body: JsonObject) -> Document:
        """It is made where there is none."""
        return self._call("PUT", f"{_OWN}/{kind}/{quote(name, safe='')}", json=body)

    def objects(self, kind: str) -> list[Document]:
        """All of them by name, without values."""
        found: list[Document] = self._get(f"{_OWN}/{kind}").get(_LIST_KEYS.get(kind, kind), [])
        return found

    def object(self, kind: str, name: str) -> Document:
        """A config map comes with its values, a secret never does."""
        return self._get(f"{_OWN}/{kind}/{quote(name, safe='')}")

    def delete_object(self, kind: str, name: str) -> None:
        self._call("DELETE", f"{_OWN}/{kind}/{quote(name, safe='')}")

    def map_image(self, query: Mapping[str, str], archive: IO[bytes], requirements: str) -> Document:
        """Say which sources stand for the image: a tar.gz, and their requirements unless that has them too."""
        parts = {"data": {"requirements": requirements}} if requirements else {}
        files, given = (
            {"uploadfile": ("context.tar.gz", archive)},
            {key: value for key, value in query.items() if value},
        )
        return self._call("PUT", _IMAGES, params=given, files=files, timeout=None, **parts)

    def images(self) -> list[Document]:
        """Those that are mapped, by name."""
        found: list[Document] = self._get(_IMAGES).get("images", [])
        return found

    def unmap_image(self, image: str) -> None:
        self._call("DELETE", _IMAGES, params={"image": image})

    def cache(self, *, limit: int, **which: str) -> list[Document]:
        """Up to `limit` entries of the cache, newest first; `which` narrows them."""
        return self._pages("/api/v1/cache", "entries", limit, {"sort_by": "created_at desc", **which})

    def cache_why(self, run_id: str, task: str) -> Document:
        """What the cache has to do with the step."""
        return self._get(f"/api/v1/cache/runs/{run_id}/tasks/{quote(task, safe='')}")

    def drop(self, **which: str) -> Document:
        """Drop entries of the cache."""
        return self._call("DELETE", "/api/v1/cache", params={key: value for key, value in which.items() if value})

    def retention(self) -> Document:
        """How long the server and its experiments keep things."""
        return self._get("/api/v1/retention")

    def experiment_retention(self, experiment_id: str) -> Document:
        return self._get(f"/api/v1/experiments/{quote(experiment_id, safe='')}/retention")

    def change_retention(self, experiment_id: str, parts: JsonObject) -> Document:
        return self._call("PATCH", f"/api/v1/experiments/{quote(experiment_id, safe='')}/retention", json=parts)

    def run_retention(self, *, dry_run: bool) -> Document:
        """Let go what is over, however long it takes."""
        return self._call("POST", "/api/v1/retention:run", json={"dry_run": dry_run}, timeout=None)

    def pin(self, run_id: str, *, pinned: bool) -> None:
        self._post(f"/api/v1/runs/{run_id}:{'pin' if pinned else 'unpin'}", None)

    def _pages(self, path: str, key: str, limit: int, query: Mapping[str, str]) -> list[Document]:
        """Up to `limit` items of a list, page by page."""
        items: list[Document] = []
        token = ""
        while len(items) < limit:
            page = self._get(path, page_size=str(min(200, limit - len(items))), page_token=token, **query)
            items += page.get(key, [])
            token = page.get("next_page_token", "")
            if not token:
                break
        return items

    def _get(self, path: str, **query: str) -> Document:
        return self._call("GET", path, params={key: value for key, value in query.items() if value})

    def _post(self, path: str, body: JsonObject | None) -> Document:
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **options: Any) -> Document:
        try:
            response = self._http.request(method, path, **options)
        except httpx2.TransportError as error:
            raise self._gone(error) from error
        _check(response)
        try:
            answer = response.json()
        except ValueError as error:
            raise _stranger(self.url) from error
        if not isinstance(answer, dict):
            raise _stranger(self.url)
        return answer

    @contextmanager
    def _stream(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """A response that is read as it comes; it may be silent for hours."""
        timeout = httpx2.Timeout(None, connect=5)
        try:
            with self._http.stream("GET", path, params=query, headers=headers, timeout=timeout) as response:
                if response.is_error:
                    response.read()
                _check(response)
                yield response
        except httpx2.TransportError as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> Gone:
        return Gone("no server answers", where=self.url, hint=f"Start one with `headrace up` ({error})")


class ServerEvent:
    """One event of a stream: its id, by which the stream can be resumed, its name, and its data."""

    __slots__ = ("data", "event_id", "name")

    def __init__(self, event_id: str, name: str, data: str) -> None:
        self.event_id = event_id
        self.name = name
        self.data = data


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in pieces. Only a newline ends one: all else is what somebody wrote in it."""
    begun: list[str] = []
    for piece in pieces:
        rest, *others = piece.split("\n")
        begun.append(rest)
        for other in others:
            yield "".join(begun)
            begun = [other]
    if any(begun):
        yield "".join(begun)


def parse_events(lines: Iterator[str]) -> Iterator[ServerEvent]:
    """The events in the lines of a `text/event-stream`, as the HTML standard reads them."""
    event_id, name, data = "", "message", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "" if not line:
                if data:
                    yield ServerEvent(event_id, name, "\n".join(data))
                name, data = "message", []
            case "id":
                event_id = value
            case "event":
                name = value
            case "data":
                data.append(value)


def _may_meet_tls(url: str) -> bool:
    """The server or a proxy may be asked over TLS. Where none is, the machine's certificates need not be read."""
    return not url.startswith("http:") or bool(getproxies().keys() - {"no"})


def _check(response: httpx2.Response) -> None:
    """Raise what the server refused, in its own words."""
    if not response.is_error:
        return
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict) or not (body.get("message") or body.get("error_message")):
        raise errors.Unavailable(f"the server answered {response.status_code}", where=str(response.url))
    kind = _BY_CODE.get(body.get("code", _CODE_OF_STATUS.get(response.status_code, 0)), errors.Unavailable)
    raise kind(body.get("message") or body["error_message"])


_CODE_OF_STATUS = {400: 3, 404: 5, 409: 6, 403: 7, 501: 12}


def _stranger(url: str) -> errors.Unavailable:
    return errors.Unavailable("what answers there is not a KFP server", where=url, hint="Give its URL with --host")
