"""`headrace sim`: a pipeline in the simulated world, with as many seeds of bad luck as are wanted.

Runs nothing and needs no server: steps end as the seed says, with made-up outputs. Reports how the runs ended and what
each task came to; if a rule was broken, the seed that did it, and the command that plays that one again.
"""

import shlex
import sys
import time
from collections.abc import Callable

from headrace.base.errors import InvalidInput
from headrace.base.scratch import scratch
from headrace.cli import output, simulated
from headrace.cli.display import console, show, show_command
from headrace.cli.parameters import read_parameters
from headrace.cli.pipeline import read_pipeline
from headrace.store.db import Database
from headrace.testing.clock import FakeClock
from headrace.testing.survey import Survey, play

HELD, BROKEN = 0, 1


def sim(*, pipeline: str, parameters: list[str], seeds: int, seed: int | None, python: str | None, json: bool) -> int:
    """Play the pipeline with `seeds` seeds, or with the one `seed`. 0 where all rules held, 1 where one was broken."""
    if seeds < 1:
        raise InvalidInput(f"{seeds} is less than 1", where="--seeds", hint="Say with how many seeds to play")
    found = read_pipeline(pipeline, python)
    values = read_parameters(parameters, found.plan.root.interface.input_parameters)
    chosen = range(seeds) if seed is None else [seed]
    began = time.monotonic()
    with scratch() as folder:
        database = Database.open(f"sqlite:///{folder / 'sim.db'}", FakeClock(tick=1), durable=False)
        try:
            survey = play(found.plan, values, database, chosen, _progress(len(chosen)))
        finally:
            database.close()
    seconds = time.monotonic() - began
    again = command_again(pipeline, parameters, python, survey)
    if json:
        output.document(simulated.as_json(survey, found.plan.pipeline_name, seconds, again, story=seed is not None))
    else:
        _show(survey, found.plan.pipeline_name, seconds, again, story=seed is not None)
    return HELD if survey.violation is None else BROKEN


def command_again(pipeline: str, parameters: list[str], python: str | None, survey: Survey) -> str:
    """The command that plays the seed that broke a rule again, "" where none did."""
    if survey.violation is None:
        return ""
    given = [word for each in parameters for word in ("-p", each)]
    chosen = ["--python", python] if python else []
    return shlex.join(["headrace", "sim", pipeline, *given, *chosen, "--seed", str(survey.violation.seed)])


def _show(survey: Survey, name: str, seconds: float, again: str, *, story: bool) -> None:
    out = console()
    for part in simulated.report(survey, name, seconds, story=story):
        show(out, part)
    if again:
        show_command(out, again)


def _progress(count: int) -> Callable[[int], None]:
    """Says on a terminal how far it is; elsewhere nothing."""

    def played(number: int) -> None:
        if sys.stderr.isatty() and count > 1:
            last = "\033[K" if number == count else ""
            print(f"\r{number} of {count} seeds\r{last}", end="", file=sys.stderr, flush=True)

    return played
