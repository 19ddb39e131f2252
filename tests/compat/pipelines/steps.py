"""The steps of these pipelines. They run in the environment of the tests, so that nothing has to be built.

Most give `what`, a label, with the value that they got as Python writes it: that tells its type, too.
"""

# ruff: noqa: PTH103, PTH107, PTH110, PTH118, PTH123, PTH208 - a step brings its own imports, and the fewer the better

import functools
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset, Input, Output, PipelineTaskFinalStatus

OWN = "own-environment"
"""An image that the server of these tests maps to the environment that runs them, which has the SDK."""

step = functools.partial(dsl.component, base_image=OWN, install_kfp_package=False)


@step
def text(what: str, value: str = "none") -> str:
    return f"{what} {value!r}"


@step
def whole(what: str, value: int = -1) -> str:
    return f"{what} {value!r}"


@step
def number(what: str, value: float) -> str:
    return f"{what} {value!r}"


@step
def truth(what: str, value: bool) -> str:
    return f"{what} {value!r}"


@step
def table(what: str, value: dict) -> str:
    return f"{what} {value!r}"


@step
def many(what: str, value: list) -> str:
    return f"{what} {value!r}"


@step
def give_text(value: str) -> str:
    return value


@step
def give_whole(value: int) -> int:
    return value


@step
def give_number(value: float) -> float:
    return value


@step
def give_truth(value: bool) -> bool:
    return value


@step
def give_list(value: list) -> list:
    return value


@step
def give_table(value: dict) -> dict:
    return value


@step
def pair(left: int, right: str) -> str:
    return f"{left}{right}"


@step
def write(value: str, data: Output[Dataset], more: str = ""):
    with open(data.path, "w") as file:
        file.write(value + more)


@step
def read(what: str, data: Input[Dataset]) -> str:
    with open(data.path) as file:
        return f"{what} {file.read()!r}"


@step
def read_all(what: str, data: Input[list[Dataset]]) -> str:
    return f"{what} {[open(each.path).read() for each in data]!r}"


@step
def fail(message: str) -> str:
    raise RuntimeError(message)


@step
def fail_if(item: int, bad: list) -> int:
    if item in bad:
        raise RuntimeError(f"{item} is bad")
    return item


@step
def told(what: str, status: PipelineTaskFinalStatus) -> str:
    code = status.error_code or 0
    return f"{what} {status.state} {status.pipeline_task_name} {code} {status.error_message or ''}".rstrip()


@step
def note(file: str, line: str) -> str:
    """Appends the line to the file, which proves that the step ran."""
    with open(file, "a") as lines:
        lines.write(line + "\n")
    return line


@step
def count_up(file: str, good: int) -> int:
    """Fails until it has run `good` times; each leaves its time in the file."""
    import time

    with open(file, "a") as lines:
        lines.write(f"{time.monotonic()}\n")
    with open(file) as lines:
        tries = len(lines.readlines())
    if tries < good:
        raise RuntimeError(f"try {tries} fails")
    return tries


@step
def needs(file: str, line: str, repair: str) -> str:
    """Fails until the file `repair` is there."""
    import os

    with open(file, "a") as lines:
        lines.write(line + "\n")
    if not os.path.exists(repair):
        raise RuntimeError(f"{line} is broken")
    return line


@step
def hold(file: str, line: str, release: str) -> str:
    """Runs until the file `release` is there."""
    import os
    import time

    with open(file, "a") as lines:
        lines.write(line + "\n")
    while not os.path.exists(release):
        time.sleep(0.01)
    return line


@step
def crowd(folder: str, item: int, meet: int) -> int:
    """How many of its kind run beside it, at most; the first `meet` of them wait until all of these run."""
    import os
    import time

    begun, running = os.path.join(folder, "begun"), os.path.join(folder, "running")
    for place in (begun, running):
        os.makedirs(place, exist_ok=True)
        open(os.path.join(place, str(item)), "w").close()
    most = 0
    until = time.monotonic() + 0.05
    while time.monotonic() < until or (item < meet and len(os.listdir(begun)) < meet):
        most = max(most, len(os.listdir(running)))
        time.sleep(0.005)
    os.remove(os.path.join(running, str(item)))
    return most
