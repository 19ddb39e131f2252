"""Uris: what is taken as it stands, what is refused with a reason, and that nothing leads out of the root."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.base.errors import InvalidInput
from headrace.blobs.folder import FolderStore
from headrace.blobs.uri import ROOT_BYTES, Location, check_root, folder_of_root, parse

ODD = [
    "part#1",
    "a?b=c",
    "100%",
    "%2e%2e",
    "two words",
    "tab\there",
    "line\nbreak",
    "ünïcödé ☃ 😀",
    "...",
    ".hidden",
    "..x",
    "-rf",
    "back\\slash",
    "C:",
    "*",
    "~",
    "'\"",
    "x" * 255,
]
HOSTILE = [
    "",
    "/etc/passwd",
    "relative/path",
    "file:///etc/passwd",
    "http://host/x",
    "MINIO://b/k",
    "minio:/b/k",
    "minio://",
    "minio:///k",
    "minio://b",
    "minio://b/",
    "minio://b//k",
    "minio://b/k//",
    "minio://b/..",
    "minio://b/../x",
    "minio://b/a/../../x",
    "minio://b/./x",
    "minio://../x",
    "minio://./x",
    "minio://.incoming/x",
    "minio://b/\0",
    "minio://b\0/x",
    "minio://b/" + "x" * 256,
    "minio://b/" + "ü" * 128,
    "minio://b/" + "/".join(["x" * 100] * 11),
    "minio://b/\ud83d",
]


def test_a_uri_has_a_bucket_and_a_key() -> None:
    location = parse("minio://mlpipeline/v2/artifacts/x")
    assert location == Location("minio", "mlpipeline", ("v2", "artifacts", "x"))
    assert parse("s3://b/k").scheme == "s3"
    assert parse("gs://b/k").scheme == "gs"
    assert parse("gs://b/folder/").names == ("folder",)


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_taken_as_they_stand(name: str) -> None:
    assert parse(f"minio://b/a/{name}").names == ("a", name)


@pytest.mark.parametrize("uri", HOSTILE)
def test_hostile_uris_are_refused_with_a_short_printable_reason(uri: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(uri)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("root", "folder"),
    [
        ("minio://b", "minio://b"),
        ("gs://b/x/", "gs://b/x"),
        ("s3://b/q/?region=x&endpoint=http://h:1/../", "s3://b/q"),
        ("minio://b/" + "x/" * (ROOT_BYTES // 2), "minio://b/" + "x/" * (ROOT_BYTES // 2 - 1) + "x"),
    ],
)
def test_a_root_names_a_folder(root: str, folder: str) -> None:
    check_root(root, "root")
    assert folder_of_root(root) == folder


@pytest.mark.parametrize(
    "root",
    [
        *("", "not a uri", "/tmp/..", "file:///tmp/x", "http://example.com/x", "minio://", "minio:///x", "minio://?x"),
        *("minio://mlpipeline/../../etc", "minio://.incoming", "minio://b//x", "minio://b/" + "x" * 256),
        *("minio://b/" + "xx/" * (ROOT_BYTES // 2), "minio://" + "b" * 100_000),
    ],
)
def test_what_can_be_no_root_is_refused_with_a_short_reason(root: str) -> None:
    with pytest.raises(InvalidInput, match=r"^root: ") as caught:
        check_root(root, "root")
    assert len(str(caught.value)) < 500


@given(st.text(max_size=40) | st.text(alphabet="./b\0#?%", max_size=12))
def test_whatever_the_key_the_path_is_inside_the_root(key: str) -> None:
    root = Path("/somewhere/store")
    try:
        path = FolderStore(root).local_path(f"minio://{key}")
    except InvalidInput:
        return
    assert Path(os.path.normpath(path)) == path
    assert path.is_relative_to(root)
    assert len(path.relative_to(root).parts) >= 2
    location = parse(f"minio://{key}")
    assert "/".join([location.bucket, *location.names]) == key.removesuffix("/")
