"""Pipelines that were used last, kept by content: their plans, which runs of the same document share, and the small
documents that requests gave. Made by whoever starts the server."""

import hashlib
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from headrace.base.json import JsonObject
from headrace.spec.compile import compile_plan
from headrace.spec.load import Document, document_from_json
from headrace.spec.plan import Plan

T = TypeVar("T")


class Plans:
    """At most `limit` plans, and a quarter as many documents. Safe to use from several threads."""

    def __init__(self, limit: int = 128) -> None:
        self._plans: _Last[Plan] = _Last(limit)
        self._documents: _Last[Document] = _Last(limit // 4)

    def read(self, text: bytes, value: JsonObject) -> Document:
        """The document of a small pipeline that a request gives, `text` being its JSON. Raises InvalidSpec.

        A large one would stay in memory with several times its text's size.
        """
        key = hashlib.sha256(text).hexdigest()
        document = self._documents.get(key)
        if document is None:
            document = document_from_json(value)
            self._documents.keep(key, document)
        return document

    def get(self, document: Document) -> Plan:
        """The plan of a document, compiled if it is not known. Raises InvalidSpec."""
        plan = self.known(document.plan_id)
        if plan is None:
            plan = compile_plan(document)
            self._plans.keep(plan.plan_id, plan)
        return plan

    def known(self, plan_id: str) -> Plan | None:
        """The plan with that id, if it is still held."""
        return self._plans.get(plan_id)


class _Last(Generic[T]):
    """The values that were used last, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[str, T] = OrderedDict()

    def get(self, key: str) -> T | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: str, value: T) -> None:
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._limit:
                self._values.popitem(last=False)
