"""Throwaway PostgreSQL and MariaDB servers for tests: made once a session, on a free port, by an ordinary user.

Nothing of the machine's own servers is touched, and nothing outlives the tests: the servers end with the process that
started them, however it ends. Without the servers' programs the tests that want them are skipped, with the reason;
`.ci/run` installs them.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, delete, make_url
from sqlalchemy.exc import DBAPIError

from headrace.base.clock import SystemClock
from headrace.store import keys, tables
from headrace.store.db import Database

USER, PASSWORD = "headrace", "p@ss: w/rd%"
PATIENCE = 120.0
"""Seconds after which a server that does not start is given up."""


class Missing(Exception):
    """The programs of a database server are not on this machine."""


@dataclass
class Instance:
    """A running database server. `url(name)` is where a database of it is."""

    scheme: str
    port: int
    folder: Path
    process: "subprocess.Popen[bytes]"
    end: signal.Signals
    options: str = ""
    _names: "count[int]" = field(default_factory=count)
    _ready: str = ""
    _sweeper: Engine | None = None

    def url(self, name: str, password: str = PASSWORD) -> str:
        return f"{self.scheme}://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{name}{self.options}"

    def empty(self) -> str:
        """A database of its own, without any table."""
        name = f"t{next(self._names)}"
        _execute(self.url(self._admin), f"CREATE DATABASE {name}")
        return self.url(name)

    def clean(self) -> str:
        """The database that the tests share one after the other: its tables are there, and have no rows."""
        if self._sweeper is None:
            self._ready = self.empty()
            Database.open(self._ready, SystemClock()).close()
            self._sweeper = engine(self._ready, pool_pre_ping=True)
        _empty(self._sweeper)
        return self._ready

    def stop(self) -> None:
        if self._sweeper is not None:
            self._sweeper.dispose()
        self.process.send_signal(self.end)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _admin(self) -> str:
        return "postgres" if self.scheme == "postgresql" else "mysql"


def start_postgres(*settings: str) -> Instance:
    """PostgreSQL from Debian's package or the PATH. `settings` are `name=value`. Raises Missing."""
    initdb, postgres = (
        _program("initdb", "/usr/lib/postgresql/*/bin"),
        _program("postgres", "/usr/lib/postgresql/*/bin"),
    )
    folder, port = _folder(), _free_port()
    (folder / "password").write_text(PASSWORD)
    data = folder / "data"
    access = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={folder / 'password'}"]
    _run([initdb, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", *access, "-D", str(data)], folder)
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *settings]
    process = _serve([postgres, "-D", str(data), *(part for each in options for part in ("-c", each))], folder)
    return _up(Instance("postgresql", port, folder, process, signal.SIGQUIT))


def start_mariadb(*settings: str) -> Instance:
    """MariaDB from Debian's package or the PATH. `settings` are options of its server. Raises Missing."""
    install, server = _program("mariadb-install-db", "/usr/bin"), _program("mariadbd", "/usr/sbin")
    folder, port = _folder(), _free_port()
    (folder / "init.sql").write_text(
        f"CREATE OR REPLACE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
        f"GRANT ALL ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;\n"
    )
    data = folder / "data"
    _run([install, "--no-defaults", f"--datadir={data}", "--skip-test-db", "--skip-name-resolve"], folder)
    options = [f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket"]
    more = ["--skip-name-resolve", f"--init-file={folder}/init.sql", f"--pid-file={folder}/pid", *settings]
    process = _serve([server, "--no-defaults", *options, *more], folder)
    return _up(Instance("mysql", port, folder, process, signal.SIGKILL, NO_TLS))


NO_TLS = "?ssl_disabled=1"
"""The server has no certificate; to ask it for one the driver reads all that the machine has, for each session."""

UNSAFE: dict[str, Sequence[str]] = {
    "postgresql": ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "deadlock_timeout=50ms"),
    "mariadb": ("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--innodb-flush-method=nosync"),
}
"""What makes a server fast where nobody minds what it forgets when the machine goes down."""

STARTS: dict[str, Callable[..., Instance]] = {"postgresql": start_postgres, "mariadb": start_mariadb}


class Instances:
    """The servers of a session, each started when it is first asked for."""

    def __init__(self) -> None:
        self._running: dict[str, Instance | Missing] = {}

    def get(self, kind: str) -> Instance:
        """Raises Missing."""
        if kind not in self._running:
            try:
                self._running[kind] = STARTS[kind](*UNSAFE[kind])
            except Missing as missing:
                self._running[kind] = missing
        found = self._running[kind]
        if isinstance(found, Missing):
            raise found
        return found

    def stop(self) -> None:
        for each in self._running.values():
            if isinstance(each, Instance):
                each.stop()


def _program(name: str, place: str) -> str:
    """The newest of Debian's, which are not on the PATH, else the one on the PATH."""
    root, *rest = Path(place).parts
    found = sorted(Path(root).glob(str(Path(*rest, name)))) or ([Path(p)] if (p := shutil.which(name)) else [])
    if not found:
        raise Missing(f"{name} is not on this machine: apt-get install postgresql mariadb-server, or run .ci/run")
    return str(found[-1])


def _folder() -> Path:
    """A folder of the user that the servers run as: they refuse to be root."""
    folder = Path(tempfile.mkdtemp(prefix="headrace-db-"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    return folder


def _as_ordinary_user() -> list[str]:
    command = ["setpriv", "--pdeathsig", "KILL"]
    return [*command, "--reuid=nobody", "--clear-groups"] if os.geteuid() == 0 else command


def _run(command: list[str], folder: Path) -> None:
    whole = [*_as_ordinary_user(), *command]
    done = subprocess.run(whole, cwd=folder, env=_environment(folder), capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"{command[0]} failed:\n{done.stdout.decode()}\n{done.stderr.decode()}")


def _serve(command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("wb") as log:
        whole = [*_as_ordinary_user(), *command]
        return subprocess.Popen(whole, cwd=folder, env=_environment(folder), stdout=log, stderr=log)


def _environment(folder: Path) -> dict[str, str]:
    """With a place of its own for what is temporary: a MariaDB that starts removes what others have there."""
    return {**os.environ, "TMPDIR": str(folder)}


def _up(instance: Instance) -> Instance:
    """The instance, once it answers."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            _execute(instance.url(instance._admin), "SELECT 1")
        except DBAPIError as error:
            if instance.process.poll() is not None or time.monotonic() > until:
                log = (instance.folder / "log").read_text(errors="replace")[-3_000:]
                raise AssertionError(f"{instance.scheme} did not come up: {error}\n{log}") from None
            time.sleep(0.02)
        else:
            return instance


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def engine(url: str, **options: Any) -> Engine:
    """A plain engine of SQLAlchemy's at one of our URLs, with nothing of Headrace's in it."""
    drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "sqlite": "sqlite"}
    parsed = make_url(url)
    return create_engine(parsed.set(drivername=drivers[parsed.drivername]), **options)


def _execute(url: str, statement: str) -> None:
    made = engine(url, isolation_level="AUTOCOMMIT")
    try:
        with made.connect() as connection:
            connection.exec_driver_sql(statement)
    finally:
        made.dispose()


def _empty(shared: Engine) -> None:
    with shared.begin() as connection:
        for table in tables.metadata.sorted_tables:
            if table is not tables.schema_version:
                connection.execute(delete(table))
        keys.begin_sequence(connection)
