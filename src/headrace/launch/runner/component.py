"""A lightweight Python component in a forked process: what `python3 -m kfp.dsl.executor_main` would do, warm.

The fork server has prepared (`rehearsal`); `run` does in a step's process what the compiled command does: the program
folder, `ephemeral_component.py`, `sys.argv`, `__main__`, and the exit code, traceback and end of `python3 -m`.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import io
import os
import runpy
import signal
import sys
import threading
import time
import types
import weakref
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from typing import Any, NamedTuple

from . import begin

_NAMES = "abcdefghijklmnopqrstuvwxyz0123456789"


class Warm(NamedTuple):
    """What the fork server prepared."""

    details: Any
    """The executor's module as `runpy` found it: name, spec and code."""
    prelude: bytes
    """What importing printed: a cold interpreter would print it in each step."""
    modules: frozenset[str]
    """The names of all modules that are loaded before a component is."""


def run(warm: Warm, job: begin.Job) -> None:
    """Run the component of `job`; ends the process."""
    try:
        arguments = enter(job)
    except OSError as error:
        begin.refuse(job["refusals"], error, "cannot start")
    os.close(job["refusals"])
    if warm.prelude:
        os.write(2, warm.prelude)
    code = execute(warm, arguments)
    if code >= 0 and close(warm):
        os._exit(code)
    leave(code)


def leave(code: int) -> None:
    """End by the interpreter's own finalization."""
    if code == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    sys.exit(code)


def enter(job: begin.Job) -> list[str]:
    """Take on the step's environment and write its program, if its job has one. Returns the arguments of the executor.

    Raises OSError.
    """
    for name, value in job["env"]:
        os.environ[name] = value
    if "TZ" in os.environ:
        time.tzset()
    forget_folders()
    artifact_types: Any = sys.modules["kfp.dsl.types.artifact_types"]
    artifact_types._MINIO_LOCAL_MOUNT_PREFIX = job["store"] + "/"
    artifact_types._GCS_LOCAL_MOUNT_PREFIX = job["store"] + ".gs/"
    artifact_types._S3_LOCAL_MOUNT_PREFIX = job["store"] + ".s3/"
    packages = os.environ.get("HEADRACE_PACKAGES")
    if packages and packages not in sys.path:
        sys.path.insert(_first_site_packages(), packages)
    sys.path.insert(0, os.getcwd())
    arguments = list(map(_text, job["args"]))
    if "source" not in job:
        return arguments
    program = _program(job["source"], os.environ["TMPDIR"])
    _keep_no_bytecode(os.path.dirname(program))
    return ["--component_module_path", program, *arguments]


def _first_site_packages() -> int:
    return next((place for place, path in enumerate(sys.path) if path.endswith("site-packages")), len(sys.path))


def forget_folders() -> None:
    """Let `tempfile` look at TMPDIR again."""
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None  # type: ignore[attr-defined]


def execute(warm: Warm, arguments: list[str]) -> int:
    """`python3 -m executor arguments`: its exit code, or minus SIGINT; prints what Python would print."""
    name = warm.details[0]
    sys.argv = ["-m", *arguments]
    if sys.version_info >= (3, 10):
        sys.orig_argv[:] = ["python3", "-m", name, *arguments]
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __annotations__={})
    sys.modules["__main__"] = main
    search = runpy._get_module_details  # type: ignore[attr-defined]

    def found(*_: object) -> Any:
        runpy._get_module_details = search  # type: ignore[attr-defined]
        return warm.details

    runpy._get_module_details = found  # type: ignore[attr-defined]
    gc.enable()
    try:
        runpy._run_module_as_main(name)  # type: ignore[attr-defined]
    except SystemExit as end:
        return _exit_code(end.code)
    except BaseException as error:
        frames = error.__traceback__.tb_next if error.__traceback__ else None  # Python has no frame of this function
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def close(warm: Warm) -> bool:
    """End what the component began, as the interpreter's finalization does, without the 4 ms that all of it costs.

    False where the finalization itself is needed: an extension module was loaded, or the output does not flush.
    """
    loaded = [name for name in sys.modules if name not in warm.modules]
    if any(_is_extension(sys.modules[name]) for name in loaded):
        return False
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    _drop(["__main__", *loaded])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # whatever a stream raises; the finalization says it in Python's words
        return False
    return True


def _drop(names: list[str]) -> None:
    """Let go of modules, so that what they hold is finalized, while what its finalizers use is still there.

    Files go first: the collector might close one before what was written is flushed into it.
    """
    modules = [sys.modules.pop(name, None) for name in names]
    held = [_without_files(module) for module in modules if isinstance(module, types.ModuleType)]
    del modules
    gc.collect()
    for reference in reversed(held):
        kept = reference()
        if kept is not None:  # something still uses it: its variables go all the same
            for name in vars(kept):
                if name != "__builtins__":
                    vars(kept)[name] = None


def _without_files(module: types.ModuleType) -> weakref.ref[types.ModuleType]:
    for name in [name for name, value in vars(module).items() if isinstance(value, io.IOBase)]:
        del vars(module)[name]
    return weakref.ref(module)


def _program(source: str, parent: str) -> str:
    """What `program_path=$(mktemp -d)` and `printf` do: the path of the component's module."""
    while True:
        folder = f"{parent}/tmp." + "".join([_NAMES[byte % len(_NAMES)] for byte in os.urandom(10)])
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            continue
        break
    path = f"{folder}/ephemeral_component.py"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        data = source.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)
    return path


def _keep_no_bytecode(folder: str) -> None:
    """What is in the folder is imported once: keeping its bytecode would be a folder and a file for nobody."""
    keep = SourceFileLoader.set_data

    def set_data(self: SourceFileLoader, path: str, data: bytes, **options: Any) -> None:
        if not path.startswith(folder):
            keep(self, path, data, **options)

    SourceFileLoader.set_data = set_data  # type: ignore[assignment]


def _text(argument: str | dict[str, str]) -> str:
    if isinstance(argument, str):
        return argument
    with open(argument["input"], encoding="utf-8") as file:
        return file.read()


def _exit_code(code: object) -> int:
    """What Python makes of the value of SystemExit."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _is_extension(module: Any) -> bool:
    return isinstance(getattr(getattr(module, "__spec__", None), "loader", None), ExtensionFileLoader)
