"""An uploaded file to the bytes of the pipeline in it: zip and tar.gz are told by their first bytes.

Bounded: no more is unpacked than a plain upload may hold, and archives with a crowd of members are refused before
they are listed. Everything wrong is an InvalidSpec.
"""

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import IO

from headrace.base.errors import InvalidSpec
from headrace.spec.parse import MAX_BYTES

_ZIP = b"PK"
_GZIP = b"\x1f\x8b"
_ZIP_MEMBER = b"PK\x01\x02"
_MAX_MEMBERS = 10_000
_SUFFIXES = (".yaml", ".yml", ".json")
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    LookupError,
    OverflowError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""What the standard library raises for archives that are damaged, encrypted or of a kind it does not read."""


def unpack(data: bytes) -> bytes:
    """The pipeline document: `data` itself where it is no archive, else `pipeline.yaml` in it, else its first file."""
    if len(data) > MAX_BYTES:
        raise _too_large("the file")
    try:
        if data.startswith(_ZIP):
            return _from_zip(data)
        if data.startswith(_GZIP):
            return _from_tar(_read(gzip.GzipFile(fileobj=io.BytesIO(data)), "the unpacked file"))
    except InvalidSpec:
        raise
    except _BROKEN as error:
        kind = "zip" if data.startswith(_ZIP) else "tar.gz"
        raise InvalidSpec(
            f"the {kind} file cannot be read: {str(error) or 'it is cut off'}", hint="Pack it again, or upload the YAML"
        ) from error
    return data


def _from_zip(data: bytes) -> bytes:
    if data.count(_ZIP_MEMBER) > _MAX_MEMBERS:
        raise InvalidSpec(f"the zip file holds more than {_MAX_MEMBERS:,} files")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = _choose([info.filename for info in archive.infolist() if not info.filename.endswith("/")])
        info = archive.getinfo(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidSpec(f"{name} in the zip file is compressed by a method that is not supported")
        with archive.open(info) as file:
            return _read(file, name)


def _from_tar(data: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        members: dict[str, tarfile.TarInfo] = {}
        for member in archive:
            if len(members) >= _MAX_MEMBERS:
                raise InvalidSpec(f"the tar.gz file holds more than {_MAX_MEMBERS:,} files")
            if member.isreg():
                members[member.name] = member
        name = _choose(list(members))
        file = archive.extractfile(members[name])
        if file is None:
            raise InvalidSpec(f"{name} in the tar.gz file is no file")
        with file:
            return _read(file, name)


def _choose(names: Sequence[str]) -> str:
    if not names:
        raise InvalidSpec("the archive is empty", hint="Put pipeline.yaml into it")
    name = next((each for each in names if PurePosixPath(each).name == "pipeline.yaml"), names[0])
    if not name.lower().endswith(_SUFFIXES):
        raise InvalidSpec(f"the archive holds no pipeline: its first file is {name}", hint="Name it pipeline.yaml")
    return name


def _read(file: IO[bytes] | gzip.GzipFile, name: str) -> bytes:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    return data


def _too_large(what: str) -> InvalidSpec:
    return InvalidSpec(f"{what} is larger than {MAX_BYTES >> 20} MiB", hint="Keep data out of the pipeline document")
