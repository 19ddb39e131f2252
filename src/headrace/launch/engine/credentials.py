"""What a person has given `docker login` or `podman login`, as an engine wants it to pull an image.

Reads the files of both (https://docs.docker.com/reference/cli/docker/login/), and asks the credential helper that one
of them names. Secrets are handed on and kept nowhere.
"""

import base64
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.base.errors import StepError
from headrace.launch.engine.reference import HUB

_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", HUB, "registry-1.docker.io")
_HELPER_SECONDS = 30.0
_TOKEN = "<token>"
"""The user name that a helper gives with an identity token."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Looks in the files of whoever has that environment."""

    environment: Mapping[str, str]

    def header(self, registry: str) -> str:
        """The value of X-Registry-Auth for a registry, empty where nobody logged in there. Blocks.

        Raises StepError where a file or a helper that should know cannot be used.
        """
        for file in self._files():
            try:
                found = self._found(json.loads(file.read_text()), registry)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise StepError(f"the logins of registries cannot be read: {error}", where=str(file)) from error
            if found:
                return base64.urlsafe_b64encode(json.dumps(found).encode()).decode()
        return ""

    def _files(self) -> Iterable[Path]:
        environment = self.environment
        home, own = environment.get("HOME", ""), environment.get("XDG_RUNTIME_DIR")
        if environment.get("REGISTRY_AUTH_FILE"):
            yield Path(environment["REGISTRY_AUTH_FILE"])
        yield Path(environment.get("DOCKER_CONFIG") or f"{home}/.docker", "config.json")
        if own:
            yield Path(own, "containers/auth.json")
        yield Path(home, ".config/containers/auth.json")

    def _found(self, config: Mapping[str, Any], registry: str) -> dict[str, str] | None:
        keys = _HUB_KEYS if registry == HUB else (registry, f"https://{registry}", f"https://{registry}/v2/")
        helpers = config.get("credHelpers") or {}
        helper = next((helpers[key] for key in keys if key in helpers), config.get("credsStore"))
        if helper:
            return next(filter(None, (self._ask(str(helper), key) for key in keys[:2])), None)
        auths = config.get("auths") or {}
        entry = next((auths[key] for key in keys if auths.get(key)), None)
        if entry is None:
            return None
        if entry.get("identitytoken"):
            return {"identitytoken": entry["identitytoken"], "serveraddress": registry}
        name, _, password = base64.b64decode(entry.get("auth") or "").decode().partition(":")
        return {"username": name, "password": password, "serveraddress": registry} if name else None

    def _ask(self, helper: str, key: str) -> dict[str, str] | None:
        """What `docker-credential-HELPER get` says; None where it has nothing."""
        command = [f"docker-credential-{helper}", "get"]
        try:
            done = subprocess.run(
                command, input=key, capture_output=True, text=True, timeout=_HELPER_SECONDS, env=dict(self.environment)
            )
            said = json.loads(done.stdout) if done.returncode == 0 else None
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            raise StepError(f"the credential helper cannot be asked: {error}", where=command[0]) from error
        if said is None:
            return None
        if said.get("Username") == _TOKEN:
            return {"identitytoken": said["Secret"], "serveraddress": key}
        return {"username": said["Username"], "password": said["Secret"], "serveraddress": key}
