"""The engine that containers run on, and their images: found, pulled once, or not to be had."""

import asyncio
import base64
import json
import os

import pytest
from tests.launch.fake_engine import fake_engine
from tests.launch.stage import stage, until
from tests.launch.steps import containers, log, until_file

from headrace.base.errors import Unavailable
from headrace.base.home import Home
from headrace.model.pod import Placement, Pod


def test_no_engine_is_found(home: Home) -> None:
    """The start fails, and says where it looked."""

    async def scenario() -> None:
        environment = {"XDG_RUNTIME_DIR": str(home.root), "HOME": str(home.root)}
        (home.root / "docker.sock").touch()
        with pytest.raises(Unavailable) as caught:
            async with containers(home, "", environment=environment):
                pass
        said = str(caught.value)
        assert "DOCKER_HOST is not set" in said
        assert f"there is no {home.root}/podman/podman.sock" in said
        assert f"unix://{home.root}/docker.sock" in said
        assert "systemctl --user start podman.socket" in said

    asyncio.run(scenario())


def test_the_engine_that_a_variable_names(home: Home) -> None:
    async def scenario() -> None:
        async with fake_engine(home.root) as engine:
            environment = {**os.environ, "DOCKER_HOST": f"unix://{engine.socket}"}
            async with containers(home, "", environment=environment) as run:
                await run.succeed(run.steps.command("true"))
            engine.api_version = "1.40"
            with pytest.raises(Unavailable, match=r"DOCKER_HOST names .* speaks version 1\.40"):
                async with containers(home, "", environment=environment):
                    pass

    asyncio.run(scenario())


def test_an_image_is_pulled_once_for_all_who_wait(home: Home) -> None:
    """Each of them has the progress in its log, before what it prints."""

    async def scenario() -> None:
        async with stage(home) as here:
            here.engine.pulls["example.org/tool:1"] = [
                {"status": "Pulling from tool", "id": "1"},
                {"status": "Downloading", "id": "a1", "progressDetail": {"current": 1, "total": 9}},
                {"status": "Downloading", "id": "a1", "progressDetail": {"current": 9, "total": 9}},
                {"status": "Status: Downloaded newer image for tool:1"},
            ]
            here.engine.held_pulls = asyncio.Event()
            requests = [here.shell("echo ran", image="example.org/tool:1") for _ in range(3)]
            for request in requests:
                here.run.launcher.launch(request)
            for request in requests:  # all wait before the image is there
                await until_file(request.folder / "log")
            here.engine.held_pulls.set()
            for request in requests:
                assert (await here.run.watcher.exit(request)).exit_code == 0
                assert log(request).splitlines() == [
                    "Pulling example.org/tool:1 with Docker 20.10.24",
                    "1: Pulling from tool",
                    "a1: Downloading",
                    "Status: Downloaded newer image for tool:1",
                    "ran",
                ]
            assert here.pulls() == 1
            await here.run.succeed(here.shell("true", image="example.org/tool:1"))
            assert here.pulls() == 1

    asyncio.run(scenario())


def test_an_image_that_cannot_be_had(home: Home) -> None:
    """Refused with the engine's words, before it begins or in the middle of it; a registry that is away is no fault."""

    async def scenario() -> None:
        async with stage(home) as here:
            refused = await here.run.refused(here.shell("true", image="example.org/nothing:2"))
            assert "'example.org/nothing:2' cannot be pulled: pull access denied" in refused.reason
            assert not refused.infrastructure
            away = "Get https://example.org/v2/: net/http: TLS handshake timeout"
            here.engine.pulls["example.org/away:1"] = [{"status": "Waiting"}, {"error": away, "errorDetail": {}}]
            request = here.shell("true", image="example.org/away:1")
            refused = await here.run.refused(request)
            assert away in refused.reason
            assert refused.infrastructure
            assert "Waiting" in log(request)
            assert "no name of an image" in (await here.run.refused(here.shell("true", image="Not an image!"))).reason

    asyncio.run(scenario())


def test_pull_policies(home: Home) -> None:
    async def scenario() -> None:
        def policy(name: str) -> Pod:
            return Pod(placement=Placement(pull_policy=name))

        async with stage(home) as here:
            here.engine.pulls["alpine:latest"] = []
            await here.run.succeed(here.shell("true", pod=policy("IfNotPresent")))
            assert here.pulls() == 0
            await here.run.succeed(here.shell("true", pod=policy("Always")))
            assert here.pulls() == 1
            refused = await here.run.refused(here.shell("true", image="example.org/x", pod=policy("Never")))
            assert "policy is Never" in refused.reason
            assert here.pulls() == 1

    asyncio.run(scenario())


def test_logins_go_to_the_registry_of_the_image_alone(home: Home) -> None:
    async def scenario() -> None:
        secret = base64.b64encode(b"me:s3cret").decode()
        (home.root / "config.json").write_text(json.dumps({"auths": {"example.org": {"auth": secret}}}))
        environment = {**os.environ, "DOCKER_CONFIG": str(home.root)}
        async with (
            fake_engine(home.root) as engine,
            containers(home, str(engine.socket), environment=environment) as run,
        ):
            engine.pulls |= {"example.org/tool:1": [], "example.com/tool:1": []}
            for name in ("example.org/tool:1", "example.com/tool:1"):
                await run.succeed(run.steps.command("true", image=name))
            sent = [
                h.get("x-registry-auth")
                for h, (_, path, _) in zip(engine.headers, engine.requests, strict=True)
                if path == "/images/create"
            ]
            assert sent[1] is None
            assert json.loads(base64.urlsafe_b64decode(sent[0] or "")) == {
                "username": "me",
                "password": "s3cret",
                "serveraddress": "example.org",
            }

    asyncio.run(scenario())


def test_killed_while_its_image_is_pulled(home: Home) -> None:
    """It ends at once; the pull goes on for the others."""

    async def scenario() -> None:
        async with stage(home) as here:
            here.engine.held_pulls = asyncio.Event()
            here.engine.pulls["example.org/tool:1"] = [{"status": "Waiting"}]
            request, other = (here.shell("true", image="example.org/tool:1") for _ in range(2))
            here.run.launcher.launch(request)
            here.run.launcher.launch(other)
            await until(lambda: "Waiting" in log(request))
            here.run.launcher.kill(request, grace=60)
            end = await here.run.watcher.exit(request)
            assert (end.killed, end.message) == (True, "killed before it started")
            here.engine.held_pulls.set()
            assert (await here.run.watcher.exit(other)).exit_code == 0
            assert not here.engine.boxes

    asyncio.run(scenario())
