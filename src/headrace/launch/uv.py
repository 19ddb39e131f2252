"""Runs uv: finds interpreters, resolves requirements, makes environments.

Takes pip's configuration as `pip.Sources`. uv runs with the server's environment, since it acts for the server; its
output goes to whoever waits for it, and a failure is a StepError that ends with its last useful lines.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from headrace.base.errors import StepError
from headrace.launch.pip import Install, Sources, redact

Say = Callable[[bytes], None]
"""Takes what uv prints."""

_IDENTIFY = """
import platform, sys
print(sys.implementation.name, platform.python_version(), sys.platform, platform.machine(), sys.base_prefix)
"""
_LAST_LINES = 12
_CHATTER = re.compile(r"Using Python |Resolved \d|Prepared \d")
_INDEXES = "Packages come from the indexes that pip is configured with where the server runs, or the component names"
_NOT_THE_STEPS_FAULT = re.compile(
    r"No space left|Disk quota|Read-only file system|error sending request|dns error|[Tt]imed out|"
    r"[Cc]onnection (?:refused|reset)|HTTP status server error"
)


class Uv:
    def __init__(self, environment: Mapping[str, str], configured: Sources) -> None:
        self._environment = {**environment, "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
        for name in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT"):
            self._environment.pop(name, None)
        self._configured = configured
        self._identities: dict[str, str] = {}
        self._running: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """End what runs now; whoever waits for it gets a StepError."""
        for process in list(self._running):
            process.terminate()

    def interpreter(self, wanted: str) -> tuple[str, str]:
        """The path of the Python that is `wanted` (a version, a path, or nothing), and a warning if it is another."""
        own = "{}.{}".format(*sys.version_info[:2])
        if not wanted or wanted == own:
            return sys.executable, ""
        if "/" in wanted:
            if not Path(wanted).is_file():
                raise StepError(f"there is no interpreter {wanted}", where="images", hint="Mend the setting's `python`")
            return wanted, ""
        try:
            found = self._run(["python", "find", "--no-project", "--no-python-downloads", wanted], Sources(), _nobody)
        except StepError:
            return sys.executable, (
                f"Python {wanted} is not on this host, so the step runs with Python {own}; "
                f"`uv python install {wanted}` adds it"
            )
        return found.strip(), ""

    def identify(self, python: str) -> str:
        """What tells this interpreter from others: implementation, version, platform, place. Raises StepError."""
        if python not in self._identities:
            try:
                done = subprocess.run(
                    [python, "-I", "-S", "-c", _IDENTIFY], capture_output=True, text=True, stdin=subprocess.DEVNULL
                )
            except OSError as error:
                raise StepError(f"interpreter {python} does not run: {error.strerror}", where="images") from error
            if done.returncode:
                raise StepError(f"interpreter {python} does not run: {done.stderr[-500:]}", where="images")
            self._identities[python] = done.stdout.strip()
        return self._identities[python]

    def resolve(self, python: str, install: Install, say: Say) -> list[str]:
        """The exact versions that the requirements come to, a requirement each. Raises StepError."""
        arguments = ["pip", "compile", "--no-header", "--no-annotate", "--quiet", "--python", python, "-"]
        wanted = "\n".join(install.requirements)
        text = self._run([*arguments, *_options(install)], install.sources, say, given=wanted, hint=_INDEXES)
        return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]

    def make(self, python: str, root: Path, say: Say) -> None:
        """A new virtual environment with pip in it, for steps that install something themselves. Raises StepError."""
        make = ["venv", "--no-project", "--quiet", "--clear", "--python", python, str(root)]
        try:
            self._run([*make, "--seed"], Sources(), _nobody)
        except StepError:  # its index has no pip, or it has none; then the interpreter's own copy does, slowly
            self._run(make, Sources(), say)
            ensure = [str(root / "bin" / "python3"), "-m", "ensurepip", "--default-pip"]
            done = subprocess.run(ensure, stdin=subprocess.DEVNULL, capture_output=True)
            if done.returncode:
                say(b"The environment has no pip: there is none to be had.\n")

    def install(self, root: Path, pins: Sequence[str], install: Install, say: Say) -> None:
        """Install exactly `pins`, with the options of `install`. Raises StepError."""
        arguments = ["pip", "install", "--no-deps", "--python", str(root / "bin" / "python3"), "-r", "-"]
        self._run([*arguments, *install.options], install.sources, say, given="\n".join(pins), hint=_INDEXES)

    def _run(self, arguments: Sequence[str], sources: Sources, say: Say, *, given: str = "", hint: str = "") -> str:
        import uv

        command = [uv.find_uv_bin(), *arguments]
        chosen = sources.over(self._configured)
        if chosen.no_index:
            command.append("--no-index")
        # What the user told uv itself wins over what was told to pip.
        environment = {**chosen.variables(), **self._environment, "UV_PYTHON_DOWNLOADS": "never"}
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._running.add(process)
        try:
            output, errors = process.communicate(given.encode())
        finally:
            self._running.discard(process)
        said = redact(errors.decode(errors="replace"))
        if said:
            say(said.encode())
        if process.returncode:
            lines = [line.rstrip() for line in said.splitlines() if line.strip() and not _CHATTER.match(line)]
            outside = _NOT_THE_STEPS_FAULT.search(said) is not None
            told = "\n".join(lines[-_LAST_LINES:]).removesuffix(".")
            raise StepError(f"uv failed: {told}", hint=hint, infrastructure=outside)
        return output.decode()


def _options(install: Install) -> list[str]:
    options = list(install.options)
    if install.no_deps:
        options.append("--no-deps")
    if install.pre:
        options += ["--prerelease", "allow"]
    return options


def _nobody(_: bytes) -> None:
    """For output that nobody waits for."""
