"""What is refused because a name does not exist or does not fit: each with its path and a hint."""

from typing import Any

import pytest
from tests.unit.spec.build import Json, compiled, constant, given, leaf, output_of, pipeline, task

from headrace.base.errors import InvalidSpec

MODEL = {"artifactType": {"schemaTitle": "system.Model", "schemaVersion": "0.0.1"}}


def base() -> Json:
    """A producer, a consumer, and a nested pipeline around another consumer."""
    producer = leaf({}, {"Output": "STRING", "count": "NUMBER_INTEGER"}, executorLabel="exec-make")
    producer["outputDefinitions"]["artifacts"] = {"model": MODEL}
    consumer = leaf({"text": "STRING", "n": {"parameterType": "NUMBER_INTEGER", "isOptional": True}})
    consumer["inputDefinitions"]["artifacts"] = {"model": {**MODEL, "isOptional": True}}
    inner = {
        "dag": {
            "tasks": {"use": task("comp-use", inputs=given(text={"componentInputParameter": "text"}))},
            "outputs": {},
        },
        "inputDefinitions": {"parameters": {"text": {"parameterType": "STRING"}}},
    }
    return pipeline(
        {
            "make": task("comp-make"),
            "use": task("comp-use", "make", inputs=given(text=output_of("make"))),
            "nest": task("comp-inner", inputs=given(text=constant("x"))),
        },
        {"comp-make": producer, "comp-use": consumer, "comp-inner": inner},
    )


def test_the_base_is_right() -> None:
    assert set(compiled(base()).root.tasks) == {"make", "use", "nest"}


def refused(path: str, value: object) -> InvalidSpec:
    """What is said when the base holds `value` at `path`."""
    spec = base()
    *parents, last = path.split(".")
    place: Any = spec
    for each in parents:
        place = place[each]
    place[last] = value
    with pytest.raises(InvalidSpec) as caught:
        compiled(spec)
    return caught.value


@pytest.mark.parametrize(
    ("source", "at", "problem"),
    [
        (output_of("nope"), "taskOutputParameter.producerTask", 'no task in this dag "nope"'),
        (output_of("make", "out"), "taskOutputParameter.outputParameterKey", 'no output parameter "out"'),
        ({"componentInputParameter": "x"}, "componentInputParameter", 'no input parameter "x". Known here: none'),
        ({}, "", "no source"),
        ({"taskFinalStatus": {"producerTask": "x"}}, "taskFinalStatus.producerTask", "no task"),
        ({"runtimeValue": {"runtimeParameter": "x"}}, "runtimeValue", "schema 2.0.0"),
        (output_of("make"), "", "takes NUMBER_INTEGER, but its source gives STRING"),
        (constant("five"), "runtimeValue", 'the string "five" is not of type NUMBER_INTEGER'),
        ({**constant("{}"), "parameterExpressionSelector": "1 + 1"}, "parameterExpressionSelector", "not supported"),
    ],
)
def test_sources_of_parameters(source: Json, at: str, problem: str) -> None:
    path = "root.dag.tasks.use.inputs.parameters.n"
    error = refused(path, source)
    assert error.where == f"{path}.{at}".rstrip(".")
    assert problem in str(error)


@pytest.mark.parametrize(
    ("source", "at", "problem"),
    [
        ({}, "", "no source"),
        ({"componentInputArtifact": "x"}, "componentInputArtifact", "no input artifact"),
        ({"taskOutputArtifact": {"producerTask": "x"}}, "taskOutputArtifact.producerTask", "no task"),
        (
            {"taskOutputArtifact": {"producerTask": "make", "outputArtifactKey": "modl"}},
            "taskOutputArtifact.outputArtifactKey",
            "Did you mean model?",
        ),
    ],
)
def test_sources_of_artifacts(source: Json, at: str, problem: str) -> None:
    path = "root.dag.tasks.use.inputs.artifacts"
    error = refused(path, {"model": source})
    assert error.where == f"{path}.model.{at}".rstrip(".")
    assert problem in str(error)
    assert 'no input artifact of the component "x"' in str(refused(path, {"x": source}))


@pytest.mark.parametrize(
    ("kind", "source", "at", "problem"),
    [
        ("parameters", {}, "", "no source"),
        ("parameters", {"valueFromParameter": {"producerSubtask": "x"}}, "producerSubtask", "no task"),
        (
            "parameters",
            {"valueFromOneof": {"parameterSelectors": [{"producerSubtask": "use"}]}},
            "outputParameterKey",
            "no output parameter",
        ),
        ("artifacts", {}, "artifactSelectors", "no source"),
        (
            "artifacts",
            {"artifactSelectors": [{"producerSubtask": "use", "outputArtifactKey": "x"}]},
            "artifactSelectors[0].outputArtifactKey",
            "no output artifact",
        ),
    ],
)
def test_sources_of_a_dags_outputs(kind: str, source: Json, at: str, problem: str) -> None:
    path = f"components.comp-inner.dag.outputs.{kind}"
    error = refused(path.removesuffix(f".{kind}"), {kind: {"out": source}})
    assert error.where == f"{path}.out.{at}".rstrip(".")
    assert problem in str(error)


