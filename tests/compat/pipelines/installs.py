"""Python components that install packages, in every way that the SDK has; made for an index that only a test knows."""

# ruff: noqa: PTH120 - a step brings its own imports, and the fewer the better

import functools
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

IMAGE = "python:3.11"


def which() -> list:
    """The version that is installed, and whether the SDK is where it is."""
    import os

    import kfp
    import tiny

    return [tiny.VERSION, os.path.dirname(os.path.dirname(kfp.__file__)) == os.path.dirname(tiny.__file__)]


def own_environment() -> list:
    import os
    import subprocess
    import sys

    import tiny

    at = subprocess.check_output(["python3", "-c", "import sys; print(sys.prefix)"], text=True).strip()
    return [tiny.VERSION, sys.prefix != sys.base_prefix, os.path.realpath(at) == os.path.realpath(sys.prefix)]


def installs_more(folder: str) -> list:
    """In itself, which no other step sees."""
    import subprocess
    import sys

    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", folder]
    subprocess.run([*pip, "other"], check=True)
    import other
    import tiny

    return [tiny.VERSION, other.VERSION]


def has_no_other() -> bool:
    import importlib.util

    return importlib.util.find_spec("other") is None


def step(function: Any, name: str, **options: Any) -> Any:
    """A component of the function; the SDK takes its name from the function's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = dsl.component(function, base_image=IMAGE, **options)
    return functools.partial(lambda **given: made(**given).set_display_name(name))


def installs(index: str, folder: str) -> Any:
    """The pipeline for an index and a folder with the same wheels."""
    here: dict[str, Any] = {"pip_index_urls": [index], "pip_trusted_hosts": ["127.0.0.1"]}
    host = index.removesuffix("/simple")
    steps = [
        step(which, "exact", packages_to_install=["tiny==1.0"], **here),
        step(which, "latest", packages_to_install=["tiny"], **here),
        step(which, "range", packages_to_install=["tiny>=1,<2"], **here),
        step(which, "by url", packages_to_install=[f"{host}/tiny-1.5-py3-none-any.whl"], **here),
        step(which, "by file", packages_to_install=[f"tiny @ file://{folder}/tiny-1.5-py3-none-any.whl"], **here),
        step(which, "two indexes", packages_to_install=["tiny<2"], pip_index_urls=[f"{host}/empty", index]),
        step(which, "options", packages_to_install=["--no-index", "--find-links", folder, "tiny<1.5"]),
        step(own_environment, "in a venv", packages_to_install=["tiny==1.0"], use_venv=True, **here),
        step(which, "in a venv too", packages_to_install=["tiny"], use_venv=True, **here),
    ]
    more = step(installs_more, "more", packages_to_install=["tiny==1.0"], **here)
    without = step(has_no_other, "without", packages_to_install=["tiny==1.0"], **here)
    absent = step(which, "absent", packages_to_install=["tiny==9"], **here)

    @dsl.pipeline(name="installs")
    def pipeline() -> None:
        for each in steps:
            each()
        without().after(more(folder=folder))
        absent()

    return pipeline
