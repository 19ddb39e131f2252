"""The gauges of the controllers: read when they are asked for, not when they are made."""

from dataclasses import dataclass, field

from prometheus_client import generate_latest

from headrace.api.metrics import load_registry
from headrace.controllers.pruner import Went


@dataclass
class Load:
    live_runs: int = 0
    running_steps: int = 0
    queued_steps: int = 0
    pruned: Went = field(default_factory=Went)


def test_the_load_is_read_when_it_is_asked_for() -> None:
    load = Load()
    registry = load_registry(load)
    assert "headrace_queued_steps 0.0" in generate_latest(registry).decode()
    load.live_runs, load.running_steps, load.queued_steps = 1, 2, 3
    text = generate_latest(registry).decode()
    for line in ("headrace_live_runs 1.0", "headrace_running_steps 2.0", "headrace_queued_steps 3.0"):
        assert line in text


def test_what_retention_let_go_is_counted() -> None:
    load = Load()
    registry = load_registry(load)
    load.pruned = Went(runs=2, tasks=5, logs=5, log_bytes=70, artifacts=3, artifact_bytes=400, uncached=1)
    text = generate_latest(registry).decode()
    for line in (
        'headrace_retention_removed_total{what="runs"} 2.0',
        'headrace_retention_removed_total{what="uncached"} 1.0',
        'headrace_retention_freed_bytes_total{what="artifacts"} 400.0',
        'headrace_retention_freed_bytes_total{what="logs"} 70.0',
    ):
        assert line in text
