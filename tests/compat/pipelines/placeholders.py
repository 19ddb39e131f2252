"""KFP's placeholders wherever a pipeline can write them: alone, within texts and structures, in loops, in variables."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import compiler, components, dsl
    from kfp.dsl import ContainerSpec, OutputPath

import tempfile
from pathlib import Path

from tests.compat.pipelines.steps import OWN, step

SYSTEM = {
    "name": dsl.PIPELINE_JOB_NAME_PLACEHOLDER,
    "resource": dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER,
    "run": dsl.PIPELINE_JOB_ID_PLACEHOLDER,
    "task": dsl.PIPELINE_TASK_NAME_PLACEHOLDER,
    "task id": dsl.PIPELINE_TASK_ID_PLACEHOLDER,
    "root": dsl.PIPELINE_ROOT_PLACEHOLDER,
    "created": dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER,
    "scheduled": dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER,
}


@step
def same(text: str) -> str:
    return text


@step
def structured(table: dict, many: list) -> list:
    return [table, many]


@step
def variables() -> dict:
    import os

    return {name: os.environ.get(name) for name in ("RUN", "GIVEN", "BOTH", "UNKNOWN")}


@dsl.container_component
def contained(text: str, whole: int, out: OutputPath(str)):
    script = 'printf %s "$RUN $GIVEN $SIZE" > "$0"'
    return ContainerSpec(image="alpine", command=["sh", "-c", script, out], args=[text, whole])


def loaded(component: object) -> object:
    """The component as it comes back from a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "component.yaml")
        compiler.Compiler().compile(component, file)
        return components.load_component_from_file(file)


same_from_file = loaded(same)
contained_from_file = loaded(contained)


@dsl.pipeline(name="inner")
def inner(text: str) -> str:
    return same(text=f"{text} in {dsl.PIPELINE_TASK_NAME_PLACEHOLDER} of {dsl.PIPELINE_JOB_ID_PLACEHOLDER}").output


@dsl.pipeline(name="placeholders")
def placeholders(text: str = "{{$.pipeline_job_uuid}}", whole: int = 3, image: str = OWN):
    for name, placeholder in SYSTEM.items():
        same(text=placeholder).set_display_name(name)
        same(text=f"<{placeholder}|{text}>").set_display_name(f"{name} within")
    run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
    structured(
        table={"run": run, "deep": {"many": [f"a {run}", whole]}},
        many=[run, text, dsl.PIPELINE_TASK_NAME_PLACEHOLDER],
    )
    inner(text="word")
    with dsl.ParallelFor(["a", "b"]) as item:
        same(text=f"{item} {dsl.PIPELINE_TASK_NAME_PLACEHOLDER}").set_display_name("each")
        same(text=dsl.PIPELINE_TASK_ID_PLACEHOLDER).set_display_name("each id")
    variables().set_env_variable("RUN", run).set_env_variable("UNKNOWN", "{{$.nothing}} {{x}}")
    taking = contained(text=text, whole=whole).set_env_variable("RUN", run)
    taking.set_env_variable("GIVEN", "{{$.inputs.parameters['text']}}").set_env_variable(
        "SIZE", "{{$.inputs.parameters['whole']}}m"
    )
    chosen = same(text=image).set_display_name("which image")
    variables().set_container_image(image).set_display_name("image of a parameter")
    variables().set_container_image(chosen.output).set_display_name("image of an output")
    same_from_file(text=f"loaded {run}").set_display_name("loaded")
    again = contained_from_file(text="x", whole=1).set_display_name("loaded container")
    again.set_env_variable("GIVEN", "{{$.inputs.parameters['text']}}")
