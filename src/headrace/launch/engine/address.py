"""Where a container engine may be listening.

Takes the setting `container_engine` and the environment; gives the addresses to try, in their order. Docker and Podman
answer the same API (https://docs.docker.com/reference/api/engine/), so it does not matter further which one it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from headrace.base.errors import InvalidInput

_VARIABLES = MappingProxyType(
    {"": ("DOCKER_HOST", "CONTAINER_HOST"), "docker": ("DOCKER_HOST",), "podman": ("CONTAINER_HOST",)}
)
"""By the words that the setting takes, the variables that name an engine; anything else is an address."""

_SETTING = "container_engine"
_HINT = 'Give "docker", "podman", the path of a socket, unix://PATH, tcp://HOST:PORT or https://HOST:PORT'
_SCHEMES = {"tcp": "http", "http": "http", "https": "https"}


@dataclass(frozen=True, slots=True)
class Address:
    """`socket` is the path of a unix socket, or empty; `url` is what requests begin with.

    `certificates` is a folder with ca.pem, cert.pem and key.pem, empty where nothing is encrypted. `origin` says who
    named it.
    """

    url: str
    socket: str = ""
    certificates: str = ""
    origin: str = ""

    def __str__(self) -> str:
        return f"unix://{self.socket}" if self.socket else self.url


@dataclass(frozen=True, slots=True)
class Candidates:
    """The addresses to try. `missing` says of the others why there is nothing to try; for an error."""

    addresses: tuple[Address, ...]
    missing: tuple[str, ...]


def candidates(setting: str, environment: Mapping[str, str]) -> Candidates:
    """Where the engine may be. Raises InvalidInput for an address that cannot be one.

    A variable that names an engine is obeyed: nothing else is tried where it is set.
    """
    if setting not in _VARIABLES:
        return Candidates((parse(setting, environment, _SETTING),), ())
    variables = {"docker": ("DOCKER_HOST",), "podman": ("CONTAINER_HOST",)}.get(
        setting, ("DOCKER_HOST", "CONTAINER_HOST")
    )
    for name in variables:
        if environment.get(name):
            return Candidates((parse(environment[name], environment, name),), ())
    found, missing = [], [f"{name} is not set" for name in _VARIABLES[setting]]
    for path in _sockets(setting, environment):
        if Path(path).exists():
            found.append(Address("http://engine", path))
        else:
            missing.append(f"there is no {path}")
    return Candidates(tuple(found), tuple(missing))


def parse(text: str, environment: Mapping[str, str], origin: str) -> Address:
    """The address that a person wrote. Raises InvalidInput."""
    if text.startswith("/"):
        return Address("http://engine", text, origin=origin)
    parts = urlsplit(text)
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return Address("http://engine", parts.path, origin=origin)
    if parts.scheme not in _SCHEMES or not parts.netloc:
        raise InvalidInput(f"{text!r} is no address of a container engine", where=origin, hint=_HINT)
    scheme, certificates = _SCHEMES[parts.scheme], ""
    if environment.get("DOCKER_TLS_VERIFY") or scheme == "https":
        scheme = "https"
        certificates = environment.get("DOCKER_CERT_PATH") or str(Path("~/.docker").expanduser())
    return Address(f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}", certificates=certificates, origin=origin)


def _sockets(setting: str, environment: Mapping[str, str]) -> list[str]:
    """Where engines listen unless they are told otherwise: the system's first, then the user's own."""
    own = environment.get("XDG_RUNTIME_DIR")
    home = environment.get("HOME")
    docker = ["/var/run/docker.sock"]
    docker += [f"{own}/docker.sock"] if own else []
    docker += [f"{home}/.docker/run/docker.sock"] if home else []
    podman = [f"{own}/podman/podman.sock"] if own else []
    podman += ["/run/podman/podman.sock"]
    return {"docker": docker, "podman": podman}.get(setting, docker + podman)
