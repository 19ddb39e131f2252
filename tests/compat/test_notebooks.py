"""Notebooks as components, as the SDK runs them: what they were given, what they gave, why one failed."""

import kfp
import pytest
from tests.compat.pipelines import notebooks
from tests.compat.pipelines.play import Back, Played, content
from tests.harness import Server, artifacts_of


@pytest.fixture(scope="module")
def back(server: Server) -> Back:
    return Back(server, kfp.Client(host=server.url))


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    return back.play(notebooks.notebooks, "FAILED")


def test_parameters_go_in_and_values_come_out(back: Back, played: Played) -> None:
    assert played.outputs("sums") == [['it\'s "é"', 65, {"a": ["x", True]}, False]]
    (task,) = played.named("sums")
    (made,) = artifacts_of(task)["made"]
    assert content(back, made).startswith("[\"it's")
    assert "the notebook says it's" in back.log(played.run["run_id"], "sums", 1)


def test_a_notebook_without_a_cell_for_parameters(played: Played) -> None:
    assert played.outputs("untagged") == ["2.5"]


def test_a_notebook_that_fails_says_why(played: Played) -> None:
    assert "ValueError: no good" in played.message("failing")
