"""A container engine for tests, where no real one is: Docker's HTTP API over a unix socket, as far as it is used.

It refuses what Docker refuses, with Docker's status and words (moby 20.10), keeps what its containers print as frames,
and runs them as processes of this machine: their image brings variables only, and their mounts are made where the
kernel allows it. `stop` and `start` are a daemon that is away while its containers go on (live restore).

Run as `python -m tests.launch.fake_engine SOCKET` it is one that outlives the servers that a test kills.
"""

import asyncio
import json
import os
import re
import signal
import struct
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CORES = 4
NEVER = "0001-01-01T00:00:00Z"
STEP = Path(__file__).with_name("fake_step.py")
OWN = "own-environment:latest"


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Box:
    """A container."""

    id: str
    name: str
    body: dict[str, Any]
    frames: list[bytes] = field(default_factory=list)
    process: "asyncio.subprocess.Process | None" = None
    status: str = "created"
    exit_code: int = 0
    out_of_memory: bool = False
    started_at: str = NEVER
    finished_at: str = NEVER
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def as_json(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Name": f"/{self.name}",
            "Config": {key: value for key, value in self.body.items() if key != "HostConfig"},
            "HostConfig": self.body["HostConfig"],
            "State": {
                "Status": self.status,
                "Running": self.status == "running",
                "OOMKilled": self.out_of_memory,
                "ExitCode": self.exit_code,
                "Error": "",
                "StartedAt": self.started_at,
                "FinishedAt": self.finished_at,
            },
        }


