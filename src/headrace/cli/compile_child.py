"""Runs in the user's Python, not in ours: compiles one pipeline of a file with the user's kfp.

    python compile_child.py FILE NAME OUTPUT

FILE is imported as its own name, never as `__main__`, so that what it does as a script is not done. NAME picks one of
its pipelines, "" the only one. OUTPUT gets one JSON document: `{"document": ...}` or `{"error": ..., ...}`. Only the
standard library and kfp may be imported here; what FILE prints goes where our output goes.
"""

import importlib.util
import json
import sys
import tempfile
import traceback
import warnings
from pathlib import Path


def main(file: str, name: str, output: str) -> None:
    """Write the answer for FILE to OUTPUT."""
    Path(output).write_text(json.dumps(_answer(Path(file), name)))


def _answer(file: Path, name: str) -> dict[str, object]:
    if importlib.util.find_spec("kfp") is None:
        return {"error": "no kfp"}
    try:
        found = _pipelines(_load(file))
    except BaseException as error:  # whatever a user's file raises, SystemExit too, is told to the user
        return {"error": "raised", "text": _their_part(error, file)}
    if name and name not in found:
        return {"error": "unknown", "names": list(found)}
    if not name and len(found) != 1:
        return {"error": "several" if found else "none", "names": list(found)}
    try:
        return {"document": _compiled(found[name or next(iter(found))])}
    except Exception as error:
        return {"error": "raised", "text": _their_part(error, file)}


def _load(file: Path) -> dict[str, object]:
    """The file's names after it ran as a module, with its own folder on the path as Python would have it."""
    sys.path[0] = str(file.parent)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return vars(module)


def _pipelines(names: dict[str, object]) -> dict[str, object]:
    """The pipelines of the file by name; the components, if it has no pipeline: one may run by itself."""
    from kfp.dsl.base_component import BaseComponent
    from kfp.dsl.graph_component import GraphComponent

    components = {name: value for name, value in names.items() if isinstance(value, BaseComponent)}
    pipelines = {name: value for name, value in components.items() if isinstance(value, GraphComponent)}
    return pipelines or components


def _compiled(pipeline: object) -> str:
    """JSON where kfp writes it. With platform features it does not: then YAML, in whose comments it may break lines."""
    from kfp import compiler

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        path = Path(folder, "pipeline.json")
        try:
            compiler.Compiler().compile(pipeline, str(path))
        except ValueError:
            path = path.with_suffix(".yaml")
            compiler.Compiler().compile(pipeline, str(path))
        return path.read_text()


def _their_part(error: BaseException, file: Path) -> str:
    """The traceback from the user's file on, without the frames that led there."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != str(file):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


if __name__ == "__main__":
    main(*sys.argv[1:])
