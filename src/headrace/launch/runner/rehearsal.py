"""Before the first step of a fork server: import what components import, and run one. Gives `component.Warm`."""

from __future__ import annotations

import json
import linecache
import logging
import os
import runpy
import sys
from importlib.machinery import SourceFileLoader
from typing import Any

from . import component, supervisor

_SOURCE = """\
import kfp
from kfp import dsl
from kfp.dsl import *
from typing import *

def rehearse(
    text: str, items: list, data: Output[Dataset]
) -> NamedTuple('outputs', [('a', str), ('b', list)]):
    data.metadata['text'] = text
    with open(data.path, 'w') as file:
        file.write(text)
    print(text)
    return (text, items)
"""

_PREFIXES = tuple(f"_{store}_LOCAL_MOUNT_PREFIX" for store in ("MINIO", "GCS", "S3"))


def prepare(module: str, scratch: str) -> component.Warm:
    """Import, and rehearse in this process. Leaves no trace but warm caches. Raises whatever importing raises."""
    before = os.lseek(2, 0, os.SEEK_CUR)
    details = runpy._get_module_details(module)  # type: ignore[attr-defined]
    __import__(f"{module.rpartition('.')[0]}.executor")
    sys.stdout.flush()
    sys.stderr.flush()
    prelude = os.pread(2, os.lseek(2, 0, os.SEEK_CUR) - before, before)
    with _Undone():
        code = _rehearse(component.Warm(details, prelude, frozenset()), scratch)
    if code:
        raise RuntimeError(f"a rehearsed component ended with exit code {code}")
    return component.Warm(details, prelude, frozenset(sys.modules))


def once_more(warm: component.Warm, scratch: str) -> None:
    """Run a component in a fork, whose end is near."""
    _rehearse(warm, scratch)
    component.close(warm)


def _rehearse(warm: component.Warm, scratch: str) -> int:
    null, kept = os.open(os.devnull, os.O_WRONLY), (os.dup(1), os.dup(2))
    os.dup2(null, 1)
    try:
        return component.execute(warm, component.enter(_job(scratch)))
    finally:
        for target, source in zip((1, 2), kept):
            os.dup2(source, target)
            os.close(source)
        os.close(null)


def _job(scratch: str) -> supervisor.Job:
    artifact = {
        "name": "data",
        "type": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
        "uri": "minio://out/data",
        "metadata": {},
    }
    given = {
        "inputs": {"parameterValues": {"text": "a", "items": [1]}},
        "outputs": {
            "parameters": {name: {"outputFile": f"{scratch}/out/{name}"} for name in "ab"},
            "artifacts": {"data": {"artifacts": [artifact]}},
            "outputFile": f"{scratch}/out/output_metadata.json",
        },
    }
    arguments = ["--executor_input", json.dumps(given), "--function_to_execute", "rehearse"]
    return {"env": [["TMPDIR", scratch]], "store": scratch, "source": _SOURCE, "args": arguments}


class _Undone:
    """Puts back what running a component changes in its process."""

    def __enter__(self) -> None:
        self.environment = dict(os.environ)
        self.main, self.path, self.argv = sys.modules["__main__"], list(sys.path), list(sys.argv)
        self.places, self.set_data = set(sys.path_importer_cache), SourceFileLoader.set_data
        self.artifact_types: Any = sys.modules["kfp.dsl.types.artifact_types"]
        self.prefixes = {name: getattr(self.artifact_types, name) for name in _PREFIXES}

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ.update(self.environment)
        sys.modules["__main__"], sys.path[:], sys.argv[:] = self.main, self.path, self.argv
        sys.modules.pop("ephemeral_component", None)
        SourceFileLoader.set_data = self.set_data  # type: ignore[method-assign]
        for place in set(sys.path_importer_cache) - self.places:
            del sys.path_importer_cache[place]
        vars(self.artifact_types).update(self.prefixes)
        self.artifact_types.CONTAINER_TASK_ROOT = None
        for handler in list(logging.root.handlers):
            logging.root.removeHandler(handler)
            handler.close()
        logging.root.setLevel(logging.WARNING)
        linecache.clearcache()
        component.forget_folders()