@dataclass
class FakeEngine:
    """`pulls` are the messages that a registry's image comes with; what has none is not in the registry.

    `break_logs` is after how many frames each of the next requests for a log is cut off; `refuse_start` is what the
    next start is answered, `lose_start` has it carried out and not answered. `requests` are those that were made.
    """

    socket: Path
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    break_logs: list[int] = field(default_factory=list)
    refuse_start: Refusal | None = None
    lose_start: bool = False
    held_pulls: "asyncio.Event | None" = None
    api_version: str = "1.41"
    _server: "asyncio.Server | None" = None
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def __post_init__(self) -> None:
        path = os.environ["PATH"]
        self.images.setdefault("alpine:latest", image({"PATH": path}))
        self.images.setdefault(OWN, image({"PATH": f"{sys.prefix}/bin:{path}"}))

    async def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, str(self.socket), limit=1 << 22)

    async def stop(self) -> None:
        """Go away, and leave the containers running."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self.socket.unlink(missing_ok=True)

    async def end(self) -> None:
        """The same, and the containers with it."""
        for box in self.boxes.values():
            _kill(box, signal.SIGKILL)
        await self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one; whether there may be more on this connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode().rstrip().split("\r\n")
        method, target, version = line.split(" ")
        headers = {key.lower(): value for key, _, value in (each.partition(": ") for each in lines)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        parts = urlsplit(target)
        path = re.sub(r"^/v\d+\.\d+", "", unquote(parts.path))
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        body = json.loads(content) if content else None
        self.requests.append((method, path, body))
        self.headers.append(headers)
        old = version == "HTTP/1.0"
        try:
            if path.endswith("/logs"):
                await self._send_log(self._box(path.split("/")[2]), writer, chunked=not old)
            elif path == "/images/create":
                await self._send_pull(query, writer)
            else:
                status, answer = await self._answer(method, path, query, body)
                _send(writer, status, answer)
        except Refusal as refusal:
            _send(writer, refusal.status, {"message": refusal.message})
        await writer.drain()
        return not old

    async def _answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        words = path.strip("/").split("/")
        match method, words[0], words[-1]:
            case "GET", "version", _:
                version = {"Version": "20.10.24", "ApiVersion": self.api_version, "MinAPIVersion": "1.12"}
                return 200, {**version, "Components": [{"Name": "Engine"}]}
            case "GET", "info", _:
                return 200, {"NCPU": CORES, "MemTotal": 8 << 30, "SecurityOptions": ["name=seccomp,profile=default"]}
            case "GET", "images", "json":
                return 200, self._image("/".join(words[1:-1]))
            case "POST", "containers", "create":
                return 201, self._create(query["name"], body)
            case "GET", "containers", "json" if len(words) == 2:
                wanted = json.loads(query["filters"])["label"][0]
                key, _, value = wanted.partition("=")
                found = [box for box in self.boxes.values() if box.body["Labels"].get(key) == value]
                return 200, [{"Id": box.id, "Labels": box.body["Labels"], "State": box.status} for box in found]
        box = self._box(words[1])
        match method, words[-1]:
            case "GET", "json":
                return 200, box.as_json()
            case "POST", "start":
                return await self._start(box)
            case "POST", "wait":
                while box.status == "running":
                    await box.changed.wait()
                return 200, {"StatusCode": box.exit_code}
            case "POST", "kill":
                if box.status != "running":
                    raise Refusal(409, f"Cannot kill container: {box.name}: Container {box.id} is not running")
                _kill(box, signal.Signals[query["signal"]])
                return 204, None
            case "DELETE", _:
                if box.status == "running" and query.get("force") != "true":
                    raise Refusal(409, f"You cannot remove a running container {box.id}. Stop the container before")
                _kill(box, signal.SIGKILL)
                while box.status == "running":
                    await box.changed.wait()
                del self.boxes[box.name]
                return 204, None
        raise Refusal(404, "page not found")

    def _image(self, name: str) -> dict[str, Any]:
        name = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
        if name not in self.images:
            raise Refusal(404, f"No such image: {name}")
        return self.images[name]

    def _box(self, name: str) -> Box:
        for box in self.boxes.values():
            if name in (box.name, box.id):
                return box
        raise Refusal(404, f"No such container: {name}")

    def _create(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name):
            raise Refusal(400, f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        self._image(body["Image"])
        host = body["HostConfig"]
        for mount in host["Mounts"]:
            if mount["Type"] == "bind" and not Path(mount["Source"]).exists():
                what = f"bind source path does not exist: {mount['Source']}"
                raise Refusal(400, f'invalid mount config for type "bind": {what}')
        if 0 < host.get("Memory", 0) < 6 << 20:
            raise Refusal(400, "Minimum memory limit allowed is 6MB")
        if host.get("NanoCpus", 0) > CORES * 1e9:
            raise Refusal(400, f"Range of CPUs is from 0.01 to {CORES}.00, as there are only {CORES} CPUs available")
        if name in self.boxes:
            taken = self.boxes[name].id
            message = f'Conflict. The container name "/{name}" is already in use by container "{taken}".'
            raise Refusal(
                409, f"{message} You have to remove (or rename) that container to be able to reuse that name."
            )
        box = self.boxes[name] = Box(uuid.uuid4().hex * 2, name, body)
        return {"Id": box.id, "Warnings": []}

    async def _start(self, box: Box) -> tuple[int, Any]:
        if box.status == "running":
            return 304, None
        if self.refuse_start is not None:
            refusal, self.refuse_start = self.refuse_start, None
            raise refusal
        environment = dict(each.split("=", 1) for each in self._image(box.body["Image"])["Config"]["Env"])
        environment |= dict(each.split("=", 1) for each in box.body["Env"])
        mounts = [
            [each["Source"], each["Target"], False] for each in box.body["HostConfig"]["Mounts"] if "Source" in each
        ]
        stage = self.socket.with_name("stage")
        stage.mkdir(exist_ok=True)
        argv = [*box.body.get("Entrypoint", []), *box.body.get("Cmd", [])]
        job = {"argv": argv, "mounts": mounts, "stage": str(stage)}
        box.status, box.started_at = "running", _now()
        box.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(STEP),
            json.dumps(job),
            env=environment,
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        task = asyncio.create_task(self._attend(box, box.process))
        self._tasks.add(task)
        if self.lose_start:
            self.lose_start = False
            raise ConnectionError
        return 204, None

    async def _attend(self, box: Box, process: "asyncio.subprocess.Process") -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        copies = [asyncio.create_task(_copy(box, *each)) for each in ((1, process.stdout), (2, process.stderr))]
        code = await process.wait()
        _kill(box, signal.SIGKILL)
        await asyncio.gather(*copies)
        box.exit_code = 128 - code if code < 0 else code
        box.status, box.finished_at = "exited", _now()
        box.change()

    async def _send_log(self, box: Box, writer: asyncio.StreamWriter, *, chunked: bool) -> None:
        cut = self.break_logs.pop(0) if self.break_logs else None
        coding = "Transfer-Encoding: chunked\r\n" if chunked else "Connection: close\r\n"
        writer.write(f"HTTP/1.1 200 OK\r\n{coding}\r\n".encode())
        sent = 0
        while True:
            more, over = box.changed, box.status != "running"
            while sent < len(box.frames):
                frame = box.frames[sent]
                if cut is not None and sent >= cut:
                    writer.write(frame[:11])  # in the middle of a frame
                    await writer.drain()
                    raise ConnectionError
                writer.write(b"%x\r\n%s\r\n" % (len(frame), frame) if chunked else frame)
                await writer.drain()
                sent += 1
            if over:
                break
            await more.wait()
        writer.write(b"0\r\n\r\n" if chunked else b"")

    async def _send_pull(self, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        whole = f"{query['fromImage']}:{query['tag']}"
        if whole not in self.pulls:
            name = query["fromImage"]
            raise Refusal(
                404, f"pull access denied for {name}, repository does not exist or may require 'docker login'"
            )
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for message in self.pulls[whole]:
            line = json.dumps(message).encode() + b"\r\n"
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            await writer.drain()
            if self.held_pulls is not None:
                await self.held_pulls.wait()
        if not any("error" in message for message in self.pulls[whole]):
            self.images[whole] = image({"PATH": os.environ["PATH"]})
        writer.write(b"0\r\n\r\n")


def image(variables: Mapping[str, str], user: str = "") -> dict[str, Any]:
    return {
        "Id": f"sha256:{uuid.uuid4().hex * 2}",
        "Config": {"User": user, "Env": [f"{key}={value}" for key, value in variables.items()], "WorkingDir": "/"},
    }


@asynccontextmanager
async def fake_engine(folder: Path) -> AsyncIterator[FakeEngine]:
    engine = FakeEngine(folder / "engine.sock")
    await engine.start()
    try:
        yield engine
    finally:
        await engine.end()


async def _copy(box: Box, stream: int, reader: asyncio.StreamReader) -> None:
    while data := await reader.read(16 * 1024):
        box.frames.append(struct.pack(">BxxxL", stream, len(data)) + data)
        box.change()


def _kill(box: Box, number: int) -> None:
    """The process for a signal, which its init hands on; all that is in the container with KILL."""
    if box.process is not None:
        with suppress(ProcessLookupError):
            (os.killpg if number == signal.SIGKILL else os.kill)(box.process.pid, number)


def _send(writer: asyncio.StreamWriter, status: int, answer: Any) -> None:
    content = b"" if answer is None else json.dumps(answer).encode() + b"\n"
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "000Z")


async def main(socket: Path) -> None:
    engine = FakeEngine(socket)
    await engine.start()
    print("up", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await engine.end()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
