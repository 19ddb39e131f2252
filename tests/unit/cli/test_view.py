"""How durations and sizes are spelled, and what of artifacts is a metric."""

import pytest

from headrace.cli.view import ArtifactView, TaskView, spell, spell_bytes
from headrace.model.state import State


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (None, ""),
        (0, "0ms"),
        (0.0312, "31ms"),
        (0.0999, "0.1s"),
        (1.24, "1.2s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (185, "3m 05s"),
        (3599.7, "1h 00m"),
        (3720, "1h 02m"),
        (90000, "25h 00m"),
    ],
)
def test_durations(duration: float | None, text: str) -> None:
    assert spell(duration) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_440_000, "1.4 MB"), (999_600, "1.0 MB"), (10**12, "1.0 TB")],
)
def test_sizes(size: int, text: str) -> None:
    assert spell_bytes(size) == text


def test_metrics_of_two_artifacts_that_share_a_name_keep_the_artifacts_name() -> None:
    def metrics(**numbers: float) -> tuple[ArtifactView, ...]:
        return (ArtifactView("metrics", "Metrics", "", numbers),)

    task = TaskView("root.a", "a", State.SUCCEEDED, artifacts={"train": metrics(loss=1), "test": metrics(loss=2, f1=3)})
    assert task.metrics == {"loss": 1, "test.loss": 2, "f1": 3}
