"""Container components whose command is told apart from how it was written: each prints what it was given, as JSON.

`SHOW` stands for the program of an image: it writes its arguments to a file, as one list.
"""

# ruff: noqa: PTH123, RUF013, E501 - a step brings its own imports; the SDK's signatures; scripts are lines

import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import components, dsl
    from kfp.dsl import (
        Artifact,
        ConcatPlaceholder,
        ContainerSpec,
        Dataset,
        IfPresentPlaceholder,
        Input,
        Output,
        OutputPath,
    )

from tests.compat.pipelines.steps import step

SHOW = [sys.executable, "-c", "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"]
"""Writes all but the first of its arguments as a JSON list to the file that the first one names."""


@dsl.container_component
def values(text: str, whole: int, number: float, truth: bool, many: list, table: dict, out: OutputPath(list)):
    return ContainerSpec(
        image="alpine", command=[*SHOW, out], args=[text, whole, number, truth, many, table, f"[{text}|{whole}]"]
    )


@dsl.container_component
def concat(text: str, whole: int, many: list, out: OutputPath(list), part: str = None):
    deep = ConcatPlaceholder(["(", ConcatPlaceholder([text, "=", whole]), ")"])
    maybe = IfPresentPlaceholder(input_name="part", then=ConcatPlaceholder(["+", part]), else_="-")
    return ContainerSpec(
        image="alpine",
        command=[*SHOW, out, ConcatPlaceholder([]), ConcatPlaceholder(["a", "b"])],
        args=[ConcatPlaceholder(["--deep=", deep, maybe, many])],
    )


@dsl.container_component
def present(
    out: OutputPath(list),
    text: str = None,
    data: Input[Artifact] = None,
    many: list = None,
    truth: bool = None,
    default: str = "word",
):
    nested = IfPresentPlaceholder(
        input_name="text",
        then=["--text", text, IfPresentPlaceholder(input_name="many", then=["--many", many])],
        else_=["--no-text", IfPresentPlaceholder(input_name="many", then=["--only-many", many], else_="nothing")],
    )
    return ContainerSpec(
        image="alpine",
        command=[*SHOW, out],
        args=[
            nested,
            IfPresentPlaceholder(input_name="data", then=["--data", data.uri], else_=["--no-data"]),
            IfPresentPlaceholder(input_name="truth", then=truth),
            IfPresentPlaceholder(input_name="default", then=ConcatPlaceholder(["--default=", default])),
        ],
    )


@dsl.container_component
def whereabouts(data: Input[Dataset], made: Output[Dataset], out: OutputPath(list)):
    return ContainerSpec(
        image="alpine",
        command=[*SHOW, out],
        args=[
            data.uri,
            data.path,
            data.metadata["rows"],
            data.metadata["absent"],
            data.metadata,
            made.uri,
            made.path,
            dsl.PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER,
            "{{$.inputs.artifacts['data']}}",
            "{{$.inputs.artifacts['data'].name}}",
            f"{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}|{dsl.PIPELINE_JOB_ID_PLACEHOLDER}|{dsl.PIPELINE_TASK_NAME_PLACEHOLDER}",
            dsl.PIPELINE_ROOT_PLACEHOLDER,
            dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER,
        ],
    )


@dsl.container_component
def several(data: Input[list[Dataset]], out: OutputPath(list)):
    return ContainerSpec(image="alpine", command=[*SHOW, out], args=[data, "{{$.inputs.artifacts['data'].uri}}"])


@dsl.container_component
def every_file(
    text: OutputPath(str),
    whole: OutputPath(int),
    number: OutputPath(float),
    truth: OutputPath(bool),
    many: OutputPath(list),
    table: OutputPath(dict),
):
    script = (
        'printf " x\\n" > "$0"; echo 7 > "$1"; echo 2.50 > "$2"; echo True > "$3"; '
        'echo "[1, null]" > "$4"; echo "{\\"a\\": {}}" > "$5"'
    )
    return ContainerSpec(image="alpine", command=["sh", "-c", script], args=[text, whole, number, truth, many, table])


