"""Makes the job that a fork server is given out of a launch request: which command, with which variables and files.

Pure but for the file that holds a long executor input. `extras` are keys of the job that `runner.wire` lists. Raises
StepError, naming the parameter, for what the system cannot pass to a command: what is too long, and NUL.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.base.errors import StepError
from headrace.base.json import JsonObject, JsonValue, compact
from headrace.launch import variables
from headrace.launch.base import EXECUTOR_INPUT, LaunchRequest
from headrace.launch.command import Command, PythonComponent
from headrace.launch.environments import RUNNER, Environment
from headrace.launch.points import Mount
from headrace.launch.runner.ranks import MARK

ARGUMENT_LIMIT = 128 * 1024 - 1
"""Bytes of one argument or variable: Linux's limit (32 pages), and the least that is sure elsewhere."""

INPUT_LIMIT = 100_000
"""Characters of an executor input that still goes in the job; a longer one goes by a file."""

INPUT_FILE = "executor_input.json"
JOB_FILE = "job.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step runs: the variables of all steps there, and the environment, if it has one."""

    inherited: Mapping[str, str]
    environment: Environment | None

    @property
    def hooked(self) -> bool:
        """Whether its interpreters have the start-up hook."""
        return self.environment is not None and self.environment.managed

    @property
    def needs(self) -> list[Path]:
        """The folders without which no step runs there."""
        if self.environment is None:
            return [RUNNER]
        found = [RUNNER, self.environment.root, self.environment.python.resolve().parents[1]]
        return [*found, *(Path(each) for each in (self.environment.context, self.environment.sources) if each)]

    @property
    def variables(self) -> dict[str, str]:
        """What its fork server, and so each step, starts with."""
        found = dict(self.inherited)
        if self.environment is None:
            return found
        root = str(self.environment.root)
        found["PATH"] = _path(f"{root}/bin", found.get("PATH", ""))
        found["VIRTUAL_ENV"] = root
        if self.environment.context:
            found["PYTHONPATH"] = _path(self.environment.context, found.get("PYTHONPATH", ""))
        return found

    def sources(self, request: LaunchRequest) -> JsonObject:
        """What a job says of the sources of its image, if it has some: where they are, and where its copy is to be."""
        if self.environment is None or not self.environment.sources:
            return {}
        return {"sources": [self.environment.sources, str(variables.working_folder(request.folder, request.sources))]}


def warm_job(
    request: LaunchRequest,
    component: PythonComponent,
    place: Place,
    given: str,
    mounts: Sequence[Mount],
    extras: JsonObject,
) -> bytes:
    """The component, for a warm interpreter of its environment. `given` is the executor input as text.

    Writes a long executor input to a file. Raises OSError, and StepError for what no process can be given.
    """
    job = _component_job(request, component, given, mounts, extras)
    job["env"] = list(variables.own(request, place.variables, hooked=place.hooked).items())
    _check_variables(request, dict(job["env"]))
    return _encode(job)


def cold_job(
    request: LaunchRequest, command: Command, place: Place, given: str, mounts: Sequence[Mount], extras: JsonObject
) -> bytes:
    """The command in a process of its own. A component that does not fit arguments, or a user's venv, goes by file.

    Raises OSError, and StepError for what does not fit.
    """
    env = {**place.variables, **variables.own(request, place.variables, hooked=place.hooked)}
    argv = [given if word == EXECUTOR_INPUT else word for word in command.argv]
    component = command.component
    fits = all(_length(word) <= ARGUMENT_LIMIT for word in argv)
    known = component is not None and (component.light or component.source is None)
    if component is not None and known and not (place.hooked and fits):
        # Where there is no hook, `runner.component` is who tells the SDK where the store is.
        job = _component_job(request, component, given, (), {})
        file = _write(request, JOB_FILE, _encode({**job, "light": component.light, "env": []}))
        argv = ["python3", str(RUNNER), "cold", file]
    check_command(request, argv, env)
    return _encode({**_common(request, mounts, extras), "env": list(env.items()), "argv": argv})


_LONG_HINT = "Pass it as an artifact, or use a Python component, which has no such limit"


def check_command(
    request: LaunchRequest, argv: Sequence[str], env: Mapping[str, str], long_hint: str = _LONG_HINT
) -> None:
    """Raises StepError, naming the parameter where one is to blame, for what no process can be given."""
    _check_variables(request, env)
    for name, word in (*((f"argument {number}", word) for number, word in enumerate(argv)), *env.items()):
        _refuse_nul(request, name, word)
        if _length(word) > ARGUMENT_LIMIT:
            raise _too_long(request, name, word, long_hint)


def _component_job(
    request: LaunchRequest, component: PythonComponent, given: str, mounts: Sequence[Mount], extras: JsonObject
) -> dict[str, Any]:
    argument: str | dict[str, str] = given
    if len(given) > INPUT_LIMIT:
        argument = {"input": _write(request, INPUT_FILE, given.encode())}
    return {
        **_common(request, mounts, extras),
        "module": component.module,
        **({} if component.source is None else {"source": component.source}),
        "args": [argument if word == EXECUTOR_INPUT else word for word in component.args],
        "store": str(request.store_root),
    }


