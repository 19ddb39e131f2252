"""One real server for the tests with the real `kfp` client, and the corpus of compiled pipelines where there is one."""

import csv
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.compat.pipelines.play import Back
from tests.compat.pipelines.steps import OWN
from tests.databases import Instances, Missing
from tests.harness import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp

ROOT = Path(__file__).parents[2]
NOBODY = "nobody"
"""The name of an ordinary user."""


@dataclass(frozen=True)
class Sample:
    """A line of the corpus: a compiled pipeline, and the state that a run of it must end in."""

    file: Path
    name: str
    group: str
    expected: str
    required: dict[str, str]


def corpus() -> list[Sample]:
    """All samples, or none where the corpus is not there."""
    folder = Path(os.environ.get("HEADRACE_CORPUS", ROOT / "../shared/corpus"))
    table = folder / "corpus.tsv"
    if not table.is_file():
        return []
    with table.open(newline="") as lines:
        return [
            Sample(
                file=folder / "valid" / line["file"],
                name=line["file"],
                group=line["class"],
                expected=line["expected"],
                required=dict(pair.split(":") for pair in line["required_params"].split(",") if pair),
            )
            for line in csv.DictReader(lines, delimiter="\t")
        ]


def invalid() -> list[Path]:
    """The documents that must be refused."""
    folder = Path(os.environ.get("HEADRACE_CORPUS", ROOT / "../shared/corpus")) / "invalid"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def serve_on(kind: str, instances: Instances, home: Path) -> Iterator[Server]:
    """A server whose database is one of its own on that database server."""
    try:
        url = instances.get(kind).empty()
    except Missing as missing:
        pytest.skip(str(missing))
    running = Server(home, ["--slots", "2"], environment={"HEADRACE_DATABASE": url})
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="session")
def on_postgresql(instances: Instances, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from serve_on("postgresql", instances, tmp_path_factory.mktemp("postgresql") / "home")


@pytest.fixture(scope="session")
def on_mariadb(instances: Instances, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from serve_on("mariadb", instances, tmp_path_factory.mktemp("mariadb") / "home")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("compat") / "home", ["--slots", "2"])
    try:
        yield running.start()
    finally:
        running.stop()


OWN_IMAGE = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}})}
"""The variable by which steps with that image run in the environment of the tests."""


def served(home: Path, *under: str, environment: Mapping[str, str] | None = None) -> Iterator[Back]:
    """A server there, which `under` makes another user's, for steps in the environment of the tests and in others."""
    running = Server(home, ["--slots", "4"], environment={**OWN_IMAGE, **(environment or {})}, under=under)
    try:
        running.start()
        yield Back(running, kfp.Client(host=running.url))
    finally:
        running.stop()


@pytest.fixture(scope="session")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    """A server for pipelines whose steps run in the environment of the tests, for all tests that leave it as it is."""
    yield from served(tmp_path_factory.mktemp("own") / "home")


def as_ordinary(folder: Path) -> Sequence[str]:
    """What makes an ordinary user of root, who is at home in the folder: another user, or the same without its rights.

    The latter is for where root keeps the Python of the tests to itself.
    """
    shutil.chown(folder, NOBODY)
    group = pwd.getpwnam(NOBODY).pw_gid
    other = ("setpriv", f"--reuid={NOBODY}", f"--regid={group}", "--clear-groups")
    said = _cannot_run(other)
    if said:
        shutil.chown(folder, "root")
        other = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
        said = _cannot_run(other)
    if said:
        pytest.skip(f"no ordinary user can run the Python of the tests: {said}")
    return ("env", f"HOME={folder}", *other)


def _cannot_run(under: Sequence[str]) -> str:
    """Why that user cannot start the Python of the tests twice over; nothing if it can."""
    if shutil.which(under[0]) is None:
        return f"there is no {under[0]}"
    program = "import subprocess, sys, kfp; subprocess.run([sys.executable, '-c', ''], check=True)"
    done = subprocess.run([*under, sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    return done.stderr[-500:] if done.returncode else ""


@contextmanager
def ordinary_home() -> Iterator[tuple[Path, *tuple[str, ...]]]:
    """A home for a server of an ordinary user, and what makes it that."""
    if os.geteuid() != 0:
        pytest.skip("the tests are run by an ordinary user already")
    with tempfile.TemporaryDirectory() as folder:  # pytest's folders are root's alone
        yield (Path(folder), *as_ordinary(Path(folder)))


@pytest.fixture(scope="session")
def ordinary() -> Iterator[Back]:
    """The same, of an ordinary user, where the tests are run by root."""
    with ordinary_home() as (home, *under):
        yield from served(home, *under)


@pytest.fixture(scope="module", params=["back", "ordinary"])
def anyone(request: pytest.FixtureRequest) -> Back:
    """Both: what runs as root and as an ordinary user."""
    found: Back = request.getfixturevalue(request.param)
    return found
