"""Notebooks as components: embedded, given parameters, run, and read from afterwards."""

# ruff: noqa: PTH118, PTH123 - a step brings its own imports

import functools
import json
import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset, Output

_FOLDER = Path(tempfile.mkdtemp())


def notebook(name: str, *cells: str, tagged: str = "") -> str:
    """The file of a notebook of these cells, the first of which sets parameters if there are some."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    sources = [(tagged, {"tags": ["parameters"]})] if tagged else []
    sources += [(cell, {}) for cell in cells]
    made = [
        {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}
        for source, metadata in sources
    ]
    file = _FOLDER / name
    content = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    file.write_text(json.dumps(content))
    return str(file)


component = functools.partial(dsl.notebook_component, base_image="python:3.11")

SUMS = notebook(
    "sums.ipynb",
    "import json\ntotal = sum(numbers) * factor",
    "print('the notebook says', word)\njson.dump([word, total, table, flag], open(place, 'w'))",
    tagged="word = 'default'\nfactor = 10\nnumbers = [0]\nflag = True\ntable = {}",
)
PLAIN = notebook("plain.ipynb", "open(place, 'w').write(repr(value))")
FAILING = notebook("failing.ipynb", "x = 1", "raise ValueError('no good')")


@component(notebook_path=SUMS)
def sums(word: str, numbers: list, table: dict, made: Output[Dataset]) -> list:
    import json

    dsl.run_notebook(word=word, numbers=numbers, table=table, flag=False, place=made.path)
    with open(made.path) as file:
        return json.load(file)


@component(notebook_path=PLAIN)
def untagged(value: float) -> str:
    import os
    import tempfile

    place = os.path.join(tempfile.mkdtemp(), "out")
    dsl.run_notebook(value=value, place=place)
    with open(place) as file:
        return file.read()


@component(notebook_path=FAILING)
def failing():
    dsl.run_notebook()


@dsl.pipeline(name="notebooks")
def notebooks():
    sums(word='it\'s "é"', numbers=[1, 2, 3.5], table={"a": ["x", True]})
    untagged(value=2.5)
    failing()
