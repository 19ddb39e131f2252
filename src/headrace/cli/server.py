"""The composition root: everything that a server is made of, opened, put together, served, and closed again.

Takes the home, the settings and an event that ends it; tells `ready` where it is. Nothing else in Headrace constructs
these parts, and none of them knows where the others came from.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from headrace import __version__
from headrace.api.app import build_app
from headrace.api.metrics import load_registry
from headrace.api.server import serve
from headrace.api.services import Services
from headrace.base import ids
from headrace.base.clock import Clock, SystemClock
from headrace.base.errors import FailedPrecondition, NotFound
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs import uri
from headrace.blobs.folder import FolderStore
from headrace.cli import discover, identity
from headrace.cli.database import database_url, serving
from headrace.controllers.app import build_controllers
from headrace.controllers.faults import Faults, no_faults
from headrace.controllers.feed import Feed
from headrace.controllers.objects import ServerObjects
from headrace.launch.base import Launcher, Objects
from headrace.launch.process import ProcessLauncher
from headrace.model.catalog import Principal
from headrace.rpc.inside import App
from headrace.spec.plans import Plans
from headrace.store import catalog, leases
from headrace.store.db import Database
from headrace.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is: its URL, the address of its gRPC or "", and which database it uses."""

    url: str
    grpc: str
    database: str


async def run_server(
    home: Home,
    settings: Settings,
    ready: Callable[[Place], None],
    stop: asyncio.Event,
    faults: Faults = no_faults,
    clock: Clock | None = None,
) -> None:
    """Serve the home until `stop` is set. Steps that run then go on, and the next server takes them over.

    `ready` is told where it is. `faults`, and a `clock` other than the machine's, are for tests. Raises
    InvalidInput for a pipeline root that can be none, FailedPrecondition where another server has the home or its file,
    or gRPC is asked for and not installed, Unavailable where an address or the database cannot be had.
    """
    uri.check_root(settings.pipeline_root, "pipeline_root")
    with _locked(home):
        clock = clock or SystemClock()
        database = await asyncio.to_thread(Database.open, database_url(home, settings), clock)
        try:
            with serving(database):
                holder = identity.settle(home, database.label).id
                await _serve(home, settings, database, holder, clock, ready, stop, faults)
        finally:
            database.close()


async def _serve(
    home: Home,
    settings: Settings,
    database: Database,
    holder: str,
    clock: Clock,
    ready: Callable[[Place], None],
    stop: asyncio.Event,
    faults: Faults,
) -> None:
    feed, plans, blobs = Feed(), Plans(), FolderStore(home.store)
    await asyncio.to_thread(_prepare, database, blobs, holder, clock)
    vault = Vault.of(home, settings)
    controllers = build_controllers(
        database=database,
        blobs=blobs,
        plans=plans,
        launcher=_launcher(home, settings, clock, ServerObjects(database, vault, home)),
        settings=settings,
        home=home,
        clock=clock,
        feed=feed,
        holder=holder,
        faults=faults,
    )
    app = build_app(
        Services(
            database=database,
            blobs=blobs,
            plans=plans,
            settings=settings,
            home=home,
            clock=clock,
            fresh_id=ids.fresh,
            wake=controllers.wake,
            schedules_changed=controllers.schedules_changed,
            notify=controllers.notify,
            waits_for=controllers.waits_for,
            feed=feed,
            pruner=controllers.pruner,
            vault=vault,
        ),
        load_registry(controllers),
    )

    await controllers.start()
    try:
        async with _grpc(app, settings) as grpc:

            def announce(url: str) -> None:
                discover.write(home, discover.ServerRecord(url, os.getpid(), __version__, grpc))
                ready(Place(url, grpc, database.label))

            await _until(stop, serve(app, settings.host, settings.port, announce))
    finally:
        discover.remove(home)
        await controllers.stop()


def _launcher(home: Home, settings: Settings, clock: Clock, objects: Objects) -> Launcher:
    """Where steps run. What asks engines is imported only where there is one to be asked."""
    processes = ProcessLauncher(home, settings, clock, os.environ, objects)
    if settings.launcher == "process":
        return processes
    from headrace.launch.container import ContainerLauncher

    return ContainerLauncher(home, settings, clock, os.environ, objects, processes)


@contextlib.asynccontextmanager
async def _grpc(app: App, settings: Settings) -> AsyncIterator[str]:
    """gRPC beside HTTP, where it is asked for; its address. Only then are its libraries imported, which are large."""
    if settings.grpc_port < 0:
        yield ""
        return
    try:
        from headrace.rpc.server import serving as serving_grpc
    except ImportError as error:
        raise FailedPrecondition(
            f"gRPC is asked for, but not installed: {error}",
            where="grpc_port",
            hint="Install `headrace[grpc]`, or leave --grpc-port out",
        ) from error
    async with serving_grpc(app, settings.host, settings.grpc_port) as address:
        yield address


def _prepare(database: Database, blobs: FolderStore, holder: str, clock: Clock) -> None:
    """What is there before the first request: no halves of a killed writer's objects, and the default experiment.

    A server that shares its database may share its store too: what is half written there may yet become whole.
    """
    if database.read(lambda tx: leases.is_alone(tx, holder)):
        blobs.sweep()
    namespace = Principal().namespace
    try:
        database.read(lambda tx: catalog.get_experiment_by_name(tx, namespace, catalog.DEFAULT_EXPERIMENT))
    except NotFound:
        database.submit(lambda tx: catalog.ensure_default_experiment(tx, namespace, clock.now())).result()


async def _until(stop: asyncio.Event, serving: Coroutine[Any, Any, None]) -> None:
    """Serve until `stop` is set, or serving fails."""
    server, stopped = asyncio.create_task(serving), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({server, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if not server.done():
            server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server


@contextlib.contextmanager
def _locked(home: Home) -> Iterator[None]:
    """The home is ours: held by a lock that dies with the process, so a killed server leaves nothing to clean up."""
    home.root.mkdir(parents=True, exist_ok=True)
    with home.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            record = discover.read(home)
            where = f"at {record.url} (process {record.pid})" if record else "that is starting or stopping"
            raise FailedPrecondition(
                f"another server has this home: the one {where}",
                where=str(home.root),
                hint="Use that one, stop it first, or give another --home",
            ) from None
        yield
