"""Compiled plans, kept by content: runs of the same document share one `Plan`. Made by whoever starts the server."""

import threading
from collections import OrderedDict

from headrace.spec.compile import compile_plan
from headrace.spec.load import Document
from headrace.spec.plan import Plan


class Plans:
    """The plans that were used last, at most `limit` of them. Safe to use from several threads."""

    def __init__(self, limit: int = 128) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._plans: OrderedDict[str, Plan] = OrderedDict()

    def get(self, document: Document) -> Plan:
        """The plan of a document, compiled if it is not known. Raises InvalidSpec."""
        plan = self.known(document.plan_id)
        if plan is None:
            plan = compile_plan(document)
            with self._lock:
                self._plans[plan.plan_id] = plan
                if len(self._plans) > self._limit:
                    self._plans.popitem(last=False)
        return plan

    def known(self, plan_id: str) -> Plan | None:
        """The plan with that id, if it is still held."""
        with self._lock:
            if plan_id in self._plans:
                self._plans.move_to_end(plan_id)
            return self._plans.get(plan_id)
