"""`headrace shell`: a shell, or a command, where a step ran: its folder, its variables, its Python and its inputs.

What the step was given follows from rows, so it is made again as the launcher got it; nothing is kept of it by the
run. The step's own outputs are on disk as it left them; artifacts that other steps read are read-only.
"""

import asyncio
import json as json_
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from headrace.base import settings as base_settings
from headrace.base.clock import SystemClock
from headrace.base.errors import FailedPrecondition, InvalidInput
from headrace.base.home import Home
from headrace.base.json import JsonValue, compact
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.cli import identity, output, wire
from headrace.cli.connect import connect
from headrace.cli.database import opened
from headrace.cli.draw import spell_value
from headrace.cli.find import find_run, find_task
from headrace.cli.tree import spell_state
from headrace.controllers.objects import SeenObjects
from headrace.controllers.step import Step, launch_request
from headrace.engine.inputs import context
from headrace.engine.pod import pod_of
from headrace.engine.state import Options, RunState
from headrace.launch import points, variables
from headrace.launch.base import EXECUTOR_INPUT, LaunchRequest
from headrace.launch.command import recognise
from headrace.launch.containers.marks import read_mark
from headrace.launch.environments import Environments
from headrace.launch.jobs import Place
from headrace.launch.places import Places
from headrace.launch.pod import MEMORY, Grant, grant
from headrace.launch.runner import scene as runner_scene
from headrace.model.pod import EmptyVolume, EphemeralVolume
from headrace.model.task import Attempt, Task
from headrace.spec.compile import compile_plan
from headrace.spec.load import document_from_json
from headrace.spec.plan import Container, Dag
from headrace.store import runs
from headrace.store.vault import Vault

INPUT_FILE = "shell_input.json"
INPUT_VARIABLE = "HEADRACE_EXECUTOR_INPUT"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a step ran, and with what."""

    task: Task
    attempt: Attempt
    request: LaunchRequest
    environment: Mapping[str, str]
    inputs: Mapping[str, JsonValue]
    place: Place


def shell(
    *, run: str, task: str, command: list[str], home: str | None, host: str | None, database: str | None, json: bool
) -> int:
    """Become the command, or the user's shell, there; with `json`, describe the place instead."""
    with connect(home, host) as client:
        run_id = find_run(client, run)
        path = find_task(wire.run_view(client.run(run_id)), task).path
        place = Home(Path(str(client.server().get("home", ""))))
    if identity.read(place) is None:
        raise InvalidInput("the steps of that server are not on this machine", where=str(host or place.root))
    scene = _scene(place, database, run_id, path)
    if read_mark(scene.request.folder) is not None:
        raise FailedPrecondition(
            f"it ran in a container of {scene.request.image}, which is gone",
            where=path,
            hint=f"Its outputs and log are in {scene.request.folder}; `docker run` or `podman run` gives you the image",
        )
    if json:
        output.document(_as_json(scene))
        return 0
    file = scene.request.folder / INPUT_FILE
    file.write_text(json_.dumps(scene.request.executor_input, indent=2))
    granted = _granted(place, database, scene)
    if not command:
        _greet(scene)
    return _become(command or [os.environ.get("SHELL", "/bin/sh")], scene, granted, {INPUT_VARIABLE: str(file)})


def _become(argv: Sequence[str], scene: Scene, granted: Grant, more: Mapping[str, str]) -> int:
    """This process is the command from now on; its exit code is ours."""
    terminal = {name: os.environ[name] for name in ("TERM", "COLORTERM", "SHELL", "USER") if name in os.environ}
    sys.stdout.flush()
    _bind(scene.request, granted)
    os.chdir(variables.working_folder(scene.request.folder, scene.request.sources))
    try:
        os.execvpe(argv[0], list(argv), {**terminal, **scene.environment, **dict(granted.variables), **more})
    except OSError as error:
        raise InvalidInput(f"it cannot be started: {error.strerror}", where=argv[0]) from error


def _granted(home: Home, url: str | None, scene: Scene) -> Grant:
    """What the step's pod asks for, as it is now; volumes of its own are in memory, and go with the shell."""
    request, settings = scene.request, base_settings.load(home.settings, os.environ, {})
    volumes = [
        EmptyVolume(each.name, each.path, MEMORY) if isinstance(each, EmptyVolume | EphemeralVolume) else each
        for each in request.pod.volumes
    ]
    request = replace(request, pod=replace(request.pod, volumes=tuple(volumes)))
    with opened(home, url) as database:
        return grant(request, SeenObjects(database, Vault.of(home, settings), home), scene.place)


