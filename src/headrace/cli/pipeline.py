"""What `headrace run` is given, read into a pipeline: a compiled file as it is, a `.py` file by way of its kfp.

Takes the word from the command line, gives the checked document, its plan, and the outline that the tree is drawn by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject
from headrace.cli.compile import compile_file, split_name
from headrace.cli.tree import Outline
from headrace.model.task import ROOT, child
from headrace.spec.compile import compile_plan
from headrace.spec.load import Document, document_from_json, load_document
from headrace.spec.plan import Dag, Plan


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that could be run."""

    document: Document
    plan: Plan


_BROKEN_YAML = (
    "Where a pipeline uses platform features, kfp writes broken YAML if the default of one of its parameters has "
    "several lines; give the parameter no default, or one without line breaks"
)


def read_pipeline(text: str, python: str | None) -> Pipeline:
    """The pipeline that the command line names. Raises InvalidInput or InvalidSpec that says what is wrong with it."""
    file, name = split_name(text)
    if not file.is_file():
        problem = "this is a folder; give the file in it" if file.is_dir() else "there is no such file"
        raise InvalidInput(problem, where=str(file))
    document = _compiled(file, name, python) if file.suffix == ".py" else _read(file)
    return Pipeline(document, compile_plan(document))


def _read(file: Path) -> Document:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"it cannot be read: {error.strerror}", where=str(file)) from error
    return load_document(data, str(file))


def _compiled(file: Path, name: str, python: str | None) -> Document:
    data = compile_file(file, name, python).encode()
    try:
        return load_document(data)
    except InvalidInput as error:
        problem = f"{error.where}: {error.message}" if error.where else error.message
        raise InvalidInput(
            f"what kfp makes of it cannot be read: {problem}",
            where=str(file),
            hint="" if data.startswith(b"{") else _BROKEN_YAML,
        ) from error


def without_cache(document: Document) -> JsonObject:
    """The document with caching turned off in every task, which is how kfp submits with `enable_caching=False`."""
    pipeline: dict[str, Any] = dict(document.pipeline)
    pipeline["root"] = _uncached(pipeline["root"])
    if "components" in pipeline:
        pipeline["components"] = {name: _uncached(each) for name, each in pipeline["components"].items()}
    if document.platform is None:
        return pipeline
    return {"pipeline_spec": pipeline, "platform_spec": document.platform}


def _uncached(component: Mapping[str, Any]) -> Mapping[str, Any]:
    if "dag" not in component:
        return component
    dag = component["dag"]
    tasks = {name: {**task, "cachingOptions": {}} for name, task in dag.get("tasks", {}).items()}
    return {**component, "dag": {**dag, "tasks": tasks}}


def outline(plan: Plan) -> Outline:
    """All tasks that the pipeline may reach, in the order of its graph, but those within loops."""
    children: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}

    def visit(path: str, dag: Dag) -> None:
        children[path] = tuple(child(path, name) for name in dag.tasks)
        for name, task in dag.tasks.items():
            names[child(path, name)] = task.display_name or name
            if isinstance(task.component, Dag) and task.loop is None:
                visit(child(path, name), task.component)

    visit(ROOT, plan.root)
    return Outline(children, names)


def outline_of(spec: JsonObject | None) -> Outline:
    """The outline of a run's pipeline as the server sent it; an empty one where it sent none."""
    return outline(plan_of(spec)) if spec else Outline({}, {})


def plan_of(spec: JsonObject) -> Plan:
    """The plan of a run's pipeline as the server sent it."""
    return compile_plan(document_from_json(spec))
