"""Environments of steps, built by the real uv from the real index: shared, exact, safe, and offline once built."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.launch.steps import INSTALL_KFP, SETTINGS, launcher, log

from headrace.base.clock import SECOND, Instant
from headrace.base.errors import StepError
from headrace.base.home import Home
from headrace.base.settings import ImageSetting
from headrace.launch.command import PipInstall
from headrace.launch.environments import Asked, Environments
from headrace.launch.images import Base

PYTHON = "python:3.11"
VERSION = "def step():\n    print('version', kfp.__version__)\n"
DAY = 24 * 3600 * SECOND


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = Instant(1_800_000_000 * SECOND)

    def now(self) -> Instant:
        return self.time


def wheel(folder: Path, name: str, version: str, *, requires: str = "") -> Path:
    """A wheel of one module that says its version."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file


def local_index(folder: Path) -> dict[str, str]:
    """The server's environment with no index but a folder of wheels, so that nothing asks the network."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    return {**keep, "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def quiet(_: bytes) -> None:
    """For builds whose output does not matter."""


def asked(*packages: str, base: Base | None = None) -> Asked:
    return Asked(base or Base(), (PipInstall(packages),))


def version_in(root: Path, module: str) -> str:
    python = root / "bin" / "python3"
    program = f"import {module}; print({module}.version)"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What uv puts into a new environment."""
    folder = tmp_path_factory.mktemp("seeds")
    packages = ["pip", *(["setuptools", "wheel"] if sys.version_info < (3, 12) else [])]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "-d", folder, *packages], check=True)
    return folder


@pytest.fixture
def wheels(tmp_path: Path, seeds: Path) -> Path:
    """A folder of two packages, and what uv puts into a new environment."""
    shutil.copytree(seeds, tmp_path / "wheels")
    wheel(tmp_path / "wheels", "alpha", "1.0", requires="beta")
    return wheel(tmp_path / "wheels", "beta", "1.0").parent


def test_the_pinned_sdk_is_what_runs(home: Home) -> None:
    """Two versions side by side, neither the one that runs the tests."""

    async def scenario() -> None:
        async with launcher(home) as run:
            other = INSTALL_KFP.replace("2.14.6", "2.9.0")
            for installs, version in ((INSTALL_KFP, "2.14.6"), (other, "2.9.0")):
                assert f"version {version}\n" in await run.succeed(
                    run.steps.python(VERSION, image=PYTHON, installs=[installs])
                )

    asyncio.run(scenario())


@pytest.mark.parametrize("version", ["2.1.3", "2.5.0", "2.17.0"])
def test_paths_are_mapped_in_every_sdk(home: Home, version: str) -> None:
    uris = [f"{scheme}://mlpipeline/x" for scheme in ("minio", "gs", "s3")]
    function = f"def step():\n    print(*[dsl.Dataset(uri=uri).path for uri in {uris}], kfp.__version__)\n"

    async def scenario() -> None:
        async with launcher(home) as run:
            install = INSTALL_KFP.replace("2.14.6", version)
            request = run.steps.python(function, image=PYTHON, installs=[install])
            paths = " ".join(f"{store}/mlpipeline/x" for store in (home.store, f"{home.store}.gs", f"{home.store}.s3"))
            assert f"{paths} {version}\n" in await run.succeed(request)

    asyncio.run(scenario())


def test_many_steps_that_want_the_same_one_build_it_once(home: Home) -> None:
    """In two servers at once, too; the output of the build is in a log, and steps after it say nothing of it."""
    home.environments.unlink()

    async def scenario() -> None:
        async with launcher(home) as one, launcher(home) as two:
            requests = [run.steps.python(VERSION, image=PYTHON, installs=[INSTALL_KFP]) for run in (one, two) * 5]
            await asyncio.gather(*((one, two)[number % 2].succeed(each) for number, each in enumerate(requests)))
            assert sum("+ kfp==2.14.6" in log(request) for request in requests) == 1
        assert len([path for path in home.environments.iterdir() if (path / "bin").is_dir()]) == 1

    asyncio.run(scenario())


INSTALLS = """
def step(wheels: str):
    import subprocess, sys
    pip = [sys.executable, '-m', 'pip', 'install', '-q', '--no-index', '-f', wheels, 'alpha']
    subprocess.run(pip, check=True)
    import alpha
    print(alpha.__file__)
    print(subprocess.run([sys.executable, '-c', 'import beta; print(beta.__file__)'], stdout=-1, text=True).stdout)
"""


