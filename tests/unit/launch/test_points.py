"""Which steps name a path of buckets, and what is bound there."""

from pathlib import Path

import pytest

from headrace.launch.base import LaunchRequest
from headrace.launch.points import mounts, named


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("open(uri.replace('gs://', '/gcs/'))", {"/gcs"}),
        ("os.path.join('/s3', bucket)", {"/s3"}),
        ("ls /minio", {"/minio"}),
        ('{"a": "/gcs/b/c", "b": "/s3/x", "c": "/gcs/d"}', {"/gcs", "/s3"}),
        ("cat --from=/gcs/b/k", {"/gcs"}),
        ("https://s3.amazonaws.com/b gs://b/k s3://b/k minio://b/k", set()),
        ("/gcsfuse /s3-tools /minio_client /gcs.json store.gs/b", set()),
        ("", set()),
    ],
)
def test_a_path_is_named(text: str, points: set[str]) -> None:
    assert named("first", text, "last") == points


def request(folder: str, store: str) -> LaunchRequest:
    return LaunchRequest("a", "r", "root.a", "", (), (), (), (), {}, Path(folder), Path(store))


def test_each_path_is_that_of_a_scheme() -> None:
    assert mounts(request("/home/attempts/a", "/home/store"), {"/s3", "/minio", "/gcs"}) == [
        ("/home/store.gs", "/gcs", False),
        ("/home/store", "/minio", False),
        ("/home/store.s3", "/s3", False),
    ]


def test_the_home_is_not_covered() -> None:
    assert mounts(request("/s3/home/attempts/a", "/s3/home/store"), {"/s3"}) == []
    assert len(mounts(request("/s3/home/attempts/a", "/s3/home/store"), {"/s3", "/gcs"})) == 1
