"""Names, keys and values of secrets and config maps as requests give them, held to Kubernetes' rules.

Errors name the key that is wrong. None repeats a value.
"""

import base64
import re
from collections.abc import Mapping

from headrace.base.errors import InvalidInput

MOST_BYTES = 1024 * 1024
"""All values of one together, as on Kubernetes."""

LONGEST = 253
"""Of a name, and of a key."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")


def check_name(name: str) -> None:
    """Raises InvalidInput."""
    if not 1 <= len(name) <= LONGEST or not _NAME.fullmatch(name):
        hint = f"Give 1 to {LONGEST} small letters, digits, - and ., with a letter or digit at both ends of each part"
        raise InvalidInput("it is missing or no name", where="name", hint=hint)


def values(texts: Mapping[str, str], packed: Mapping[str, str], names: tuple[str, str]) -> dict[str, bytes]:
    """The values by key: of texts, and of base64. `names` are the two fields. Raises InvalidInput."""
    found: dict[str, bytes] = {}
    for field, given, read in ((names[0], texts, _as_it_is), (names[1], packed, _unpacked)):
        for key, text in given.items():
            _check_key(key, field)
            if key in found:
                raise InvalidInput("the key is given twice", where=f"{field}.{key}", hint="Give it once")
            found[key] = read(text, f"{field}.{key}")
    if (size := sum(map(len, found.values()))) > MOST_BYTES:
        raise InvalidInput(
            f"the values have {size} bytes", where=" and ".join(names), hint=f"Give {MOST_BYTES} at most"
        )
    return found


def split(values: Mapping[str, bytes]) -> tuple[dict[str, str], dict[str, str]]:
    """Those that are texts as such, and the others in base64."""
    texts: dict[str, str] = {}
    packed: dict[str, str] = {}
    for key, value in values.items():
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            packed[key] = base64.b64encode(value).decode()
        else:
            texts[key] = text
    return texts, packed


def _check_key(key: str, field: str) -> None:
    """A key may become the name of a file."""
    if not 1 <= len(key) <= LONGEST or not _KEY.fullmatch(key) or key == "." or key.startswith(".."):
        hint = f"Give 1 to {LONGEST} letters, digits, -, _ and ., and not .. at the begin"
        raise InvalidInput("one of its keys is none", where=field, hint=hint)


def _as_it_is(text: str, _where: str) -> bytes:
    return text.encode()


def _unpacked(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidInput("it is not base64", where=where, hint="Encode the value, or give it as text") from None
