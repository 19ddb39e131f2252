"""Documents to plans: what the engine walks."""

import pytest
from tests.unit.spec.build import Json, compiled, constant, given, leaf, output_of, pipeline, task

from headrace.base.errors import InvalidSpec
from headrace.base.json import canonical
from headrace.spec.compile import compile_plan
from headrace.spec.load import document_from_json
from headrace.spec.plan import (
    ArtifactSpec,
    Caching,
    Constant,
    Container,
    Dag,
    FinalStatus,
    FromParent,
    FromTask,
    OutputSelector,
    ParameterBinding,
    ParameterSpec,
    ParameterType,
    Resources,
    Trigger,
)
from headrace.spec.plans import Plans
from headrace.spec.templates import Template

DATA = {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.2"}}


def test_a_container_with_all_that_it_may_say() -> None:
    component = leaf(
        {"n": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3.0, "literals": [3, 4]}}, {"out": "LIST"}
    )
    component["inputDefinitions"]["artifacts"] = {"data": {**DATA, "isArtifactList": True, "isOptional": True}}
    component["outputDefinitions"]["artifacts"] = {
        "made": {"artifactType": {"instanceSchema": "x"}, "metadata": {"k": 1}}
    }
    container = {
        "image": "python:3.11",
        "command": ["python", "-c"],
        "args": ["{{$}}"],
        "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
        "resources": {
            "cpuLimit": 2.0,
            "resourceCpuLimit": "1500m",
            "cpuRequest": 0.5,
            "memoryLimit": 1.5,
            "resourceMemoryRequest": "{{$.inputs.parameters['m']}}",
            "accelerator": {"type": "gpu", "count": "2"},
        },
    }
    plan = compiled(pipeline({"one": task("comp")}, {"comp": component}, {"exec": {"container": container}}))
    made = plan.root.tasks["one"].component
    assert isinstance(made, Container)
    assert (made.component, made.label, made.image) == ("comp", "exec", "python:3.11")
    assert (made.command, made.args) == (("python", "-c"), ("{{$}}",))
    assert made.env == (("B", "2"), ("A", "1"))
    assert made.resources == Resources(
        cpu_request="0.5",
        cpu_limit="1500m",
        memory_limit="1.5G",
        memory_request="{{$.inputs.parameters['m']}}",
        accelerator_type="gpu",
        accelerator_count="2",
    )
    interface = made.interface
    assert interface.input_parameters == {
        "n": ParameterSpec(ParameterType.NUMBER_INTEGER, has_default=True, default=3, literals=(3, 4))
    }
    assert interface.output_parameters == {"out": ParameterSpec(ParameterType.LIST)}
    assert interface.input_artifacts == {
        "data": ArtifactSpec("system.Dataset", schema_version="0.0.2", optional=True, is_list=True)
    }
    assert interface.output_artifacts == {"made": ArtifactSpec("system.Artifact", metadata={"k": 1})}


def test_tasks_with_every_kind_of_input() -> None:
    producer = leaf({}, {"Output": "STRUCT"}, executorLabel="exec-a")
    producer["outputDefinitions"]["artifacts"] = {"data": DATA}
    takes = {name: {"parameterType": "STRING", "isOptional": True} for name in ("a", "b", "c", "d", "e", "f")}
    consumer = leaf(takes)
    consumer["inputDefinitions"]["artifacts"] = {"data": DATA, "more": DATA}
    sources = given(
        a=constant("{{$.pipeline_job_name}}"),
        b={"componentInputParameter": "p"},
        c=output_of("make"),
        d={**output_of("make"), "parameterExpressionSelector": 'parseJson(string_value)["k"]'},
        e={"taskFinalStatus": {"producerTask": "make"}},
        f={"runtimeValue": {"constantValue": {"intValue": "7"}}},
    )
    made = {"taskOutputArtifact": {"producerTask": "make", "outputArtifactKey": "data"}}
    sources["artifacts"] = {"data": made, "more": {"componentInputArtifact": "given"}}
    spec = pipeline(
        {
            "zuse": task(
                "comp-use",
                "first",
                inputs=sources,
                taskInfo={"name": "Use it"},
                cachingOptions={"enableCache": True, "cacheKey": "k"},
                triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
            ),
            "make": task("comp-make", "first"),
            "first": task("comp-make"),
        },
        {"comp-make": producer, "comp-use": consumer},
        inputDefinitions={
            "parameters": {"p": {"parameterType": "STRING"}},
            "artifacts": {"given": {**DATA, "isOptional": True}},
        },
    )
    dag = compiled(spec).root
    use = dag.tasks["zuse"]
    assert use.parameters == {
        "a": ParameterBinding(Constant("{{$.pipeline_job_name}}")),
        "b": ParameterBinding(FromParent("p")),
        "c": ParameterBinding(FromTask("make", "Output")),
        "d": ParameterBinding(FromTask("make", "Output"), ("k",)),
        "e": ParameterBinding(FinalStatus("make")),
        "f": ParameterBinding(Constant(7)),
    }
    assert use.artifacts == {"data": FromTask("make", "data"), "more": FromParent("given")}
    assert use.display_name == "Use it"
    assert use.caching == Caching(True, "k")
    assert use.trigger is Trigger.ALL_COMPLETED
    assert use.depends_on == ("make", "first")
    assert list(dag.tasks) == ["first", "make", "zuse"]
    assert dag.roots == ("first",)
    assert dag.successors == {"first": ("make", "zuse"), "make": ("zuse",), "zuse": ()}
    assert dag.tasks["make"].trigger is Trigger.ALL_SUCCEEDED
    assert dag.tasks["make"].component is dag.tasks["first"].component


