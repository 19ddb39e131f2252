"""Containers when something is in the way: a taken name, a daemon that is away, a log that breaks off."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tests.launch.fake_engine import FakeEngine, Refusal, fake_engine
from tests.launch.stage import GATE, Stage, stage, until
from tests.launch.steps import HeldObjects, containers, launcher, log, until_file

from headrace.base.home import Home
from headrace.launch import attempt, container, strays
from headrace.launch.base import LaunchRequest, Lost
from headrace.launch.containers.body import ATTEMPT, HOME, name_of
from headrace.launch.explain import explain_exit
from headrace.model.pod import ClaimVolume, EmptyVolume, Pod, SecretVariables, SecretVolume
from headrace.spec.quantity import Quantities


def test_what_the_engine_refuses_to_make_or_start(home: Home) -> None:
    async def scenario() -> None:
        async with stage(home) as here:
            small = await here.run.refused(here.shell("true", resources=Quantities(memory_limit=5 << 20)))
            assert "Minimum memory limit allowed is 6MB" in small.reason
            assert not small.infrastructure
            words = 'exec: "nope": executable file not found in $PATH: unknown'
            for status in (400, 500):
                here.engine.refuse_start = Refusal(status, words)
                request = here.shell("true")
                refused = await here.run.refused(request)
                assert words in refused.reason
                assert not refused.infrastructure
                assert not attempt.is_running(request.folder)
                # Nothing of it ran, so another launch may try.
                assert (await here.run.refused(request)) is refused
                here.run.watcher.seen.clear()
                await here.run.succeed(request)
            here.engine.refuse_start = Refusal(500, "driver failed programming external connectivity")
            assert (await here.run.refused(here.shell("true"))).infrastructure
            assert not here.engine.boxes

    asyncio.run(scenario())


def test_a_foreign_container_has_the_name(home: Home) -> None:
    async def scenario() -> None:
        async with stage(home) as here:
            request = here.shell("true")
            body = {"Image": "alpine", "Labels": {}, "HostConfig": {"Mounts": []}}
            here.engine._create(name_of(request.attempt_id), body)
            refused = await here.run.refused(request)
            assert f"a foreign container has the name headrace-{request.attempt_id}" in refused.reason
            assert refused.infrastructure
            assert here.engine.boxes  # it is not ours to remove

    asyncio.run(scenario())


def test_one_that_was_made_and_not_started_is_started(home: Home) -> None:
    """By a server that was killed in between."""

    async def scenario() -> None:
        async with stage(home) as here:
            here.engine.refuse_start = Refusal(500, "x")
            request = here.shell("echo ran")
            await here.run.refused(request)
            body = next(body for method, path, body in here.engine.requests if path == "/containers/create")
            here.engine._create(name_of(request.attempt_id), body)
            here.run.watcher.seen.clear()
            await here.run.succeed(request)
            assert log(request) == "ran\n"

    asyncio.run(scenario())


def test_a_start_whose_answer_is_lost_is_not_repeated(home: Home) -> None:
    async def scenario() -> None:
        async with stage(home) as here:
            here.engine.lose_start = True
            request = here.shell('echo x >> "$0/ran"; sleep 0.3')
            await here.run.succeed(request)
            assert (request.folder / "ran").read_text() == "x\n"

    asyncio.run(scenario())


def test_a_daemon_that_is_away_for_a_while(home: Home) -> None:
    """What runs is waited for; what has not begun is refused, and nobody's fault; all goes on when it is back."""

    async def scenario() -> None:
        async with stage(home) as here:
            request = await here.up()
            await here.run.watcher.started(request)
            await here.engine.stop()
            refused = await here.run.refused(here.shell("true"))
            assert refused.infrastructure
            assert "does not answer" in refused.reason
            here.open(request)
            await until_ended(here.engine, request)
            await here.engine.start()
            end = await here.run.watcher.exit(request)
            assert end.exit_code == 5
            assert log(request) == "begin\nend\n"
            await here.run.succeed(here.shell("true"))
            await until(lambda: not here.engine.boxes)

    asyncio.run(scenario())


async def until_ended(engine: FakeEngine, request: LaunchRequest) -> None:
    await until(lambda: engine.boxes[name_of(request.attempt_id)].status == "exited")