def _common(request: LaunchRequest, mounts: Sequence[Mount], extras: JsonObject) -> dict[str, Any]:
    folder = str(request.folder)
    parents = {str(file.parent): None for file in request.outputs}
    name, target = variables.temporary_folder(request.folder)
    job: dict[str, Any] = {
        "id": request.attempt_id,
        "folder": folder,
        **({} if name == target else {"link": _link(request.folder.parent)}),
        "mkdirs": [target, variables.packages_folder(request.folder), *parents],
        **extras,
    }
    if request.workers > 1:
        job["workers"] = _workers(request)
    if mounts:
        made = {target for _, target, _ in mounts}  # what is bound a second time is there when the first one is
        job["mkdirs"] += [source for source, _, _ in mounts if isinstance(source, str) and source not in made]
        job["mounts"] = mounts
    return job


def _link(attempts: Path) -> list[str]:
    return [variables.short_name(attempts), str(attempts)]


def _workers(request: LaunchRequest) -> dict[str, Any]:
    """What the processes of a training job have of their own: outputs, the files that name these, and their sources.

    Paths are told by their ends, which are the same in a command and in JSON however the folders before are called.
    """
    folder = f"{request.folder.parent.name}/{request.folder.name}"
    parts = ["outputs/", *(name for name in (INPUT_FILE, JOB_FILE) if (request.folder / name).exists())]
    own = [[f"{folder}/{part}", f"{folder}/rank-{MARK}/{part}"] for part in parts]
    if request.sources:
        copy = variables.working_folder(request.folder, request.sources).name
        own.append([f"{folder}/{copy}", f"{folder}/rank-{MARK}/{copy}"])
    metadata = _metadata_file(request)
    if metadata:
        end = "/".join(metadata.split("/")[-2:])
        own.append([end, f"{end}.rank-{MARK}"])
    return {
        "size": request.workers,
        "own": own,
        "files": parts[1:],
        "leftovers": [f"{metadata}.rank-{MARK}"] if metadata else [],
    }


def _metadata_file(request: LaunchRequest) -> str:
    outputs = request.executor_input.get("outputs")
    file = outputs.get("outputFile") if isinstance(outputs, Mapping) else None
    return file if isinstance(file, str) else ""


def _write(request: LaunchRequest, name: str, content: bytes) -> str:
    """The path of the file with that content; half of it does not keep a disk full. Raises OSError."""
    file = request.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        file.write_bytes(content)
    except OSError:
        file.unlink(missing_ok=True)
        raise
    return str(file)


def _check_variables(request: LaunchRequest, env: Mapping[str, str]) -> None:
    """Raises StepError for a name or a value that no process can be given."""
    for name, value in env.items():
        if not name or "=" in name or "\0" in name:
            raise StepError(
                f"{name!r} cannot be the name of a variable of the command: it is empty, or holds '=' or NUL",
                where=request.path,
                hint="Mend the `env` of the component",
            )
        _refuse_nul(request, name, value)


def _refuse_nul(request: LaunchRequest, name: str, word: str) -> None:
    """Raises StepError, with the parameter that holds the NUL where there is one, as the system would cut it off."""
    if "\0" not in word:
        return
    culprits = [key for key, value in _parameters(request).items() if isinstance(value, str) and "\0" in value]
    whose = f"parameter {culprits[0]!r} puts" if culprits else "there is"
    raise StepError(
        f"{whose} a NUL character in {name} of the command, which no system can pass to a program",
        where=request.path,
        hint="Remove it, or pass the value to a Python component as a parameter",
    )


def _too_long(request: LaunchRequest, name: str, word: str, hint: str) -> StepError:
    """Names the parameter that made the argument long, where one can be found in it."""
    found = _parameters(request)
    long = {key: value for key, value in found.items() if len(_text(value)) > ARGUMENT_LIMIT // 8}
    culprits = [key for key, value in long.items() if _text(value) in word or compact(value) in word]
    size = f"{_length(word):,} bytes, and a command takes at most {ARGUMENT_LIMIT:,} in one argument"
    if culprits:
        return StepError(
            f"parameter {max(culprits, key=lambda key: len(_text(found[key])))!r} makes {name} of the command {size}",
            where=request.path,
            hint=hint,
        )
    return StepError(f"{name} of the command is {size}", where=request.path, hint="Pass long values as artifacts")


def _parameters(request: LaunchRequest) -> dict[str, JsonValue]:
    inputs = request.executor_input.get("inputs")
    values = inputs.get("parameterValues") if isinstance(inputs, Mapping) else None
    return dict(values) if isinstance(values, Mapping) else {}


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else compact(value)


def _length(word: str) -> int:
    return len(word.encode("utf-8", "surrogateescape"))


def _path(first: str, rest: str) -> str:
    return f"{first}:{rest}" if rest else first


def _encode(job: dict[str, Any]) -> bytes:
    return json.dumps(job, separators=(",", ":")).encode()
