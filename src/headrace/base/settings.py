"""Settings: one frozen dataclass, filled from (later wins) defaults, `headrace.toml`, `HEADRACE_*`, the command line.

`docs/settings.md` describes each field; a test holds the two to each other. A field is set from the environment by
`HEADRACE_` and its name in capitals; lists are comma-separated there, tables are JSON.
"""

import json
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from headrace.base import age
from headrace.base.errors import InvalidInput

LOG_LEVELS = ("debug", "info", "warning", "error")
LAUNCHERS = ("process", "container")
RETENTION = ("retention_runs", "retention_archived_runs", "retention_logs", "retention_artifacts", "retention_cache")


@dataclass(frozen=True, slots=True)
class ImageSetting:
    """What stands for an image on the process launcher. `python` is a version (`3.11`) or an interpreter's path.

    `packages` are installed into a managed environment; `venv` names an environment of the user's instead, used as
    it is; `context` is a folder of sources that the image would hold, put on `PYTHONPATH`.
    """

    python: str = ""
    packages: tuple[str, ...] = ()
    venv: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8888
    grpc_port: int = -1
    database: str = ""
    slots: int = field(default_factory=lambda: os.cpu_count() or 1)
    cache: bool = True
    kfp_compat: str = "3.0"
    pipeline_root: str = "minio://mlpipeline/v2/artifacts"
    schedule_timezone: str = "UTC"
    pass_env: tuple[str, ...] = ()
    images: Mapping[str, ImageSetting] = field(default_factory=dict)
    launcher: str = "process"
    container_engine: str = ""
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    pipeline_url_allowed_domains: tuple[str, ...] = ()
    pipeline_url_allow_http: bool = False
    pipeline_url_validation_enabled: bool = True
    webhook_allow_private: bool = False
    smtp_url: str = ""
    smtp_from: str = ""
    secret_key_file: str = ""
    publish_logs: bool = False
    retention_runs: str = ""
    retention_archived_runs: str = ""
    retention_logs: str = ""
    retention_artifacts: str = ""
    retention_cache: str = ""
    kill_grace: float = 10.0
    lease_seconds: float = 30.0
    log_level: str = "info"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InvalidInput(f"{self.port} is no port", where="port", hint="Give 1 to 65535, or 0 for any free one")
        if not -1 <= self.grpc_port <= 65535:
            hint = "Give 1 to 65535, 0 for any free one, or -1 for no gRPC"
            raise InvalidInput(f"{self.grpc_port} is no port", where="grpc_port", hint=hint)
        if self.slots < 1:
            raise InvalidInput(f"{self.slots} is less than 1", where="slots", hint="Give the number of steps at once")
        if self.kfp_compat not in ("2.17", "3.0"):
            raise InvalidInput(f"{self.kfp_compat!r} is unknown", where="kfp_compat", hint='Give "2.17" or "3.0"')
        if self.launcher not in LAUNCHERS:
            hint = f"Give one of {', '.join(LAUNCHERS)}"
            raise InvalidInput(f"{self.launcher!r} is unknown", where="launcher", hint=hint)
        if not 0 <= self.kill_grace < math.inf:
            raise InvalidInput(f"{self.kill_grace} is no time", where="kill_grace", hint="Give seconds, 0 or more")
        if self.schedule_timezone != "UTC":
            _check_zone(self.schedule_timezone)
        if not 1 <= self.lease_seconds <= 3600:
            hint = "Give 1 to 3600 seconds"
            raise InvalidInput(f"{self.lease_seconds} is no time", where="lease_seconds", hint=hint)
        for name in RETENTION:
            _check_age(getattr(self, name), name)
        if self.log_level not in LOG_LEVELS:
            hint = f"Give one of {', '.join(LOG_LEVELS)}"
            raise InvalidInput(f"{self.log_level!r} is unknown", where="log_level", hint=hint)


def image_setting(image: str, images: Mapping[str, ImageSetting]) -> ImageSetting | None:
    """What the setting `images` says of an image: the first glob that fits."""
    return next((setting for glob, setting in images.items() if fnmatchcase(image, glob)), None)


def load(file: Path, environment: Mapping[str, str], options: Mapping[str, object]) -> Settings:
    """The settings in force. `options` holds what the command line gave; None there means not given.

    Raises InvalidInput that names the file or variable, the field, and what it takes.
    """
    values: dict[str, Any] = {}
    if file.is_file():
        try:
            table = tomllib.loads(file.read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"not TOML: {error}", where=str(file), hint="Mend or remove the file") from error
        values.update({name: _checked(name, value, str(file)) for name, value in table.items()})
    for name in _DEFAULTS:
        text = environment.get(f"HEADRACE_{name.upper()}")
        if text is not None:
            values[name] = _checked(name, _from_text(name, text), f"HEADRACE_{name.upper()}")
    values.update({name: value for name, value in options.items() if value is not None})
    return Settings(**values)


def _check_age(text: str, name: str) -> None:
    if text and text != "forever":
        age.parse(text, name)


def _check_zone(name: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = 'Give a name of the IANA database, such as "Europe/Berlin"'
        raise InvalidInput(f"{name!r} is not a time zone", where="schedule_timezone", hint=hint) from error


_DEFAULTS: dict[str, Any] = {each.name: getattr(Settings(), each.name) for each in fields(Settings)}


def _from_text(name: str, text: str) -> object:
    default = _DEFAULTS.get(name)
    where = f"HEADRACE_{name.upper()}"
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
        if isinstance(default, tuple):
            return [part.strip() for part in text.split(",") if part.strip()]
        if isinstance(default, Mapping):
            return json.loads(text)
    except (KeyError, ValueError) as error:
        raise InvalidInput(f"{name} takes {_kind(default)}, not {text!r}", where=where) from error
    return text


def _checked(name: str, value: object, where: str) -> object:
    """The value as the field holds it, or InvalidInput."""
    if name not in _DEFAULTS:
        raise InvalidInput(f"unknown setting {name!r}", where=where, hint=f"Known are: {', '.join(sorted(_DEFAULTS))}")
    default = _DEFAULTS[name]
    if name == "images":
        return _images(value, where)
    if isinstance(default, tuple) and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise InvalidInput(f"{name} takes {_kind(default)}, not {value!r}", where=where)
    return value


def _kind(default: object) -> str:
    """What a field with this default takes, for a person."""
    kinds = {bool: "true or false", int: "a whole number", float: "a number", tuple: "a list of strings", str: "a text"}
    return kinds.get(type(default), "a table")


def _images(value: object, where: str) -> dict[str, ImageSetting]:
    hint = 'Write it as {"glob" = {python = "3.11", packages = ["x"], venv = "/path", context = "/path"}}'
    if not isinstance(value, dict):
        raise InvalidInput(f"images takes a table, not {value!r}", where=where, hint=hint)
    images: dict[str, ImageSetting] = {}
    for glob, entry in value.items():
        if not isinstance(entry, dict) or not all(_fits_image(name, part) for name, part in entry.items()):
            raise InvalidInput(f"images.{glob!r} is {entry!r}", where=where, hint=hint)
        images[glob] = ImageSetting(**{**entry, "packages": tuple(entry.get("packages", ()))})
    return images


def _fits_image(name: str, value: object) -> bool:
    if name == "packages":
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    return name in ("python", "venv", "context") and isinstance(value, str)
