"""A `.py` file that defines a pipeline, compiled by the user's own kfp in the user's own Python.

Headrace does not import kfp. The Python is `--python`, else the first that has kfp of: the one Headrace runs on, the
`python` and the `python3` of PATH. What the file prints goes to stderr.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from headrace.base.errors import InvalidInput
from headrace.base.scratch import scratch
from headrace.cli import compile_child


def split_name(text: str) -> tuple[Path, str]:
    """`FILE.py:NAME` as its parts; NAME is "" where there is none."""
    file, colon, name = text.rpartition(":")
    return (Path(file), name) if colon and file.endswith(".py") else (Path(text), "")


def compile_file(file: Path, name: str = "", python: str | None = None) -> str:
    """The pipeline `name` of the file, as compiled JSON or YAML. Raises InvalidInput in the command line's words."""
    for interpreter in [_named(python)] if python else _candidates():
        answer = _ask(interpreter, file.absolute(), name)
        if "document" in answer:
            return str(answer["document"])
        if answer["error"] != "no kfp":
            raise _refusal(file, name, answer)
        if python:
            raise InvalidInput(f"{interpreter} has no kfp", where="--python", hint=_install(interpreter))
    raise InvalidInput(
        "no Python here has kfp, which compiles it",
        where=str(file),
        hint="Install it (`pip install kfp`), or name a Python that has it with --python",
    )


def _named(python: str) -> str:
    path = shutil.which(python)
    if path is None:
        raise InvalidInput(f"{python} is not an executable", where="--python", hint="Give the path of a Python")
    return path


def _candidates() -> Iterator[str]:
    seen = {sys.executable}
    yield sys.executable
    for name in ("python", "python3"):
        path = shutil.which(name)
        if path is not None and path not in seen:
            seen.add(path)
            yield path


def _ask(python: str, file: Path, name: str) -> dict[str, object]:
    with scratch() as folder:
        output = folder / "answer.json"
        command = [python, compile_child.__file__, str(file), name, str(output)]
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), check=False).returncode
        if not output.is_file():
            raise InvalidInput(
                f"compiling it with {python} ended with exit code {code}", where=str(file), hint="See the output above"
            )
        answer: dict[str, object] = json.loads(output.read_text())
        return answer


def _refusal(file: Path, name: str, answer: dict[str, object]) -> InvalidInput:
    names = answer.get("names")
    listing = ", ".join(map(str, names)) if isinstance(names, list) else ""
    match answer["error"]:
        case "raised":
            return InvalidInput(f"it cannot be compiled:\n{answer['text']}", where=str(file))
        case "unknown":
            return InvalidInput(f"it defines no pipeline {name!r}", where=str(file), hint=f"It defines {listing}")
        case "several":
            hint = f"Pick one: {' or '.join(f'{file}:{each}' for each in listing.split(', '))}"
            return InvalidInput(f"it defines several pipelines: {listing}", where=str(file), hint=hint)
        case _:
            return InvalidInput(
                "it defines no pipeline", where=str(file), hint="Decorate a function with @dsl.pipeline"
            )


def _install(python: str) -> str:
    return f"Install it with `{python} -m pip install kfp`"