def test_nested_pipelines_and_their_outputs() -> None:
    producer = leaf({}, {"Output": "STRING"})
    producer["outputDefinitions"]["artifacts"] = {"data": DATA}
    chosen = [{"producerSubtask": name, "outputParameterKey": "Output"} for name in ("a", "b")]
    inner = {
        "dag": {
            "tasks": {"a": task("comp-make"), "b": task("comp-make")},
            "outputs": {
                "parameters": {
                    "one": {"valueFromParameter": chosen[1]},
                    "any": {"valueFromOneof": {"parameterSelectors": chosen}},
                },
                "artifacts": {"data": {"artifactSelectors": [{"producerSubtask": "a", "outputArtifactKey": "data"}]}},
            },
        },
        "outputDefinitions": {"parameters": {"one": {"parameterType": "STRING"}}},
    }
    plan = compiled(pipeline({"nest": task("comp-in")}, {"comp-make": producer, "comp-in": inner}))
    nest = plan.root.tasks["nest"].component
    assert isinstance(nest, Dag)
    assert nest.output_parameters == {
        "one": (OutputSelector("b", "Output"),),
        "any": (OutputSelector("a", "Output"), OutputSelector("b", "Output")),
    }
    assert nest.output_artifacts == {"data": (OutputSelector("a", "data"),)}
    assert plan.find("root.nest.b").name == "b"


def test_only_the_documents_own_texts_are_templates() -> None:
    values = {"a": ["x {{$.pipeline_root}}", "plain"], "{{$.pipeline_job_name}}": 1}
    found = Constant(values).value
    assert found == values
    assert isinstance(found, dict)
    assert isinstance(found["a"], list)
    assert [type(each) for each in found["a"]] == [Template, str]
    assert type(next(key for key in found if key != "a")) is Template


def test_the_plan_says_what_the_document_says_of_itself() -> None:
    spec = pipeline({}, {})
    spec["pipelineInfo"] = {"name": "p", "displayName": "P", "description": "d"}
    spec["defaultPipelineRoot"] = "minio://x"
    document = document_from_json(spec)
    plan = compile_plan(document)
    assert (plan.pipeline_name, plan.display_name, plan.description) == ("p", "P", "d")
    assert (plan.default_pipeline_root, plan.sdk_version) == ("minio://x", "kfp-2.17.0")
    assert plan.plan_id == document.plan_id


def test_arguments_that_make_no_sense_are_refused_with_their_place() -> None:
    container = {"image": "alpine", "args": ["ok", '{"IfPresent": {"InputName": "x"}}']}
    with pytest.raises(InvalidSpec) as caught:
        compiled(pipeline({"one": task("comp")}, {"comp": leaf()}, {"exec": {"container": container}}))
    assert caught.value.where == "deploymentSpec.executors.exec.container.args[1]"


@pytest.mark.parametrize(
    ("executor", "problem"), [({}, "says nothing to execute"), ({"container": {}}, "has no image")]
)
def test_an_executor_must_say_what_to_execute(executor: Json, problem: str) -> None:
    with pytest.raises(InvalidSpec, match=problem):
        compiled(pipeline({"one": task("comp")}, {"comp": leaf()}, {"exec": executor}))


def test_a_long_chain_compiles_without_recursion() -> None:
    tasks = {f"t{n}": task("comp", *([f"t{n - 1}"] if n else [])) for n in reversed(range(5000))}
    dag = compiled(pipeline(tasks, {"comp": leaf()})).root
    assert list(dag.tasks)[:3] == ["t0", "t1", "t2"]
    assert len({id(each.component) for each in dag.tasks.values()}) == 1


def test_plans_are_compiled_once_and_the_oldest_is_dropped() -> None:
    plans = Plans(limit=2)
    documents = [document_from_json({**pipeline({}, {}), "pipelineInfo": {"name": f"p{n}"}}) for n in range(3)]
    first = plans.get(documents[0])
    assert plans.get(document_from_json(documents[0].as_json())) is first
    plans.get(documents[1])
    assert plans.known(documents[0].plan_id) is first  # and is now the one used last
    plans.get(documents[2])
    assert plans.known(documents[1].plan_id) is None
    assert plans.known(documents[0].plan_id) is first


def test_a_document_that_comes_again_is_read_once_and_the_oldest_is_dropped() -> None:
    plans, value = Plans(limit=8), pipeline({}, {})
    text = canonical(value).encode()
    first = plans.read(text, value)
    assert first == document_from_json(value)
    assert plans.read(text, value) is first
    for number in range(2):
        other = {**value, "pipelineInfo": {"name": f"p{number}"}}
        plans.read(canonical(other).encode(), other)
    assert plans.read(text, value) is not first
