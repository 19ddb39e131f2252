"""Makes `.tools` (uv) and `.venv` (everything pinned, and Headrace itself), from nothing but Python 3.11.

Called by `make setup`. Standard library only, and nothing that an older Python cannot read, so that an older one gets
a sentence instead of a traceback. uv reads none of pip's settings; those that are in force are handed on,
so that a machine with its own index or certificates needs no second configuration.
"""

from __future__ import annotations

import ast
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"


def main() -> int:
    """Set everything up. 0, or 1 after a sentence that says what is missing."""
    try:
        print("Setting up .venv; once, and again when a pin changes.", flush=True)
        python = suitable_python()
        uv = find_or_install_uv(python)
        environment = {**os.environ, **uv_settings(os.environ, pip_settings(python))}
        make_environment(uv, python, environment)
    except SetupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 1
    return 0


class SetupError(Exception):
    """Set-up cannot go on; the text says why and what to do."""


def suitable_python() -> str:
    """This interpreter if it is new enough, else the first on PATH that is."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for minor in range(20, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and succeeds([found, "-c", "pass"]):
            return found
    raise SetupError(
        f"Python 3.11 or newer is needed and this is {sys.version.split()[0]}. "
        "Install one, or name one: make setup PYTHON=/path/to/python3"
    )


def find_or_install_uv(python: str) -> str:
    """The pinned uv in `.tools`, installed by whichever of pip, virtualenv and venv this machine has."""
    uv = TOOLS / "bin" / "uv"
    pins = ROOT / "requirements" / "tools.txt"
    wanted = pins.read_text().split("==")[1].split()[0]
    if uv.exists() and output([str(uv), "--version"]).split()[1:2] == [wanted]:
        return str(uv)
    shutil.rmtree(TOOLS, ignore_errors=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(pins)]
    ways: list[tuple[str, list[list[str]]]] = [
        ("venv", [[python, "-m", "venv", str(TOOLS)], [str(TOOLS / "bin" / "python"), *install]]),
        ("virtualenv", [[python, "-m", "virtualenv", str(TOOLS)], [str(TOOLS / "bin" / "python"), *install]]),
        ("pip --target", [[python, *install, "--target", str(TOOLS)]]),
    ]
    complaints = []
    for name, commands in ways:
        complaint = first_complaint(commands)
        if complaint is None and uv.exists():
            return str(uv)
        complaints.append(f"  {name}: {complaint or 'it left no uv behind'}")
        shutil.rmtree(TOOLS, ignore_errors=True)
    raise SetupError(
        "uv could not be installed from the package index. On Debian and Ubuntu `apt-get install python3-venv` gives\n"
        "Python what it may lack; behind a proxy or a private index, set pip up as usual. What was tried:\n"
        + "\n".join(complaints)
    )


def make_environment(uv: str, python: str, environment: Mapping[str, str]) -> None:
    """`.venv` with exactly what `requirements/dev.txt` says, and Headrace from this folder."""
    if VENV.is_symlink():
        raise SetupError(
            ".venv is a link, so its environment belongs elsewhere and stays as it is. To have one here: rm .venv"
        )
    interpreter = VENV / "bin" / "python"
    if not succeeds([str(interpreter), "-c", "import sys; sys.exit(sys.version_info[:2] < (3, 11))"]):
        run([uv, "venv", "--quiet", "--clear", "--no-python-downloads", "--python", python, str(VENV)], environment)
    into = ["--quiet", "--python", str(interpreter)]
    run([uv, "pip", "sync", *into, str(ROOT / "requirements" / "dev.txt")], environment)
    run([uv, "pip", "install", *into, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], environment)


def pip_settings(python: str) -> dict[str, str]:
    """What pip's files and `PIP_*` set, by option name (`index-url`); {} where there is no pip to ask."""
    tools_python = TOOLS / "bin" / "python"
    listing = output([str(tools_python if tools_python.exists() else python), "-m", "pip", "config", "list"])
    strength = {"global": 0, "install": 1, ":env:": 2}
    found: dict[tuple[str, str], str] = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        scope, _, option = name.rpartition(".")
        if scope in strength:
            found[scope, option] = " ".join(str(ast.literal_eval(value)).split())
    return {option: value for (_, option), value in sorted(found.items(), key=lambda each: strength[each[0][0]])}


def uv_settings(environ: Mapping[str, str], pip: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that make uv look where pip would. What the user set for uv stands.

    pip passes over folders that do not exist and takes the best version of all indexes; uv does neither by itself.
    """
    links = [link for link in pip.get("find-links", "").split() if is_remote(link) or local_path(link).is_dir()]
    extra = [url for url in pip.get("extra-index-url", "").split() if is_remote(url) or local_path(url).is_dir()]
    wanted = {
        "UV_DEFAULT_INDEX": pip.get("index-url"),
        "UV_INDEX": " ".join(extra),
        "UV_INDEX_STRATEGY": "unsafe-best-match" if extra else None,
        "UV_FIND_LINKS": ",".join(links),
        "UV_NO_INDEX": pip.get("no-index"),
        "UV_INSECURE_HOST": pip.get("trusted-host"),
        "UV_HTTP_TIMEOUT": pip.get("default-timeout") or pip.get("timeout"),
        "SSL_CERT_FILE": pip.get("cert"),
        "HTTPS_PROXY": pip.get("proxy"),
        "HTTP_PROXY": pip.get("proxy"),
    }
    return {name: value for name, value in wanted.items() if value and name not in environ}


def is_remote(location: str) -> bool:
    """A URL that is not a file's."""
    return "://" in location and not location.startswith("file://")


def local_path(location: str) -> Path:
    """The path that a path or a `file://` URL names."""
    return Path(location[len("file://") :] if location.startswith("file://") else location)


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run it where the user sees it; SetupError if it fails."""
    if subprocess.run(command, env=dict(environment), check=False).returncode:
        raise SetupError(f"this failed: {shlex.join(command)}")


def first_complaint(commands: Sequence[Sequence[str]]) -> str | None:
    """Run the commands in order; the last line of the first that fails, or None."""
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stdout.splitlines() if line.strip()]
            return lines[-1].strip() if lines else f"exit code {done.returncode}"
    return None


def succeeds(command: Sequence[str]) -> bool:
    """It could be run and returned 0."""
    try:
        return not subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    except OSError:
        return False


def output(command: Sequence[str]) -> str:
    """What it printed, "" if it failed."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
