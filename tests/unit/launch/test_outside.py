"""Paths that a step spells, as they are found once it has ended."""

from pathlib import Path

import pytest

from headrace.launch.outside import outside
from headrace.launch.variables import temporary_folder

STORE = Path("/home/store")


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("model", "attempts/a/model"),
        ("./deep/../model", "attempts/a/deep/../model"),
        ("/elsewhere/model", "/elsewhere/model"),
        ("/gcs/bucket/model", "/home/store.gs/bucket/model"),
        ("/minio/bucket/model", "/home/store/bucket/model"),
        ("/gcsx/model", "/gcsx/model"),
    ],
)
def test_where_it_is(tmp_path: Path, spelled: str, meant: str) -> None:
    assert outside(spelled, tmp_path / "attempts/a", STORE) == tmp_path / meant


@pytest.mark.parametrize("length", [1, 100])
def test_what_is_in_its_temporary_folder(tmp_path: Path, length: int) -> None:
    folder = tmp_path / ("x" * length)
    name, _ = temporary_folder(folder)
    assert outside(f"{name}/model", folder, STORE) == folder / "tmp/model"


def test_relative_to_its_copy_of_the_sources_where_its_image_has_some(tmp_path: Path) -> None:
    folder = tmp_path / "attempts/a"
    assert outside("deep/model", folder, STORE, "0" * 64) == folder / "workdir/deep/model"
    assert outside("/elsewhere/model", folder, STORE, "0" * 64) == Path("/elsewhere/model")