def test_a_step_installs_into_its_own_folder(home: Home, wheels: Path) -> None:
    """It finds what it installed, in itself and in what it starts; the environment stays as it was."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python(
                INSTALLS, image=PYTHON, installs=[INSTALL_KFP], parameters={"wheels": str(wheels)}
            )
            text = await run.succeed(request)
            assert f"{request.folder}/packages/alpha.py\n" in text
            assert f"{request.folder}/packages/beta.py\n" in text
            other = run.steps.python("def step():\n    import alpha\n", image=PYTHON, installs=[INSTALL_KFP])
            await run.run(other)
            assert "ModuleNotFoundError: No module named 'alpha'" in log(other)

    asyncio.run(scenario())


def test_a_step_may_have_an_environment_of_its_own(home: Home, wheels: Path) -> None:
    """What it installs there is there, and not with what it installs beside it."""
    function = """
def step(wheels: str):
    import os, shutil, subprocess, sys
    pip = [sys.executable, '-m', 'pip', '-q']
    index = ['--no-index', '-f', wheels]
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', 'own'], check=True)
    subprocess.run([*pip, '--python', 'own/bin/python', 'install', *index, 'beta'], check=True)
    subprocess.run(['own/bin/python', '-c', 'import beta; print(beta.__file__)'], check=True)
    print(os.listdir(os.environ['HEADRACE_PACKAGES']))
    assert shutil.which('pip') == os.path.join(sys.prefix, 'bin', 'pip')
    subprocess.run([shutil.which('pip'), 'install', '-q', *index, '--no-deps', 'alpha'], check=True)
    print(sorted(os.listdir(os.environ['HEADRACE_PACKAGES'])))
"""

    async def scenario() -> None:
        async with launcher(home) as run:
            given = {"wheels": str(wheels)}
            request = run.steps.python(function, image=PYTHON, installs=[INSTALL_KFP], parameters=given)
            text = await run.succeed(request)
            assert f"{request.folder}/own/lib/python3" in text
            assert "\n[]\n" in text
            assert "alpha.py" in text

    asyncio.run(scenario())


def test_a_set_is_resolved_again_after_a_day(tmp_path: Path, wheels: Path) -> None:
    """And what it then comes to decides whether there is anything to build."""
    clock = Clock()
    environments = Environments(Home(tmp_path), clock, local_index(wheels))
    first = environments.find(asked("alpha"), quiet)
    wheel(wheels, "beta", "2.0")
    assert environments.find(asked("alpha"), quiet).root == first.root
    clock.time = Instant(clock.time + DAY + 1)
    second = environments.find(asked("alpha"), quiet)
    assert version_in(first.root, "beta") == "1.0"
    assert version_in(second.root, "beta") == "2.0"
    clock.time = Instant(clock.time + DAY + 1)
    assert environments.find(asked("alpha"), quiet).root == second.root


def test_offline_once_built(tmp_path: Path, wheels: Path) -> None:
    """Also when a day has gone by and there is nobody to ask; and what is exact is never asked for again."""
    clock = Clock()
    home = Home(tmp_path)
    loose = Environments(home, clock, local_index(wheels)).find(asked("alpha"), quiet)
    exact = Environments(home, clock, local_index(wheels)).find(asked("beta==1.0", "--no-deps"), quiet)
    shutil.rmtree(wheels)
    clock.time = Instant(clock.time + 2 * DAY)
    said: list[bytes] = []
    again = Environments(home, clock, local_index(wheels))
    assert again.find(asked("alpha"), said.append).root == loose.root
    assert b"cannot be had" in b"".join(said)
    assert again.find(asked("beta==1.0", "--no-deps"), quiet).root == exact.root


def test_rubbish_of_a_killed_build_is_built_again(tmp_path: Path, wheels: Path) -> None:
    environments = Environments(Home(tmp_path), Clock(), local_index(wheels))
    root = environments.find(asked("beta"), quiet).root
    (root / "headrace-ready.json").unlink()
    (root / "bin" / "python3").unlink()
    assert environments.find(asked("beta"), quiet).root == root
    assert version_in(root, "beta") == "1.0"


def test_an_index_without_pip(tmp_path: Path) -> None:
    """Then the environment has the interpreter's own."""
    folder = wheel(tmp_path / "wheels", "beta", "1.0").parent
    root = Environments(Home(tmp_path), Clock(), local_index(folder)).find(asked("beta"), quiet).root
    subprocess.run([root / "bin" / "python3", "-m", "pip", "--version"], check=True, stdout=subprocess.DEVNULL)


def test_a_local_package_that_was_edited_is_another(tmp_path: Path, wheels: Path) -> None:
    environments = Environments(Home(tmp_path), Clock(), local_index(wheels))
    file = wheel(tmp_path / "own", "gamma", "1.0")
    first = environments.find(asked(str(file), "--no-deps"), quiet)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("more.py", "version = 'more'\n")
    second = environments.find(asked(str(file), "--no-deps"), quiet)
    assert first.root != second.root
    assert version_in(second.root, "more") == "more"


def test_the_later_install_wins(tmp_path: Path, wheels: Path) -> None:
    """As when pip runs twice."""
    wheel(wheels, "beta", "2.0")
    environments = Environments(Home(tmp_path), Clock(), local_index(wheels))
    twice = Asked(Base(), (PipInstall(("alpha",)), PipInstall(("beta==1.0", "--no-deps"))))
    root = environments.find(twice, quiet).root
    assert (version_in(root, "alpha"), version_in(root, "beta")) == ("1.0", "1.0")


def test_a_build_that_fails_says_what_is_missing(tmp_path: Path, wheels: Path) -> None:
    environments = Environments(Home(tmp_path), Clock(), local_index(wheels))
    with pytest.raises(StepError, match="no-such-package"):
        environments.find(asked("no-such-package"), quiet)
    with pytest.raises(StepError, match="--target"):
        environments.find(asked("beta", "--target", "/"), quiet)


def test_a_failed_build_refuses_the_step(home: Home, wheels: Path) -> None:
    async def scenario() -> None:
        async with launcher(home, environment=local_index(wheels)) as run:
            request = run.steps.python(VERSION, image=PYTHON, installs=["'no-such-package'"])
            refused = await run.refused(request)
            assert "no-such-package" in refused.reason
            assert "no-such-package" in log(request)

    asyncio.run(scenario())


def test_credentials_stay_out_of_keys_and_messages(tmp_path: Path, wheels: Path) -> None:
    """The password of an index may change without another environment; nothing that is said or named has it."""
    home = Home(tmp_path)
    said: list[bytes] = []
    roots = set()
    for password in ("hunter2", "hunter3"):
        environments = Environments(home, Clock(), local_index(wheels))
        index = ("--extra-index-url", f"https://someone:{password}@localhost:1/simple")
        roots.add(environments.find(asked("beta==1.0", "--no-deps", *index), said.append).root)
    assert len(roots) == 1
    environments = Environments(home, Clock(), {**local_index(wheels), "PIP_NO_INDEX": "", "UV_HTTP_RETRIES": "0"})
    with pytest.raises(StepError) as error:
        environments.find(asked("unknown", "--index-url", "https://someone:hunter2@localhost:1/simple"), said.append)
    assert "hunter" not in str(error.value) + b"".join(said).decode()
    assert "localhost:1" in str(error.value)
    assert error.value.infrastructure


def test_an_image_may_bring_packages_and_sources(home: Home, tmp_path: Path, wheels: Path) -> None:
    """A command of such an image runs in its environment; what it starts finds the sources."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "helper.py").write_text("word = 'from the sources'\n")
    setting = ImageSetting(packages=("alpha",), context=str(tmp_path / "sources"))
    settings = replace(SETTINGS, images={"example.org/*": setting})

    async def scenario() -> None:
        async with launcher(home, settings, local_index(wheels)) as run:
            program = "import alpha, beta, helper; print(alpha.version, helper.word)"
            request = run.steps.command("python", "-c", program, image="example.org/tool:1")
            assert (await run.succeed(request)).endswith("1.0 from the sources\n")

    asyncio.run(scenario())


def test_an_interpreter_by_its_path_or_a_version_that_is_missing(tmp_path: Path, wheels: Path) -> None:
    environments = Environments(Home(tmp_path), Clock(), local_index(wheels))
    found = environments.find(Asked(Base(python=sys.executable), ()), quiet)
    assert json.loads((found.root / "headrace-ready.json").read_text())["python"] == sys.executable
    assert "3.0" in environments.find(Asked(Base(python="3.0"), ()), quiet).warning
    with pytest.raises(StepError, match="/no/such/python"):
        environments.find(Asked(Base(python="/no/such/python"), ()), quiet)
