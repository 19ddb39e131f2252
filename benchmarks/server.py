"""A Headrace of one's own to measure: `headrace up` on a temporary home, and runs sent to it over HTTP."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HEADRACE = str(Path(sys.executable).parent / "headrace")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up."""

    url: str
    process: "subprocess.Popen[str]"
    home: Path

    def request(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One request; the answer's JSON. Fails on anything but 200."""
        with self._answer(method, path, body) as answer:
            return dict(json.loads(answer.read()))

    def run(self, spec: Mapping[str, object], **parameters: object) -> str:
        """Send a run and wait until it has ended well, as a browser would: the server pushes, nobody polls."""
        body = {"display_name": "benchmark", "pipeline_spec": spec, "runtime_config": {"parameters": parameters}}
        run_id = str(self.request("POST", "/apis/v2beta1/runs", body)["run_id"])
        self.wait(run_id)
        return run_id

    def wait(self, run_id: str) -> None:
        """Until the run has ended."""
        with self._answer("GET", f"/api/v1/runs/{run_id}/events") as stream:
            while stream.readline():
                pass

    def duration(self, run_id: str) -> float:
        """Milliseconds from the run's creation to its end by the server's clock; fails if it did not succeed."""
        run = self.request("GET", f"/apis/v2beta1/runs/{run_id}")
        if run["state"] != "SUCCEEDED":
            raise SystemExit(f"run {run_id} ended as {run['state']}: {run.get('error')}")
        created, finished = (datetime.fromisoformat(run[name]) for name in ("created_at", "finished_at"))
        return (finished - created).total_seconds() * 1000

    @contextlib.contextmanager
    def _answer(self, method: str, path: str, body: object = None) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(str(urlsplit(self.url).netloc), timeout=300)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise SystemExit(f"{method} {path}: {answer.status} {answer.read()[:2000]!r}")
            yield answer
        finally:
            connection.close()


@contextlib.contextmanager
def server(options: Sequence[str] = (), *, home: Path | None = None) -> Iterator[Server]:
    """A server with this home, or one that is thrown away; down again at the end, whatever happens here."""
    with tempfile.TemporaryDirectory() as fresh:
        place = home or Path(fresh) / "home"
        command = [HEADRACE, "up", "--home", str(place), "--port", "0", "--json", "--until-stdin-ends", *options]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment()
        )
        try:
            yield Server(_ready(process)["url"], process, place)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=60)
            assert process.stdout
            process.stdout.close()


def clean_environment() -> dict[str, str]:
    """The environment without what would set the server otherwise."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}


def _ready(process: "subprocess.Popen[str]") -> dict[str, str]:
    """The JSON document that `headrace up --json` prints once it is up: it may span lines."""
    assert process.stdout
    text = ""
    for line in process.stdout:
        text += line
        with contextlib.suppress(json.JSONDecodeError):
            return dict(json.loads(text))
    raise SystemExit(f"headrace up ended with code {process.wait()} before it was ready: {text}")
