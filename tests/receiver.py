"""A receiver of webhooks: a real HTTP server in a thread, which answers what it is told to and keeps what it got."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.harness import PATIENCE


@dataclass
class Receiver:
    """`answers` are given in turn, then 200. `port` stays the same when it is stopped and started again."""

    answers: list[int] = field(default_factory=list)
    port: int = 0
    got: "queue.Queue[tuple[Message, bytes]]" = field(default_factory=queue.Queue)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?x=1"

    def next(self) -> tuple[Message, bytes]:
        """The headers and body of the next request. One that a killed server had begun with comes after a minute."""
        return self.got.get(timeout=PATIENCE)

    @contextmanager
    def up(self) -> Iterator["Receiver"]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://169.254.169.254/")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")
                receiver.got.put((self.headers, body))

            def log_message(self, *_: object) -> None:
                """Quiet."""

        with ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
