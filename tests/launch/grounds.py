"""The launchers that the conformance suite runs on: processes, a fake engine's containers, those of engines found here.

A real engine is one that `headrace up` would find (DOCKER_HOST and CONTAINER_HOST count). Its image is made of this
machine's shell and a few programs, so that nothing is pulled.
"""

import asyncio
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.launch.steps import Running, containers, launcher

from headrace.base.errors import HeadraceError
from headrace.base.home import Home
from headrace.launch.engine.address import Address
from headrace.launch.engine.find import find_engine

ROOT = Path(__file__).parents[2]
IMAGE = "headrace-tests:shell"
_PROGRAMS = ("cat", "env", "head", "id", "sh", "sleep", "touch", "yes")

KINDS = ("process", "fake", "docker", "podman")


@dataclass(frozen=True)
class Ground:
    """`engine` is the address of one, empty for processes; `image` has a shell."""

    kind: str
    engine: str = ""
    image: str = "alpine"

    def launcher(self, home: Home) -> AbstractAsyncContextManager[Running]:
        return containers(home, self.engine) if self.engine else launcher(home)


@contextmanager
def ground(kind: str, folder: Path) -> Iterator[Ground]:
    """Skips the test where there is no such engine."""
    if kind == "process":
        yield Ground(kind)
    elif kind == "fake":
        with fake_server(folder / "engine.sock") as address:
            yield Ground(kind, address)
    else:
        yield real(kind)


@contextmanager
def fake_server(socket: Path) -> Iterator[str]:
    """A fake engine in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.launch.fake_engine", str(socket)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield f"unix://{socket}"
        finally:
            process.terminate()


def real(kind: str) -> Ground:
    async def find() -> Address:
        engine, _ = await find_engine(kind, os.environ)
        await engine.close()
        return engine.address

    try:
        address = asyncio.run(find())
    except HeadraceError as error:
        pytest.skip(f"no {kind} here: {error.message}")
    prefix = "localhost/" if kind == "podman" else ""
    _import(address, f"{prefix}{IMAGE}")
    return Ground(kind, str(address), IMAGE)


def _import(address: Address, name: str) -> None:
    """Give the engine the image, if it has none."""
    transport = httpx2.HTTPTransport(uds=address.socket or None)
    with httpx2.Client(transport=transport, base_url=address.url, timeout=60) as client:
        if client.get(f"/images/{name}/json").status_code == 200:
            return
        made = client.post(
            "/images/create",
            params={"fromSrc": "-", "changes": "ENV PATH=/bin"},
            content=_files(),
            headers={"Content-Type": "application/x-tar"},
        )
        found = re.findall(r"sha256:[0-9a-f]{64}", made.text)
        assert found, made.text
        repository, _, tag = name.rpartition(":")
        tagged = client.post(f"/images/{found[-1]}/tag", params={"repo": repository, "tag": tag})
        assert tagged.is_success, tagged.text


def _files() -> bytes:
    """A file system with this machine's shell."""
    if shutil.which("ldd") is None:
        pytest.skip("an image for the engine is made with ldd, which is not here")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        libraries = set[str]()
        for name in _PROGRAMS:
            program = Path(str(shutil.which(name))).resolve()
            archive.add(program, f"bin/{name}")
            said = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
            libraries |= set(re.findall(r"(/\S+) \(0x", said))
        for library in sorted(libraries):
            archive.add(Path(library).resolve(), library.lstrip("/"))
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(folder)
    return content.getvalue()
