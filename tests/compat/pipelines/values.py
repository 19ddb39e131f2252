"""Parameters of every type, given in every way; each step tells what it got as Python writes it."""

# ruff: noqa: PTH123, UP014 - a step brings its own imports, and the fewer the better

import warnings
from typing import NamedTuple, Optional

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import OutputPath

from tests.compat.pipelines.steps import step

TYPES = {"text": str, "whole": int, "number": float, "truth": bool, "many": list, "table": dict}


@step
def tell(
    text: str = "d",
    whole: int = 7,
    number: float = 1.5,
    truth: bool = True,
    many: list = [1, "a", 2.5, False, [], {}],  # noqa: B006
    table: dict = {"a": 1, "b": {"c": [True, 2.0]}},  # noqa: B006
) -> str:
    return repr([text, whole, number, truth, many, table])


@step
def tell_optional(
    text: Optional[str] = None,  # noqa: UP045 - the SDK knows this spelling only
    whole: Optional[int] = None,  # noqa: UP045
    number: Optional[float] = None,  # noqa: UP045
    truth: Optional[bool] = None,  # noqa: UP045
    many: Optional[list[int]] = None,  # noqa: UP045
    table: Optional[dict[str, int]] = None,  # noqa: UP045
) -> str:
    return repr([text, whole, number, truth, many, table])


@step
def needs_all(text: str, whole: int, number: float, truth: bool, many: list, table: dict) -> str:
    return repr([text, whole, number, truth, many, table])


@step
def give_all() -> NamedTuple(
    "All", [("text", str), ("whole", int), ("number", float), ("truth", bool), ("many", list), ("table", dict)]
):
    made = NamedTuple(
        "All", [("text", str), ("whole", int), ("number", float), ("truth", bool), ("many", list), ("table", dict)]
    )
    return made("line\n\u2603", 2**70, 3, False, [None, 1.0, "a"], {"k": [None], "1": {"x": -1}})


@step
def as_files(
    text: OutputPath(str),
    whole: OutputPath(int),
    number: OutputPath(float),
    truth: OutputPath(bool),
    many: OutputPath(list),
    table: OutputPath(dict),
):
    import json

    for path, value in (
        (text, ""),
        (whole, "3.0"),
        (number, "1e3"),
        (truth, "False"),
        (many, []),
        (table, {"a": None}),
    ):
        with open(path, "w") as file:
            file.write(value if isinstance(value, str) else json.dumps(value))


@step
def numbers() -> NamedTuple("Numbers", [("whole", int), ("truth", int), ("float_of_int", float), ("zero", float)]):
    """Python's bool is an int, and the SDK lets it pass."""
    return True, False, 2**53 + 1, -0.0


@dsl.pipeline(name="values")
def values(
    text: str = "p",
    whole: int = 8,
    number: float = 2,
    truth: bool = False,
    many: list = [],  # noqa: B006
    table: dict = {},  # noqa: B006
    nothing: Optional[str] = None,  # noqa: UP045
    no_number: Optional[int] = None,  # noqa: UP045
):
    tell().set_display_name("defaults")
    needs_all(text=text, whole=whole, number=number, truth=truth, many=many, table=table).set_display_name("given")
    tell_optional().set_display_name("left out")
    tell_optional(text=nothing, whole=no_number).set_display_name("null")
    tell(text=nothing, whole=no_number).set_display_name("null for a default")
    tell(text="", whole=0, number=0.0, truth=False, many=[], table={}).set_display_name("empty")
    tell(text=' {"a": 1} ', whole=-(2**53), number=-0.0, many=[[[]]], table={"": "é"}).set_display_name("odd")
    tell(text="null", number=1e-300, table={"x": {"y": {"z": [1.0, 1e21]}}}).set_display_name("extreme")
    told = give_all()
    needs_all(
        text=told.outputs["text"],
        whole=told.outputs["whole"],
        number=told.outputs["number"],
        truth=told.outputs["truth"],
        many=told.outputs["many"],
        table=told.outputs["table"],
    ).set_display_name("from outputs")
    tell(
        text=f"{told.outputs['text']}|{told.outputs['whole']}|{told.outputs['number']}|{told.outputs['truth']}|{told.outputs['many']}|{told.outputs['table']}"
    ).set_display_name("in a text")
    tell(many=[told.outputs["whole"], "x", text], table={"k": told.outputs["text"], "n": whole}).set_display_name(
        "inside"
    )
    as_files()
    numbers()


@step
def write_one(
    which: str,
    content: str,
    text: OutputPath(str),
    whole: OutputPath(int),
    number: OutputPath(float),
    truth: OutputPath(bool),
    many: OutputPath(list),
    table: OutputPath(dict),
):
    """The content in one of the files, and what is right in the others."""
    right = {"text": "x", "whole": "1", "number": "1.5", "truth": "true", "many": "[]", "table": "{}", which: content}
    for name, path in (
        ("text", text),
        ("whole", whole),
        ("number", number),
        ("truth", truth),
        ("many", many),
        ("table", table),
    ):
        with open(path, "w") as file:
            file.write(right[name])


BAD = {
    ("truth", "maybe"): 'the string "maybe", which should be of type BOOLEAN, is no JSON',
    ("truth", "2"): "the number 2 is not of type BOOLEAN",
    ("whole", "7.5"): "the number 7.5 is not of type NUMBER_INTEGER",
    ("whole", "abc"): 'the string "abc", which should be of type NUMBER_INTEGER, is no JSON',
    ("whole", ""): 'the string "", which should be of type NUMBER_INTEGER, is no JSON',
    ("number", "Infinity"): "inf is not a JSON number",
    ("number", "[1]"): "the list [1] is not of type NUMBER_DOUBLE",
    ("many", "['a']"): "which should be of type LIST, is no JSON",
    ("many", '"x"'): 'the string "x" is not of type LIST',
    ("table", "[]"): "the list [] is not of type STRUCT",
    ("table", '{"a": [0, {"b": NaN}]}'): "a[1].b: nan is not a JSON number",
}
"""What a file holds, and what the failure says."""


@dsl.pipeline(name="bad-files")
def bad_files():
    for which, content in BAD:
        write_one(which=which, content=content).set_display_name(f"{which} {content}")


@step
def forgets(out: OutputPath(str), other: OutputPath(int)):
    pass


@step
def not_json() -> dict:
    return {"a": {1, 2}}


@step
def too_few() -> NamedTuple("Two", [("a", int), ("b", int)]):
    return (1,)


@dsl.pipeline(name="failures")
def failures():
    forgets()
    not_json()
    too_few()


@dsl.pipeline(name="literal")
def literal(text: str = "a", whole: int = 1, number: float = 0.5):
    tell(text=text, whole=whole, number=number)
