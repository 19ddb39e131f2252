"""What plug-in values, names, roots and iterations may be; the store checks the lengths of names and tags."""

from collections.abc import Mapping

import msgspec

from headrace.api.proto_json import Int64
from headrace.api.wire.run import RuntimeConfig
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject, JsonValue
from headrace.blobs import uri

PLUGINS = 16
PLUGIN_BYTES = 64 * 1024
PLUGINS_BYTES = 256 * 1024
PLUGIN_DEPTH = 10
ITERATIONS = 2**31 - 1


def name(given: str, field: str) -> str:
    """A name that must be there."""
    if not given.strip():
        raise InvalidInput("a name is missing", where=field, hint="Give one")
    return given


def iteration(given: Int64 | None, field: str) -> int:
    """Which iteration of a loop, or how many it has; -1 for none, as is all that is less."""
    if given is not None and int(given) > ITERATIONS:
        raise InvalidInput(f"{given} are more iterations than a loop has", where=field, hint=f"At most {ITERATIONS}")
    return -1 if given is None else max(int(given), -1)


def pipeline_root(config: RuntimeConfig | None) -> None:
    """A root that is given is one in which artifacts can be."""
    if config is not None and config.pipeline_root:
        uri.check_root(config.pipeline_root, "runtime_config.pipeline_root")


def plugins(given: Mapping[str, JsonObject]) -> None:
    """`plugins_input`: bounded in number, size and depth."""
    if len(given) > PLUGINS:
        raise InvalidInput(f"{len(given)} plug-ins are too many", where="plugins_input", hint=f"At most {PLUGINS}")
    total = 0
    for key, value in given.items():
        size = len(msgspec.json.encode(value))
        total += size
        where = f"plugins_input.{key[:80]}"
        if size > PLUGIN_BYTES:
            raise InvalidInput(f"the value has {size} bytes", where=where, hint=f"Give at most {PLUGIN_BYTES}")
        if _depth(value) > PLUGIN_DEPTH:
            raise InvalidInput("the value is nested too deeply", where=where, hint=f"At most {PLUGIN_DEPTH} levels")
    if total > PLUGINS_BYTES:
        hint = f"Give at most {PLUGINS_BYTES}"
        raise InvalidInput(f"the values have {total} bytes together", where="plugins_input", hint=hint)


def _depth(value: JsonValue) -> int:
    """How many levels of objects and arrays; bodies are bounded in depth, so this ends."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
