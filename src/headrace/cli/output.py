"""How a command writes JSON: one document, indented for people on a terminal, or one document a line for streams."""

import json
import sys
from collections.abc import Mapping


def document(value: object) -> None:
    """Print one JSON document on stdout."""
    json.dump(value, sys.stdout, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False)
    print()


def line(value: Mapping[str, object]) -> None:
    """Print one JSON document on one line, at once: somebody may be reading as it grows."""
    print(json.dumps(value, ensure_ascii=False), flush=True)
