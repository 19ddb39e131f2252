"""Pipelines whose steps ask Kubernetes for something, written with the SDK.

Steps that have a secret give digests of what they see, since what they gave would be in the database.
"""

# ruff: noqa: PTH110, PTH123, PTH208 - a step brings its own imports, and the fewer the better

import warnings

from tests.compat.pipelines.steps import OWN, give_text, step

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl, kubernetes
    from kfp.dsl import Dataset, Input, Output

MISSING = "headrace-no-such-object"


@step
def digests(folder: str, gate: str) -> dict:
    """Digests of the variables and the files of the secret, with what the config map holds; waits for the gate."""
    import hashlib
    import os
    import time

    def digest(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()

    files = {}
    for name in sorted(os.listdir(folder)):
        with open(folder + "/" + name, "rb") as file:
            files[name] = digest(file.read())
    try:
        open(folder + "/more", "w").close()
        more = "written"
    except OSError as error:
        more = error.strerror or ""
    with open(gate + ".warm." + str(os.getpid()), "w"):
        pass
    while not os.path.exists(gate):
        time.sleep(0.01)
    with open("/etc/headrace-config/level") as file:
        level = file.read()
    return {
        "variable": digest(os.environ["PASSWORD"].encode()),
        "files": files,
        "more": more,
        "config": [os.environ["LEVEL"], level, os.environ.get("NONE")],
    }


@dsl.container_component
def digest_of(gate: str, said: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        "alpine",
        [
            "sh",
            "-ec",
            'touch "$0.cold.$$"; while [ ! -e "$0" ]; do sleep 0.01; done; mkdir -p "$(dirname "$1")"; '
            '{ printf %s "$PASSWORD" | sha256sum; sha256sum < /etc/headrace-secret/password; '
            'printf "%s " "$LEVEL"; cat /etc/headrace-config/level; } > "$1"',
        ],
        [gate, said],
    )


def _with_both(task, secret, config):
    kubernetes.use_secret_as_env(task, secret, {"password": "PASSWORD"})
    kubernetes.use_secret_as_volume(task, secret, "/etc/headrace-secret")
    kubernetes.use_config_map_as_env(task, config, {"level": "LEVEL"})
    kubernetes.use_config_map_as_env(task, config, {"none": "NONE"}, optional=True)
    kubernetes.use_config_map_as_volume(task, config, "/etc/headrace-config")
    return task


@dsl.pipeline(name="objects")
def objects(secret: str, config: str, gate: str):
    """A warm component, a cold one, one that asks by the output of another task, and a command."""
    folder = "/etc/headrace-secret"
    _with_both(digests(folder=folder, gate=gate), secret, config).set_display_name("warm")
    cold = _with_both(digests(folder=folder, gate=gate), secret, config).set_display_name("cold")
    cold.set_env_variable("PYTHONHASHSEED", "0")
    named = give_text(value=secret)
    _with_both(digests(folder=folder, gate=gate), named.output, config).set_display_name("named")
    _with_both(digest_of(gate=gate), secret, config).set_display_name("command")


@step
def seen(variables: list, folders: list) -> dict:
    """Variables, and the names in folders."""
    import os

    return {
        "variables": {name: os.environ.get(name) for name in variables},
        "folders": {folder: sorted(os.listdir(folder)) for folder in folders},
    }


@dsl.pipeline(name="optional")
def optional(secret: str):
    """What is optional and not there: no variable, an empty folder, and nothing at all where no name is given."""
    task = seen(variables=["ONE", "TWO", "THREE"], folders=["/etc/headrace-none", "/etc/headrace-map"])
    kubernetes.use_secret_as_env(task, MISSING, {"k": "ONE"}, optional=True)
    kubernetes.use_secret_as_env(task, secret, {"no-such-key": "TWO"}, optional=True)
    kubernetes.use_config_map_as_env(task, MISSING, {"k": "THREE"}, optional=True)
    kubernetes.use_secret_as_volume(task, MISSING, "/etc/headrace-none", optional=True)
    kubernetes.use_config_map_as_volume(task, MISSING, "/etc/headrace-map", optional=True)


@dsl.pipeline(name="missing")
def missing(secret: str):
    """Each of these tasks lacks something."""
    kubernetes.use_secret_as_env(seen(variables=[], folders=[]), MISSING, {"k": "ONE"})
    kubernetes.use_secret_as_env(seen(variables=[], folders=[]), secret, {"no-such-key": "ONE"})
    kubernetes.use_config_map_as_env(seen(variables=[], folders=[]), MISSING, {"k": "ONE"})
    kubernetes.use_secret_as_volume(seen(variables=[], folders=[]), MISSING, "/etc/headrace-none")
    kubernetes.use_config_map_as_volume(seen(variables=[], folders=[]), MISSING, "/etc/headrace-none")
    kubernetes.mount_pvc(seen(variables=[], folders=[]), MISSING, "/data")


FIELDS = {
    "LABEL": "metadata.labels['team']",
    "NO_LABEL": "metadata.labels['none']",
    "NOTE": "metadata.annotations['example.com/note']",
    "NAME": "metadata.name",
    "UID": "metadata.uid",
    "NAMESPACE": "metadata.namespace",
    "NODE": "spec.nodeName",
    "ACCOUNT": "spec.serviceAccountName",
    "ADDRESS": "status.podIP",
}


@dsl.pipeline(name="fields")
def fields():
    task = seen(variables=[*FIELDS, "KFP_POD_NAME", "KFP_POD_UID"], folders=[])
    for variable, path in FIELDS.items():
        kubernetes.use_field_path_as_env(task, variable, path)
    kubernetes.add_pod_label(task, "team", "blue")
    kubernetes.add_pod_annotation(task, "example.com/note", "a: b, 'c'")
    kubernetes.set_image_pull_policy(task, "Always")
    kubernetes.set_image_pull_secrets(task, [MISSING])
    kubernetes.add_node_selector(task, "disk", "ssd")
    kubernetes.add_toleration(task, key="gpu", operator="Exists")


@step
def scratch() -> dict:
    """Writes to each of its own volumes; two paths of one name are one folder."""
    import os

    before = {
        folder: sorted(os.listdir(folder))
        for folder in ("/headrace-scratch", "/headrace-fast", "/dev/shm/big", "/opt/own/one")
    }
    for folder in before:
        with open(folder + "/file", "w") as file:
            file.write("x")
    room = os.statvfs("/headrace-fast")
    return {
        "before": before,
        "twice": sorted(os.listdir("/headrace-again")),
        "fast": room.f_blocks * room.f_frsize,
        "is_mount": [os.path.ismount(folder) for folder in before],
    }


@dsl.pipeline(name="scratches")
def scratches():
    """The second step finds nothing of the first one."""
    first, second = scratch(), scratch()
    second.after(first)
    for task in (first, second):
        kubernetes.empty_dir_mount(task, "disk", "/headrace-scratch")
        kubernetes.empty_dir_mount(task, "disk", "/headrace-again")
        kubernetes.empty_dir_mount(task, "memory", "/headrace-fast", medium="Memory", size_limit="8Mi")
        kubernetes.empty_dir_mount(task, "shm", "/dev/shm/big", medium="Memory")
        kubernetes.add_ephemeral_volume(task, "own", "/opt/own/one", ["ReadWriteOnce"], "1Gi")


@step
def identity(data: Output[Dataset]) -> dict:
    import os
    import subprocess
    import tempfile

    with open(data.path, "w") as file:
        file.write("by a user")
    with tempfile.NamedTemporaryFile() as own, open("in-its-folder", "w") as other:
        owners = {os.fstat(own.fileno()).st_uid, os.fstat(other.fileno()).st_uid}
    shell = subprocess.check_output(["sh", "-c", "id -u; id -g"], text=True).split()
    return {"ids": [os.getuid(), os.geteuid(), os.getgid(), *map(int, shell)], "owners": sorted(owners)}


@dsl.container_component
def identity_of(data: Input[Dataset], said: dsl.OutputPath(str)):
    command = 'mkdir -p "$(dirname "$1")"; echo "$(id -u) $(id -g) $(cat "$0")" > "$1"'
    return dsl.ContainerSpec("alpine", ["sh", "-ec", command], [data.path, said])


@dsl.pipeline(name="identities")
def identities():
    first = identity()
    kubernetes.set_security_context(first, run_as_user=4242, run_as_group=2424, run_as_non_root=True)
    second = identity_of(data=first.outputs["data"])
    kubernetes.set_security_context(second, run_as_user=4343, run_as_group=3434)


@dsl.pipeline(name="no-root")
def no_root():
    kubernetes.set_security_context(seen(variables=[], folders=[]), run_as_non_root=True)


@step
def after_init(folder: str) -> list:
    import os
    import time

    while not os.path.exists(folder + "/beside"):
        time.sleep(0.01)
    return sorted(os.listdir(folder))


@dsl.pipeline(name="prepared")
def prepared():
    """The tests add init containers, which the SDK has no function for."""
    kubernetes.empty_dir_mount(after_init(folder="/shared"), "shared", "/shared")


assert OWN
