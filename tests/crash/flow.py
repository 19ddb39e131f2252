"""A pipeline with all of control flow in it, compiled with the real SDK, whose steps note in a file that they ran.

`check` holds an ended run to what must come of it, whatever happened meanwhile.
"""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from tests.harness import parameters_of, tasks_of
from tests.stress.kit import OWN, compiled

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

ENVIRONMENT = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}})}

TURNS = [1, 2, 3, 4]


@dsl.component(base_image=OWN, install_kfp_package=False)
def work(proof: str, name: str, number: int = 0) -> int:
    import os

    with open(proof, "a") as file:  # noqa: PTH123
        file.write(f"{name} {number} {os.environ['KFP_POD_NAME']}\n")
    return number * 2


@dsl.component(base_image=OWN, install_kfp_package=False)
def flaky(proof: str, numbers: list) -> int:  # type: ignore[type-arg] # the SDK wants it bare
    import os

    with open(proof, "a") as file:  # noqa: PTH123
        file.write(f"flaky 0 {os.environ['KFP_POD_NAME']}\n")
    with open(proof) as file:  # noqa: PTH123
        if sum(line.startswith("flaky") for line in file) < 2:
            raise RuntimeError("the first time it fails")
    return sum(numbers)


@dsl.component(base_image=OWN, install_kfp_package=False)
def goodbye(proof: str, status: dsl.PipelineTaskFinalStatus) -> str:
    import os

    with open(proof, "a") as file:  # noqa: PTH123
        file.write(f"goodbye 0 {os.environ['KFP_POD_NAME']}\n")
    return status.state


@dsl.pipeline(name="flow")
def flow(proof: str) -> None:
    last = goodbye(proof=proof)
    with dsl.ExitHandler(last):
        with dsl.ParallelFor(TURNS, parallelism=3) as number:
            turn = work(proof=proof, name="turn", number=number)
            with dsl.If(turn.output == 4):
                work(proof=proof, name="four", number=turn.output)
            with dsl.Else():
                work(proof=proof, name="other", number=turn.output)
        total = flaky(proof=proof, numbers=dsl.Collected(turn.output)).set_retry(1, backoff_duration="1s")
        with dsl.If(total.output > 100):
            work(proof=proof, name="never")
        with dsl.Else():
            work(proof=proof, name="end", number=total.output)


def document() -> dict[str, Any]:
    """The compiled pipeline; nothing in it is cached."""
    return _uncached(compiled(flow))


def _uncached(found: dict[str, Any]) -> dict[str, Any]:
    for component in [found["root"], *found["components"].values()]:
        for task in component.get("dag", {}).get("tasks", {}).values():
            task["cachingOptions"] = {}
    return found


@dsl.component(base_image=OWN, install_kfp_package=False)
def waits(proof: str) -> None:
    import os
    import time

    with open(proof, "a") as file:  # noqa: PTH123
        file.write("waits\n")
    while not os.path.exists(f"{os.path.dirname(proof)}/go"):  # noqa: PTH110, PTH120
        time.sleep(0.02)


@dsl.component(base_image=OWN, install_kfp_package=False)
def parting(proof: str) -> None:
    with open(proof, "a") as file:  # noqa: PTH123
        file.write("goodbye\n")


@dsl.pipeline(name="waiting")
def waiting_flow(proof: str) -> None:
    with dsl.ExitHandler(parting(proof=proof)):
        waits(proof=proof)


def waiting() -> dict[str, Any]:
    """A step that waits for the file `go` beside the proof, and an exit task."""
    return _uncached(compiled(waiting_flow))


WANTED = Counter(
    {
        **{f"turn {number}": 1 for number in TURNS},
        **{f"{'four' if number == 2 else 'other'} {number * 2}": 1 for number in TURNS},
        "flaky 0": 2,
        "end 20": 1,
        "goodbye 0": 1,
    }
)


def check(found: dict[str, Any], proof: Path, *, once: bool = True) -> None:
    """It ended well, with the right values; with `once`, each step ran once, and what is retried once more."""
    assert found["state"] == "SUCCEEDED", found.get("error")
    ran = Counter(line.rpartition(" ")[0] for line in proof.read_text().splitlines())
    assert set(ran) == set(WANTED)
    if once:
        assert ran == WANTED
    tasks = {path.rpartition(".")[2]: task for path, task in tasks_of(found).items()}
    assert parameters_of(tasks["goodbye"])["Output"] == "SUCCEEDED"
    assert parameters_of(tasks["flaky"])["Output"] == 20
