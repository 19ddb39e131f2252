"""The documents of pipelines as JSON text, by plan id. Content names them, so what is kept here cannot go stale.

A run is asked for again and again while it is watched; its document may be megabytes, and is decoded and encoded once.
"""

import threading
from collections import OrderedDict

import msgspec

from headrace.api import proto_json
from headrace.store import runs
from headrace.store.db import Tx

MOST_BYTES = 32 * 1024 * 1024


class Documents:
    """The documents that were shown last, up to `most` bytes together. Used from several threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._held = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, tx: Tx, plan_id: str) -> msgspec.Raw:
        """The document, ready to stand in a message. Raises NotFound."""
        with self._lock:
            text = self._kept.get(plan_id)
            if text is not None:
                self._kept.move_to_end(plan_id)
                return msgspec.Raw(text)
        text = proto_json.encode(runs.load_document(tx, plan_id))
        with self._lock:
            self._keep(plan_id, text)
        return msgspec.Raw(text)

    def _keep(self, plan_id: str, text: bytes) -> None:
        if len(text) > self._most or plan_id in self._kept:
            return
        self._kept[plan_id] = text
        self._held += len(text)
        while self._held > self._most:
            _, dropped = self._kept.popitem(last=False)
            self._held -= len(dropped)
