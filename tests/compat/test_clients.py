"""The real clients do all that they offer, and none of it is left out: the pinned client, and an older one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uv
import yaml
from tests.api.conftest import pipeline
from tests.harness import Server

OLDER = "2.14.6"
SCRIPT = Path(__file__).parent / "every_call.py"


def package(folder: Path, *command: str) -> str:
    """A pipeline of one command, whose parameters `count` and `word` have defaults."""
    document = pipeline(f"does-{command[0]}")
    document["root"]["inputDefinitions"]["parameters"]["count"].update(defaultValue=1, isOptional=True)
    document["deploymentSpec"]["executors"]["exec-say"]["container"]["command"] = list(command)
    path = folder / f"{command[0]}.yaml"
    path.write_text(yaml.safe_dump(document))
    return str(path)


@pytest.fixture(scope="session")
def older(request: pytest.FixtureRequest) -> str:
    """The Python of an environment with the older client; made once, kept between runs."""
    folder = Path(request.config.cache.mkdir(f"kfp-{OLDER}"))  # type: ignore[union-attr]
    python, done = folder / "bin" / "python", folder / "done"
    if not done.exists():
        for words in (
            ["venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            ["pip", "install", "--quiet", "--python", str(python), f"kfp=={OLDER}"],
        ):
            made = subprocess.run([uv.find_uv_bin(), *words], capture_output=True, text=True, check=False)
            if made.returncode and "CI" not in os.environ:
                pytest.skip(f"kfp {OLDER} cannot be installed: {made.stderr[-300:]}")
            assert made.returncode == 0, made.stderr
        done.touch()
    return str(python)


def call_everything(python: str, server: Server, folder: Path) -> Any:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, str(SCRIPT), server.url, package(folder, "true"), package(folder, "sleep", "3600"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "HOME": str(folder)},
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-5000:]}"
    return json.loads(done.stdout.splitlines()[-1])


def test_the_pinned_client(server: Server, tmp_path: Path) -> None:
    told = call_everything(sys.executable, server, tmp_path)
    assert told["left_out"] == []
    assert len(told["operations"]) == 9 - 1
    _clean(server)


def test_an_older_client(server: Server, older: str, tmp_path: Path) -> None:
    told = call_everything(older, server, tmp_path)
    assert (told["version"], told["left_out"]) == (OLDER, [])
    _clean(server)


def _clean(server: Server) -> None:
    """Names are taken otherwise, for the next client."""
    for each in server.get("/apis/v2beta1/pipelines?page_size=200").get("pipelines", []):
        url = f"{server.url}/apis/v2beta1/pipelines/{each['pipeline_id']}?cascade=true"
        assert httpx2.delete(url, timeout=30).is_success
