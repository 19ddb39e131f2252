"""Who a home is among those that share a database, and which database that is: `identity.json` in the home.

The id is made once. Steps are the home's that started them: only there are their folders, and only the server of that
home can tell whether they still run. The database is noted at each start of a server, so that a command beside it does
not take another one for it.
"""

import json
from dataclasses import asdict, dataclass

from headrace.base import ids
from headrace.base.errors import FailedPrecondition
from headrace.base.home import Home


@dataclass(frozen=True, slots=True)
class Identity:
    """What `identity.json` holds. `database` is its label, without a password."""

    id: str
    database: str


def read(home: Home) -> Identity | None:
    """None where no server was ever up in the home. Raises FailedPrecondition for a file that is not ours."""
    try:
        return Identity(**json.loads(home.identity.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise FailedPrecondition(
            f"it cannot be read: {error}", where=str(home.identity), hint="Put back a copy, or give another home"
        ) from error


def settle(home: Home, database: str) -> Identity:
    """The home's identity, made if it has none; it uses that database from now on. Called with the home locked."""
    known = read(home)
    identity = Identity(known.id if known else ids.fresh(), database)
    if identity != known:
        draft = home.identity.with_suffix(".new")
        draft.write_text(json.dumps(asdict(identity)))
        draft.replace(home.identity)
    return identity


def check(home: Home, database: str) -> None:
    """Raises FailedPrecondition where the home's servers use another database than that."""
    known = read(home)
    if known is not None and known.database != database:
        raise FailedPrecondition(
            f"this home was last used with {known.database}, not with {database}",
            where=str(home.root),
            hint="Name that one with --database or HEADRACE_DATABASE",
        )
