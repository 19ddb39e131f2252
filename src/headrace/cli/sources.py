"""Values of secrets and config maps from where `create` takes them: files, standard input, the command line.

Takes the options as they were given, gives bytes by key. Errors name the option and the key or file, and no value: what
was meant as a value may stand where a key should.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from headrace.base.errors import InvalidInput

STDIN = "-"


def collect(files: Sequence[str], env_files: Sequence[str], literals: Sequence[str]) -> dict[str, bytes]:
    """Raises InvalidInput for what cannot be read, has no key, or has one that is given twice."""
    if [source.rpartition("=")[2] for source in (*files, *env_files)].count(STDIN) > 1:
        raise InvalidInput("standard input is read once", where=f"{STDIN} as a path", hint="Give it once")
    found: dict[str, bytes] = {}
    for option, pairs in (
        ("--from-file", _files(files)),
        ("--from-env-file", _env_files(env_files)),
        ("--from-literal", _literals(literals)),
    ):
        for key, value in pairs:
            if key in found:
                raise InvalidInput("the key is given twice", where=f"{option} {key}", hint="Give it once")
            found[key] = value
    return found


def _files(sources: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for source in sources:
        key, equals, path = source.rpartition("=")
        if equals and (not key or "=" in key):
            hint = "Write it as KEY=PATH, or as PATH; neither may hold ="
            raise InvalidInput("it is not clear which is the key", where="--from-file", hint=hint)
        folder = Path(path)
        if path == STDIN and not key:
            raise InvalidInput("standard input has no name", where="--from-file", hint=f"Write it as KEY={STDIN}")
        if folder.is_dir():
            if key:
                hint = "Its files have their names for keys: leave KEY= out"
                raise InvalidInput("it is a folder", where=f"--from-file {path}", hint=hint)
            for file in sorted(folder.iterdir()):
                if file.is_file():
                    yield file.name, _read(str(file), "--from-file")
        else:
            yield key or folder.name, _read(path, "--from-file")


def _env_files(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """As kubectl reads them: a line a value, as it stands; empty lines and those that begin with # are nothing."""
    for path in paths:
        text = _read(path, "--from-env-file").removeprefix(b"\xef\xbb\xbf")
        for number, line in enumerate(text.splitlines(), 1):
            stripped = line.lstrip()
            if not stripped or stripped.startswith(b"#"):
                continue
            key, equals, value = stripped.partition(b"=")
            where = f"--from-env-file {path}, line {number}"
            if not equals or not key.isascii():
                raise InvalidInput("it has no key", where=where, hint="Write it as KEY=VALUE")
            yield key.decode().strip(), value


def _literals(sources: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for number, source in enumerate(sources, 1):
        key, equals, value = source.partition("=")
        if not equals or not key:
            raise InvalidInput(f"number {number} has no key", where="--from-literal", hint="Write it as KEY=VALUE")
        yield key, value.encode(errors="surrogateescape")


def _read(path: str, option: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise InvalidInput(f"it cannot be read: {error.strerror}", where=f"{option} {path}") from error
