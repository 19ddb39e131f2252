"""The gauges of the controllers: read when they are asked for, not when they are made."""

from dataclasses import dataclass

from prometheus_client import generate_latest

from headrace.api.metrics import load_registry


@dataclass
class Load:
    live_runs: int = 0
    running_steps: int = 0
    queued_steps: int = 0


def test_the_load_is_read_when_it_is_asked_for() -> None:
    load = Load()
    registry = load_registry(load)
    assert "headrace_queued_steps 0.0" in generate_latest(registry).decode()
    load.live_runs, load.running_steps, load.queued_steps = 1, 2, 3
    text = generate_latest(registry).decode()
    for line in ("headrace_live_runs 1.0", "headrace_running_steps 2.0", "headrace_queued_steps 3.0"):
        assert line in text
