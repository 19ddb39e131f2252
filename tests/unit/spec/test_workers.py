"""How many workers a step is: what its annotation may say, and that its fingerprint counts it only where it does."""

from dataclasses import replace

import pytest

from headrace.base.errors import InvalidSpec
from headrace.model.artifact import Bindings
from headrace.model.pod import Metadata
from headrace.spec.fingerprint import fingerprint
from headrace.spec.plan import Caching, Container, Interface, PodItem
from headrace.spec.workers import ANNOTATION, check_workers, declared, workers

STEP = Container("comp-train", Interface(), "python:3.11", ("train",), ())


def item(**annotations: str) -> PodItem:
    return PodItem(Metadata(annotations={name.replace("_", "-"): text for name, text in annotations.items()}), "here")


def with_workers(text: str) -> Container:
    return replace(STEP, pod=(PodItem(Metadata(annotations={ANNOTATION: text, "other": "x"}), "here"),))


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("4", 4), ("256", 256)])
def test_numbers(text: str, expected: int) -> None:
    assert workers({ANNOTATION: text}, "here") == expected


def test_without_the_annotation_a_step_is_one_process() -> None:
    assert workers({"headrace.dev/other": "4"}, "here") == 1


@pytest.mark.parametrize("text", ["", "0", "-1", "2.0", "04", "many", "257", "1e2", " 4", "٤", "9" * 5000])
def test_what_is_no_number_is_refused_with_its_place(text: str) -> None:
    for check in (workers, check_workers):
        with pytest.raises(InvalidSpec) as refused:
            check({ANNOTATION: text}, "executors.exec-train.podMetadata.annotations")
        assert "is no number of workers" in str(refused.value)
        assert "exec-train.podMetadata.annotations['headrace.dev/workers']" in str(refused.value)


def test_what_comes_from_a_parameter_is_checked_when_the_step_is_launched() -> None:
    text = "{{$.inputs.parameters['n']}}"
    check_workers({ANNOTATION: text}, "here")
    with pytest.raises(InvalidSpec):
        workers({ANNOTATION: text}, "here")


def test_the_fingerprint_has_it_only_where_it_is_declared() -> None:
    def of(step: Container) -> tuple[str, object]:
        mark = fingerprint(step, Bindings(), Caching(enabled=True), "p")
        return mark.digest, mark.parts.get("workers")

    plain = of(STEP)
    assert plain == of(replace(STEP, pod=(item(other="x"),)))
    assert plain[1] is None
    four, five = of(with_workers("4")), of(with_workers("5"))
    assert (four[1], five[1]) == ("4", "5")
    assert len({plain[0], four[0], five[0]}) == 3
    assert declared(with_workers("4").pod) == "4"
