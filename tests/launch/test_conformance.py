"""What every launcher does alike: one suite, over processes and over containers of each engine that there is.

Its steps are commands of a shell that name files by their whole paths, since the folder that they start in is the
image's. Files of an attempt and of the store are the same inside and outside.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from tests.launch.grounds import KINDS, Ground, ground
from tests.launch.steps import PATIENCE, Running, Steps, log, until_file
from tests.launch.test_crash import Server

from headrace.base.home import Home
from headrace.launch.attempt import is_over, is_running
from headrace.launch.base import Exited, LaunchRequest, Lost, Refused, Started

PATIENT = 60.0
"""A grace that no test waits for."""

POLITE = 'trap "echo told; exit 9" TERM; echo up > "$0/up"; while :; do sleep 0.05; done'
STUBBORN = 'trap "" TERM; echo up > "$0/up"; while :; do sleep 0.05; done'
GATED = (
    'echo x >> "$0/ran"; echo begin; echo up > "$0/up"; while ! [ -e "$0/go" ]; do sleep 0.05; done; echo end; exit 5'
)


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, home: Home) -> Iterator[Ground]:
    with ground(request.param, home.root) as found:
        yield found


def shell(where: Ground, steps: Steps, script: str, **more: object) -> LaunchRequest:
    """The script; `$0` is the attempt's folder."""
    request = steps.command("sh", "-c", script, image=where.image, **more)
    return replace(request, command=(*request.command, str(request.folder)))


