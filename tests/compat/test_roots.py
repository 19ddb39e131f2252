"""Pipelines for a cloud's store run as they stand: what they write is where its uri says, in folders of the home."""

import json
import sys
from collections.abc import Iterator

import httpx2
import kfp
import pytest
from tests.compat.pipelines import roots
from tests.compat.pipelines.play import Back, Played
from tests.compat.pipelines.steps import OWN
from tests.harness import Server, artifacts_of
from tests.mounting import skip_where_forbidden

from headrace.base.home import buckets


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    skip_where_forbidden(tmp_path_factory.mktemp("stage"))
    environment = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}})}
    server = Server(tmp_path_factory.mktemp("roots") / "home", ["--slots", "2"], environment=environment)
    try:
        server.start()
        yield Back(server, kfp.Client(host=server.url))
    finally:
        server.stop()


def only(played: Played, task: str, key: str) -> dict[str, str]:
    (artifact,) = artifacts_of(played.tasks[f"root.{task}"])[key]
    found: dict[str, str] = artifact
    return found


@pytest.mark.parametrize(
    ("root", "source"),
    [
        ("gs://bucket/x", "gcs"),
        ("s3://bucket/y/z", "s3"),
        ("minio://other/x", "minio"),
        ("s3://bucket/q/?region=x&endpoint=http://h:1", "s3"),
    ],
)
def test_a_root_of_any_store(back: Back, root: str, source: str) -> None:
    run = back.client.create_run_from_pipeline_func(
        roots.roots, arguments={"text": root}, pipeline_root=root, enable_caching=True
    )
    played = back.end(run.run_id)
    text = root
    assert played.outputs("spell") == [text]
    assert played.outputs("read") == [f"copy of {text} 0.5"]
    assert played.outputs("read-2") == [f"{text} 0.5"]
    root = root.partition("?")[0].rstrip("/")
    scheme, _, folder = root.partition("://")
    files = buckets(back.server.home / "store", scheme)
    bytes_of = {
        ("make", "data"): text,
        ("spell", "copy"): f"copy of {text}",
        ("contain", "whole"): f"copy of {text}",
    }
    for (task, key), content in bytes_of.items():
        uri = only(played, task, key)["uri"]
        assert uri.startswith(f"{root}/roots/{run.run_id}/{task}/")
        assert (files / uri.removeprefix(f"{scheme}://")).read_text() == content
        address = f"{back.server.url}/artifacts/{source}/{uri.removeprefix(f'{scheme}://')}"
        assert httpx2.get(address).raise_for_status().text == content
    model = only(played, "make", "model")["uri"]
    assert (files / model.removeprefix(f"{scheme}://") / "weights").read_text() == "0.5"
    assert played.outputs("make") == [model.removesuffix("model") + "beside"]
    assert (files / folder).is_dir()


def test_a_step_with_a_root_of_a_cloud_is_cached(back: Back) -> None:
    """It stands in for another as long as its artifact is there."""
    for expected in ("SUCCEEDED", "CACHED", "SUCCEEDED"):
        run = back.client.create_run_from_pipeline_func(
            roots.roots, arguments={"text": "again"}, pipeline_root="gs://cached/x", enable_caching=True
        )
        played = back.end(run.run_id)
        assert played.states("make") == [expected]
        if expected == "CACHED":
            uri = only(played, "make", "data")["uri"]
            (buckets(back.server.home / "store", "gs") / uri.removeprefix("gs://")).unlink()
