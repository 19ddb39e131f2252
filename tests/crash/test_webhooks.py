"""`kill -9` between the end of a run and the delivery of that: the next server delivers it."""

import json
from pathlib import Path

from tests.harness import Server
from tests.ir import pipeline, shell_task
from tests.receiver import Receiver


def test_killed_between_the_end_of_a_run_and_its_delivery(tmp_path: Path) -> None:
    private = {"HEADRACE_WEBHOOK_ALLOW_PRIVATE": "true"}
    home, receiver = tmp_path / "home", Receiver()
    with receiver.up():
        pass  # its port is known, and nobody listens there
    server = Server(home, environment=private).start()
    try:
        server.post("/api/v1/webhooks", {"display_name": "x", "url": receiver.url, "states": ["SUCCEEDED"]})
        run_id = server.submit(pipeline(shell_task("say", "true")))
        server.wait(run_id)
        server.kill()
        with receiver.up():
            server = Server(home, environment=private).start()
            headers, body = receiver.next()
            assert json.loads(body)["run"]["run_id"] == run_id
            assert headers["Headrace-Signature"].startswith("sha256=")
    finally:
        server.stop()
