"""Sees to it that the engine has a step's image: by its pull policy, once for all steps that wait for the same.

Takes the name of an image; gives the `Image` that the engine has under it. What a pull says goes to everybody who waits
for it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from headrace.base.errors import HeadraceError, NotFound, StepError, Unavailable
from headrace.base.json import JsonObject
from headrace.launch.engine.client import Engine
from headrace.launch.engine.credentials import Credentials
from headrace.launch.engine.reference import Reference, parse
from headrace.launch.engine.state import About, Image

ALWAYS, IF_NOT_PRESENT, NEVER = "Always", "IfNotPresent", "Never"

Say = Callable[[str], Awaitable[None]]
"""Takes lines of text."""

_MISSING = re.compile(
    r"denied|unauthorized|not found|manifest unknown|no matching manifest|does not exist|invalid reference|"
    r"no such image|not known",
    re.IGNORECASE,
)
"""In what engines say of images that are not there, or not for us: trying again changes nothing."""


@dataclass(slots=True)
class _Pull:
    """A pull that goes on, what it has said, and what wakes those who wait to hear more."""

    task: "asyncio.Task[None]"
    said: list[str] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)


class Images:
    def __init__(self, engine: Engine, about: About, credentials: Credentials) -> None:
        self._engine = engine
        self._about = about
        self._credentials = credentials
        self._pulls: dict[str, _Pull] = {}

    async def get(self, image: str, policy: str, where: str, say: Say) -> tuple[Image, str]:
        """The image and the name under which the engine has it. Raises StepError where it cannot be had.

        `policy` is Kubernetes'; empty is IfNotPresent.
        """
        reference = parse(image, where)
        if policy != ALWAYS:
            found = await self._known(reference)
            if found is not None:
                return found
        if policy == NEVER:
            hint = "Pull or build it there, or let the step pull it"
            raise StepError(
                f"{self._about.name} has no image {image!r}, and its policy is Never", where=where, hint=hint
            )
        try:
            await self._pull(reference, say)
            found = await self._known(reference)
        except HeadraceError as error:
            raise _failure(error, image, where) from error
        if found is None:
            raise StepError(f"the image {image!r} was pulled and is gone again", where=where, infrastructure=True)
        return found

    async def stop(self) -> None:
        """End the pulls that go on; the engine keeps what it has of them."""
        tasks = [pull.task for pull in self._pulls.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _known(self, reference: Reference) -> tuple[Image, str] | None:
        names = [reference.whole]
        if self._about.podman and reference.short:
            names.insert(0, f"localhost/{reference.whole}")  # where Podman files what was built here
        for name in names:
            image = await self._engine.image(name)
            if image is not None:
                return image, name
        return None

    async def _pull(self, reference: Reference, say: Say) -> None:
        """Wait for the pull of it, which is started unless it goes on already. Ended by us, it goes on for others."""
        pull = self._pulls.get(reference.whole)
        if pull is None:
            pull = _Pull(asyncio.get_running_loop().create_task(self._carry_out(reference)))
            self._pulls[reference.whole] = pull
            pull.task.add_done_callback(lambda done: self._done(reference, done))
        heard = 0
        while True:
            more = pull.more
            over = pull.task.done()
            if news := pull.said[heard:]:
                heard += len(news)
                await say("".join(f"{line}\n" for line in news))
            elif over:
                break
            else:
                await more.wait()
        await pull.task

    async def _carry_out(self, reference: Reference) -> None:
        auth = await asyncio.to_thread(self._credentials.header, reference.registry)
        pull = self._pulls[reference.whole]
        self._tell(pull, f"Pulling {reference.whole} with {self._about.name}")
        told = set[str]()
        async with self._engine.pull(reference.name, reference.tag, auth) as messages:
            async for message in messages:
                if failed := _error(message):
                    raise StepError(failed, infrastructure=True)
                line = _line(message)
                if line and line not in told:  # of bars that grow, the first state of each
                    told.add(line)
                    self._tell(pull, line)

    def _tell(self, pull: _Pull, line: str) -> None:
        pull.said.append(line)
        pull.more.set()
        pull.more = asyncio.Event()

    def _done(self, reference: Reference, task: "asyncio.Task[None]") -> None:
        self._pulls.pop(reference.whole).more.set()
        if not task.cancelled():
            task.exception()  # seen here too, since whoever wanted it may have been killed meanwhile


def _error(message: JsonObject) -> str:
    detail = message.get("errorDetail")
    said = detail.get("message") if isinstance(detail, Mapping) else None
    return str(said or message.get("error") or "")


def _line(message: JsonObject) -> str:
    """A message of a pull as a line of text."""
    status, layer = str(message.get("status") or message.get("stream") or "").strip(), message.get("id")
    return f"{layer}: {status}" if layer and status else status


def _failure(error: HeadraceError, image: str, where: str) -> HeadraceError:
    """The engine's words, as the reason why the step cannot be started."""
    if isinstance(error, Unavailable):
        return error
    known = isinstance(error, NotFound) or bool(_MISSING.search(error.message))
    hint = "Check its name, and that this user may pull it (`docker login`)" if known else ""
    return StepError(
        f"the image {image!r} cannot be pulled: {error.message}", where=where, hint=hint, infrastructure=not known
    )
