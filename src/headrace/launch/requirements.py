"""What the sources of an image need besides: read from where its build would read it.

Takes the folder of a context, and what the user said instead; gives `Needs`. The requirements are those of a file as
`pip install -r` reads it, `kfp` is added for sources that use it, and the Python is that of the Dockerfile. For
components that nobody has built it writes what the build would have. Raises InvalidInput, which names the file and the
line.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headrace.base.errors import InvalidInput, StepError
from headrace.blobs.contexts import Needs
from headrace.launch import pip
from headrace.launch.command import PipInstall
from headrace.launch.components import CONFIG, components_in
from headrace.launch.images import base_of

FILES = ("runtime-requirements.txt", "requirements.txt")
"""Where requirements are looked for: what `kfp component build` writes comes first."""

_DEEPEST = 10
_NESTED = ("-r", "--requirement")
_LINKS = ("-f", "--find-links")
_PACKED = (".whl", ".tar.gz", ".zip")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_HASH = re.compile(r"\s+\\?\s*--hash[= ]\S+")
_KFP = re.compile(r"kfp\s*(?:$|[\[=<>!~;@ ])", re.IGNORECASE)
_IMPORTS_KFP = re.compile(rb"^\s*(?:from|import)\s+kfp\b", re.MULTILINE)
_BUILT_WITH = re.compile(r"\bkfp\s*(==\s*[\w.]+)")
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """What the user said: the requirements as a text, or the path of their file in the context; the version of Python;
    and the version of kfp to add where nothing else names one. What is empty is looked for."""

    text: str = ""
    file: str = ""
    python: str = ""
    kfp: str = ""


def needs_of(folder: Path, said: Said) -> Needs:
    """The needs of the sources in the folder, which gets a `kfp_config.ini` where it has components and none."""
    words, dockerfile = tuple(_words(folder, said)), _text(folder / "Dockerfile")
    if not (folder / CONFIG).exists():
        components = components_in(folder)
        if components.files:
            (folder / CONFIG).write_text(components.config)
            words = (*words, *(each for each in components.packages if each not in words))
            dockerfile = dockerfile or f"FROM {components.base_image}"
    try:
        install = pip.parse(PipInstall(words))
    except StepError as error:
        raise InvalidInput(error.message, where="requirements") from error
    if not any(map(_KFP.match, install.requirements)) and _uses_kfp(folder):
        built = _BUILT_WITH.search(dockerfile)
        version = built[1].replace(" ", "") if built else f"=={said.kfp}" if said.kfp else ""
        words = (*words, f"kfp{version}")
    return Needs(said.python or _python(dockerfile), words)


def _words(folder: Path, said: Said) -> Iterator[str]:
    if said.text:
        yield from _read(folder, said.text, "requirements", 0)
    elif said.file:
        yield from _read_file(folder, said.file, "requirements", 0)
    elif name := next((each for each in FILES if (folder / each).is_file()), ""):
        yield from _read_file(folder, name, name, 0)


def _read_file(folder: Path, name: str, where: str, depth: int) -> Iterator[str]:
    path = _inside(folder, name, where)
    if depth > _DEEPEST:
        raise InvalidInput("it reads itself", where=where)
    yield from _read(path.parent, _text(path), str(path.relative_to(folder.resolve())), depth, root=folder)


def _read(folder: Path, text: str, where: str, depth: int, *, root: Path | None = None) -> Iterator[str]:
    """The words of a file in `folder`, whose context is `root`."""
    root = root or folder
    for number, line in _lines(text):
        at = f"{where}, line {number}"
        if line.startswith("-"):
            yield from _option(folder, root, line, at, depth)
        elif line.startswith((".", "/")) or (line.partition(" ")[0].endswith(_PACKED) and "://" not in line):
            path = _inside(folder, line.partition(";")[0].strip(), at, root)
            yield f"./{path.relative_to(root.resolve())}"
        else:
            yield _HASH.sub("", line).strip()


def _option(folder: Path, root: Path, line: str, at: str, depth: int) -> Iterator[str]:
    try:
        option, *values = shlex.split(line)
    except ValueError as error:
        raise InvalidInput(f"{line[:200]!r} cannot be read: {error}", where=at) from error
    name, equals, value = option.partition("=")
    words = [name, value, *values] if equals else [option, *values]
    if words[0] in _NESTED and len(words) == 2:
        path = _inside(folder, words[1], at, root)
        yield from _read_file(root, str(path.relative_to(root.resolve())), at, depth + 1)
    elif words[0] in _LINKS and len(words) == 2 and "://" not in words[1]:
        links = (folder / words[1]).resolve()
        if not links.is_relative_to(root.resolve()) or not links.exists():
            raise InvalidInput(f"there is no {words[1][:200]!r} in the context", where=at)
        yield from (words[0], f"./{links.relative_to(root.resolve())}")
    elif words[0] in ("-e", "--editable"):
        raise _is_folder(at)
    elif words[0] in ("-c", "--constraint"):
        raise InvalidInput("constraints are not read", where=at, hint="Write the versions into the requirements")
    elif words[0] != "--require-hashes":
        yield from words


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, with those joined that a backslash continues, by the number of their first."""
    held, first = "", 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        first = first if held else number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        said = _COMMENT.sub("", held + line).strip()
        held = ""
        if said:
            yield first, said


def _inside(folder: Path, name: str, where: str, root: Path | None = None) -> Path:
    """The file of that name. Raises InvalidInput where it is none, or not in the context."""
    root = (root or folder).resolve()
    path = (folder / name).resolve()
    if path.is_dir():
        raise _is_folder(where)
    if not path.is_relative_to(root) or not path.is_file():
        raise InvalidInput(f"there is no file {name[:200]!r} in the context", where=where)
    return path


def _is_folder(where: str) -> InvalidInput:
    return InvalidInput(
        "it names a folder to install, which would have to be built",
        where=where,
        hint="Leave it out: what is in the context can be imported from there; or name a wheel in the context",
    )


def _uses_kfp(folder: Path) -> bool:
    """Whether the sources are, or import, components."""
    if (folder / CONFIG).is_file():
        return True
    return any(_IMPORTS_KFP.search(path.read_bytes()) for path in sorted(folder.rglob("*.py")) if path.is_file())


def _python(dockerfile: str) -> str:
    """The version of Python that the image is built on, where the name of its base says it."""
    bases = _FROM.findall(dockerfile)
    return base_of(bases[-1], {}).python if bases else ""


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""
