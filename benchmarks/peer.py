"""What users would run instead on one machine: `kfp.local` with its SubprocessRunner, no environment a step.

Run as a program with `as_is` or `pip_stripped` and a number of steps for the fan-out, it is a process of its own that
prints its figures as JSON: milliseconds a step. `measure` runs it so. kfp.local runs the steps of a flat graph one
after the other, whatever the cores.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from timing import milliseconds, summary

COMMAND_TIMEOUT = 1800


def measure(variant: str, repeats: int) -> dict[str, dict[str, float]]:
    """Milliseconds a step of the chain and of the fan-out, by `kfp.local` as it is or with its pip taken out."""
    command = [sys.executable, __file__, variant, str(repeats)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=COMMAND_TIMEOUT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run_here(variant: str, repeats: int) -> dict[str, dict[str, float]]:
    """Both pipelines, in this process; the chain first runs once that does not count."""
    import pipelines
    from kfp import local

    made = {"chain": pipelines.chain(cached=False), "fan_out": pipelines.fan_out(cached=False)}
    steps = {"chain": pipelines.CHAIN, "fan_out": pipelines.FAN_OUT}
    if variant == "pip_stripped":
        made = {name: pipelines.without_pip(each) for name, each in made.items()}
    with tempfile.TemporaryDirectory() as folder:
        local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=folder)
        made["chain"]()
        return {name: summary([milliseconds(each) for _ in range(repeats)], steps[name]) for name, each in made.items()}


@contextlib.contextmanager
def standard_output_away() -> Iterator[None]:
    """Logs of the steps go nowhere: printing them is no part of the race. Errors still go to stderr."""
    kept = os.dup(1)
    away = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(away, 1)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(away)


if __name__ == "__main__":
    with standard_output_away():
        figures = run_here(sys.argv[1], int(sys.argv[2]))
    print(json.dumps(figures))
