"""URIs of objects: `minio://BUCKET/KEY`, `s3://`, `gs://`; read from what users and steps write, never trusted.

A key is taken as it stands: `#`, `?`, `%` and blanks are characters of a name, nothing is decoded. What could lead out
of a bucket, or could not be a file's name, is refused, so that every location is also a safe relative path. A slash at
the end is how many write a folder, and says no more.
"""

from collections.abc import Collection
from dataclasses import dataclass

from headrace.base.errors import InvalidInput
from headrace.model.run import folder_of_root

SCHEMES = ("minio", "s3", "gs")
NAME_BYTES = 255
KEY_BYTES = 1024
ROOT_BYTES = 512
"""What a pipeline root may have of a key; the rest is for the names of the pipeline, run, task, attempt and output."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where an object is. `names` are the parts of its key, at least one."""

    scheme: str
    bucket: str
    names: tuple[str, ...]


def scheme_of(uri: str) -> str:
    """`minio` of `minio://b/k`; "" of what has no scheme, such as a path."""
    scheme, mark, _ = uri.partition("://")
    return scheme if mark else ""


def parse(uri: str) -> Location:
    """The location that a uri names. Raises InvalidInput."""
    scheme = scheme_of(uri)
    if scheme not in SCHEMES:
        raise InvalidInput(
            "is no object's uri", where=_shown(uri), hint=f"Write it as {'://, '.join(SCHEMES)}://BUCKET/KEY"
        )
    bucket, slash, key = uri[len(scheme) + 3 :].partition("/")
    if not slash or not key:
        raise InvalidInput(
            "names no object in its bucket", where=_shown(uri), hint=f"Write it as {scheme}://BUCKET/KEY"
        )
    names = tuple(key.removesuffix("/").split("/"))
    for name in (bucket, *names):
        _check_name(name, uri)
    if bucket.startswith("."):
        raise InvalidInput("a bucket's name does not begin with a dot", where=_shown(uri))
    if len(key.encode()) > KEY_BYTES:
        raise InvalidInput(f"its key is longer than {KEY_BYTES} bytes", where=_shown(uri))
    return Location(scheme, bucket, names)


def name_of(uri: str) -> str:
    """What the object is called: the last part of its key. Raises InvalidInput."""
    return parse(uri).names[-1]


def within(uri: str, path: str) -> str:
    """The uri of what is at the path in the folder at `uri`."""
    return f"{uri.removesuffix('/')}/{path}"


def lies_in(uri: str, folder: str) -> bool:
    """The uri names the same as the other one, or something in it."""
    return f"{uri.removesuffix('/')}/".startswith(f"{folder.removesuffix('/')}/")


def outermost(uris: Collection[str]) -> list[str]:
    """Those that do not lie in another one."""
    found: list[str] = []
    for uri in sorted(uris, key=lambda uri: uri.removesuffix("/").split("/")):
        if not found or not lies_in(uri, found[-1]):
            found.append(uri)
    return found


def check_root(root: str, where: str) -> None:
    """Raises InvalidInput for a pipeline root in which no artifact could be; `where` says which it is."""
    hint = f"Write it as {', '.join(f'{scheme}://BUCKET/FOLDER' for scheme in SCHEMES)}"
    try:
        names = parse(f"{folder_of_root(root)}/object").names
    except InvalidInput as error:
        raise InvalidInput(f'"{_shown(root)}" {error.message}', where=where, hint=hint) from error
    if len("/".join(names[:-1]).encode()) > ROOT_BYTES:
        raise InvalidInput(f"its folder is longer than {ROOT_BYTES} bytes", where=where, hint="Give a shorter one")


def _check_name(name: str, uri: str) -> None:
    """Raises InvalidInput for a part of a key that cannot be a file's name, or is more than one."""
    if not name:
        raise InvalidInput("has an empty part between slashes", where=_shown(uri), hint="Take out the doubled slash")
    if name in (".", ".."):
        raise InvalidInput(f"{name!r} is not followed in a uri", where=_shown(uri), hint="Write the key in full")
    if "\0" in name:
        raise InvalidInput("holds a NUL character", where=_shown(uri))
    try:
        length = len(name.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput("holds half a character (a lone surrogate)", where=_shown(uri)) from error
    if length > NAME_BYTES:
        raise InvalidInput(f"a part of its key is longer than {NAME_BYTES} bytes", where=_shown(uri))


def _shown(uri: str) -> str:
    """The uri in an error: printable, and not all of a huge one."""
    text = uri if len(uri) <= 200 else f"{uri[:200]}..."
    return text.encode("unicode_escape").decode() if not text.isprintable() else text
