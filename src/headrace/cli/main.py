"""The entry point `headrace`: takes the command line, hands it to the one module that carries the command out.

Gives the exit code: 0 it was done, 1 the run did not succeed, 2 it could not be done (wrong input, no server), which
is then said in one line on stderr. `headrace --help` has a budget of 80 ms over `python -c pass`: this module and
`arguments` import `argparse` and nothing else, and a command's module is imported when it is called for.
"""

import sys
from collections.abc import Sequence
from types import ModuleType

from headrace.cli.arguments import parse

DONE = 0
NOT_SUCCEEDED = 1
NOT_DONE = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command line; the exit code."""
    _replace_what_cannot_be_written()
    module, function, options = parse(sys.argv[1:] if argv is None else argv)
    from headrace.base.errors import HeadraceError

    try:
        code: int = getattr(_imported(module), function)(**options)
        sys.stdout.flush()
    except HeadraceError as error:
        from headrace.cli.output import say

        say(f"headrace: {error}", file=sys.stderr)
        return NOT_DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return DONE
    return code


def _imported(module: str) -> ModuleType:
    """The module. What it imports stays: to look for rubbish in that would take a tenth of the time."""
    import gc
    import importlib

    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.enable()


def _replace_what_cannot_be_written() -> None:
    """A name that the terminal's encoding does not have becomes `?`, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _forget_stdout() -> None:
    """The reader of our output left (`headrace logs ... | head`): the interpreter's own last flush must not fail."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
