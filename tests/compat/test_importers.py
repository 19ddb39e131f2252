"""Importers written with the real SDK: what consumers see, what is taken again, and what KFP 3.0 calls the task."""

import os
from typing import Any

import pytest
from tests.compat.pipelines import imports
from tests.compat.pipelines.play import Back, Played, message
from tests.harness import artifacts_of, parameters_of

GIVEN = "minio://mlpipeline/given"


def put(back: Back, name: str, text: str) -> str:
    """An object that is in the store before any run; its uri."""
    file = back.server.home / "store/mlpipeline/given" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    owner = back.server.home.stat()
    for each in (file, *file.parents[:3]):  # the store's folder and what is in it
        os.chown(each, owner.st_uid, owner.st_gid)
    return f"{GIVEN}/{name}"


def imported(played: Played, name: str = "importer") -> dict[str, Any]:
    (task,) = played.named(name)
    (artifact,) = artifacts_of(task)["artifact"]
    return artifact


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    return anyone


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    for name in ("constant", "given", "one", "two"):
        put(back, f"{name}.txt", name)
    return back.play(imports.imports, uri=f"{GIVEN}/given.txt", rows=3)


def test_what_consumers_see(played: Played) -> None:
    constant = parameters_of(played.displayed("constant"))["Output"]
    uri = f"{GIVEN}/constant.txt"
    assert constant == {
        "class": "Dataset",
        "name": "artifact",
        "uri": uri,
        "metadata": {"fixed": True},
        "content": "constant",
    }
    given = parameters_of(played.displayed("given"))["Output"]
    uri = f"{GIVEN}/given.txt"
    assert (given["class"], given["content"]) == ("Model", "given")
    assert given["metadata"] == {"rows": 3, "of": {"uri": uri}, "runs": ["in", 3]}
    assert parameters_of(played.displayed("dynamic"))["said"] == "constant"
    assert played.outputs("read") == ["each 'one'", "each 'two'"]


def test_it_is_an_importer_to_kfp_3(played: Played) -> None:
    (task,) = played.named("importer")
    assert (task["type"], task["state"]) == ("IMPORTER", "SUCCEEDED")
    assert task.get("type_attributes", {}).get("download_to_workspace", False) is False


def test_what_was_imported_is_taken_again_while_it_is_as_it_was(back: Back) -> None:
    uri = put(back, "once.txt", "first")
    first, second = (imported(back.play(imports.once, uri=uri)) for _ in range(2))
    assert second["artifact_id"] == first["artifact_id"]
    put(back, "once.txt", "second")
    changed = back.play(imports.once, caching=True, uri=uri)
    assert imported(changed)["artifact_id"] != first["artifact_id"]
    assert parameters_of(changed.named("look")[0])["Output"]["content"] == "second"
    again = back.play(imports.always, uri=uri)
    assert imported(again)["artifact_id"] not in (first["artifact_id"], imported(changed)["artifact_id"])


def test_changed_bytes_are_a_cache_miss_for_whoever_reads_them(back: Back) -> None:
    uri = put(back, "seen.txt", "first")
    states = []
    for text in ("first", "first", "second"):
        put(back, "seen.txt", text)
        played = back.play(imports.always, caching=True, uri=uri)
        states.append((played.states("look"), parameters_of(played.named("look")[0])["Output"]["content"]))
    assert states == [(["SUCCEEDED"], "first"), (["CACHED"], "first"), (["SUCCEEDED"], "second")]


def test_nothing_there_is_told_and_no_failure(back: Back) -> None:
    (task,) = back.play(imports.nothing, uri="s3://bucket/none").named("importer")
    assert "there is nothing at s3://bucket/none" in message(task)


def test_what_was_not_there_is_looked_at_again_once_it_is(back: Back) -> None:
    """Else nobody would know which bytes its readers have seen, and the cache would answer for others."""
    uri = f"{GIVEN}/later.txt"
    missed = imported(back.play(imports.once, "FAILED", uri=uri))
    seen = []
    for text in ("first", "second"):
        put(back, "later.txt", text)
        played = back.play(imports.once, caching=True, uri=uri)
        seen.append(parameters_of(played.named("look")[0])["Output"]["content"])
        assert imported(played)["artifact_id"] != missed["artifact_id"]
    assert seen == ["first", "second"]


def test_what_makes_no_sense_fails_before_anything_is_begun(back: Back) -> None:
    (task,) = back.play(imports.image, "FAILED").named("importer")
    assert "oci://registry/data:1 is an image: only a system.Model can be" in message(task)
    (task,) = back.play(imports.nothing, "FAILED", uri="").named("importer")
    assert "is no uri to import from" in message(task)
