"""Steps of images that are mapped: they start in a copy of the sources, with what those need, warm or cold."""

import asyncio
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.launch.steps import SETTINGS, Running, launcher

from headrace.base.home import Home
from headrace.base.settings import ImageSetting
from headrace.blobs.context import pack
from headrace.blobs.contexts import Contexts, Needs
from headrace.launch.base import LaunchRequest
from headrace.launch.jobs import INPUT_LIMIT
from headrace.launch.requirements import Said, needs_of
from headrace.launch.runner.linux import IS_LINUX
from headrace.model.pod import Pod, Security

COMPONENT = """
import os
from kfp import dsl
from lib.helper import double


@dsl.component(base_image="python:3.11", target_image="x/y:1")
def step(text: str) -> str:
    print("in", os.getcwd(), os.environ["PWD"], sorted(os.listdir(".")), len(text))
    print(open("words.txt").read())
    return double(text[:5])
"""
EXECUTOR = ("python3", "-m", "kfp.dsl.executor_main")
ARGS = ("--executor_input", "{{$}}", "--function_to_execute", "step")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "parts.py": COMPONENT,
        "lib/helper.py": "def double(x):\n    return x + x\n",
        "words.txt": "hello",
        "run.sh": "#!/bin/sh\npwd\ncat words.txt\npython3 -c 'import lib.helper as h; print(h.double(21))'\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def mapped(home: Home, folder: Path, *requirements: str, said: Said | None = None) -> str:
    """The digest of the sources as they are now, with these requirements, or with what they are found to need."""
    archive, contexts = io.BytesIO(), Contexts(home.contexts)
    pack(folder, archive)
    archive.seek(0)
    with contexts.unpacked(archive) as files:
        return contexts.keep(files, Needs("", requirements) if said is None else needs_of(files, said)).digest


def component(run: Running, sources: str, text: str = "abc", **more: object) -> LaunchRequest:
    given = run.steps.python("", parameters={"text": text}, image="x/y:1", sources=sources, **more)
    return replace(given, command=EXECUTOR, args=ARGS)


def output(request: LaunchRequest) -> str:
    value = json.loads(request.outputs[1].read_text())["parameterValues"]["Output"]
    assert isinstance(value, str)
    return value


