"""64-bit keys from one sequence that all tables share, drawn in blocks so that a key costs no statement.

The writer owns a `Keys`, puts it in its connection's `info`, and tells it how each transaction ended. Blocks are drawn
between transactions, in a commit of their own; one that runs dry in the middle of a transaction is refilled there, and
void if that is rolled back. A key may be lost (a crash, a rollback), never handed out twice.
"""

from sqlalchemy import Connection, bindparam, insert, select, update

from headrace.store import tables as t

BLOCK = 8192
LOW = 2048
SEQUENCE = "keys"
FIRST = 1
INFO = "headrace.keys"

_ADVANCE = (
    update(t.sequences).where(t.sequences.c.name == SEQUENCE).values(next=t.sequences.c.next + bindparam("count"))
)
_NEXT = select(t.sequences.c.next).where(t.sequences.c.name == SEQUENCE)


class Keys:
    """What is left of the block in hand. Used by the writer's thread only."""

    def __init__(self) -> None:
        self._next = 0
        self._end = 0
        self._uncommitted = False

    @property
    def low(self) -> bool:
        """A new block should be drawn before the next transaction."""
        return self._end - self._next < LOW

    def take(self, tx: Connection, count: int, after: int) -> range:
        """`count` keys in a row, all above the key `after`."""
        if self._end - self._next < count or self._next <= after:
            self.draw(tx, max(count, BLOCK))
        taken = range(self._next, self._next + count)
        self._next = taken.stop
        return taken

    def draw(self, tx: Connection, count: int = BLOCK) -> None:
        """Take a new block; the rest of the old one is given up."""
        tx.execute(_ADVANCE, {"count": count})
        self._end = int(tx.execute(_NEXT).scalar_one())
        self._next = self._end - count
        self._uncommitted = True

    def committed(self) -> None:
        """The transaction that may have drawn is durable."""
        self._uncommitted = False

    def rolled_back(self) -> None:
        """The transaction that may have drawn never was, or part of it."""
        if self._uncommitted:
            self._next = self._end = 0
            self._uncommitted = False


def take(tx: Connection, count: int, after: int = 0) -> range:
    """`count` keys for the rows of a unit, above another key. Raises TypeError where `tx` is not the writer's."""
    keys = tx.info.get(INFO)
    if not isinstance(keys, Keys):
        raise TypeError("keys are drawn in the writer's transactions only: use Database.submit")
    return keys.take(tx, count, after)


def begin_sequence(tx: Connection) -> None:
    """Make the sequence, in a new database."""
    if tx.execute(_NEXT).first() is None:
        tx.execute(insert(t.sequences), {"name": SEQUENCE, "next": FIRST})
