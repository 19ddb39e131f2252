"""The way from `--home` and `--host` to a client of the server that they mean."""

from headrace.base.errors import HeadraceError
from headrace.base.home import Home
from headrace.cli import discover
from headrace.cli.client import Client


def connect(home: str | None, host: str | None) -> Client:
    """A client of the server at `host`, else of the one that is up in the home. Raises Unavailable where none is."""
    if host:
        return Client(discover.normal_url(host))
    place = discover.home_of(home)
    client = find(place)
    if client is None:
        raise discover.not_up(place)
    return client


def find(home: Home) -> Client | None:
    """A client of the home's own server, if it is up.

    The record of one that was killed is still there, and a server of another home may have got its port since.
    """
    record = discover.read(home)
    if record is None:
        return None
    client = Client(record.url)
    try:
        theirs = client.server().get("home", "")
        if theirs and home.root.samefile(theirs):
            return client
    except (HeadraceError, OSError):
        pass  # Whatever answers, it is not this home's server.
    client.close()
    return None
