"""The server that a command talks to: the one that is up, or one that is started for the command and ends with it.

The started one is a child process, `headrace up` on a free port, in a session of its own so that Ctrl-C reaches only
us. It ends when its standard input does, so it cannot outlive us, however we end. Steps that run then go on, and the
next server of that home takes them over.
"""

import json
import os
import subprocess
import sys
import threading

from headrace.base.errors import FailedPrecondition, InvalidInput, Unavailable
from headrace.base.home import Home
from headrace.cli import discover
from headrace.cli.connect import find
from headrace.cli.output import say

_STOP_SECONDS = 20
_LAST_WORDS_SECONDS = 1.0


class Server:
    """A server at `url`, ours or not. `close` ends it if it is ours."""

    def __init__(self, url: str, child: "_Child | None" = None) -> None:
        self._url = url
        self._child = child

    @property
    def url(self) -> str:
        """Where it is; waits until a started one is up. Raises Unavailable, with its last words, if it cannot be."""
        if not self._url and self._child is not None:
            self._url = self._child.wait_for_url()
        return self._url

    @property
    def is_ours(self) -> bool:
        """It was started for this command, and ends with it."""
        return self._child is not None

    def close(self) -> None:
        if self._child is not None:
            self._child.stop()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def find_or_start(home: Home, host: str | None, database: str | None = None, launcher: str | None = None) -> Server:
    """The server at `host`, else the one that is up in the home, else a new one, which may still be starting.

    A new one uses that database and launcher. Raises FailedPrecondition where one that is up would have to.
    """
    given = next((option for option, value in (("--database", database), ("--launcher", launcher)) if value), "")
    if given and host:
        raise InvalidInput("it is that server's own to say which", where=given, hint="Leave it or --host out")
    if host:
        return Server(discover.normal_url(host))
    client = find(home)
    if client is None:
        return Server("", _Child(home, database, launcher))
    with client:
        if given:
            raise FailedPrecondition(
                f"a server is up in this home already, at {client.url}",
                where=given,
                hint="Leave it out to use that one, or give another --home",
            )
        return Server(client.url)


class _Child:
    """A `headrace up` of ours."""

    def __init__(self, home: Home, database: str | None, launcher: str | None) -> None:
        self._said: list[str] = []
        self._is_up = False
        self._turn = threading.Lock()
        command = [sys.executable, "-m", "headrace", "up", "--home", str(home.root)]
        command += ["--launcher", launcher] if launcher else []
        self._process = subprocess.Popen(
            [*command, "--port", "0", "--grpc-port", "-1", "--until-stdin-ends", "--json", "--log-level", "warning"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Not as an option: every user of the machine can read the options of processes, and it may hold a password.
            env={**os.environ, **({"HEADRACE_DATABASE": database} if database else {})},
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True, name="server-warnings")
        self._listener.start()

    def _listen(self) -> None:
        """What it warns of is shown once it is up; before that it may be why it does not come up."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            with self._turn:
                if self._is_up:
                    _show(text)
                else:
                    self._said.append(text)

    def wait_for_url(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._listener.join(_LAST_WORDS_SECONDS)
            said = "\n".join(self._said).strip().removeprefix("headrace: ")
            raise Unavailable(said or f"the server that was started for this run ended with exit code {code}")
        with self._turn:
            self._is_up = True
            for text in self._said:
                _show(text)
        return str(json.loads(line)["url"])

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._listener.join(_LAST_WORDS_SECONDS)  # not for ever: steps that run on may hold its end of the pipe


def _show(text: str) -> None:
    say(f"server: {text}", file=sys.stderr)
