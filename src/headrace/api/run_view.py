"""A run as a client sees it: from its rows, its tasks and its document to the message, and to the bytes of get-run."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Raw

from headrace.api import proto_json
from headrace.api.convert import runs as convert
from headrace.api.convert import tasks as convert_tasks
from headrace.api.documents import Documents
from headrace.api.handlers import Handlers
from headrace.api.tasks import whole_run
from headrace.api.wire import run as wire
from headrace.base.json import JsonObject
from headrace.model.run import Run
from headrace.model.task import Task
from headrace.store import query as lists
from headrace.store import runs
from headrace.store.db import Tx


@dataclass(frozen=True, slots=True)
class RunView(Handlers):
    documents: Documents

    def message(
        self,
        run: Run,
        *,
        document: JsonObject | Raw | None = None,
        tasks: Sequence[Task] = (),
        whole: convert_tasks.Whole | None = None,
    ) -> wire.Run:
        """The run as clients see it. The server's own pipeline root is nothing that they asked for, and is left out."""
        default_root = self.services.settings.pipeline_root
        return convert.run(run, default_root, document=document, tasks=tasks, whole=whole)

    def encoded(self, tx: Tx, run_id: str, full: bool) -> bytes:
        """The answer of get-run."""
        return proto_json.encode(self.shown(tx, run_id, full))

    def shown(self, tx: Tx, run_id: str, full: bool) -> wire.Run:
        run = lists.get_run(tx, run_id)
        wanted = full or not run.pipeline_version_id
        document = self.documents.get(tx, run.plan_id) if wanted else None
        if not full:
            return self.message(run, document=document, tasks=runs.load_tasks(tx, run.key))
        whole = whole_run(self, tx, run)
        return self.message(run, document=document, tasks=list(whole.family.by_path.values()), whole=whole)
