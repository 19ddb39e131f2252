"""What the attempts at a task print, as one text that grows: each from its first byte, one after the other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from headrace.api import log_file
from headrace.base.home import Home
from headrace.model.task import Attempt


@dataclass(slots=True)
class Tries:
    """How far somebody has read; with a `tail` from the last lines on that the last attempt had printed at first."""

    home: Home
    rank: int
    tail: int
    _index: int = -1
    _offset: int = 0
    _line_ended: bool = True

    async def more(self, attempts: Sequence[Attempt]) -> AsyncIterator[bytes]:
        """What was printed since the last call. `attempts` are those that there are by now: only the last goes on.

        A line that an attempt left open is ended before the next one's.
        """
        if not attempts:
            return
        if self._index < 0:
            await self._begin(attempts)
        while True:
            path = self.home.log(attempts[self._index].attempt_id, self.rank)
            while chunk := await asyncio.to_thread(log_file.read, path, self._offset):
                self._offset += len(chunk)
                self._line_ended = chunk.endswith(b"\n")
                yield chunk
            if self._index == len(attempts) - 1:
                return
            if not self._line_ended:
                yield b"\n"
            self._index, self._offset, self._line_ended = self._index + 1, 0, True

    async def _begin(self, attempts: Sequence[Attempt]) -> None:
        self._index = 0
        if self.tail != log_file.ALL:
            self._index = len(attempts) - 1
            path = self.home.log(attempts[self._index].attempt_id, self.rank)
            self._offset = await log_file.start(path, self.tail)