def _bind(request: LaunchRequest, granted: Grant) -> None:
    """Have the buckets at the paths that the step names, as it had them, its volumes and its ids."""
    values = [value for _, value in request.env]
    named = points.named(*request.command, *request.args, compact(request.executor_input), *values)
    wanted = [*points.mounts(request, named), *granted.mounts]
    job = {"mounts": wanted, "folder": str(request.folder), **granted.extras}
    if "ids" in job and (warning := runner_scene.ids_warning(job)):
        output.say(f"Without its ids: {warning}", file=sys.stderr)
    if reason := runner_scene.bind(job):
        paths = " and ".join(target for _, target, _ in wanted)
        output.say(f"Without {paths}, which the step has: {reason}", file=sys.stderr)


def _scene(home: Home, url: str | None, run_id: str, path: str) -> Scene:
    """The last attempt at the task, as its launcher was given it."""
    settings = base_settings.load(home.settings, os.environ, {})
    with opened(home, url) as database:
        rows = database.read(lambda tx: runs.load_run(tx, run_id))
        document = database.read(lambda tx: runs.load_document(tx, rows.run.plan_id))
    state = RunState.load(compile_plan(document_from_json(document)), Options(), rows.run, rows.tasks, rows.retired)
    task, component = state.tasks[path], state.plan_of(path).component
    if not isinstance(component, Container):
        what = "it is a group and ran nothing itself" if isinstance(component, Dag) else "the server does it itself"
        raise InvalidInput(what, where=path, hint="Name a step that runs a command")
    if not task.attempts:
        raise FailedPrecondition(_why_not(task), where=path)
    attempt = task.attempts[-1]
    names, pod = context(state, path, task.name), pod_of(state, task, component)
    step = Step(rows.run, task, component, names, attempt.attempt_id, pod)
    request = launch_request(step, home, FolderStore(home.store))
    if not request.folder.is_dir():
        raise FailedPrecondition("its folder is gone", where=path, hint="`headrace gc` removed it, or nothing ran yet")
    place = _place(home, settings, request)
    artifacts = {name: [str(_local(home, each.uri)) for each in many] for name, many in task.inputs.artifacts.items()}
    inputs = {**task.inputs.parameters, **artifacts}
    return Scene(task, attempt, request, _variables(request, place), inputs, place)


def _why_not(task: Task) -> str:
    if task.cached_from:
        return f"it was not executed here: its outputs are those of task {task.cached_from}, of an earlier run"
    return f"it was not executed: it is {spell_state(task.state)}"


def _local(home: Home, uri: str) -> str | Path:
    store = FolderStore(home.store)
    return store.local_path(uri) if store.owns(uri) else uri


def _place(home: Home, settings: Settings, request: LaunchRequest) -> Place:
    """Where the step ran; its Python environment is built again if it was collected."""
    clock, inherited = SystemClock(), variables.common(os.environ, settings)
    environments = Environments(home, clock, os.environ)
    with ThreadPoolExecutor(1) as threads:
        places = Places(environments, inherited, settings.images, clock, threads)
        return asyncio.run(places.find(places.recipe(request), _say))


def _variables(request: LaunchRequest, place: Place) -> dict[str, str]:
    """The step's variables, but for those of its pod."""
    # The short name that a step may have for its TMPDIR may be gone; the folder behind it is still there.
    _, temporary = variables.temporary_folder(request.folder)
    component = recognise(request.command, request.args).component
    # As the step's command set it: without it, `import kfp` asks for what only the compiler needs.
    light = {"_KFP_RUNTIME": "true"} if component is not None and component.light else {}
    return {**place.variables, **variables.own(request, place.variables), **light, "TMPDIR": temporary}


def _say(said: bytes) -> None:
    sys.stderr.buffer.write(said)
    sys.stderr.flush()


def _greet(scene: Scene) -> None:
    """What a person at the prompt wants to know first."""
    lines = [f"{scene.task.path.removeprefix('root.')} {spell_state(scene.task.state)}: {scene.request.folder}"]
    lines += [f"  {name} = {_short(value)}" for name, value in scene.inputs.items()]
    lines.append(f"${INPUT_VARIABLE} has all that the step was given. `exit` leaves.")
    output.say("\n".join(lines), file=sys.stderr)


def _short(value: JsonValue) -> str:
    text = spell_value(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def _as_json(scene: Scene) -> dict[str, object]:
    request = scene.request
    argv = [compact(request.executor_input) if w == EXECUTOR_INPUT else w for w in (*request.command, *request.args)]
    return {
        "task": request.path.removeprefix("root."),
        "attempt_id": scene.attempt.attempt_id,
        "exit_code": scene.attempt.exit_code,
        "folder": str(request.folder),
        "image": request.image,
        "command": argv,
        "environment": dict(scene.environment),
        "inputs": dict(scene.inputs),
        "executor_input": request.executor_input,
    }
