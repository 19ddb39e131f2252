"""Pipelines for the cache: steps that note in a file that they ran, so that running twice shows."""

# ruff: noqa: PTH123 - a step brings its own imports, and the fewer the better

import warnings

from tests.compat.pipelines.steps import step

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl


@step
def note(file: str, word: str = "ran", wait_for: str = "") -> str:
    """Append the word to the file; first wait until another file is there, if one is named."""
    import os
    import time

    with open(file, "a") as notes:
        notes.write(f"{word}\n")
    while wait_for and not os.path.exists(wait_for):  # noqa: PTH110
        time.sleep(0.01)
    return word


@dsl.pipeline(name="fan-of-equals")
def fan(file: str, wait_for: str) -> None:
    """Twenty iterations that are all the same, and one step beside them that is too."""
    with dsl.ParallelFor([str(number) for number in range(20)]):
        note(file=file, wait_for=wait_for)
    note(file=file, wait_for=wait_for)


@dsl.pipeline(name="own-key")
def own_key(file: str, word: str) -> str:
    task = note(file=file, word=word)
    task.set_caching_options(True, cache_key="fixed")
    return task.output


@dsl.pipeline(name="environments")
def variable(file: str) -> None:
    """Two steps that only their environment tells apart."""
    note(file=file, word="x").set_env_variable("COLOUR", "red")
    note(file=file, word="x").set_env_variable("COLOUR", "blue")
