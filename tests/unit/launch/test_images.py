"""What stands for an image."""

import pytest

from headrace.base.settings import ImageSetting
from headrace.launch.images import Base, base_of


@pytest.mark.parametrize(
    ("image", "python"),
    [
        ("python:3.11", "3.11"),
        ("python:3.9-slim-bookworm", "3.9"),
        ("python:3.12.4", "3.12"),
        ("docker.io/library/python:3.13-alpine@sha256:00", "3.13"),
        ("registry.access.redhat.com/ubi9/python-311:latest", "3.11"),
    ],
)
def test_python_images(image: str, python: str) -> None:
    assert base_of(image, {}) == Base(python=python)


@pytest.mark.parametrize("image", ["alpine", "python", "python:latest", "example.org/python:3.11", "", "my-python-311"])
def test_others_are_not_mapped(image: str) -> None:
    assert base_of(image, {}) == Base(mapped=False)


def test_the_first_glob_that_fits_wins() -> None:
    images = {
        "example.org/models/*": ImageSetting(python="3.12", packages=("a",), context="/src"),
        "example.org/*": ImageSetting(venv="/venv"),
        "python:*": ImageSetting(python="/usr/bin/python3"),
    }
    assert base_of("example.org/models/x:1", images) == Base("3.12", ("a",), "", "/src")
    assert base_of("example.org/y", images) == Base(venv="/venv")
    assert base_of("python:3.11", images) == Base("/usr/bin/python3")