@pytest.mark.parametrize(
    ("path", "value", "where", "problem"),
    [
        ("componentRef.name", "comp-us", "componentRef.name", 'no component "comp-us". Did you mean comp-use?'),
        ("componentRef", {}, "componentRef.name", 'there is no component ""'),
        ("dependentTasks", ["mak"], "dependentTasks[0]", 'no task in this dag "mak". Did you mean make?'),
        ("dependentTasks", ["use"], "", "circle: use -> use"),
        ("inputs.parameters", {}, "inputs.parameters", "the required input parameter text is not given"),
    ],
)
def test_tasks(path: str, value: object, where: str, problem: str) -> None:
    task_path = "root.dag.tasks.use"
    error = refused(f"{task_path}.{path}", value)
    assert error.where == f"{task_path}.{where}".rstrip(".")
    assert problem in str(error)


@pytest.mark.parametrize(
    ("name", "problem"), [("a.b", "holds a dot"), ("a/b", "holds a slash"), ("", "is empty"), ("x" * 201, "longer")]
)
def test_names_of_tasks(name: str, problem: str) -> None:
    error = refused("root.dag.tasks", {name: task("comp-make")})
    assert error.where.startswith("root.dag.tasks.")
    assert problem in str(error)


@pytest.mark.parametrize(
    ("path", "value", "where", "problem"),
    [
        ("executorLabel", "exec-us", "executorLabel", 'no executor "exec-us"'),
        ("inputDefinitions.parameters.text", {}, "inputDefinitions.parameters.text.parameterType", "no type"),
        ("outputDefinitions.parameters", {"../x": {}}, "outputDefinitions.parameters.../x", "holds a slash"),
        ("outputDefinitions", {"artifacts": {"..": {}}}, "outputDefinitions.artifacts...", "name of a folder"),
    ],
)
def test_components(path: str, value: object, where: str, problem: str) -> None:
    error = refused(f"components.comp-use.{path}", value)
    assert error.where == f"components.comp-use.{where}"
    assert problem in str(error)


def test_other_mistakes() -> None:
    assert "neither a dag nor an executorLabel" in str(refused("components.comp-make", {}))
    assert "the root component is no dag" in str(refused("root", {"executorLabel": "exec"}))
    error = refused("root.inputDefinitions", {"artifacts": {"data": MODEL}})
    assert error.where == "root.inputDefinitions.artifacts.data"
    error = refused("components.comp-use.inputDefinitions.artifacts.model", MODEL)
    assert "the required input artifact model is not given" in str(error)
    error = refused("root.dag.tasks.make.dependentTasks", ["use"])
    assert "circle: make -> use -> make" in str(error)
    path = "components.comp-inner.dag.tasks.use.inputs.parameters.text.componentInputParameter"
    assert refused(path, "tex").where == path


def test_components_that_nothing_uses_are_not_looked_at() -> None:
    spec = base()
    spec["components"]["comp-spare"] = {}
    assert compiled(spec).root.tasks


def test_inputs_that_only_feed_placeholders_need_no_declaration() -> None:
    spec = base()
    spec["root"]["dag"]["tasks"]["use"]["inputs"]["parameters"]["pipelinechannel--make-count"] = output_of(
        "make", "count"
    )
    assert "pipelinechannel--make-count" in compiled(spec).root.tasks["use"].parameters


def test_a_circle_through_several_components_is_named() -> None:
    parts = {f"c{n}": {"dag": {"tasks": {"t": task(f"c{(n + 1) % 3}")}}} for n in range(3)}
    with pytest.raises(InvalidSpec, match="uses itself: c0 -> c1 -> c2 -> c0"):
        compiled(pipeline({"t": task("c0")}, parts))


def test_endless_nesting_and_multiplying_are_refused() -> None:
    deep: Json = {f"c{n}": {"dag": {"tasks": {"t": task(f"c{n + 1}")}}} for n in range(500)}
    with pytest.raises(InvalidSpec, match="nested deeper than 100 levels"):
        compiled(pipeline({"t": task("c0")}, {**deep, "c500": leaf()}))
    double = {f"c{n}": {"dag": {"tasks": {"a": task(f"c{n + 1}"), "b": task(f"c{n + 1}")}}} for n in range(40)}
    with pytest.raises(InvalidSpec, match="more than 1,000,000 tasks"):
        compiled(pipeline({"t": task("c0")}, {**double, "c40": leaf()}))
