"""What an engine is told to make a step's container: the body of its `POST /containers/create`.

Pure: takes the request, the image, and what all containers of a server have in common. Its image, command and variables
are the component's own, unchanged. What the step shares with the host is at the same path inside as outside: its
attempt's folder and the store, which is also where KFP's containers find buckets (`points`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headrace.base.errors import StepError
from headrace.base.home import BUCKETS, buckets
from headrace.base.json import JsonObject, JsonValue, compact
from headrace.launch import limits, points
from headrace.launch.base import EXECUTOR_INPUT, LaunchRequest
from headrace.launch.containers import grants
from headrace.launch.containers.grants import bind
from headrace.launch.engine.state import About, Image
from headrace.launch.jobs import check_command
from headrace.launch.pod import Grant
from headrace.launch.variables import UNBUFFERED
from headrace.model.pod import Security
from headrace.spec.quantity import Quantities

HOME = "dev.headrace.home"
ATTEMPT = "dev.headrace.attempt"
"""Labels: the home of the server that a container belongs to, and the attempt that it is."""

_OWN_LABELS = "dev.headrace."
_NAME = "headrace-"
_LOG: JsonObject = {"Type": "json-file", "Config": {"max-size": "1000g"}}
"""One file with all that is printed, in its order, whatever the engine's default is: its beginning is never dropped, so
a reader that comes again knows by the number of bytes where it was. Podman takes the name, too."""

_LONG_HINT = "Pass it as an artifact: a container takes its input as one argument"
_GPU = ("gpu", "nvidia")
_ROOT = ("", "0", "root")
_NOTHING = Grant()


@dataclass(frozen=True, slots=True)
class Site:
    """What all containers of a server have in common. `passed` are variables that all steps get.

    `user` and `group` are those of the server's process.
    """

    home: Path
    about: About
    user: int
    group: int
    passed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Planned:
    """A container to be made. `folders` have to be there before it starts, `shared` of them for any user to write to.

    `files` are for `grants.write`, `warnings` for its task.
    """

    body: JsonObject
    folders: tuple[Path, ...]
    shared: tuple[Path, ...]
    files: tuple[tuple[Path, Mapping[str, str]], ...]
    warnings: tuple[str, ...]


def name_of(attempt_id: str) -> str:
    """The container's name: of all that ask for it, the engine gives it to one."""
    return f"{_NAME}{attempt_id}"


def plan(request: LaunchRequest, image: Image, name: str, site: Site, granted: Grant = _NOTHING) -> Planned:
    """The container of a step; `name` is the engine's for its image. Raises StepError for what it cannot be given."""
    user = _user(request, image, site)
    volumes = grants.volumes(request, granted)
    given, ours = compact(_with_outputs(request)), _variables(request, granted, user, site)
    command, args = ([given if w == EXECUTOR_INPUT else w for w in part] for part in (request.command, request.args))
    check_command(request, [*command, *args], ours, _LONG_HINT)
    binds = {**{str(path): path for path in _shared(request)}, **_points(request)}
    mounts: list[JsonValue] = [*(bind(str(source), target) for target, source in binds.items()), *volumes.mounts]
    gpus, warnings = _accelerators(request.resources, site.about)
    host: dict[str, JsonValue] = {
        "Mounts": mounts,
        "Init": True,
        "LogConfig": _LOG,
        **_limits(request.resources, site.about),
        **_isolation(site.about),
        **gpus,
    }
    body: dict[str, JsonValue] = {
        "Image": name,
        "Env": [f"{key}={value}" for key, value in ours.items()],
        "Labels": _labels(request, site),
        "HostConfig": host,
    }
    # As Kubernetes has it: a command replaces the image's entry point, and with that its default arguments.
    body |= {"Entrypoint": command} if command else {}
    body |= {"Cmd": args} if args else {}
    body |= {"User": user} if user else {}
    own = list({file.parent: None for file in request.outputs})
    own += [_home(request)] if _is_unknown(user) else []
    warnings += limits.shortages(request.resources, site.about.cores, site.about.memory, site.about.name)
    return Planned(
        body,
        (request.folder, *binds.values(), *own),
        tuple(own) if _is_foreign(image, user, site) else (),
        volumes.files,
        (*request.warnings, *warnings),
    )


def _shared(request: LaunchRequest) -> list[Path]:
    """The folders that are the same inside and outside."""
    return [request.folder, *(buckets(request.store_root, scheme) for scheme in BUCKETS)]


def _points(request: LaunchRequest) -> dict[str, Path]:
    """The buckets where the SDK looks for them."""
    return {target: Path(str(source)) for source, target, _ in points.mounts(request, points.SCHEMES)}