def test_killed_while_the_daemon_is_away(home: Home) -> None:
    async def scenario() -> None:
        async with stage(home) as here:
            request = await here.up()
            await here.engine.stop()
            here.run.launcher.kill(request, grace=60)
            await here.engine.start()
            end = await here.run.watcher.exit(request)
            assert (end.exit_code, end.killed) == (-signal.SIGTERM, True)

    asyncio.run(scenario())


def test_a_log_that_breaks_off_has_every_byte_once(home: Home) -> None:
    """In the middle of a frame, again and again."""

    async def scenario() -> None:
        async with stage(home) as here:
            here.engine.break_logs = [0, 1, 2, 3, 5]
            lines = [f"line {number}" for number in range(8)]
            script = "; ".join(f"echo {line}; sleep 0.03" for line in lines)
            assert (await here.run.succeed(here.shell(script))).splitlines() == lines
            assert not here.engine.break_logs

    asyncio.run(scenario())


def test_a_restarted_server_goes_on_with_the_log(home: Home) -> None:
    """Also below what a pull has said in it, and where a write was cut short."""

    async def scenario() -> None:
        async with fake_engine(home.root) as engine:
            engine.pulls["example.org/tool:1"] = [{"status": "Waiting"}]
            async with containers(home, str(engine.socket)) as run:
                here = Stage(engine, run)
                request = await here.up(image="example.org/tool:1")
                await until(lambda: "begin" in log(request))
            whole = log(request)
            os.truncate(request.folder / "log", len(whole) - 3)
            here.open(request)
            await until_ended(engine, request)
            async with containers(home, str(engine.socket)) as run:
                run.launcher.launch(request)
                assert (await run.watcher.exit(request)).exit_code == 5
            assert log(request) == f"{whole}end\n"

    asyncio.run(scenario())


def test_the_end_is_recorded_before_the_container_goes(home: Home) -> None:
    """A record that cannot be written keeps the container, which the next launch reads."""

    async def scenario() -> None:
        async with fake_engine(home.root) as engine:
            async with containers(home, str(engine.socket)) as run:
                here = Stage(engine, run)
                request = await here.up()
                (request.folder / "exit.new").unlink()
                (request.folder / "exit.new").mkdir()
                here.open(request)
                end = await run.watcher.exit(request)
                assert end.exit_code == 5
                assert "its end was not recorded" in end.message
                assert name_of(request.attempt_id) in engine.boxes
            (request.folder / "exit.new").rmdir()
            async with containers(home, str(engine.socket)) as run:
                run.launcher.launch(request)
                end = await run.watcher.exit(request)
                assert (end.exit_code, end.message) == (5, "")
                assert not engine.boxes

    asyncio.run(scenario())


@pytest.mark.parametrize("whole", [True, False], ids=["the step", "a child of it"])
def test_over_its_memory_limit(home: Home, whole: bool) -> None:
    """As the engine says it; also where only a child was killed, and the step would have ended well."""

    async def scenario() -> None:
        async with stage(home) as here:
            gate = GATE.replace("exit 5", "exit 0")
            request = here.shell(gate, resources=Quantities(memory_limit=64 << 20))
            here.run.launcher.launch(request)
            await until_file(request.folder / "up")
            box = here.engine.boxes[name_of(request.attempt_id)]
            assert box.process is not None
            box.out_of_memory = True
            if whole:
                box.process.kill()
            else:
                here.open(request)
            end = await here.run.watcher.exit(request)
            assert end.exit_code == (128 + signal.SIGKILL if whole else -signal.SIGKILL)
            assert end.over_limit is not None
            assert "more than its limit of 64 MiB. Raise the limit" in explain_exit(end, request)

    asyncio.run(scenario())


