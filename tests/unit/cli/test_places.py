"""Where artifacts are on this machine."""

from pathlib import Path

from headrace.cli.report import place


def test_the_file_of_a_uri_is_shown_where_there_is_one(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for file in (store / "b/k", tmp_path / "store.gs/b/k", tmp_path / "store.s3/b/k"):
        file.parent.mkdir(parents=True)
        file.touch()
    found = [place(f"{scheme}://b/k", store) for scheme in ("minio", "gs", "s3")]
    assert found == [str(store / "b/k"), f"{store}.gs/b/k", f"{store}.s3/b/k"]
    assert place("gs://b/none", store) == ""
    assert place("oci://b/k", store) == "oci://b/k"
    assert place("gs://b/k", None) == "gs://b/k"