def test_a_command_of_the_image_starts_in_its_sources(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        sources = mapped(home, folder)
        async with launcher(home) as run:
            request = run.steps.command("./run.sh", sources=sources)
            assert await run.succeed(request) == f"{request.folder}/workdir\nhello42\n"
            request = run.steps.command("sh", "-c", "echo $PWD; cd /; python3 -c 'import lib.helper'", sources=sources)
            assert await run.succeed(request) == f"{request.folder}/workdir\n"

    asyncio.run(scenario())


def test_what_a_step_does_to_its_sources_no_other_sees(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        (folder / "large.bin").write_bytes(bytes(1 << 21))
        (folder / "link").symlink_to("words.txt")
        sources = mapped(home, folder)
        async with launcher(home) as run:
            spoil = "echo other > words.txt; echo x > new; rm run.sh lib/helper.py; chmod 777 lib"
            await run.succeed(run.steps.command("sh", "-c", spoil, sources=sources))
            look = run.steps.command("sh", "-c", "cat words.txt link; echo; ls; wc -c < large.bin", sources=sources)
            assert (await run.succeed(look)).split() == [
                *("hellohello", "large.bin", "lib", "link", "parts.py", "run.sh", "words.txt", str(1 << 21))
            ]
        (folder / "words.txt").write_text("later")
        async with launcher(home) as run:
            look = run.steps.command("cat", "words.txt", sources=sources)
            assert await run.succeed(look) == "hello"
            changed = run.steps.command("cat", "words.txt", sources=mapped(home, folder))
            assert await run.succeed(changed) == "later"

    asyncio.run(scenario())


def test_components_whose_code_is_in_the_image_run_warm_and_cold(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        sources = mapped(home, folder, said=Said(kfp="2.17.0"))
        async with launcher(home) as run:
            warm = component(run, sources)
            cold = component(run, sources, env=(("PYTHONHASHSEED", "1"),))
            long = [component(run, sources, "x" * (2 * INPUT_LIMIT), env=each.env) for each in (warm, cold)]
            for request in (warm, cold, *long):
                said = await run.succeed(request)
                assert f"in {request.folder}/workdir {request.folder}/workdir" in said
                assert "hello" in said
            assert [output(each) for each in (warm, cold, *long)] == ["abcabc", "abcabc", "x" * 10, "x" * 10]
            light = run.steps.python(
                "def step() -> str:\n    from lib.helper import double\n    return double('light')\n",
                image="x/y:1",
                sources=sources,
            )
            await run.succeed(light)
            assert output(light) == "lightlight"

    asyncio.run(scenario())


def test_a_component_whose_code_is_in_an_image_that_nothing_stands_for_says_what_to_do(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            refused = await run.refused(component(run, ""))
            assert refused.reason.endswith("headrace image map x/y:1 --context DIR")
            assert not refused.infrastructure
            odd = replace(component(run, ""), image="x y")
            assert "headrace image map 'x y' --context DIR" in (await run.refused(odd)).reason

    asyncio.run(scenario())


def test_a_command_that_is_nowhere_says_what_to_do(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            refused = await run.refused(run.steps.command("train-it"))
            assert "headrace image map alpine --context DIR" in refused.reason
            refused = await run.refused(run.steps.command("train-it", sources=mapped(home, folder)))
            assert "not among the sources that 'alpine' is mapped to" in refused.reason
            assert "image map" not in refused.reason

    asyncio.run(scenario())


def test_sources_that_are_gone_are_said_to_be(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            refused = await run.refused(run.steps.command("true", sources="f" * 64))
            assert "ffffffffffff: they are not in this home" in refused.reason
            assert "Map the image again" in refused.reason

    asyncio.run(scenario())


def test_a_mapping_wins_over_the_setting(home: Home, folder: Path) -> None:
    settings = replace(SETTINGS, images={"alpine": ImageSetting(venv="/nowhere")})

    async def scenario() -> None:
        async with launcher(home, settings) as run:
            assert await run.succeed(run.steps.command("cat", "words.txt", sources=mapped(home, folder))) == "hello"
            assert "/nowhere" in (await run.refused(run.steps.command("true"))).reason

    asyncio.run(scenario())


def test_wheels_in_the_sources_are_installed(home: Home, folder: Path) -> None:
    from zipfile import ZipFile

    wheel = folder / "wheels" / "parcel-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with ZipFile(wheel, "w") as packed:
        packed.writestr("parcel.py", "word = 'packed'\n")
        packed.writestr("parcel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n")
        packed.writestr("parcel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr("parcel-1.0.dist-info/RECORD", "")
    sources = mapped(home, folder, "./wheels/parcel-1.0-py3-none-any.whl")

    async def scenario() -> None:
        async with launcher(home) as run:
            look = run.steps.command("python3", "-c", "import parcel; print(parcel.word)", sources=sources)
            assert (await run.succeed(look)).endswith("packed\n")

    asyncio.run(scenario())


@pytest.mark.skipif(os.geteuid() != 0 or not IS_LINUX, reason="the tests are not run by root on Linux")
def test_a_step_with_ids_of_its_own_has_a_copy_of_its_own(home: Home, folder: Path) -> None:
    home.root.chmod(0o700)

    async def scenario() -> None:
        sources = mapped(home, folder)
        async with launcher(home) as run:
            script = "id -u; cat words.txt; echo other > words.txt; stat -c %u words.txt lib"
            request = run.steps.command("sh", "-c", script, sources=sources)
            request = replace(request, pod=Pod(security=Security(user=1234, group=567)))
            assert (await run.succeed(request)).split() == ["1234", "hello1234", "1234"]

    asyncio.run(scenario())


def test_each_process_of_a_training_job_has_a_copy(home: Home, folder: Path) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            script = 'cat words.txt; echo " $RANK" >> words.txt; cat words.txt; pwd; echo $PWD'
            request = run.steps.command("sh", "-c", script, sources=mapped(home, folder), workers=2)
            starts = [f"{request.folder}/workdir", f"{request.folder}/rank-1/workdir"]
            assert (await run.succeed(request)).split() == ["hellohello", "0", starts[0], starts[0]]
            other = (request.folder / "log.rank-1").read_text()
            assert other.split() == ["hellohello", "1", starts[1], starts[1]]

    asyncio.run(scenario())
