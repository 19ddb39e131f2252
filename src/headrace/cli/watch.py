"""Follows a run from the server's event stream until it has ended, over dropped connections and restarts of the server.

Takes a client and what to do on each change; gives the run as it ended. An event moves one task, so the cost of a
change does not grow with the run; the whole run is read at the beginning and at the end, and after a gap.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from headrace.base.clock import Instant, from_rfc3339
from headrace.base.errors import Unavailable
from headrace.cli import wire
from headrace.cli.client import Client, Gone
from headrace.cli.view import RunView, TaskView
from headrace.model.state import State
from headrace.model.task import ROOT

_PATIENCE = 30.0
"""Seconds without a server after which watching is given up."""

Changed = Callable[[RunView], None]


class Watch:
    """One run. `run` is what is known of it now; `changed` is told of each change.

    `follow` may be called again after it was interrupted.
    """

    def __init__(self, client: Client, run_id: str, changed: Changed | None = None) -> None:
        self._client = client
        self.changed = changed
        self._last_event = ""
        self.run = wire.run_view(client.run(run_id))

    def follow(self) -> RunView:
        """Wait for the end of the run. Raises Unavailable when the server has been away for too long."""
        self._tell(self.run)
        quiet_since = time.monotonic()
        while not self.run.state.ended:
            try:
                for event in self._client.events(self.run.run_id, self._last_event):
                    quiet_since = time.monotonic()
                    self._last_event = event.event_id or self._last_event
                    self._apply(json.loads(event.data))
                self._read()
            except Gone as error:
                if time.monotonic() - quiet_since > _PATIENCE:
                    raise Unavailable(
                        f"the server has not answered for {_PATIENCE:.0f} seconds",
                        where=self._client.url,
                        hint=f"The run goes on when one is up again: headrace get run {self.run.run_id}",
                    ) from error
                time.sleep(0.25)
        return self.run

    def _read(self) -> None:
        self._tell(wire.run_view(self._client.run(self.run.run_id)))

    def _apply(self, event: dict[str, Any]) -> None:
        self._tell(moved(self.run, event))

    def _tell(self, run: RunView) -> None:
        self.run = run
        if self.changed is not None:
            self.changed(run)


def moved(run: RunView, event: dict[str, Any]) -> RunView:
    """The run after an event: `{"path", "state", "at"}`, `path` being empty where it is of the run itself."""
    path, state, at = event.get("path", ""), _state(event.get("state")), _at(event.get("at"))
    if state is None:
        return run
    if not path:
        return replace(run, state=state, finished_at=at if state.ended else Instant(0))
    task = run.tasks.get(path) or TaskView(path, path.rpartition(".")[2], state, is_group=path == ROOT)
    started = task.started_at or (at if state is not State.PENDING else Instant(0))
    task = replace(task, state=state, started_at=started, ended_at=at if state.ended else Instant(0))
    return replace(run, tasks={**run.tasks, path: task})


def _state(text: object) -> State | None:
    return State(text) if isinstance(text, str) and text in State.__members__ else None


def _at(text: object) -> Instant:
    return from_rfc3339(text) if isinstance(text, str) else Instant(0)
