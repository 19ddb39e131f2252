"""Quantities as Kubernetes reads them, and what is said of those that are none."""

from decimal import Decimal

import pytest

from headrace.base.errors import InvalidSpec
from headrace.spec.plan import Resources
from headrace.spec.quantity import Quantities, check_resources, parse_quantity, quantities

PLACEHOLDER = "{{$.inputs.parameters['m']}}"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", "0.5"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("2.", "2"),
        ("+1", "1"),
        ("2Gi", str(2 * 2**30)),
        ("1G", "1000000000"),
        ("128974848", "128974848"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("12e-1", "1.2"),
        ("1E", "1000000000000000000"),
        ("3Ei", str(3 * 2**60)),
        ("100M", "100000000"),
        ("1Ki", "1024"),
        ("5k", "5000"),
        ("5K", "5000"),
        ("250u", "0.00025"),
        (" 7n ", "0.000000007"),
        ("0", "0"),
    ],
)
def test_what_a_quantity_stands_for(text: str, number: str) -> None:
    assert parse_quantity(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "1 Gi", "2gi", "2GB", "1e", "1e3Gi", "lots", "9Ei", "1e99", "٣", "0x10"]
)
def test_what_is_none(text: str) -> None:
    assert parse_quantity(text) is None


def test_all_that_a_step_may_ask_for() -> None:
    asked = Resources(
        cpu_request="250m",
        cpu_limit="4000m",
        memory_request="1.5G",
        memory_limit="0.1",
        accelerator_type="nvidia.com/gpu",
        accelerator_count="2",
    )
    with pytest.raises(InvalidSpec, match=r"root\.train: the memory limit '0\.1' is 1 bytes, in which nothing runs"):
        quantities(asked, "root.train")
    asked = Resources(**{name: getattr(asked, name) for name in asked.__dataclass_fields__} | {"memory_limit": "64Mi"})
    assert quantities(asked, "root.train") == Quantities(0.25, 4.0, 1_500_000_000, 64 * 2**20, "nvidia.com/gpu", 2)
    # What an optional parameter without a value comes to.
    assert quantities(Resources(cpu_limit="null", accelerator_type="null", accelerator_count="3"), "") == Quantities()


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (Resources(cpu_request="some"), "the CPU request 'some' is no quantity"),
        (Resources(cpu_limit="1m"), "the CPU limit '1m' is too small"),
        (Resources(memory_request="2GB"), "the memory request '2GB' is no quantity"),
        (Resources(memory_limit="400m"), "the memory limit '400m' is 1 bytes"),
        (Resources(accelerator_type="gpu", accelerator_count="1.5"), "the number of accelerators '1.5' is not whole"),
        (Resources(accelerator_type=PLACEHOLDER, accelerator_count="-1"), "accelerators '-1' is no quantity"),
    ],
)
def test_what_is_wrong_names_its_field_when_it_is_compiled(resources: Resources, said: str) -> None:
    with pytest.raises(InvalidSpec, match=said) as raised:
        check_resources(resources, "deploymentSpec.executors.x.container.resources")
    assert raised.value.where == "deploymentSpec.executors.x.container.resources"
    assert raised.value.hint


def test_what_comes_from_a_parameter_is_not_known_yet() -> None:
    check_resources(Resources(memory_limit=PLACEHOLDER, cpu_limit=f"{PLACEHOLDER}m", accelerator_count="1"), "")
