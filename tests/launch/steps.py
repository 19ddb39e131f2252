"""Builds launch requests as the SDK and the controllers would make them, and runs them on real launchers."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from headrace.base.clock import SystemClock
from headrace.base.home import Home
from headrace.base.json import JsonValue
from headrace.base.settings import ImageSetting, Settings
from headrace.launch.base import Exited, Launcher, LaunchRequest, Lost, Objects, Observation, Refused, Started
from headrace.launch.container import ContainerLauncher
from headrace.launch.process import ProcessLauncher

PATIENCE = 120.0
"""Seconds after which a test gives up: a guard against hanging, not a budget."""

OWN = "own-environment"
"""An image that stands for the environment that runs the tests, which has the SDK."""

KFP = "kfp==2.14.6"

SETTINGS = Settings(images={OWN: ImageSetting(venv=sys.prefix)}, kill_grace=5.0)

HEADER = "import kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\n"

RUN = (
    'program_path=$(mktemp -d)\n\nprintf "%s" "$0" > "$program_path/ephemeral_component.py"\n'
    "_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         --component_module_path"
    '                         "$program_path/ephemeral_component.py"                         "$@"\n'
)

ENSURE_PIP = """
if ! [ -x "$(command -v pip)" ]; then
    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip
fi

"""


def bootstrap(*installs: str) -> str:
    """The SDK's script that installs packages; each of `installs` is what follows `pip install` and its flags."""
    pip = "python3 -m pip install --quiet --no-warn-script-location"
    commands = "  &&  ".join(f"{pip} {install}" for install in installs)
    return f'{ENSURE_PIP}PIP_DISABLE_PIP_VERSION_CHECK=1 {commands} && "$0" "$@"\n'


INSTALL_KFP = f"'{KFP}' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"'"


@dataclass
class Steps:
    """Makes requests for attempts in one home."""

    home: Home

    def command(self, *argv: str, image: str = "alpine", **more: object) -> LaunchRequest:
        return self._request(image, argv, (), {}, more)

    def python(
        self,
        function: str,
        *,
        parameters: Mapping[str, JsonValue] | None = None,
        image: str = OWN,
        installs: Sequence[str] = (),
        script: str = RUN,
        **more: object,
    ) -> LaunchRequest:
        """A lightweight component; `function` is the source of `def step(...)`, with all its inputs in `parameters`."""
        prefix = ("sh", "-c", bootstrap(*installs)) if installs else ()
        command = (*prefix, "sh", "-ec", script, HEADER + function)
        args = ("--executor_input", "{{$}}", "--function_to_execute", "step")
        return self._request(image, command, args, parameters or {}, more)

    def _request(
        self,
        image: str,
        command: tuple[str, ...],
        args: tuple[str, ...],
        parameters: Mapping[str, JsonValue],
        more: dict[str, object],
    ) -> LaunchRequest:
        name = str(uuid.uuid4())
        folder = self.home.attempt(name)
        uri = f"minio://mlpipeline/v2/artifacts/p/run/step/{name}"
        output_file = self.home.store / uri.removeprefix("minio://") / "output_metadata.json"
        output = folder / "outputs" / "Output"
        artifact = {"name": "data", "type": {"schemaTitle": "system.Dataset"}, "uri": f"{uri}/data", "metadata": {}}
        given: dict[str, JsonValue] = {
            "inputs": {"parameterValues": parameters},
            "outputs": {
                "parameters": {"Output": {"outputFile": str(output)}},
                "artifacts": {"data": {"artifacts": [artifact]}},
                "outputFile": str(output_file),
            },
        }
        request = LaunchRequest(
            attempt_id=name,
            run_id="run",
            path="root.step",
            image=image,
            command=command,
            args=args,
            env=(),
            system_env=(("KFP_POD_NAME", name),),
            executor_input=given,
            folder=folder,
            store_root=self.home.store,
            outputs=(output, output_file),
        )
        return replace(request, **more)  # type: ignore[arg-type]


