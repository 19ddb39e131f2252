"""The one writer: units of work queue up, run in groups, and are answered after their group's COMMIT.

Takes functions of a `Connection` from any thread. While one group commits, the next gathers, so under load many units
share one fsync, and an idle writer waits on its queue at no cost. In a group each unit has a SAVEPOINT: a unit that
raises fails alone. Where the database itself is in trouble (full disk, lost lock) the whole group fails with
Unavailable, the connection is dropped, and the writer goes on with the next group.

Units are functions of the database, and may be called again: all of a group after a deadlock, a lock that was not to
be had, or a connection that was lost before COMMIT was sent (after that nobody knows, so the group fails); one of them
where another server wrote the same key between its look and its insert. A unit must not commit or roll back itself.

One thread and one connection write, on every database: units that come while a group commits share the next fsync, and
more writers are more servers.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import RootTransaction
from sqlalchemy.exc import DBAPIError, IntegrityError

from headrace.base.errors import Unavailable
from headrace.store import keys
from headrace.store.dialect import Dialect

T = TypeVar("T")

GROUP = 256
TRIES = 3

log = logging.getLogger("headrace.store")


@dataclass(frozen=True, slots=True)
class _Job:
    """A unit and the future that answers it."""

    unit: Callable[[Connection], Any]
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a unit gave; `error` where it raised."""

    value: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the thread and the connection. `submit` and `close` are for any thread."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect
        self._keys = keys.Keys()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self.commits = 0
        self._connection: Connection | None = None
        self._committing = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._loop, name="headrace-writer", daemon=True)
        self._thread.start()

    def submit(self, unit: Callable[[Connection], T]) -> Future[T]:
        """Run `unit` in a transaction; the future resolves after COMMIT, with its value or its error."""
        future: Future[T] = Future()
        with self._gate:
            if not self._closed:
                self._jobs.put(_Job(unit, future))
                return future
        future.set_exception(Unavailable("the database is closed: the server is shutting down"))
        return future

    def close(self) -> None:
        """Finish what was submitted, then stop. May be called again."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _loop(self) -> None:
        while group := self._gather():
            self._answer(group)
            del group  # else the last answers stay in memory while the queue is empty
        self._drop()
        self._engine.dispose()

    def _gather(self) -> list[_Job]:
        """All that waits, at least one; nothing when closed."""
        job = self._jobs.get()
        group: list[_Job] = []
        while job is not None:
            group.append(job)
            if len(group) == GROUP:
                return group
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group
        if group:
            self._jobs.put(None)  # the mark of the end: for the next time
        return group

    def _answer(self, group: list[_Job]) -> None:
        """Run a group to its commit and resolve its futures; the top of the loop, where every error ends."""
        jobs = [job for job in group if job.future.set_running_or_notify_cancel()]
        if not jobs:
            return
        try:
            outcomes = self._persist(jobs)
        except Exception as error:
            failure = self._dialect.trouble(error) or error
            self._say(": ".join(filter(None, [str(failure), self._dialect.said(error)])))
            if failure is not error:
                failure.__cause__ = error
            outcomes = [_Outcome(error=failure)] * len(jobs)
        else:
            self._say("")
        for job, outcome in zip(jobs, outcomes, strict=True):
            if outcome.error is None:
                job.future.set_result(outcome.value)
            else:
                job.future.set_exception(outcome.error)

    def _say(self, trouble: str) -> None:
        """Log what keeps the database from being written, once until it changes: who waits for room tries often."""
        if trouble == self._trouble:
            return
        if trouble:
            log.warning("nothing can be written: %s", trouble)
        else:
            log.warning("the database can be written again")
        self._trouble = trouble

    def _persist(self, jobs: list[_Job]) -> list[_Outcome]:
        """Run the jobs to their commit; from the start again, TRIES times in all, while the trouble may pass."""
        for left in reversed(range(TRIES)):
            try:
                return self._transact(jobs)
            except Exception as error:
                self._keys.rolled_back()
                self._drop()
                if not left or self._committing or not self._dialect.passes(error):
                    raise
        raise AssertionError("the last try returns or raises")

    def _transact(self, jobs: list[_Job]) -> list[_Outcome]:
        self._committing = False
        if self._keys.low:
            self._draw()
        if len(jobs) > 1:
            return self._grouped(jobs)
        outcome = self._alone(jobs[0])
        return self._grouped(jobs) if self._collided(outcome) else [outcome]

    def _alone(self, job: _Job) -> _Outcome:
        tx, transaction = self._begin()
        outcome = self._attempt(job, tx)
        if outcome.error is None:
            self._commit(transaction)
        else:
            self._undo(transaction)
        return outcome

    def _grouped(self, jobs: list[_Job]) -> list[_Outcome]:
        tx, transaction = self._begin()
        outcomes = []
        for job in jobs:
            outcome = self._in_savepoint(job, tx)
            outcomes.append(self._in_savepoint(job, tx) if self._collided(outcome) else outcome)
        self._commit(transaction)
        return outcomes

    def _in_savepoint(self, job: _Job, tx: Connection) -> _Outcome:
        tx.exec_driver_sql("SAVEPOINT unit")
        outcome = self._attempt(job, tx)
        if outcome.error is not None:
            tx.exec_driver_sql("ROLLBACK TO SAVEPOINT unit")
            self._keys.rolled_back()
        tx.exec_driver_sql("RELEASE SAVEPOINT unit")
        return outcome

    def _attempt(self, job: _Job, tx: Connection) -> _Outcome:
        """Run the unit. What it raises is its own, but trouble of the database is everybody's and is raised."""
        try:
            return _Outcome(job.unit(tx))
        except BaseException as error:
            if self._dialect.trouble(error) is not None:
                raise
            return _Outcome(error=error)

    def _collided(self, outcome: _Outcome) -> bool:
        """The unit met a row that was not there when it looked, if it looked: another server's. It sees it now."""
        error = outcome.error
        causes = (error, error.__cause__) if error is not None else ()
        return self._dialect.shared and any(isinstance(each, IntegrityError) for each in causes)

    def _undo(self, transaction: RootTransaction) -> None:
        """The transaction never was; where its session is gone that is so already."""
        self._keys.rolled_back()
        try:
            transaction.rollback()
        except DBAPIError:
            self._drop()

    def _commit(self, transaction: RootTransaction) -> None:
        self._committing = True
        try:
            transaction.commit()
        finally:  # where it failed it may be durable all the same
            self.commits += 1
        self._keys.committed()

    def _draw(self) -> None:
        """A block of keys, in a commit of its own."""
        tx, transaction = self._begin()
        self._keys.draw(tx)
        transaction.commit()
        self._keys.committed()

    def _begin(self) -> tuple[Connection, RootTransaction]:
        """The connection, in a transaction."""
        if self._connection is None:
            self._connection = self._engine.connect()
            self._connection.info[keys.INFO] = self._keys
        return self._connection, self._connection.begin()

    def _drop(self) -> None:
        """Let go of the connection, and with it of whatever transaction it is in."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
