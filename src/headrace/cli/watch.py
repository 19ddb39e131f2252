"""Follows a run from the server's event stream until it has ended, over dropped connections and restarts of the server.

Takes a client and what to do on each change; gives the run as it ended. The stream is the run's history from its
beginning, so nothing else is read until the end, and a change costs what it touches.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace

from headrace.base.errors import Unavailable
from headrace.cli import wire
from headrace.cli.away import PATIENCE, wait_for_server
from headrace.cli.client import Client, Gone
from headrace.cli.view import RunView
from headrace.model.state import State

_PAUSE = 0.25

Changed = Callable[[RunView], None]


class Watch:
    """One run. `run` is what is known of it now; `changed` is told of each change, `silent` when the server is away.

    `options` is what other commands need to find the server.

    `follow` may be called again after it was interrupted.
    """

    def __init__(self, client: Client, run_id: str, changed: Changed | None = None, *, options: str = "") -> None:
        self._client = client
        self._options = options
        self.silent: Callable[[], None] | None = None
        self._last_event = ""
        self.changed = changed
        self.run = replace(wire.run_view(client.run(run_id)), state=State.PENDING, tasks={})

    def follow(self) -> RunView:
        """Wait for the end of the run. Raises Unavailable when the server has been away for too long."""
        while True:
            try:
                for event in self._client.events(self.run.run_id, self._last_event):
                    self._last_event = event.event_id or self._last_event
                    self._tell(wire.moved(self.run, json.loads(event.data)))
                whole = wire.run_view(self._client.run(self.run.run_id))
                if whole.state.ended:
                    self._tell(whole)
                    return whole
                time.sleep(_PAUSE)
            except Gone:
                self._wait()

    def _tell(self, run: RunView) -> None:
        self.run = run
        if self.changed is not None:
            self.changed(run)

    def _wait(self) -> None:
        try:
            wait_for_server(self._client, self.silent)
        except Gone as error:
            raise Unavailable(
                f"the server has not answered for {PATIENCE:.0f} seconds",
                where=self._client.url,
                hint=f"The run goes on when one is up again: headrace get run {self.run.run_id}{self._options}",
            ) from error
