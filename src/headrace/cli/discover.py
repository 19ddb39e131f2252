"""Where the server is: `server.json` in the home directory, written by the server that is up, read by every command.

The file outlives a server that was killed, so a reader that cannot connect treats it as none.
"""

import json
import os
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from headrace.base.errors import InvalidInput, Unavailable
from headrace.base.home import Home


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What `server.json` holds. `grpc` is HOST:PORT, or "" where it is not served."""

    url: str
    pid: int
    version: str
    grpc: str = ""


def home_of(option: str | None) -> Home:
    """The home that `--home` names, else the default one."""
    return Home(Path(option).expanduser().absolute()) if option else Home.default()


def write(home: Home, record: ServerRecord) -> None:
    """Say where the server is; whole or not at all."""
    draft = home.server.with_suffix(f".{record.pid}")
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(home.server)


def read(home: Home) -> ServerRecord | None:
    """The server that is up, or was when it was killed; None where there is none."""
    try:
        return ServerRecord(**json.loads(home.server.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise InvalidInput("it is damaged", where=str(home.server), hint="Remove it") from error


def remove(home: Home) -> None:
    """The server ends: forget where it was, unless another one has written since."""
    record = read(home)
    if record is not None and record.pid == os.getpid():
        home.server.unlink(missing_ok=True)


def normal_url(host: str) -> str:
    """The URL that `--host` means: `http://` may be left out."""
    return (host if "://" in host else f"http://{host}").rstrip("/")


def not_up(home: Home) -> Unavailable:
    """No server in this home."""
    return Unavailable("no server is up", where=str(home.root), hint=f"Start one with `headrace up{option_of(home)}`")


def option_of(home: Home) -> str:
    """What a command needs to mean this home, with a space before it; "" for the default one."""
    return "" if home == Home.default() else f" --home {shlex.quote(str(home.root))}"


def options_of(home: str | None, host: str | None) -> str:
    """What another command needs to find the server that this one was told of, for hints that can be pasted."""
    return f" --host {shlex.quote(host)}" if host else option_of(home_of(home))