def test_what_a_pod_has_of_objects(home: Home) -> None:
    """Secrets as variables and as files in memory, claims, and folders of its own: gone with the container."""

    async def scenario() -> None:
        held = HeldObjects(home, secrets={"login": {"user": b"me", "password": b"s3cret"}}, claims=["data"])
        async with (
            fake_engine(home.root) as engine,
            containers(home, str(engine.socket), objects=held) as run,
        ):
            pod = Pod(
                variables=(SecretVariables("login", (("password", "PASSWORD"),)),),
                volumes=(
                    SecretVolume("login", "/secret"),
                    ClaimVolume("data", "/claim"),
                    EmptyVolume("own", "/own"),
                ),
            )
            script = 'echo "$PASSWORD $(cat /secret/user)"; echo kept > /claim/file; echo mine > /own/file; ls -d "$1"'
            request = Stage(engine, run).shell(script, pod=pod, args=("/dev/shm",))
            assert (await run.succeed(request)).splitlines() == ["s3cret me", "/dev/shm"]
            assert (home.volume("data") / "file").read_text() == "kept\n"
            assert not (request.folder / "volumes").exists()
            assert not Path(f"/dev/shm/headrace-{request.attempt_id}").exists()
            body = next(body for _, path, body in engine.requests if path == "/containers/create")
            sources = {each["Target"]: each["Source"] for each in body["HostConfig"]["Mounts"]}
            assert sources["/secret"].startswith("/dev/shm/")
            refused = await run.refused(Stage(engine, run).shell("true", workers=2))
            assert "2 workers" in refused.reason
            gone = Pod(variables=(SecretVariables("nothing", (("k", "K"),)),))
            assert (
                "secret 'nothing' not found" in (await run.refused(Stage(engine, run).shell("true", pod=gone))).reason
            )

    asyncio.run(scenario())


def test_containers_that_nothing_needs_are_swept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ended attempts, of attempts whose folder is gone, of killed ones that never began; and of no other home."""
    monkeypatch.setattr(container, "_SWEEP_SECONDS", 0.05)

    async def scenario() -> None:
        async with fake_engine(home.root) as engine, containers(home, str(engine.socket)) as run:
            here = Stage(engine, run)
            done = here.shell("true")
            await run.succeed(done)
            pending, killed, foreign = (here.shell("true") for _ in range(3))
            body = next(body for _, path, body in engine.requests if path == "/containers/create")
            for request in (done, pending, killed, foreign, here.shell("true")):
                whose = "/elsewhere" if request is foreign else str(home.root)
                labels = {ATTEMPT: request.attempt_id, HOME: whose}
                engine._create(name_of(request.attempt_id), {**body, "Labels": labels})
            pending.folder.mkdir(parents=True)
            attempt.mark_killed(killed.folder, 1.0)
            await until(lambda: len(engine.boxes) == 2)
            assert {*engine.boxes} == {name_of(pending.attempt_id), name_of(foreign.attempt_id)}

    asyncio.run(scenario())


def test_a_run_that_went_on_elsewhere_ends_here(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody launches its steps again: they are found by their folders, marked, and ended."""
    monkeypatch.setattr(container, "_SWEEP_SECONDS", 0.05)

    async def scenario() -> None:
        async with fake_engine(home.root) as engine:
            async with containers(home, str(engine.socket)) as run:
                request = await Stage(engine, run).up()
            assert strays.running(home.attempts) == [request.attempt_id]
            async with containers(home, str(engine.socket)):
                strays.end(request.folder, 60)
                await until(lambda: not engine.boxes)
            assert strays.running(home.attempts) == []

    asyncio.run(scenario())


def test_what_began_as_a_process_ends_as_one(home: Home) -> None:
    """And what began in a container is no process's: it is lost to a server that runs no containers, not run twice."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = Stage(FakeEngine(home.root), run).shell(f'echo x >> "$0/ran"; {GATE}')
            run.launcher.launch(request)
            await until_file(request.folder / "up")
        async with stage(home) as here:
            here.run.launcher.launch(request)
            await here.run.watcher.started(request)
            here.open(request)
            assert (await here.run.watcher.exit(request)).exit_code == 5
            assert not here.engine.boxes
            contained = await here.up()
            await here.run.watcher.started(contained)
            async with launcher(home) as other:
                lost = await other.run(contained)
                assert isinstance(lost, Lost)
                assert 'launcher = "container"' in lost.reason
            here.open(contained)
            assert (await here.run.watcher.exit(contained)).exit_code == 5
        assert (request.folder / "ran").read_text() == "x\n"

    asyncio.run(scenario())