def test_a_command_runs_with_its_variables_and_ends_as_it_ends(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            script = 'echo "$1" "$GREETING" "$KFP_POD_NAME"; echo problem >&2; exit 3'
            request = shell(where, run.steps, script, args=("a  b $HOME",), env=(("GREETING", "hello"),))
            end = await run.run(request)
            assert isinstance(end, Exited)
            assert (end.exit_code, end.killed, end.out_of_memory) == (3, False, False)
            started = await run.watcher.started(request)
            assert started.at <= end.at
            assert end.started_at <= end.at
            lines = log(request).splitlines()
            assert sorted(lines) == sorted([f"a  b $HOME hello {request.attempt_id}", "problem"])
            async with asyncio.timeout(PATIENCE):
                while is_running(request.folder):  # whoever saw to it tells the end before it lets go
                    await asyncio.sleep(0.005)
            assert is_over(request.folder)

    asyncio.run(scenario())


def test_outputs_are_files_of_the_server_s_user(home: Home, where: Ground) -> None:
    """Their folders are there, and the same inside and outside."""

    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = run.steps.command("sh", "-c", 'echo 1 > "$0"; echo 2 > "$1"', image=where.image)
            outputs = tuple(map(str, request.outputs))
            await run.succeed(replace(request, command=(*request.command, *outputs)))
            assert [file.read_text() for file in request.outputs] == ["1\n", "2\n"]
            assert {file.stat().st_uid for file in request.outputs} == {os.getuid()}

    asyncio.run(scenario())


def test_only_the_component_s_variables_reach_a_step(
    home: Home, where: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOBODYS_SECRET", "s3cret")

    async def scenario() -> None:
        async with where.launcher(home) as run:
            assert "s3cret" not in await run.succeed(shell(where, run.steps, "env"))

    asyncio.run(scenario())


def test_what_does_not_run_fails_with_its_name(home: Home, where: Ground) -> None:
    """A missing command: before it starts, or as its init says it."""

    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = run.steps.command("no-such-program", image=where.image)
            end = await run.run(request)
            said = end.reason if isinstance(end, Refused) else log(request)
            assert "no-such-program" in said or "No such file" in said
            assert not isinstance(end, Exited) or end.exit_code != 0
            assert not isinstance(end, Refused) or not end.infrastructure

    asyncio.run(scenario())


def test_one_that_dies_of_a_signal(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            end = await run.run(shell(where, run.steps, "kill -KILL $$"))
            assert isinstance(end, Exited)
            assert end.exit_code in (-signal.SIGKILL, 128 + signal.SIGKILL)
            assert end.exit_code < 0 or "SIGKILL" in end.message
            assert not end.killed

    asyncio.run(scenario())


def test_ten_megabytes_of_output(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = shell(where, run.steps, f"yes {'x' * 98} | head -c 10000000")
            text = await run.succeed(request)
            assert len(text) == 10_000_000
            assert set(text.splitlines()[:-1]) == {"x" * 98}

    asyncio.run(scenario())


def test_a_long_argument_is_refused_by_the_name_of_its_parameter(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            text = "y" * 200_000
            request = run.steps.command("echo", text, image=where.image)
            given = {"inputs": {"parameterValues": {"short": "a", "essay": text}}}
            refused = await run.refused(replace(request, executor_input=given))
            assert "'essay'" in refused.reason
            assert "200,000 bytes" in refused.reason
            assert not refused.infrastructure

    asyncio.run(scenario())


async def killed(run: Running, request: LaunchRequest, grace: float) -> Exited:
    """The end of the step, which was killed once it was up."""
    run.launcher.launch(request)
    await until_file(request.folder / "up")
    run.launcher.kill(request, grace=grace)
    end = await run.watcher.exit(request)
    assert end.killed
    return end


def test_a_step_may_end_in_its_own_way(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = shell(where, run.steps, POLITE)
            assert (await killed(run, request, PATIENT)).exit_code == 9
            assert "told" in log(request)

    asyncio.run(scenario())


def test_one_that_ignores_term_is_killed(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            end = await killed(run, shell(where, run.steps, STUBBORN), 0.2)
            assert end.exit_code == -signal.SIGKILL

    asyncio.run(scenario())


def test_a_second_kill_may_be_less_patient(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = shell(where, run.steps, STUBBORN)
            run.launcher.launch(request)
            await until_file(request.folder / "up")
            run.launcher.kill(request, grace=PATIENT)
            run.launcher.kill(request, grace=0)
            end = await run.watcher.exit(request)
            assert (end.exit_code, end.killed) == (-signal.SIGKILL, True)

    asyncio.run(scenario())


def test_kill_right_after_launch(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            await run.succeed(shell(where, run.steps, "true"))
            for _ in range(5):
                request = shell(where, run.steps, "sleep 1000")
                run.launcher.launch(request)
                run.launcher.kill(request, grace=PATIENT)
                assert (await run.watcher.exit(request)).killed

    asyncio.run(scenario())


def test_one_that_never_started_does_not_start(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = shell(where, run.steps, 'touch "$0/ran"')
            run.launcher.kill(request, grace=1)
            end = await run.watcher.exit(request)
            assert (end.killed, end.message) == (True, "killed before it started")
        async with where.launcher(home) as run:
            again = await run.run(request)
            assert isinstance(again, Exited)
            assert again.killed
            assert not (request.folder / "ran").exists()

    asyncio.run(scenario())


def test_kill_by_a_launcher_that_did_not_launch_it(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        async with where.launcher(home) as first:
            request = shell(where, first.steps, POLITE)
            first.launcher.launch(request)
            await until_file(request.folder / "up")
        async with where.launcher(home) as second:
            second.launcher.kill(request, grace=PATIENT)
            end = await second.watcher.exit(request)
            assert (end.exit_code, end.killed) == (9, True)

    asyncio.run(scenario())


def test_kill_of_one_that_ended(home: Home, where: Ground) -> None:
    """Its end is told again, as it was."""

    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = shell(where, run.steps, "exit 4")
            await run.run(request)
            run.watcher.seen.clear()
            run.launcher.kill(request, grace=1)
            end = await run.watcher.exit(request)
            assert (end.exit_code, end.killed) == (4, False)

    asyncio.run(scenario())


def server(home: Home, where: Ground, requests: list[LaunchRequest]) -> Server:
    return Server(home, requests, *([where.engine] if where.engine else []))


def test_running_steps_are_adopted_after_a_kill(home: Home, where: Ground) -> None:
    """Of the server, with -9. Nothing runs twice, and the log has every byte once."""

    async def scenario() -> None:
        requests = [shell(where, Steps(home), GATED) for _ in range(3)]
        killed = server(home, where, requests)
        for request in requests:
            await until_file(request.folder / "up")
            assert is_running(request.folder)
        killed.kill()
        async with where.launcher(home) as run:
            for request in requests:
                run.launcher.launch(request)
            for request in requests:
                assert isinstance(await run.watcher.started(request), Started)
                (request.folder / "go").touch()
            ends = [await run.watcher.exit(request) for request in requests]
        assert [end.exit_code for end in ends] == [5] * 3
        for request in requests:
            assert (request.folder / "ran").read_text() == "x\n"
            assert log(request) == "begin\nend\n"

    asyncio.run(scenario())


def test_steps_that_ended_while_no_server_was_up(home: Home, where: Ground) -> None:
    async def scenario() -> None:
        request = shell(where, Steps(home), f'{GATED.removesuffix("exit 5")} echo over > "$0/over"; exit 5')
        killed = server(home, where, [request])
        await until_file(request.folder / "up")
        killed.kill()
        (request.folder / "go").touch()
        await until_file(request.folder / "over")
        for _ in range(2):  # and again, from the record
            async with where.launcher(home) as run:
                end = await run.run(request)
                assert isinstance(end, Exited)
                assert end.exit_code == 5
        assert log(request) == "begin\nend\n"
        assert (request.folder / "ran").read_text() == "x\n"

    asyncio.run(scenario())


def test_one_attempt_launched_by_many(home: Home, where: Ground) -> None:
    """By three launchers at once, several times: it runs once, and all of them see its end."""

    async def scenario() -> None:
        request = shell(where, Steps(home), GATED)
        async with AsyncExitStack() as stack:
            runs = [await stack.enter_async_context(where.launcher(home)) for _ in range(3)]
            for run in runs:
                for _ in range(3):
                    run.launcher.launch(request)
            for run in runs:
                await run.watcher.started(request)
            await until_file(request.folder / "up")
            (request.folder / "go").touch()
            assert [(await run.watcher.exit(request)).exit_code for run in runs] == [5] * 3
        assert (request.folder / "ran").read_text() == "x\n"
        assert log(request) == "begin\nend\n"

    asyncio.run(scenario())


def test_what_vanished_is_lost(home: Home, where: Ground) -> None:
    """And stays so: its supervisor was killed, or its container removed, from outside."""

    async def scenario() -> None:
        async with where.launcher(home) as run:
            request = shell(where, run.steps, GATED)
            run.launcher.launch(request)
            await until_file(request.folder / "up")
            await vanish(run, request)
            assert isinstance(await run.watcher.end(request), Lost)
        async with where.launcher(home) as run:
            assert isinstance(await run.run(request), Lost)
            assert not is_running(request.folder)
        assert (request.folder / "ran").read_text() == "x\n"

    asyncio.run(scenario())


async def vanish(run: Running, request: LaunchRequest) -> None:
    from headrace.launch.container import ContainerLauncher
    from headrace.launch.containers.body import name_of

    if isinstance(run.launcher, ContainerLauncher):
        await run.launcher._engine.remove(name_of(request.attempt_id))
    else:
        os.kill(int((request.folder / "claim").read_text()), signal.SIGKILL)
