"""Training jobs and accelerators through the SDK: workers find each other, fail together, and rank 0 gives outputs."""

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.compat.pipelines import training
from tests.compat.pipelines.play import Back, Played
from tests.compat.pipelines.steps import OWN
from tests.harness import Server, parameters_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp

SHARDS = [1, 2, 3, 4, 5, 6, 7]


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    environment = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}})}
    server = Server(tmp_path_factory.mktemp("training") / "home", ["--slots", "2"], environment=environment)
    try:
        server.start()
        yield Back(server, kfp.Client(host=server.url))
    finally:
        server.stop()


def log(back: Back, found: Played, task: str, rank: int, attempt: int = 0) -> str:
    address = f"{back.server.url}/api/v1/runs/{found.run['run_id']}/tasks/{task}/log?rank={rank}&attempt={attempt}"
    return httpx2.get(address, timeout=60).raise_for_status().text


def model(back: Back, found: Played) -> tuple[dict[str, object], Path]:
    (task,) = found.named("train")
    (output,) = task["outputs"]["artifacts"]
    (artifact,) = output["artifacts"]
    assert artifact["metadata"]["rank"] == 0, "what the first rank says of it counts"
    file = back.server.home / "store" / artifact["uri"].removeprefix("minio://")
    return json.loads(file.read_text()), file


def test_workers_find_each_other_and_rank_0_gives_the_outputs(back: Back) -> None:
    found = back.play(training.trained, shards=SHARDS)
    assert found.outputs("train") == [28]
    told, file = model(back, found)
    assert told == {"total": 28, "heard": [0, 1, 2, 3], "local": "0"}
    assert sorted(each.name for each in file.parent.iterdir()) == ["model", "output_metadata.json"]
    for rank in range(4):
        said = [line for line in log(back, found, "train", rank).splitlines() if line.startswith("rank ")]
        assert said == [f"rank {rank} of 4"]
    assert parameters_of(found.named("hello")[0])["size"] == 3
    assert [log(back, found, "hello", rank) for rank in range(3)] == [f"hello of {rank}/3/0\n" for rank in range(3)]
    missing = httpx2.get(f"{back.server.url}/api/v1/runs/{found.run['run_id']}/tasks/hello/log?rank=3", timeout=60)
    assert missing.status_code == 404
    assert "no log of rank 3" in missing.text


def test_they_fail_together_and_are_tried_again_together(back: Back, tmp_path: Path) -> None:
    found = back.play(training.trained, shards=SHARDS, fail_once=str(tmp_path / "failed"))
    assert found.outputs("train") == [28]
    why = httpx2.get(f"{back.server.url}/api/v1/runs/{found.run['run_id']}/tasks/train/why", timeout=60).json()
    (first,) = [each["text"] for each in why["details"] if each["label"] == "attempt 1"]
    assert first == "exit code 1: rank 2 of 4: exit code 1: RuntimeError: bad luck of one"
    assert "bad luck of one" in log(back, found, "train", 2, attempt=1)
    assert "bad luck" not in log(back, found, "train", 2, attempt=2)
    assert model(back, found)[0]["heard"] == [0, 1, 2, 3]


def test_the_number_of_workers_counts_for_the_cache(back: Back) -> None:
    first = back.play(training.trained, shards=[5], caching=True)
    again = back.play(training.trained, shards=[5], caching=True)
    assert (first.states("train"), again.states("train")) == (["SUCCEEDED"], ["CACHED"])
    assert again.states("hello") == ["CACHED"]


def test_what_is_no_number_of_workers_is_refused(back: Back) -> None:
    with pytest.raises(Exception, match="'many' is no number of workers"):
        back.submit(training.in_vain)


def test_a_step_without_the_accelerators_that_it_asks_for_is_warned(back: Back) -> None:
    found = back.play(training.accelerated)
    assert found.message("text") == "it asks for 2 example.com/npu, and this machine has none: it runs without"
