"""Errors as gRPC says them: a code, a sentence, and the whole google.rpc.Status in the trailing metadata.

The status is the one that an answer over HTTP has as its body: the codes are gRPC's own.
"""

from typing import TypeAlias

import grpc
from google.protobuf import json_format
from google.rpc import status_pb2

MOST_BYTES = 1_600
"""How long a sentence may be. Clients take 8 kB of metadata in all, where it stands twice, once with each byte that is
not ASCII as three, once in base64."""

MOST_WITH_DETAIL = 1_000
"""And how long where it stands once more, in the status's detail."""

Trailers: TypeAlias = tuple[tuple[str, bytes], ...]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


def read(body: bytes) -> status_pb2.Status:
    """The status that the body of an HTTP error holds."""
    return json_format.Parse(body, status_pb2.Status())


def made(code: int, message: str) -> status_pb2.Status:
    """The status of an error that no handler raised, in the shape of theirs."""
    status = status_pb2.Status(code=code, message=message)
    status.details.add().Pack(status_pb2.Status(code=code, message=message))
    return status


def told(status: status_pb2.Status) -> tuple[grpc.StatusCode, str, Trailers]:
    """What a call is ended with."""
    said = status.message.encode()
    if len(said) > MOST_WITH_DETAIL:
        del status.details[:]
    if len(said) > MOST_BYTES:
        status.message = f"{said[:MOST_BYTES].decode(errors='ignore')}..."
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return code, status.message, (("grpc-status-details-bin", status.SerializeToString()),)
