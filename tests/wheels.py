"""Packages for tests that install some: wheels made on the spot, and an index that serves them."""

import importlib.metadata
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path


def wheel(folder: Path, name: str, version: str, files: Mapping[str, str | bytes]) -> Path:
    """A pure wheel of these files, without dependencies."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    about = {
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, *about, f"{info}/RECORD"))
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in {**files, **about, f"{info}/RECORD": record}.items():
            archive.writestr(path, content)
    return file


def wheel_of_sdk(folder: Path) -> Path:
    """The SDK of the tests as a wheel again, so that steps get it from an index that has nothing else."""
    found = importlib.metadata.distribution("kfp")
    sources = [each for each in found.files or () if each.suffix == ".py" and not each.stem.endswith("_test")]
    return wheel(folder, "kfp", found.version, {str(each): each.read_binary() for each in sources})


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """Serves the wheels of the folder as pip's indexes are; gives the url, `/simple` included."""
    names = sorted(file.name for file in folder.glob("*.whl"))
    for package, files in groupby(names, lambda name: name.partition("-")[0]):
        page = folder / "simple" / package / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("".join(f'<a href="/{name}">{name}</a>\n' for name in files))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass
