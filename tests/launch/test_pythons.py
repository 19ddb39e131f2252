"""The contract holds in each Python that steps may have: as far as this host has them."""

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.launch.steps import SETTINGS, launcher
from tests.launch.test_contract import ENDS, WELL, both, compare

from headrace.base.home import Home
from headrace.base.settings import ImageSetting
from headrace.launch.base import LaunchRequest


def interpreters() -> dict[str, str]:
    """The Pythons from 3.9 on, other than the one that runs the tests: on the path, or pyenv's."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(":")]
    folders += Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    found: dict[str, str] = {}
    for folder in folders:
        for file in folder.glob("python3.*"):
            version = re.fullmatch(r"python(3\.(?:9|1\d))", file.name)
            own = "{}.{}".format(*sys.version_info[:2])
            if version is None or version[1] in found or version[1] == own:
                continue
            if not subprocess.run([file, "-c", "import ssl, ctypes"], capture_output=True).returncode:
                found[version[1]] = str(file)
    return found


PYTHONS = interpreters()


@pytest.mark.parametrize("version", sorted(PYTHONS) or ["none"])
def test_the_contract_in_other_pythons(home: Home, version: str) -> None:
    if version not in PYTHONS:
        pytest.skip("there is no other Python on this host")
    settings = replace(SETTINGS, images={"other": ImageSetting(python=PYTHONS[version])})

    async def scenario() -> None:
        async with launcher(home, settings) as run:
            warm, cold = await both(run, WELL, image="other", parameters={"text": "x", "number": 2})
            compare(warm, cold)
            for name in ("exception", "exit with a text", "threads", "finalizers", "extension module"):
                compare(*await both(run, ENDS[name], image="other"))
            request: LaunchRequest = run.steps.python("def step():\n    import sys\n    print(sys.version_info[:2])\n")
            request = replace(request, image="other", command=warm_command(request))
            assert f"(3, {version[2:]})" in await run.succeed(request)

    asyncio.run(scenario())


def warm_command(request: LaunchRequest) -> tuple[str, ...]:
    """The command with the bootstrap of the environment that `both` has made."""
    from tests.launch.steps import INSTALL_KFP, bootstrap

    return ("sh", "-c", bootstrap(INSTALL_KFP), *request.command)
