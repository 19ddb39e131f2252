"""The Python environments of steps: built by uv, shared, addressed by what is in them, offline once built.

Takes an image's `Base` and what a component installs; gives an `Environment`. Two keys: of what was *asked* for, which
a file in `resolutions/` maps to exact versions (asked again after 24 hours where those can change), and of what is
*in* an environment: interpreter, platform and exact versions. A folder without its ready mark is rubbish of a build
that was killed, and is built again. All of it is synchronous; the launcher calls it from threads.
"""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import url2pathname

from headrace.base.clock import SECOND, Clock
from headrace.base.errors import NotFound, StepError
from headrace.base.home import Home
from headrace.base.json import canonical
from headrace.blobs.contexts import Contexts
from headrace.launch import pip, uv
from headrace.launch.command import PipInstall
from headrace.launch.images import Base
from headrace.launch.pip import Install

RUNNER = Path(__file__).parent / "runner"
HOOK = RUNNER / "sitehook.py"

_FRESH_FOR = 24 * 3600 * SECOND
_READY = "headrace-ready.json"


@dataclass(frozen=True, slots=True)
class Environment:
    """`root` is a virtual environment. In a `managed` one the start-up hook maps the store's paths.

    `sources` is the folder of those that stand for the image, of which each step has a copy.
    """

    root: Path
    managed: bool
    context: str = ""
    sources: str = ""
    warning: str = ""

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python3"


@dataclass(frozen=True, slots=True)
class Asked:
    """What makes an environment."""

    base: Base
    installs: tuple[PipInstall, ...]


