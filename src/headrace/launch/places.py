"""Decides where a step runs, and remembers it.

Takes the image and command of a request; gives a `Recipe`, at once and always the same, and for that a `Place`, which
may have to be built first. Builds run in threads, once for all steps that wait for the same.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from headrace.base.clock import SECOND, Clock, Instant
from headrace.base.settings import ImageSetting
from headrace.launch.base import LaunchRequest
from headrace.launch.command import Command, recognise
from headrace.launch.environments import Asked, Environment, Environments
from headrace.launch.images import Base, base_of, how_to_map
from headrace.launch.interpreters import Kind
from headrace.launch.jobs import Place
from headrace.launch.points import named

_RECIPES = 2000
_TRUSTED_FOR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a request's command and image come to; `asked` is None for a command that runs on the host as it stands.

    `points` are the paths of buckets that the command names. `refusal` says why it cannot run at all.
    """

    command: Command
    asked: Asked | None
    warning: str
    points: frozenset[str]
    refusal: str = ""


class Places:
    def __init__(
        self,
        environments: Environments,
        inherited: Mapping[str, str],
        images: Mapping[str, ImageSetting],
        clock: Clock,
        threads: Executor,
    ) -> None:
        self._environments = environments
        self._inherited = inherited
        self._images = images
        self._clock = clock
        self._threads = threads
        self._host = Place(inherited, None)
        self._recipes: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], Recipe] = {}
        self._places: dict[Asked, tuple[Place, Instant]] = {}
        self._finding: dict[Asked, asyncio.Future[Environment]] = {}

    def recipe(self, request: LaunchRequest) -> Recipe:
        key = (request.sources, request.image, request.command, request.args)
        recipe = self._recipes.get(key)
        if recipe is None:
            if len(self._recipes) >= _RECIPES:
                self._recipes.clear()
            recipe = self._recipes[key] = self._decide(request)
        return recipe

    def known(self, recipe: Recipe) -> Place | None:
        """The place, if nothing has to be waited for."""
        if recipe.asked is None:
            return self._host
        place, found_at = self._places.get(recipe.asked, (None, Instant(0)))
        if place is None or place.environment is None or found_at < self._clock.now() - _TRUSTED_FOR:
            return None
        return place if place.environment.python.exists() else None

    async def find(self, recipe: Recipe, say: Callable[[bytes], None]) -> Place:
        """The place. Raises StepError or OSError where it cannot be made; `say` gets the output, from a thread."""
        place = self.known(recipe)
        if place is not None or recipe.asked is None:
            return place or self._host
        asked = recipe.asked
        finding = self._finding.get(asked)
        if finding is None:
            loop = asyncio.get_running_loop()
            finding = loop.run_in_executor(self._threads, self._environments.find, asked, say)
            self._finding[asked] = finding
            finding.add_done_callback(lambda done: self._found(asked, done))
        environment = await asyncio.shield(finding)
        place = Place(self._inherited, environment)
        self._places[asked] = (place, self._clock.now())
        return place

    def _found(self, asked: Asked, finding: asyncio.Future[Environment]) -> None:
        del self._finding[asked]
        if not finding.cancelled():
            finding.exception()  # seen here too, since whoever wanted it may have been killed meanwhile

    def _decide(self, request: LaunchRequest) -> Recipe:
        command = recognise(request.command, request.args)
        points = named(*request.command, *request.args)
        base = Base(sources=request.sources) if request.sources else base_of(request.image, self._images)
        component = command.component
        if component is not None and component.source is None and not (base.sources or base.venv or base.context):
            return Recipe(command, None, "", points, _without_sources(request.image))
        if component is None and not command.installs and not base.mapped:
            return Recipe(command, None, "", points)
        warning = "" if base.mapped else _unmapped(request.image)
        return Recipe(command, Asked(base, command.installs), warning, points)


def warm_kind(recipe: Recipe, place: Place) -> Kind | None:
    """The fork server for it; None where nothing of the SDK's is to be kept warm."""
    component, environment = recipe.command.component, place.environment
    if component is None or environment is None or not (component.light or component.source is None):
        return None
    return Kind(str(environment.python), component.module, environment.context, component.light)


def _unmapped(image: str) -> str:
    return (
        f"nothing stands for the image {image!r}, so it runs with the server's Python; "
        f"`{how_to_map(image)}` or the setting images says what does"
    )


def _without_sources(image: str) -> str:
    return (
        f"the component's code is in the image {image!r}, which is not run as a container here. "
        f"Say which sources stand for it: {how_to_map(image)}"
    )
