"""Arguments and configuration of pip, in the terms of uv.

Takes a `PipInstall` as a component wrote it, and what pip reads by itself: `PIP_*` variables and `pip.conf` files.
Gives `Install`s, and the environment variables and options that make uv see the same indexes. Entries that uv cannot
use are left out, as pip itself only warns of them. Credentials go to uv through variables, never through arguments.
"""

import configparser
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from headrace.base.errors import StepError
from headrace.launch.command import PipInstall


@dataclass(frozen=True, slots=True)
class Sources:
    """Where packages come from. `index` empty is PyPI."""

    index: str = ""
    extra_indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    insecure_hosts: tuple[str, ...] = ()
    no_index: bool = False
    certificates: str = ""

    def over(self, other: "Sources") -> "Sources":
        """These, where they say something, and `other` where they do not; lists are joined, as pip does."""
        return Sources(
            self.index or other.index,
            _joined(other.extra_indexes, self.extra_indexes),
            _joined(other.find_links, self.find_links),
            _joined(other.insecure_hosts, self.insecure_hosts),
            self.no_index or other.no_index,
            self.certificates or other.certificates,
        )

    def variables(self) -> dict[str, str]:
        """The variables that tell uv. pip takes the best version of all indexes, so uv is told to."""
        given = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
        if self.index and _usable(self.index):
            given["UV_DEFAULT_INDEX"] = self.index
        given["UV_INDEX"] = " ".join(filter(_usable, self.extra_indexes))
        given["UV_FIND_LINKS"] = ",".join(filter(_usable, self.find_links))
        given["UV_INSECURE_HOST"] = " ".join(self.insecure_hosts)
        given["SSL_CERT_FILE"] = self.certificates if Path(self.certificates).is_file() else ""
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Install:
    """What one `pip install` asks for."""

    requirements: tuple[str, ...]
    no_deps: bool = False
    pre: bool = False
    options: tuple[str, ...] = ()
    sources: Sources = field(default_factory=Sources)


_IGNORED = {
    *("-q", "--quiet", "-v", "--verbose", "-U", "--upgrade", "-I", "--ignore-installed", "--force-reinstall"),
    *("--user", "--no-warn-script-location", "--no-cache-dir", "--no-input", "--disable-pip-version-check"),
    *("--break-system-packages", "--prefer-binary", "--no-warn-conflicts", "--no-color"),
}
_IGNORED_WITH_VALUE = {
    *("--progress-bar", "--root-user-action", "--timeout", "--default-timeout", "--retries", "--cache-dir"),
    *("--upgrade-strategy", "--use-feature", "--exists-action"),
}
_FOR_UV = {"--no-build-isolation", "--require-hashes"}
_FOR_UV_WITH_VALUE = {"--only-binary", "--no-binary"}
_SHORT = {"-i": "--index-url", "-f": "--find-links", "--pypi-url": "--index-url"}


def parse(install: PipInstall) -> Install:
    """What the arguments mean. Raises StepError that names an option which is not understood."""
    words = list(install.arguments)
    requirements: list[str] = []
    options: list[str] = []
    given: dict[str, list[str]] = {}
    flags: set[str] = set()
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            requirements.append(word)
            continue
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        if name in _IGNORED:
            continue
        if name in ("--no-deps", "--pre", "--no-index"):
            flags.add(name)
        elif name in _FOR_UV:
            options.append(name)
        elif name in _TAKING_VALUE:
            if not equals:
                if not words:
                    raise StepError(f"pip option {name} has no value", where="packages_to_install")
                value = words.pop(0)
            if name in _FOR_UV_WITH_VALUE:
                options += [name, value]
            else:
                given.setdefault(name, []).append(value)
        else:
            raise StepError(
                f"pip option {name} cannot be used for an environment that steps share",
                where="packages_to_install",
                hint="Remove it, or name an environment of yours by the setting images",
            )
    sources = Sources(
        index=given.get("--index-url", [""])[-1],
        extra_indexes=tuple(given.get("--extra-index-url", ())),
        find_links=tuple(given.get("--find-links", ())),
        insecure_hosts=_hosts(given.get("--trusted-host", ())),
        no_index="--no-index" in flags,
        certificates=given.get("--cert", [""])[-1],
    )
    return Install(
        tuple(filter(_applies_somewhere, requirements)),
        "--no-deps" in flags,
        "--pre" in flags,
        tuple(options),
        sources,
    )


_TAKING_VALUE = {
    *("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--cert"),
    *_IGNORED_WITH_VALUE,
    *_FOR_UV_WITH_VALUE,
}


def configured(environment: Mapping[str, str], prefix: Path) -> Sources:
    """What pip would read by itself; later wins: files of the machine, the user, the interpreter, then variables."""
    home = Path(environment.get("HOME", "/nonexistent"))
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    files = [
        *(Path(folder) / "pip" / "pip.conf" for folder in environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")),
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        config / "pip" / "pip.conf",
        prefix / "pip.conf",
    ]
    named = environment.get("PIP_CONFIG_FILE")
    if named:
        files = [] if named == "/dev/null" else [*files, Path(named)]
    found: dict[str, str] = {}
    for file in files:
        found.update(_read(file))
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            found[name[4:].lower().replace("_", "-")] = value
    return Sources(
        index=found.get("index-url", ""),
        extra_indexes=tuple(found.get("extra-index-url", "").split()),
        find_links=tuple(found.get("find-links", "").split()),
        insecure_hosts=_hosts(found.get("trusted-host", "").split()),
        no_index=found.get("no-index", "").lower() in ("1", "true", "yes", "on"),
        certificates=found.get("cert", ""),
    )


def _hosts(given: Iterable[str]) -> tuple[str, ...]:
    """The hosts to trust. A url is none: pip trusts nobody for it, and the SDK names each index by its url."""
    return tuple(each for each in given if "://" not in each)


def _read(file: Path) -> dict[str, str]:
    """The options of [global] and [install]; an unreadable file says nothing, as for pip."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return {}
    sections = [parser[name] for name in ("global", "install") if parser.has_section(name)]
    return {name.replace("_", "-"): value for section in sections for name, value in section.items()}


_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def redact(text: str) -> str:
    """The text without the credentials in its URLs."""
    return _CREDENTIALS.sub("", text)


def _usable(place: str) -> bool:
    """Whether uv can use it: it fails on a folder that does not exist, where pip goes on."""
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path)).exists()
    return Path(place).expanduser().exists() if not parts.scheme else parts.scheme in ("http", "https")


_OLD_PYTHON = re.compile(r".*;\s*python_version\s*<\s*[\"']3\.[0-9][\"']\s*$")


def _applies_somewhere(requirement: str) -> bool:
    """Not for the Pythons that are too old to be run: kfp's own typing-extensions is such a requirement."""
    return _OLD_PYTHON.match(requirement) is None


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