@dataclass
class HeldObjects:
    """The objects of these tests."""

    home: Home
    secrets: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    config_maps: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    claims: Sequence[str] = ()
    mounted: list[tuple[str, str]] = field(default_factory=list)

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        assert namespace == ""
        return self.secrets.get(name)

    def config_map(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        assert namespace == ""
        return self.config_maps.get(name)

    def volume(self, namespace: str, name: str, attempt_id: str) -> Path | None:
        assert namespace == ""
        if name not in self.claims:
            return None
        self.mounted.append((name, attempt_id))
        return self._made(self.home.volume(name))

    def workspace(self, run_id: str) -> Path:
        return self._made(self.home.workspace(run_id))

    def _made(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass
class Watcher:
    """Takes observations, and lets a test wait for them."""

    seen: list[Observation] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, observation: Observation) -> None:
        self.seen.append(observation)
        self._changed.set()

    def of(self, request: LaunchRequest) -> list[Observation]:
        return [each for each in self.seen if each.attempt_id == request.attempt_id]

    async def started(self, request: LaunchRequest) -> Started:
        while True:
            for each in self.of(request):
                if isinstance(each, Started):
                    return each
                raise AssertionError(f"ended without a start: {each}")
            await self._next()

    async def end(self, request: LaunchRequest) -> Exited | Lost | Refused:
        while True:
            for each in self.of(request):
                if not isinstance(each, Started):
                    return each
            await self._next()

    async def exit(self, request: LaunchRequest) -> Exited:
        end = await self.end(request)
        assert isinstance(end, Exited), f"{end}\n{log(request)}"
        return end

    async def _next(self) -> None:
        self._changed.clear()
        async with asyncio.timeout(PATIENCE):
            await self._changed.wait()


@dataclass
class Running:
    """A launcher that was started, and what it observes."""

    launcher: Launcher
    watcher: Watcher
    steps: Steps

    async def run(self, request: LaunchRequest) -> Exited | Lost | Refused:
        self.launcher.launch(request)
        return await self.watcher.end(request)

    async def succeed(self, request: LaunchRequest) -> str:
        """Run it; it has to end well. Returns its log."""
        end = await self.run(request)
        assert isinstance(end, Exited), f"{end}\n{log(request)}"
        assert end.exit_code == 0, f"{end}\n{log(request)}"
        return log(request)

    async def refused(self, request: LaunchRequest) -> Refused:
        end = await self.run(request)
        assert isinstance(end, Refused), f"{end}\n{log(request)}"
        return end


@asynccontextmanager
async def launcher(
    home: Home,
    settings: Settings = SETTINGS,
    environment: Mapping[str, str] | None = None,
    objects: Objects | None = None,
    watcher: Watcher | None = None,
) -> AsyncIterator[Running]:
    inherited = os.environ if environment is None else environment
    started = ProcessLauncher(home, settings, SystemClock(), inherited, objects or HeldObjects(home))
    async with running(started, home, watcher or Watcher()) as run:
        yield run


@asynccontextmanager
async def containers(
    home: Home,
    engine: str,
    settings: Settings = SETTINGS,
    environment: Mapping[str, str] | None = None,
    objects: Objects | None = None,
    watcher: Watcher | None = None,
) -> AsyncIterator[Running]:
    """A launcher of containers of the engine at that address."""
    inherited, named = os.environ if environment is None else environment, objects or HeldObjects(home)
    settings = replace(settings, launcher="container", container_engine=engine)
    processes = ProcessLauncher(home, settings, SystemClock(), inherited, named)
    started = ContainerLauncher(home, settings, SystemClock(), inherited, named, processes)
    async with running(started, home, watcher or Watcher()) as run:
        yield run


@asynccontextmanager
async def running(started: Launcher, home: Home, watcher: Watcher) -> AsyncIterator[Running]:
    await started.start(watcher)
    try:
        yield Running(started, watcher, Steps(home))
    finally:
        await started.stop()


def log(request: LaunchRequest) -> str:
    file = request.folder / "log"
    return file.read_text(errors="replace") if file.exists() else ""


async def until_file(file: Path) -> str:
    """The content of a file that a step writes in one go, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while not (file.exists() and (text := file.read_text())):
            await asyncio.sleep(0.005)
    return text


async def until_gone(pid: int) -> None:
    """Until no such process is left: a killed one may take a moment."""
    async with asyncio.timeout(PATIENCE):
        while _is_there(pid):
            await asyncio.sleep(0.005)


def _is_there(pid: int) -> bool:
    """And is no zombie. It may go between any two looks, so there is one."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
