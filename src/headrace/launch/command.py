"""Recognises the commands that the KFP SDK generates, so that they run without paying for pip and for a start-up.

Takes `command` + `args` of a container, gives a `Command`: what pip would install first, and what then runs: a
`PythonComponent` (the SDK's ephemeral module, or one in the image), or any other argv. Understood are the bootstrap of
SDK 2.0 to 2.17 (packages before or after kfp, index options, `use_venv`, notebooks, which differ in their source only)
and of SDK 1.8 (`pip install ... || pip install ... --user`). What is not understood is left as it stands.
"""

import re
import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PipInstall:
    """The arguments of one `pip install`, as they were written."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PythonComponent:
    """A Python component: `python3 -m module`, of a lightweight one on a file that holds `source`.

    One whose `source` is None is containerized: its image has its code, where it starts. `light` says that the command
    sets `_KFP_RUNTIME=true`: the executor is then imported without the compiler.
    """

    module: str
    light: bool
    source: str | None
    args: tuple[str, ...]

    @property
    def function(self) -> str:
        """The name of the user's function, or nothing where the arguments do not tell."""
        for name, value in zip(self.args, self.args[1:], strict=False):
            if name == "--function_to_execute":
                return value
        return ""


@dataclass(frozen=True, slots=True)
class Command:
    """What pip would install, then the rest of the command; `component` is what the rest means, if it is known."""

    installs: tuple[PipInstall, ...]
    argv: tuple[str, ...]
    component: PythonComponent | None


def recognise(command: tuple[str, ...], args: tuple[str, ...]) -> Command:
    """The command in its parts. Never fails: an unknown command is its own argv."""
    argv = (*command, *args)
    installs: tuple[PipInstall, ...] = ()
    if len(argv) > 3 and argv[:2] == ("sh", "-c"):
        found = _installs(argv[2])
        if found is not None:
            installs, argv = found, argv[3:]
    return Command(installs, argv, _component(argv))


_ENSURE_PIP = re.compile(r"if ! \[ -x \"\$\(command -v pip\)\" \]; then\s.*?\sfi\s", re.DOTALL)
_MAKE_VENV = re.compile(
    r"\s*export PIP_DISABLE_PIP_VERSION_CHECK=1\s+tmp=\$\(mktemp -d\)\s+"
    r"python3 -m venv \"\$tmp/venv\" --system-site-packages\s+\. \"\$tmp/venv/bin/activate\"\s"
)
_OR_FOR_USER = re.compile(r"^\s*\((?P<install>[^()]*)\|\|(?P<same>[^()]*) --user\)\s*&&")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_SHELL = set("$`;|<>(){}*\\#\n")
_THEN_RUN = ["$0", "$@"]
_PIP = ["python3", "-m", "pip", "install"]
_NO_CHECK = "PIP_DISABLE_PIP_VERSION_CHECK=1"


def _installs(script: str) -> tuple[PipInstall, ...] | None:
    """The installs of a bootstrap, or None where the script does anything else."""
    text = _MAKE_VENV.sub(" ", _ENSURE_PIP.sub(" ", script, count=1), count=1).strip()
    either = _OR_FOR_USER.match(text)
    if either is not None:
        if " ".join(either["install"].split()) != " ".join(either["same"].split()):
            return None
        text = f"{either['install']} && {text[either.end() :].lstrip()}"
    unquoted = _QUOTED.sub("", text)
    if _SHELL & set(unquoted) or not text.endswith('&& "$0" "$@"'):
        return None
    try:
        words = shlex.split(text)
    except ValueError:  # a quote without its end
        return None
    *installs, last = _split(words, "&&")
    found = [_arguments(words) for words in installs]
    if last != _THEN_RUN or None in found:
        return None
    return tuple(PipInstall(arguments) for arguments in found if arguments is not None)


def _arguments(words: list[str]) -> tuple[str, ...] | None:
    if words[:1] == [_NO_CHECK]:
        words = words[1:]
    return tuple(words[len(_PIP) :]) if words[: len(_PIP)] == _PIP else None


def _split(words: list[str], separator: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == separator:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


_RUN_MODULE = re.compile(
    r"program_path=\$\(mktemp -d\) "
    r"printf \"%s\" \"\$0\" > \"\$program_path/ephemeral_component\.py\" "
    r"(?P<light>_KFP_RUNTIME=true )?python3 -m (?P<module>kfp(\.\w+)*\.executor_main) "
    r"--component_module_path \"\$program_path/ephemeral_component\.py\" \"\$@\""
)


_MODULE = re.compile(r"kfp(\.\w+)*\.executor_main")


def _component(argv: tuple[str, ...]) -> PythonComponent | None:
    if argv[:2] == ("python3", "-m") and len(argv) > 2 and _MODULE.fullmatch(argv[2]):
        return PythonComponent(argv[2], False, None, argv[3:])
    if len(argv) < 4 or argv[0] != "sh" or argv[1] not in ("-ec", "-exc"):
        return None
    found = _RUN_MODULE.fullmatch(" ".join(argv[2].replace("\\\n", " ").split()))
    if found is None:
        return None
    return PythonComponent(found["module"], found["light"] is not None, argv[3], argv[4:])