class Environments:
    def __init__(self, home: Home, clock: Clock, environment: Mapping[str, str]) -> None:
        self._folder = home.environments
        self._contexts = Contexts(home.contexts)
        self._clock = clock
        self._uv = uv.Uv(environment, pip.configured(environment, Path(sys.prefix)))

    def stop(self) -> None:
        """End the builds that run; their rubbish is cleared by the next build."""
        self._uv.stop()

    def find(self, asked: Asked, say: uv.Say) -> Environment:
        """The environment; built first if there is none. Raises StepError, or OSError where the disk does not do."""
        base, sources = self._mapped(asked.base) if asked.base.sources else (asked.base, "")
        if base.venv:
            return _users_own(base)
        python, warning = self._uv.interpreter(base.python)
        installs = [pip.parse(install) for install in asked.installs]
        if base.packages:
            installs.insert(0, pip.parse(PipInstall(base.packages)))
        interpreter = f"{self._uv.identify(python)} {platform.platform()}"
        for name in ("locks", "resolutions"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        pins = self._resolved(python, interpreter, installs, say)
        contents = [_digest(pin) for pin in pins]
        hook = HOOK.read_text()
        key = _key([hook, interpreter, *map(pip.redact, pins), *contents])
        # Where the folder really is, since scripts in it name their interpreter by its path.
        root = self._folder.resolve() / key
        with self._locked(key):
            if not (root / _READY).exists():
                self._build(root, python, pins, _together(installs), say)
        os.utime(root / _READY)  # so that old ones can be told from used ones
        return Environment(root, True, base.context, sources, warning)

    def _mapped(self, base: Base) -> tuple[Base, str]:
        """What the sources need, and their folder. Raises StepError where this home does not have them."""
        try:
            context = self._contexts.use(base.sources)
        except NotFound as error:
            hint = "Map the image again, on each server that shares the database"
            raise StepError(str(error), where="sources of the image", hint=hint) from error
        files = str(context.files)
        words = (f"{files}/{each[2:]}" if each.startswith("./") else each for each in context.needs.requirements)
        return replace(base, python=context.needs.python, packages=tuple(words)), files

    def _resolved(self, python: str, interpreter: str, installs: list[Install], say: uv.Say) -> list[str]:
        """The exact versions of all that is installed: remembered, or asked for."""
        if all(install.no_deps and all(map(_EXACT.fullmatch, install.requirements)) for install in installs):
            return _merged([install.requirements for install in installs])
        key = _key([interpreter, [pip.redact(repr(install)) for install in installs]])
        file = self._folder / "resolutions" / f"{key}.json"
        with self._locked(key):
            known = json.loads(file.read_text()) if file.exists() else None
            if known is not None and known["at"] > self._clock.now() - _FRESH_FOR:
                return _strings(known["pins"])
            try:
                pins = self._resolve(python, installs, say)
            except StepError as error:
                if known is None:
                    raise
                say(f"The versions of yesterday are used, since new ones cannot be had: {error.message}\n".encode())
                return _strings(known["pins"])
            fresh = file.with_suffix(".new")
            fresh.touch(0o600)  # a requirement that is a URL may hold credentials
            fresh.write_text(json.dumps({"at": self._clock.now(), "pins": pins}))
            fresh.replace(file)
        return pins

    def _resolve(self, python: str, installs: list[Install], say: uv.Say) -> list[str]:
        """Resolve together what brings its dependencies; what does not comes on top, as pip would install it."""
        whole = [install for install in installs if not install.no_deps]
        alone = [install for install in installs if install.no_deps]
        asked = [*([_together(whole)] if whole else []), *alone]
        return _merged([self._uv.resolve(python, install, say) for install in asked if install.requirements])

    def _build(self, root: Path, python: str, pins: list[str], install: Install, say: uv.Say) -> None:
        if root.exists():
            shutil.rmtree(root)
        self._uv.make(python, root, say)
        if pins:
            self._uv.install(root, pins, install, say)
        for packages in root.glob("lib/python3*/site-packages"):
            shutil.copyfile(HOOK, packages / "headrace_sitehook.py")
            (packages / "headrace_sitehook.pth").write_text("import headrace_sitehook\n")
        fresh = root / f"{_READY}.new"
        fresh.write_text(json.dumps({"python": python, "pins": [pip.redact(pin) for pin in pins]}))
        fresh.replace(root / _READY)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Hold off other threads and processes that want to make the same."""
        with (self._folder / "locks" / key).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _users_own(base: Base) -> Environment:
    root = Path(base.venv).expanduser()
    if not (root / "bin" / "python3").exists():
        raise StepError(
            f"{root} is not a virtual environment: it has no bin/python3",
            where="images",
            hint="Mend `venv` in the setting",
        )
    return Environment(root, False, base.context)


_EXACT = re.compile(r"[A-Za-z0-9._-]+(\[[^\]]*\])?\s*===?\s*[^*;,\s]+")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LOCAL = re.compile(r"(?:[^@]*@\s*)?(?:file://(?P<url>[^#;\s]+)|(?P<path>[~./][^;\s]*))")


def _merged(groups: Iterable[Iterable[str]]) -> list[str]:
    """One requirement a package: the last, as when pip installs one group after the other."""
    found: dict[str, str] = {}
    for requirement in (requirement for group in groups for requirement in group):
        name = _NAME.match(requirement)
        found[re.sub(r"[-_.]+", "-", name[0]).lower() if name else requirement] = requirement
    return [found[name] for name in sorted(found)]


def _together(installs: list[Install]) -> Install:
    """All of them as one, for uv to find versions that fit them all."""
    joined = Install(())
    for install in installs:
        joined = Install(
            (*joined.requirements, *install.requirements),
            False,
            joined.pre or install.pre,
            tuple(dict.fromkeys((*joined.options, *install.options))),
            install.sources.over(joined.sources),
        )
    return joined


def _digest(pin: str) -> str:
    """What a package of the local disk holds now, so that an edit makes another environment."""
    found = _LOCAL.match(pin)
    if found is None:
        return ""
    place = Path(found["path"]).expanduser() if found["path"] else Path(url2pathname(found["url"]))
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    seen = ((str(file), file.stat()) for file in files if file.is_file() and ".git" not in file.parts)
    return _key([[name, stat.st_size, stat.st_mtime_ns] for name, stat in seen])


def _key(parts: object) -> str:
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:32]


def _strings(values: object) -> list[str]:
    assert isinstance(values, list)
    return [str(value) for value in values]
