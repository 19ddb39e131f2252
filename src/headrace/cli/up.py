"""`headrace up`: settings, log and signals around the server, and what it says when it is up."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading

from headrace import __version__
from headrace.base import disk
from headrace.base import settings as base_settings
from headrace.base.errors import InvalidInput, Unavailable
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.cli import discover, output
from headrace.cli.server import Place, run_server
from headrace.cli.view import spell_bytes

_SWITCH_SECONDS = 0.0005
_COLLECT_AFTER = (50_000, 10, 100)

_LISTS = ("pass_env", "allowed_hosts", "allowed_origins")


def up(*, home: str | None, until_stdin_ends: bool, json: bool, **options: object) -> int:
    """Start the server and serve until SIGINT, SIGTERM or, if asked, the end of stdin. `options` are settings."""
    place = discover.home_of(home)
    try:
        place.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the home cannot be made: {error.strerror}", where=str(place.root)) from error
    given = {name: tuple(v) if name in _LISTS and isinstance(v, list) else v for name, v in options.items()}
    settings = base_settings.load(place.settings, os.environ, given)
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("headrace").setLevel(settings.log_level.upper())  # Others have their say from WARNING on.
    asyncio.run(_up(place, settings, until_stdin_ends=until_stdin_ends, as_json=json))
    return 0


async def _up(home: Home, settings: Settings, *, until_stdin_ends: bool, as_json: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def ask(number: int) -> None:
        stop.set()
        loop.remove_signal_handler(number)  # A second one ends the process as it would any other.

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    if until_stdin_ends:
        _watch_stdin(loop, stop)

    def ready(place: Place) -> None:
        _tune()
        # The disk is measured beside the server: it may take a while, and holds nobody up.
        said = (place, home, settings, as_json)
        threading.Thread(target=_announce, args=said, daemon=True, name="announce").start()

    await run_server(home, settings, ready, stop)


def _tune() -> None:
    """Fit the interpreter to a server: a few threads that wait for each other, and much memory that stays.

    Who waits for a thread that computes gets its turn ten times sooner than by default: an API request takes a dozen
    turns, and a large run computes for seconds. The collector looks at what is new, not again and again at what stays.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _announce(place: Place, home: Home, settings: Settings, as_json: bool) -> None:
    if as_json:
        where = {"home": str(home.root), "database": place.database, **({"grpc": place.grpc} if place.grpc else {})}
        output.line({"url": place.url, **where, "pid": os.getpid(), "version": __version__})
        return
    slots = f"{settings.slots} step{'s' if settings.slots > 1 else ''} at once"
    print(f"Headrace {__version__} is up at {place.url} ({slots}). Ctrl-C stops it.", flush=True)
    if place.grpc:
        print(f"It answers gRPC at {place.grpc}.", flush=True)
    print(f"Its database is {place.database}.", flush=True)
    used = disk.usage(home)
    sizes = {
        "artifacts": used.artifacts,
        "environments": used.environments,
        "attempts": used.attempts,
        "database and the rest": used.rest,
    }
    parts = ", ".join(f"{name} {spell_bytes(size)}" for name, size in sizes.items() if size)
    print(f"{home.root} holds {spell_bytes(used.total)}{f' ({parts})' if parts else ''}; ", end="")
    print(f"{spell_bytes(used.free)} are free.", flush=True)


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Whoever started the server holds the other end; when that process is gone, so is the server."""

    def look() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    try:
        loop.add_reader(sys.stdin.fileno(), look)
    except OSError as error:
        raise InvalidInput("standard input is no pipe", where="--until-stdin-ends") from error