@dsl.container_component
def tells(data: Output[Dataset], output: OutputPath(str)):
    """Writes the executor output file itself, in both spellings of its keys."""
    script = (
        'printf bytes > "$1.elsewhere"; printf ignored > "$2"; printf %s "{\\"parameterValues\\": {\\"output\\": \\"told\\"},'
        ' \\"artifacts\\": {\\"data\\": {\\"artifacts\\": [{\\"name\\": \\"named\\", \\"metadata\\": {\\"rows\\": 3},'
        ' \\"customPath\\": \\"$1.elsewhere\\"}]}}}" > "$0"'
    )
    return ContainerSpec(
        image="alpine",
        command=["sh", "-c", script, dsl.PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER],
        args=[data.path, output],
    )


@dsl.container_component
def folder(data: Output[Dataset]):
    return ContainerSpec(image="alpine", command=["sh", "-c", 'mkdir "$0"; echo b > "$0/b"; mkdir "$0/e"', data.path])


@dsl.container_component
def nothing(data: Output[Dataset]):
    return ContainerSpec(image="alpine", command=["true", data.path])


@dsl.container_component
def variables(out: OutputPath(str)):
    return ContainerSpec(image="alpine", command=["sh", "-c", 'printf %s "$A|$B|$C" > "$0"', out])


OLD = components.load_component_from_text(
    """
name: Old style
description: As KFP 1 had them
inputs:
- {name: Text with blanks, type: String}
- {name: whole, type: Integer, default: '7'}
- {name: table, type: JsonObject, default: '{"a": [1]}'}
- {name: maybe, type: String, optional: true}
- {name: flag, type: Boolean, default: 'True'}
- {name: data, type: Dataset, optional: true}
outputs:
- {name: out, type: JsonArray}
- {name: file, type: Model}
implementation:
  container:
    image: alpine
    command:
    - sh
    - -c
    - 'printf "model $A" > "$1"; shift; PYTHON -c "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], \\"w\\"))" "$@"'
    - sh
    - {outputPath: file}
    - {outputPath: out}
    args:
    - --text
    - {inputValue: Text with blanks}
    - {inputValue: whole}
    - {inputValue: table}
    - {inputValue: flag}
    - if:
        cond: {isPresent: maybe}
        then: [--maybe, {inputValue: maybe}]
        else: [--not]
    - if:
        cond: {isPresent: data}
        then: [--data, {inputPath: data}]
    - concat: [a, {inputValue: whole}, b]
    - {outputPath: file}
    env: {A: from the component}
""".replace("PYTHON", sys.executable)
)


@step
def rows(text: str, data: Output[Dataset], count: int = 5):
    data.metadata["rows"] = count
    with open(data.path, "w") as file:
        file.write(text)


@dsl.pipeline(name="containers")
def containers(text: str = 'it\'s "é" $HOME `x`', many: list = [1, "b", {"c": 2.5}]):  # noqa: B006
    made = rows(text="one").set_display_name("The rows")
    more = rows(text="two", count=6)
    values(text=text, whole=-3, number=2.0, truth=False, many=many, table={"k": {"é": [1.5, 2]}})
    concat(text=text, whole=10, many=many)
    concat(text="t", whole=10, many=[], part="p").set_display_name("with part")
    present()
    present(text="", many=[], truth=False, default="")
    present(text="x", data=made.outputs["data"], many=[1])
    present(many=many)
    whereabouts(data=made.outputs["data"])
    with dsl.ParallelFor(["a", "b"]) as item:
        each = rows(text=item)
    several(data=dsl.Collected(each.outputs["data"]))
    every_file()
    tells()
    folder()
    nothing()
    variables().set_env_variable("A", "a b").set_env_variable("B", "$A").set_env_variable("C", "{{x}}")
    OLD(text_with_blanks="hello")
    OLD(text_with_blanks="there", whole=8, maybe="m", flag=False, data=more.outputs["data"], table={})
