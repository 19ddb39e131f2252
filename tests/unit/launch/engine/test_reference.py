"""Names of images."""

import pytest

from headrace.base.errors import StepError
from headrace.launch.engine.reference import Reference, parse

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "expected", "whole"),
    [
        ("python", Reference("docker.io", "python", "latest", True), "python:latest"),
        ("python:3.11", Reference("docker.io", "python", "3.11", True), "python:3.11"),
        ("team/x:1", Reference("docker.io", "team/x", "1", True), "team/x:1"),
        ("host:5000/x", Reference("host:5000", "host:5000/x", "latest", False), "host:5000/x:latest"),
        ("localhost/x:1", Reference("localhost", "localhost/x", "1", False), "localhost/x:1"),
        ("ghcr.io/a/b:v1", Reference("ghcr.io", "ghcr.io/a/b", "v1", False), "ghcr.io/a/b:v1"),
        (f"a.b/c:1@{DIGEST}", Reference("a.b", "a.b/c", DIGEST, False), f"a.b/c@{DIGEST}"),
    ],
)
def test_parts(text: str, expected: Reference, whole: str) -> None:
    found = parse(text, "")
    assert (found, found.whole) == (expected, whole)


@pytest.mark.parametrize("text", ["", "a b", "x?y", "a/../b", "-x", "x:", "a#b", "http://x/y"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(StepError, match="no name of an image"):
        parse(text, "root.step")
