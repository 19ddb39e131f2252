"""Conditions: every kind of operand, branches in branches, and outputs that come from the branch that ran."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

from tests.compat.pipelines.steps import (
    give_number,
    give_text,
    give_truth,
    give_whole,
    read,
    text,
    write,
)


@dataclass(frozen=True)
class Channels:
    """What the comparisons compare: parameters of the pipeline, and outputs of its tasks (`made_...`)."""

    count: Any
    share: Any
    on: Any
    word: Any
    made_count: Any
    made_share: Any
    made_on: Any
    made_word: Any


Comparison = Callable[[Channels], Any]

COMPARISONS: dict[str, tuple[Comparison, bool]] = {
    "int == constant": (lambda of: of.count == 3, True),
    "int != constant": (lambda of: of.count != 3, False),
    "int < constant": (lambda of: of.count < 10, True),
    "int >= constant": (lambda of: of.count >= 10, False),
    "int <= itself": (lambda of: of.count <= of.made_count, True),
    "int > task's int": (lambda of: of.count > of.made_count, False),
    "int == double constant": (lambda of: of.count == 3.0, True),
    "int > double channel": (lambda of: of.count > of.share, True),
    "double == constant": (lambda of: of.share == 0.5, True),
    "double < int constant": (lambda of: of.share < 1, True),
    "double != task's double": (lambda of: of.share != of.made_share, False),
    "constant < double": (lambda of: 0.25 < of.made_share, True),  # noqa: SIM300
    "bool == true": (lambda of: of.on == True, True),  # noqa: E712
    "bool == false": (lambda of: of.made_on == False, False),  # noqa: E712
    "bool == task's bool": (lambda of: of.on == of.made_on, True),
    "string == constant": (lambda of: of.word == "yes", True),
    "string != constant": (lambda of: of.made_word != "yes", False),
    "string == task's string": (lambda of: of.word == of.made_word, True),
    "string > constant": (lambda of: of.word > "no", True),
    "string == int constant": (lambda of: of.word == 3, False),
    "string != bool constant": (lambda of: of.word != True, True),  # noqa: E712
    "bool == zero": (lambda of: of.on == 0, True),  # the SDK writes `== true` for it
    "bool == one": (lambda of: of.on == 1, False),
}
"""Each comparison, and whether it holds with the defaults below."""


@dsl.pipeline(name="comparisons")
def comparisons(count: int = 3, share: float = 0.5, on: bool = True, word: str = "yes"):
    of = Channels(
        count=count,
        share=share,
        on=on,
        word=word,
        made_count=give_whole(value=count).output,
        made_share=give_number(value=share).output,
        made_on=give_truth(value=on).output,
        made_word=give_text(value=word).output,
    )
    for name, (compare, _) in COMPARISONS.items():
        with dsl.If(compare(of), name=name):
            text(what=name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with dsl.Condition(count == 3, name="old spelling"):
            text(what="old spelling")


@dsl.pipeline(name="deep")
def deep(word: str) -> str:
    """A choice within a choice, as the output of a pipeline."""
    with dsl.If(word == "a"):
        chosen = give_text(value="deep a")
    with dsl.Else():
        chosen_else = give_text(value="deep else")
    return dsl.OneOf(chosen.output, chosen_else.output)


@dsl.pipeline(name="branches")
def branches(grade: int, word: str) -> str:
    """If, Elif, Elif, Else; in the first, the whole again. What the branches give is chosen on every level."""
    with dsl.If(grade > 8):
        with dsl.If(word == "a"):
            best = give_text(value="high a")
        with dsl.Elif(word == "b"):
            best_b = give_text(value="high b")
        with dsl.Else():
            best_c = give_text(value="high else")
        best_of = dsl.OneOf(best.output, best_b.output, best_c.output)
        high = text(what="high", value=best_of)
    with dsl.Elif(grade > 5):
        middle = give_text(value="middle")
    with dsl.Elif(grade > 2):
        low = deep(word=word)
    with dsl.Else():
        none = give_text(value="none")
    chosen = dsl.OneOf(high.output, middle.output, low.output, none.output)
    text(what="chosen", value=chosen)
    return chosen


@dsl.pipeline(name="files")
def files(word: str) -> dsl.Dataset:
    with dsl.If(word == "a"):
        first = write(value="file a")
    with dsl.Else():
        with dsl.If(word == "b"):
            second = write(value="file b")
        with dsl.Else():
            third = write(value="file else")
        inner = dsl.OneOf(second.outputs["data"], third.outputs["data"])
        read(what="inner", data=inner)
        last = write(value="last")
    chosen = dsl.OneOf(first.outputs["data"], last.outputs["data"])
    read(what="outer", data=chosen)
    return chosen


@dsl.pipeline(name="skipping")
def skipping(go: bool = False, word: str = "left"):
    """A branch that is not taken leaves the rest of the run alone."""
    with dsl.If(go == True):  # noqa: E712
        inside = give_text(value=word)
        with dsl.If(inside.output == "left"):
            text(what="never")
    after = give_text(value="after the gate")
    later = text(what="later", value=after.output)
    text(what="even so", value=later.output).ignore_upstream_failure()
    text(what="beside")
