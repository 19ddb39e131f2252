"""What stands for a container image where steps are processes: an interpreter, packages, a folder of sources.

Takes the image's name and the setting `images`; gives a `Base`. The first glob of the setting that fits wins; then
the official Python images (and their UBI kin) mean that version of Python; anything else is the server's Python.
Sources that a user mapped to the image win over all of that: the request of a step names them.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from headrace.base.settings import ImageSetting, image_setting


@dataclass(frozen=True, slots=True)
class Base:
    """`python` is a version, a path, or nothing for the server's own; the rest is as in `ImageSetting`.

    `sources` is the digest of a context, which then says all but that.

    `mapped` says that somebody or something decided on it; else Python steps run with a warning.
    """

    python: str = ""
    packages: tuple[str, ...] = ()
    venv: str = ""
    context: str = ""
    sources: str = ""
    mapped: bool = True


_OFFICIAL = re.compile(r"(?:docker\.io/)?(?:library/)?python:(\d+\.\d+)(?:[.\-a-z].*)?(?:@.*)?")
_UBI = re.compile(r".*/ubi\d+/python-(\d)(\d+)(?:-minimal)?(?:[:@].*)?")


def how_to_map(image: str) -> str:
    """The command that says what stands for the image."""
    return f"headrace image map {shlex.quote(image)} --context DIR"


def base_of(image: str, settings: Mapping[str, ImageSetting]) -> Base:
    setting = image_setting(image, settings)
    if setting is not None:
        return Base(setting.python, setting.packages, setting.venv, setting.context)
    official = _OFFICIAL.fullmatch(image)
    if official is not None:
        return Base(python=official[1])
    ubi = _UBI.fullmatch(image)
    if ubi is not None:
        return Base(python=f"{ubi[1]}.{ubi[2]}")
    return Base(mapped=False)
