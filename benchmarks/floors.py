"""What no system can go below: a fork, a fork that runs the SDK's executor, and a bare interpreter.

Run as a program, it is a small process that holds `kfp.dsl` in its light runtime mode, as a warm interpreter does,
and prints its figures as JSON, in milliseconds. `measure` runs it so.
"""

import contextlib
import gc
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from timing import milliseconds, repeated

ROUNDS = 100


def measure(source: str) -> dict[str, float]:
    """The floors for a component with this source."""
    with tempfile.TemporaryDirectory() as folder:
        component = Path(folder) / "ephemeral_component.py"
        component.write_text(source)
        environment = {**os.environ, "_KFP_RUNTIME": "true"}
        command = [sys.executable, __file__, str(component)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {"python_pass": round(repeated(bare_interpreter, 20), 3), **json.loads(done.stdout)}


def bare_interpreter() -> None:
    """`python -c pass`."""
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def warm(component: Path) -> dict[str, float]:
    """Forks of this process, with the SDK's executor imported and rehearsed."""
    from kfp.dsl import executor_main

    def execute() -> None:
        folder = Path(tempfile.mkdtemp(dir=component.parent))
        copy = folder / component.name
        copy.write_text(component.read_text())
        sys.argv = ["executor_main", "--component_module_path", str(copy), "--function_to_execute", "increment"]
        sys.argv += ["--executor_input", json.dumps(executor_input(folder))]
        with contextlib.redirect_stdout(io.StringIO()):
            executor_main.executor_main()

    execute()
    gc.collect()
    gc.freeze()
    return {
        "fork": round(repeated(lambda: wait(fork(lambda: None)), ROUNDS), 3),
        "fork_executor": round(repeated(lambda: wait(fork(execute)), ROUNDS), 3),
        "fork_executor_two_at_a_time": round(milliseconds(lambda: in_pairs(execute)) / ROUNDS, 3),
    }


def executor_input(folder: Path) -> dict[str, object]:
    """What the executor is told: one parameter in, one out."""
    return {
        "inputs": {"parameterValues": {"number": 1}},
        "outputs": {
            "parameters": {"Output": {"outputFile": str(folder / "Output")}},
            "outputFile": str(folder / "output_metadata.json"),
        },
    }


def fork(work: Callable[[], None]) -> int:
    """A child that does the work and is gone; its process id. It fails loudly: the parent checks."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def wait(child: int) -> None:
    """Until that child ended, well."""
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"a forked child ended with status {status}")


def in_pairs(work: Callable[[], None]) -> None:
    """As many children as rounds, two alive at any time: the floor of a fan-out on two cores."""
    alive = [fork(work)]
    for _ in range(ROUNDS - 1):
        alive.append(fork(work))
        wait(alive.pop(0))
    wait(alive.pop())


if __name__ == "__main__":
    print(json.dumps(warm(Path(sys.argv[1]))))
