"""How a command writes: for people lines that a terminal does not obey; JSON as one document, or as one a line.

What users and steps have written may hold what moves a terminal's cursor, colours it or renames its window.
"""

import json
import re
import sys
from collections.abc import Mapping
from typing import TextIO

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """The text without its control characters, but for tabs and newlines."""
    return _CONTROLS.sub("", text)


def say(text: str, *, file: TextIO | None = None) -> None:
    """Print it for people, at once, on stdout unless said otherwise."""
    print(plain(text), file=file, flush=True)


def document(value: object) -> None:
    """Print one JSON document on stdout."""
    json.dump(value, sys.stdout, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False)
    print()


def line(value: Mapping[str, object]) -> None:
    """Print one JSON document on one line, at once: somebody may be reading as it grows."""
    print(json.dumps(value, ensure_ascii=False), flush=True)
