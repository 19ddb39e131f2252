"""Finds the container engine: the first of the addresses that answers."""

from collections.abc import Mapping

from headrace.base.errors import HeadraceError, Unavailable
from headrace.launch.engine.address import candidates
from headrace.launch.engine.client import Engine
from headrace.launch.engine.state import About

_HINT = (
    "Start Docker, or Podman's service (`systemctl --user start podman.socket`), say where the engine is with "
    'container_engine, or run steps as processes: launcher = "process"'
)


async def find_engine(setting: str, environment: Mapping[str, str]) -> tuple[Engine, About]:
    """The engine that `container_engine` and the environment mean, and what it is.

    Raises InvalidInput for what cannot be an address, Unavailable, with all that was tried, where none answers.
    """
    found = candidates(setting, environment)
    tried = list(found.missing)
    for address in found.addresses:
        engine = Engine(address)
        try:
            return engine, await engine.meet()
        except HeadraceError as error:
            await engine.close()
            named = f"{address.origin} names {address}: " if address.origin else ""
            tried.append(f"{named}{error}")
    raise Unavailable(f"no container engine was found: {'; '.join(tried)}", where="launcher", hint=_HINT)
