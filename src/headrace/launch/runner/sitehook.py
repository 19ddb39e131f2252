"""Copied into each managed environment, and imported by a .pth file when one of its interpreters starts.

In a step (HEADRACE_STORE is set) it maps the SDK's mounts of `minio://`, `gs://` and `s3://` to the folders of the
store, when and if the SDK is imported; sends what the step installs with the environment's pip to the step's own
folder; and puts that folder before the environment's packages. Else it does nothing.
"""

from __future__ import annotations

import os
import sys

_MODULE = "kfp.dsl.types.artifact_types"


class _Finder:
    """Finds the SDK's module as everybody would, and sets its prefixes once it is loaded."""

    def __init__(self, store: str) -> None:
        self.store = store

    def find_spec(self, name: str, *_: object) -> object:
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return None
        load, store = spec.loader.exec_module, self.store

        def load_and_map(module: object) -> None:
            load(module)  # type: ignore[arg-type]
            module._MINIO_LOCAL_MOUNT_PREFIX = store + "/"  # type: ignore[attr-defined]
            module._GCS_LOCAL_MOUNT_PREFIX = store + ".gs/"  # type: ignore[attr-defined]
            module._S3_LOCAL_MOUNT_PREFIX = store + ".s3/"  # type: ignore[attr-defined]

        spec.loader.exec_module = load_and_map  # type: ignore[method-assign]
        return spec


def install() -> None:
    store = os.environ.get("HEADRACE_STORE")
    if not store:
        return
    sys.meta_path.insert(0, _Finder(store))  # type: ignore[arg-type]
    packages = os.environ.get("HEADRACE_PACKAGES")
    if packages and packages not in sys.path:
        first = next((place for place, path in enumerate(sys.path) if path.endswith("site-packages")), len(sys.path))
        sys.path.insert(first, packages)
        if _is_pip() and "install" in sys.argv and not any(map(_names_a_place, sys.argv)):
            sys.argv[sys.argv.index("install") + 1 : 0] = ["--target", packages]


def _is_pip() -> bool:
    """Whether this interpreter was started to run pip, as a module or as the environment's script.

    The arguments are told here, not by PIP_TARGET: that would reach the pip of other environments, and the one that
    pip starts to build a package.
    """
    if sys.argv[0] != "-m":
        name = os.path.basename(sys.argv[0])
        return name == "pip" or name.startswith("pip3")
    words = getattr(sys, "orig_argv", None)  # Python 3.9 does not have it
    if words is None:
        with open("/proc/self/cmdline") as file:
            words = file.read().split("\0")
    return "-m" in words and words[words.index("-m") + 1] == "pip"


def _names_a_place(word: str) -> bool:
    return word.split("=")[0] in ("-t", "--target", "--prefix", "--root", "--user", "--python")


install()
