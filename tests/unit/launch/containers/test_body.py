"""What an engine is told, field by field: the golden requests of `POST /containers/create`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headrace.base.errors import StepError
from headrace.launch.base import EXECUTOR_INPUT, LaunchRequest
from headrace.launch.containers.body import Site, name_of, plan
from headrace.launch.containers.grants import check
from headrace.launch.engine.state import About, Image
from headrace.launch.pod import Grant
from headrace.model.pod import InitContainer, Pod, Security
from headrace.spec.quantity import Quantities

HOME = Path("/home/me/.headrace")
FOLDER = HOME / "attempts/a1"
DOCKER = About("Docker 28.0", cores=8, memory=16 << 30)
PODMAN = About("Podman 5.0", podman=True, cores=8)
SITE = Site(HOME, DOCKER, user=1000, group=1001, passed={"HF_HOME": "/hf"})
ROOT = replace(SITE, user=0, group=0)
PYTHON = Image("sha256:1")
NOTEBOOK = Image("sha256:2", user="jovyan")

REQUEST = LaunchRequest(
    attempt_id="a1",
    run_id="r1",
    path="root.train",
    image="python:3.11",
    command=("sh", "-c", "python3 -m pip install kfp && exec $0 $@", "python3"),
    args=("--executor_input", EXECUTOR_INPUT),
    env=(("EPOCHS", "3"),),
    system_env=(("KFP_RUN_ID", "r1"),),
    executor_input={"outputs": {"outputFile": f"{HOME}/store/mlpipeline/p/r1/output_metadata.json"}},
    folder=FOLDER,
    store_root=HOME / "store",
    outputs=(HOME / "store/mlpipeline/p/r1/output_metadata.json", FOLDER / "outputs/Output"),
    labels={"pipeline": "p", "task": "train"},
)


def body(request: LaunchRequest = REQUEST, image: Image = PYTHON, site: Site = SITE) -> dict[str, Any]:
    return dict(plan(request, image, request.image, site).body)


def bind(source: Path, target: str) -> dict[str, str]:
    return {"Type": "bind", "Source": str(source), "Target": target}


def test_the_whole_request() -> None:
    planned = plan(REQUEST, PYTHON, "python:3.11", SITE)
    assert planned.body == {
        "Image": "python:3.11",
        "Entrypoint": ["sh", "-c", "python3 -m pip install kfp && exec $0 $@", "python3"],
        "Cmd": ["--executor_input", '{"outputs":{"outputFile":"/minio/mlpipeline/p/r1/output_metadata.json"}}'],
        "User": "1000:1001",
        "Env": ["PYTHONUNBUFFERED=1", f"HOME={FOLDER}/home", "HF_HOME=/hf", "EPOCHS=3", "KFP_RUN_ID=r1"],
        "Labels": {
            "dev.headrace.pipeline": "p",
            "dev.headrace.task": "train",
            "dev.headrace.home": str(HOME),
            "dev.headrace.attempt": "a1",
            "dev.headrace.run": "r1",
        },
        "HostConfig": {
            "Mounts": [
                bind(FOLDER, str(FOLDER)),
                bind(HOME / "store", f"{HOME}/store"),
                bind(HOME / "store.gs", f"{HOME}/store.gs"),
                bind(HOME / "store.s3", f"{HOME}/store.s3"),
                bind(HOME / "store.gs", "/gcs"),
                bind(HOME / "store", "/minio"),
                bind(HOME / "store.s3", "/s3"),
            ],
            "Init": True,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1000g"}},
        },
    }
    assert {FOLDER / "home", FOLDER / "outputs", HOME / "store/mlpipeline/p/r1"} <= {*planned.folders}
    assert planned.shared == ()
    assert planned.warnings == ()
    assert name_of("a1") == "headrace-a1"


def test_a_command_replaces_the_image_s_and_arguments_go_to_its_entry_point() -> None:
    """As Kubernetes has it: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/"""
    neither = body(replace(REQUEST, command=(), args=()))
    assert "Entrypoint" not in neither
    assert "Cmd" not in neither
    args = body(replace(REQUEST, command=(), args=("x",)))
    assert ("Entrypoint" in args, args["Cmd"]) == (False, ["x"])
    assert "Cmd" not in body(replace(REQUEST, args=()))


def test_limits() -> None:
    def host(site: Site = SITE, **asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = body(replace(REQUEST, resources=Quantities(**asked)), site=site)["HostConfig"]
        return {key: value for key, value in found.items() if key not in ("Mounts", "Init", "LogConfig")}

    assert host(memory_limit=64 << 20) == {"Memory": 64 << 20, "MemorySwap": 64 << 20}
    assert host(cpu_limit=1.5) == {"NanoCpus": 1_500_000_000}
    assert host(cpu_limit=8.0) == {}  # all there are, and more than that is an error to Docker
    gpu = {"accelerator_type": "nvidia.com/gpu", "accelerators": 2}
    assert host(**gpu) == {"DeviceRequests": [{"Driver": "", "Count": 2, "Capabilities": [["gpu"]]}]}
    devices = ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]
    podman = replace(SITE, about=PODMAN)
    assert host(podman, **gpu) == {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": devices}]}


def test_what_cannot_be_met_is_said() -> None:
    asked = Quantities(cpu_request=9, memory_request=17 << 30, accelerator_type="tpu-v4", accelerators=4)
    planned = plan(replace(REQUEST, resources=asked, warnings=("before",)), PYTHON, "x", SITE)
    assert planned.warnings == (
        "before",
        "it asks for 4 tpu-v4, which Docker 28.0 cannot hand to a container",
        "it requests 9 CPUs, and Docker 28.0 has 8",
        "it requests 17,408 MiB of memory, and Docker 28.0 has 16,384 MiB",
    )


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (DOCKER, {}),
        (replace(DOCKER, remapped=True), {"UsernsMode": "host"}),
        (replace(PODMAN, labelled=True), {"SecurityOpt": ["label=disable"]}),
    ],
)
def test_what_an_engine_puts_between_a_step_and_its_folders(about: About, expected: dict[str, Any]) -> None:
    host = body(site=replace(SITE, about=about))["HostConfig"]
    assert {key: host[key] for key in ("UsernsMode", "SecurityOpt") if key in host} == expected


@pytest.mark.parametrize(
    ("site", "image", "security", "user", "home", "shared"),
    [
        (SITE, NOTEBOOK, Security(), "1000:1001", True, False),
        (SITE, PYTHON, Security(user=1000, non_root=True), "1000:1001", True, False),
        (replace(SITE, about=replace(PODMAN, rootless=True)), PYTHON, Security(), "0:0", False, False),
        (ROOT, PYTHON, Security(), None, False, False),
        (ROOT, NOTEBOOK, Security(non_root=True), None, False, True),
        (ROOT, PYTHON, Security(user=500), "500", True, True),
        (ROOT, PYTHON, Security(user=500, group=7), "500:7", True, True),
    ],
)
def test_who_a_step_is(
    site: Site, image: Image, security: Security, user: str | None, home: bool, shared: bool
) -> None:
    """What it writes is the server's: by being its user, by a rootless engine, or because root's server may do all."""
    request = replace(REQUEST, pod=Pod(security=security))
    planned = plan(request, image, "x", site)
    assert planned.body.get("User") == user
    environment = body(request, image, site)["Env"]
    assert (f"HOME={FOLDER}/home" in environment) == home
    outputs = {FOLDER / "outputs", HOME / "store/mlpipeline/p/r1"}
    assert {*planned.shared} == (outputs | ({FOLDER / "home"} if home else set()) if shared else set())


@pytest.mark.parametrize(
    ("site", "security", "said"),
    [
        (SITE, Security(user=500), "run as user 500, whose files this server, which is user 1000"),
        (ROOT, Security(non_root=True), "must not run as root"),
        (replace(SITE, about=replace(PODMAN, rootless=True)), Security(non_root=True), "must not run as root"),
    ],
)
def test_who_a_step_cannot_be(site: Site, security: Security, said: str) -> None:
    with pytest.raises(StepError, match=said):
        plan(replace(REQUEST, pod=Pod(security=security)), PYTHON, "x", site)


def test_what_its_pod_was_granted() -> None:
    """Folders, memory, and files that are nowhere but in memory; its variables come after the component's."""
    granted = Grant(
        variables=(("EPOCHS", "4"), ("LOGIN", "s3cret")),
        mounts=(
            (str(FOLDER / "volumes/0"), "/cache", False),
            ({"files": {}, "mode": "1777", "size": ""}, "/fast", False),
            ({"files": {}, "mode": "1777", "size": "67108864"}, "/dev/shm", False),
            ({"files": {"key": "czNjcmV0"}, "mode": "755", "size": ""}, "/secret", True),
        ),
    )
    planned = plan(REQUEST, PYTHON, "x", SITE, granted)
    host: Any = planned.body["HostConfig"]
    memory = Path("/dev/shm/headrace-a1/0")
    assert host["Mounts"][7:] == [
        bind(FOLDER / "volumes/0", "/cache"),
        {"Type": "tmpfs", "Target": "/fast"},
        {"Type": "tmpfs", "Target": "/dev/shm", "TmpfsOptions": {"SizeBytes": 64 << 20}},
        {**bind(memory, "/secret"), "ReadOnly": True},
    ]
    assert planned.files == ((memory, {"key": "czNjcmV0"}),)
    environment: Any = planned.body["Env"]
    assert environment[3:] == ["EPOCHS=4", "LOGIN=s3cret", "KFP_RUN_ID=r1"]


def test_what_a_container_does_not_get_is_named() -> None:
    pod = Pod(init=(InitContainer("first", "x"), InitContainer("beside", "x", sidecar=True)))
    with pytest.raises(StepError) as caught:
        check(replace(REQUEST, pod=pod, workers=4))
    for name in ("4 workers", "init container 'first'", "sidecar 'beside'"):
        assert name in str(caught.value)
    assert not caught.value.infrastructure


def test_labels_of_the_pod_are_the_container_s_and_ours_are_ours() -> None:
    pod = Pod(labels={"team": "x", "dev.headrace.home": "/elsewhere"})
    labels = body(replace(REQUEST, pod=pod))["Labels"]
    assert (labels["team"], labels["dev.headrace.home"]) == ("x", str(HOME))


def test_a_home_within_a_bucket_s_path_is_not_covered() -> None:
    home = Path("/minio/home")
    request = replace(REQUEST, folder=home / "attempts/a1", store_root=home / "store")
    targets = [each["Target"] for each in body(request)["HostConfig"]["Mounts"]]
    assert "/minio" not in targets
    assert {"/gcs", "/s3"} <= {*targets}