def _with_outputs(request: LaunchRequest) -> JsonObject:
    """The executor input with its output file where the SDK can tell the uri of a path: `dsl.get_uri` begins there."""
    given = request.executor_input
    outputs = given.get("outputs")
    if not isinstance(outputs, Mapping) or not isinstance(outputs.get("outputFile"), str):
        return given
    file = Path(str(outputs["outputFile"]))
    for point, folder in _points(request).items():
        if file.is_relative_to(folder):
            return {**given, "outputs": {**outputs, "outputFile": f"{point}/{file.relative_to(folder)}"}}
    return given


def _home(request: LaunchRequest) -> Path:
    """HOME of a user whom the image does not know: what pip installs without being root goes there."""
    return request.folder / "home"


def _variables(request: LaunchRequest, granted: Grant, user: str, site: Site) -> dict[str, str]:
    ours = {UNBUFFERED: "1", **({"HOME": str(_home(request))} if _is_unknown(user) else {})}
    return {**ours, **site.passed, **dict(request.env), **dict(granted.variables), **dict(request.system_env)}


def _user(request: LaunchRequest, image: Image, site: Site) -> str:
    """Who the step's processes are, so that what they write is the server's; empty: as the image says.

    Raises StepError where that and what the step asks for do not go together.
    """
    security = request.pod.security
    if site.about.rootless:
        user, own = "0:0", 0  # root in there is the engine's user out here
    elif site.user:
        user, own = f"{site.user}:{site.group}", site.user
    else:
        user, own = _asked(security), security.user if security.user is not None else 0
    if security.user not in (None, own):
        raise StepError(
            f"it is to run as user {security.user}, whose files this server, which is user {site.user}, could not keep",
            where=request.path,
            hint="Leave run_as_user out, or run the server as root with an engine that has its own root",
        )
    if security.non_root and (user or image.user).partition(":")[0] in _ROOT:
        raise StepError(
            "it must not run as root (run_as_non_root), which it would be here",
            where=request.path,
            hint="Say which user with run_as_user, or use an image that has one",
        )
    return user


def _asked(security: Security) -> str:
    if security.user is None:
        return ""
    return f"{security.user}:{security.group}" if security.group is not None else str(security.user)


def _is_unknown(user: str) -> bool:
    """Whether it is another user than the image was made for, as far as one can tell."""
    return user.partition(":")[0] not in _ROOT


def _is_foreign(image: Image, user: str, site: Site) -> bool:
    """Whether the step is neither root nor the server's user, so that what root's server makes is not its to write."""
    return not site.user and not site.about.rootless and (user or image.user).partition(":")[0] not in _ROOT


def _labels(request: LaunchRequest, site: Site) -> JsonObject:
    asked = {key: value for key, value in request.pod.labels.items() if not key.startswith(_OWN_LABELS)}
    words = {f"{_OWN_LABELS}{key}": value for key, value in request.labels.items()}
    ours = {HOME: str(site.home), ATTEMPT: request.attempt_id, f"{_OWN_LABELS}run": request.run_id}
    return {**asked, **words, **ours}


def _limits(resources: Quantities, about: About) -> JsonObject:
    """What it gets at most. No swap beyond its memory; more CPU than there is is no limit, and an error to Docker."""
    found: dict[str, JsonValue] = {}
    if resources.memory_limit:
        found |= {"Memory": resources.memory_limit, "MemorySwap": resources.memory_limit}
    if resources.cpu_limit and (not about.cores or resources.cpu_limit < about.cores):
        found["NanoCpus"] = round(resources.cpu_limit * 1e9)
    return found


def _isolation(about: About) -> JsonObject:
    """What keeps the step from its folders is lifted for it: a remapped root, and labels of SELinux."""
    found: dict[str, JsonValue] = {}
    if about.remapped:
        found["UsernsMode"] = "host"
    if about.labelled:
        found["SecurityOpt"] = ["label=disable"]
    return found


def _accelerators(resources: Quantities, about: About) -> tuple[JsonObject, list[str]]:
    """The devices, and what is to be said of those that engines do not hand out by number."""
    count, kind = resources.accelerators, resources.accelerator_type
    if not count:
        return {}, []
    if not any(word in kind.lower() for word in _GPU):
        return {}, [f"it asks for {count} {kind}, which {about.name} cannot hand to a container"]
    if about.podman:
        devices = [f"nvidia.com/gpu={number}" for number in range(count)]
        return {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": devices}]}, []
    return {"DeviceRequests": [{"Driver": "", "Count": count, "Capabilities": [["gpu"]]}]}, []
