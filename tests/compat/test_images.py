"""Components whose code is in an image, with the real SDK: built or not, mapped, cached, changed and mapped again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.compat.pipelines.images import IMAGE, write
from tests.compat.pipelines.play import Back, message
from tests.harness import Server, artifacts_of, parameters_of, tasks_of


@pytest.fixture
def server(back: Back) -> Iterator[Server]:
    yield from left_unmapped(back.server)


@pytest.fixture
def of_anyone(anyone: Back) -> Iterator[Server]:
    yield from left_unmapped(anyone.server)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def left_unmapped(server: Server) -> Iterator[Server]:
    yield server
    run("-m", "headrace", "image", "unmap", IMAGE, "--home", str(server.home), check=False)


def run(*words: str, check: bool = True) -> str:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def compiled(folder: Path) -> Path:
    """The pipeline, compiled by the SDK where the components can be imported."""
    file = folder.parent / f"{folder.name}.yaml"
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pipeline import pipeline; from kfp import compiler;"
        "compiler.Compiler().compile(pipeline, sys.argv[2])"
    )
    run("-W", "ignore", "-c", script, str(folder), str(file))
    return file


def image_map(server: Server, folder: Path) -> dict[str, Any]:
    words = ("image", "map", IMAGE, "--context", str(folder), "--home", str(server.home), "--json")
    found: dict[str, Any] = json.loads(run("-m", "headrace", *words))
    return found


def play(server: Server, file: Path, **parameters: object) -> dict[str, dict[str, Any]]:
    """The tasks of a run of it, by name."""
    import yaml

    spec = next(iter(yaml.safe_load_all(file.read_text())))
    found = server.wait(server.submit(spec, **parameters))
    return {path.removeprefix("root."): task for path, task in tasks_of(found).items()}


def states(tasks: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: task["state"] for name, task in tasks.items() if name != "root"}


ALL = ("read", "repeat", "script")


def test_sources_that_were_not_built_run_are_cached_and_run_anew_once_they_are_mapped_again(
    of_anyone: Server, folder: Path
) -> None:
    server, file = of_anyone, compiled(folder)
    failed = play(server, file)
    assert failed["repeat"]["state"] == "FAILED"
    assert f"headrace image map {IMAGE} --context DIR" in message(failed["repeat"])

    made = image_map(server, folder)
    assert made["requirements"] == ["iniconfig==2.0.0", "kfp==2.17.0"]
    assert made["python"] == "3.11"
    tasks = play(server, file)
    assert states(tasks) == dict.fromkeys(ALL, "SUCCEEDED")
    assert parameters_of(tasks["repeat"]) == {"text": "a-a-a", "size": 5}
    assert parameters_of(tasks["read"]) == {"Output": "word word word "}
    assert parameters_of(tasks["script"]) == {"out": "a-a-a-a-a-a"}
    [data] = artifacts_of(tasks["repeat"])["data"]
    assert data["metadata"]["package"] == "iniconfig"

    assert states(play(server, file)) == dict.fromkeys(ALL, "CACHED")
    (folder / "tools" / "count.py").write_text((folder / "tools" / "count.py").read_text().replace('"-"', '"+"'))
    assert states(play(server, file)) == dict.fromkeys(ALL, "CACHED"), "it is mapped as it was"

    assert image_map(server, folder)["context"] != made["context"]
    tasks = play(server, file)
    assert states(tasks) == dict.fromkeys(ALL, "SUCCEEDED")
    assert parameters_of(tasks["repeat"]) == {"text": "a+a+a", "size": 5}
    assert parameters_of(tasks["script"]) == {"out": "a+a+a+a+a+a"}
    why = server.get(f"/api/v1/runs/{tasks['repeat']['run_id']}/tasks/repeat/why")
    assert {"label": "sources", "text": "the image's sources differ"} in why["details"]

    (folder / "tools" / "count.py").write_text((folder / "tools" / "count.py").read_text().replace('"+"', '"-"'))
    assert image_map(server, folder)["context"] == made["context"]
    assert states(play(server, file)) == dict.fromkeys(ALL, "CACHED"), "the first sources are the same again"


def test_sources_that_the_sdk_has_built(server: Server, folder: Path) -> None:
    build = "from kfp.cli.cli import cli; cli()"
    run("-W", "ignore", "-c", build, "component", "build", str(folder), "--no-build-image")
    assert (folder / "kfp_config.ini").is_file()
    file = compiled(folder)
    made = image_map(server, folder)
    assert made["requirements"] == ["iniconfig==2.0.0", "kfp==2.17.0"]
    tasks = play(server, file, text="b", times=2)
    assert states(tasks) == dict.fromkeys(ALL, "SUCCEEDED")
    assert parameters_of(tasks["script"]) == {"out": "b-b-b-b"}


def test_a_step_that_failed_for_want_of_its_sources_is_retried_with_them(server: Server, folder: Path) -> None:
    import yaml

    spec = next(iter(yaml.safe_load_all(compiled(folder).read_text())))
    run_id = server.submit(spec, text="c")
    assert server.wait(run_id)["state"] == "FAILED"
    image_map(server, folder)
    server.post(f"/apis/v2beta1/runs/{run_id}:retry")
    tasks = tasks_of(server.wait(run_id, {"SUCCEEDED"}))
    assert parameters_of(tasks["root.repeat"])["text"] == "c-c-c"
