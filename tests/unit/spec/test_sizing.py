"""Advice follows from what was used: head room over peaks, requests of nearly all, quantities that read well."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.model.task import Usage
from headrace.spec.quantity import parse_quantity
from headrace.spec.sizing import Execution, lines, size

MIB = 1 << 20


def execution(
    memory: int, cpu: float = 1.0, seconds: float = 2.0, *, succeeded: bool = True, **more: float
) -> Execution:
    usage = Usage(user_seconds=cpu, peak_memory=memory * MIB)
    return Execution(dataclasses.replace(usage, **more), seconds, succeeded)  # type: ignore[arg-type]


def test_nothing_is_advised_of_nothing() -> None:
    assert size([]).memory_limit == ""
    assert lines("train", size([])) == ()


def test_failures_alone_are_no_ground_for_advice() -> None:
    sizing = size([execution(100, succeeded=False)] * 7)
    assert (sizing.executions, sizing.memory_request, sizing.cpu_request) == (7, "", "")


def test_a_limit_has_head_room_over_the_peak_and_a_request_is_what_nearly_all_need() -> None:
    sizing = size([execution(200)] * 99 + [execution(800)])
    assert sizing.executions == 100
    assert sizing.memory_request == "256Mi"
    assert sizing.memory_limit == "1Gi"
    assert (sizing.memory, sizing.peak_memory) == (200 * MIB, 800 * MIB)


def test_few_executions_are_given_more_room() -> None:
    assert size([execution(400)] * 4).memory_limit == "640Mi"
    assert size([execution(400)] * 5).memory_limit == "512Mi"


def test_cpu_is_requested_as_it_is_used_and_never_limited_to_less_than_a_core() -> None:
    assert (size([execution(10, cpu=0.4)]).cpu_request, size([execution(10, cpu=0.4)]).cpu_limit) == ("200m", "1")
    busy = size([execution(10, cpu=20.0, seconds=8.0, peak_cores=3.2)])
    assert (busy.cpu_request, busy.cpu_limit) == ("2500m", "3500m")


def test_a_short_step_needs_little_of_a_core() -> None:
    assert size([execution(10, cpu=0.05, seconds=0.05)]).cpu_request == "100m"


def test_one_that_was_killed_over_its_limit_is_given_twice_that() -> None:
    killed = execution(96, succeeded=False, over_limit=100 * MIB)
    sizing = size([killed])
    assert (sizing.killed, sizing.memory_limit, sizing.memory_request) == (1, "256Mi", "256Mi")
    assert size([killed, *[execution(150)] * 9]).memory_limit == "192Mi", "it has since been seen to be enough"


def test_what_failed_otherwise_still_shows_how_much_it_took() -> None:
    sizing = size([execution(100)] * 9 + [execution(500, succeeded=False)])
    assert (sizing.memory_request, sizing.memory_limit) == ("112Mi", "640Mi")


def test_the_lines_can_be_pasted() -> None:
    assert lines("train_model", size([execution(100)] * 5)) == (
        'train_model.set_cpu_request("500m")',
        'train_model.set_cpu_limit("1")',
        'train_model.set_memory_request("112Mi")',
        'train_model.set_memory_limit("128Mi")',
    )


USED = st.builds(
    execution,
    memory=st.integers(1, 1 << 20),
    cpu=st.floats(0, 1e6),
    seconds=st.floats(1e-3, 1e6),
    peak_cores=st.floats(0, 256),
)


@given(st.lists(USED, min_size=1))
def test_no_execution_that_was_seen_would_be_over_its_limits(executions: list[Execution]) -> None:
    sizing = size(executions)
    memory = parse_quantity(sizing.memory_limit)
    cpu = parse_quantity(sizing.cpu_limit)
    assert memory is not None
    assert cpu is not None
    assert all(each.usage.peak_memory <= memory for each in executions)
    assert all(each.usage.peak_cores <= cpu for each in executions)
    request = parse_quantity(sizing.memory_request)
    assert request is not None
    assert request <= memory


@pytest.mark.parametrize("memory", [1, 31, 32, 127, 128, 1023, 1024, 9000, 70_000])
def test_quantities_are_the_next_that_read_well(memory: int) -> None:
    found = parse_quantity(size([execution(memory)]).memory_request)
    assert found is not None
    assert max(memory, 32) * MIB <= found <= max(memory * 1.34, 32) * MIB
