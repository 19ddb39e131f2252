"""Public ids: UUIDs as text. Fresh ones for what a user makes, derived ones for what follows from that.

A derived id is a function of its parent's id and a name, so that the pure planner can name tasks, attempts
and artifacts, and a replayed transition names them the same.
"""

import hashlib
import uuid


def fresh() -> str:
    """A random UUID."""
    return str(uuid.uuid4())


def derived(parent: str, *names: str | int) -> str:
    """The UUID that `names` have under `parent`; version 8 (RFC 9562), from SHA-256."""
    text = "\0".join([parent, *map(str, names)])
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    number = number & ~(0xF000 << 64) | 8 << 76
    number = number & ~(0xC000 << 48) | 0x8000 << 48
    return str(uuid.UUID(int=number))
