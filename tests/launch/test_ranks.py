"""Steps of several processes: one attempt, one end, a log each, and outputs of the first."""

import asyncio
import json
import os
import signal
from dataclasses import replace

import pytest
from tests.launch.steps import Running, Steps, launcher, log, until_file, until_gone

from headrace.base.home import Home
from headrace.launch.base import Exited, LaunchRequest, Refused
from headrace.launch.explain import explain_exit
from headrace.launch.jobs import INPUT_LIMIT
from headrace.launch.runner.wire import log_of
from headrace.model.pod import InitContainer, Pod
from headrace.spec.quantity import Quantities

WAITS = "echo $$ > pid.$RANK; echo up > up.$RANK; while true; do sleep 0.05; done"

TELL = """
def step(text: str, data: Output[Dataset], more: OutputPath(str)) -> str:
    import os
    open(more, 'w').write(os.environ['RANK'])
    open('ran.' + os.environ['RANK'], 'w').write(os.environ['MASTER_PORT'])
    data.metadata['rank'] = os.environ['RANK']
    return f"{os.environ['RANK']} {len(text)}"
"""


def rank_log(request: LaunchRequest, rank: int) -> str:
    return (request.folder / log_of(rank)).read_text()


async def fail(run: Running, request: LaunchRequest) -> Exited:
    end = await run.run(request)
    assert isinstance(end, Exited), end
    assert end.exit_code != 0
    return end


def test_one_that_fails_is_the_end_of_all(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            script = f"if [ $RANK = 1 ]; then cat gate; echo 'Error: bad luck'; exit 7; fi; {WAITS}"
            request = run.steps.command("sh", "-c", script, workers=3)
            request.folder.mkdir(parents=True)
            os.mkfifo(request.folder / "gate")
            run.launcher.launch(request)
            pids = [int(await until_file(request.folder / f"pid.{rank}")) for rank in (0, 2)]
            (request.folder / "gate").write_text("go\n")
            end = await run.watcher.exit(request)
            assert (end.exit_code, end.rank, end.killed) == (7, 1, False)
            assert explain_exit(end, request) == "rank 1 of 3: exit code 7: Error: bad luck"
            for pid in pids:
                await until_gone(pid)

    asyncio.run(scenario())


def test_the_others_are_asked_to_end_and_the_first_that_failed_counts(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            script = f"if [ $RANK = 0 ]; then cat gate; exit 3; fi; trap 'echo heard; exit 9' TERM; {WAITS}"
            request = run.steps.command("sh", "-c", script, workers=2)
            request.folder.mkdir(parents=True)
            os.mkfifo(request.folder / "gate")
            run.launcher.launch(request)
            pid = int(await until_file(request.folder / "pid.1"))
            (request.folder / "gate").write_text("go\n")
            end = await run.watcher.exit(request)
            assert (end.exit_code, end.rank) == (3, 0)
            assert rank_log(request, 1).endswith("heard\n")
            await until_gone(pid)

    asyncio.run(scenario())


def test_a_kill_ends_all(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("sh", "-c", WAITS, workers=3)
            run.launcher.launch(request)
            pids = [int(await until_file(request.folder / f"pid.{rank}")) for rank in range(3)]
            run.launcher.kill(request, grace=5.0)
            end = await run.watcher.exit(request)
            assert end.killed
            assert end.exit_code in (-signal.SIGTERM, 128 + signal.SIGTERM)
            for pid in pids:
                await until_gone(pid)

    asyncio.run(scenario())


def test_a_new_server_adopts_them(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("sh", "-c", f"if [ $RANK = 1 ]; then cat gate; exit 5; fi; {WAITS}", workers=2)
            request.folder.mkdir(parents=True)
            os.mkfifo(request.folder / "gate")
            run.launcher.launch(request)
            await until_file(request.folder / "up.0")
        async with launcher(home) as again:
            again.launcher.launch(request)
            (request.folder / "gate").write_text("go\n")
            end = await again.watcher.exit(request)
            assert (end.exit_code, end.rank) == (5, 1)

    asyncio.run(scenario())


def test_over_the_memory_limit_together_they_are_killed(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            script = "import time; x = bytearray(70 << 20); time.sleep(1000)"
            limits = Quantities(memory_limit=150 << 20)
            request = run.steps.command("python3", "-c", script, workers=3, resources=limits)
            end = await fail(run, request)
            assert end.over_limit is not None
            assert explain_exit(end, request).startswith("out of memory: it was killed because")

    asyncio.run(scenario())


@pytest.mark.parametrize("length", [10, INPUT_LIMIT + 10, 300_000])
@pytest.mark.parametrize("cold", [False, True])
def test_outputs_of_others_go_elsewhere(home: Home, length: int, cold: bool) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = component(run.steps, length, cold=cold)
            await run.succeed(request)
            ports = {(request.folder / f"ran.{rank}").read_text() for rank in range(3)}
            assert len(ports) == 1
            assert (request.folder / "outputs/more").read_text() == "0"
            for rank in (1, 2):
                assert (request.folder / f"rank-{rank}/outputs/more").read_text() == f"{rank}"
                assert "Traceback" not in rank_log(request, rank)
            told = next(file for file in request.outputs if file.name == "output_metadata.json")
            written = json.loads(told.read_text())
            assert written["parameterValues"] == {"Output": f"0 {length}"}
            assert written["artifacts"]["data"]["artifacts"][0]["metadata"]["rank"] == "0"
            assert [each.name for each in told.parent.iterdir()] == ["output_metadata.json"]

    asyncio.run(scenario())


def component(steps: Steps, length: int, *, cold: bool) -> LaunchRequest:
    request = steps.python(TELL, parameters={"text": "x" * length}, workers=3)
    outputs = request.executor_input["outputs"]
    assert isinstance(outputs, dict)
    outputs["parameters"]["more"] = {"outputFile": str(request.folder / "outputs/more")}
    return replace(request, env=(("PYTHONHASHSEED", "7"),)) if cold else request


def test_a_command_that_is_not_there_is_refused_once(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            end = await run.run(run.steps.command("nowhere-to-be-found", workers=4))
            assert isinstance(end, Refused)
            assert "nowhere-to-be-found" in end.reason

    asyncio.run(scenario())


def test_init_containers_run_once_and_before_all(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            init = InitContainer("prepare", "alpine", ("sh", "-c", "sleep 0.2; echo x >> prepared"))
            script = "cat prepared > seen.$RANK"
            request = run.steps.command("sh", "-c", script, workers=3, pod=Pod(init=(init,)))
            await run.succeed(request)
            assert [(request.folder / f"seen.{rank}").read_text() for rank in range(3)] == ["x\n"] * 3

    asyncio.run(scenario())


def test_an_init_container_that_fails_is_the_end_of_all(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            init = InitContainer("prepare", "alpine", ("sh", "-c", "exit 4"))
            end = await run.run(run.steps.command("touch", "ran", workers=3, pod=Pod(init=(init,))))
            assert isinstance(end, Refused)
            assert "init container prepare ended with code 4" in end.reason

    asyncio.run(scenario())


def test_what_all_of_them_use_is_counted(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            spin = "import time\nwhile time.process_time() < 0.2: pass"
            request = run.steps.command("python3", "-c", spin, workers=3)
            end = await run.run(request)
            assert isinstance(end, Exited)
            assert (end.exit_code, end.rank) == (0, None)
            assert end.usage.cpu_seconds >= 0.6
            assert log(request) == ""

    asyncio.run(scenario())
