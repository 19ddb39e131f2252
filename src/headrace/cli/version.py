"""`headrace version`."""

import platform

from headrace import __version__
from headrace.cli import output


def version(*, json: bool) -> int:
    """Print Headrace's version and the Python under it."""
    if json:
        output.document({"headrace": __version__, "python": platform.python_version(), "system": platform.system()})
    else:
        print(f"headrace {__version__} (Python {platform.python_version()}, {platform.system()})")
    return 0
