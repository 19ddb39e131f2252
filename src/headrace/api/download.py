"""Files and folders of the store as downloads: a safe name, a safe type, and nothing that a browser would run.

Steps write what they like, names included; these bytes come from the server's own origin. So everything is an
attachment, sandboxed, and of a type that no browser executes.
"""

import asyncio
import mimetypes
import os
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from headrace.api.ranges import Bytes, respond
from headrace.blobs.folder import FolderStore
from headrace.blobs.pack import PACKS
from headrace.blobs.uri import name_of

CHUNK = 1024 * 1024
GUARDED = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}

_AS_THEY_ARE: Sequence[str] = (
    "text/plain",
    "text/csv",
    "application/json",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
)


def headers(name: str) -> dict[str, str]:
    """Save it under that name. RFC 6266: once for old clients, in ASCII, and once as it is."""
    plain = "".join(each if each.isascii() and each.isprintable() and each not in '"\\/%' else "_" for each in name)
    shown = "".join("_" if unicodedata.category(each) in ("Cc", "Cf", "Cs") or each in "/\\" else each for each in name)
    disposition = f"attachment; filename=\"{plain or '_'}\"; filename*=UTF-8''{quote(shown or '_', safe='')}"
    return {**GUARDED, "Content-Disposition": disposition}


def safe_type(name: str) -> str:
    """The content type that the name suggests, where a browser that shows it runs nothing."""
    kind, packed_by = mimetypes.guess_type(name)
    if kind is None or kind not in _AS_THEY_ARE or packed_by is not None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


async def file(request: Request, blobs: FolderStore, uri: str, *, etag: str = "", most: int | None = None) -> Response:
    """The object at the uri, or its first `most` bytes. Raises NotFound, InvalidInput for a folder."""
    size = await asyncio.to_thread(_size, blobs, uri)
    if most is not None:
        size = min(size, most)
    name = name_of(uri)

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        with blobs.open(uri) as reading:
            reading.seek(start)
            left = end - start
            while left and (chunk := await asyncio.to_thread(reading.read, min(left, CHUNK))):
                left -= len(chunk)
                yield chunk

    return respond(request, Bytes(size, safe_type(name), headers(name), etag), read)


async def folder(request: Request, blobs: FolderStore, uri: str, pack: str) -> Response:
    """All that the folder at the uri holds, packed as it is sent. Raises NotFound."""
    packing = PACKS[pack]
    entries = await asyncio.to_thread(lambda: list(blobs.entries(uri)))
    told = {**headers(f"{name_of(uri)}.{pack}"), "Cache-Control": "no-store"}
    pieces = iter(()) if request.method == "HEAD" else packing.stream(entries)
    return StreamingResponse(_drained(pieces), headers=told, media_type=packing.media_type)


async def _drained(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """What a blocking iterator gives, a piece at a time; the reader may be slow, so no thread is held between two."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _size(blobs: FolderStore, uri: str) -> int:
    """Bytes of the object, which is one file."""
    with blobs.open(uri) as opened:
        return opened.seek(0, os.SEEK_END)
