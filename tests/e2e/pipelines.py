"""The pipelines of these tests: shell commands only, so that no environment has to be built. Run with a folder."""

import sys
from pathlib import Path

from kfp import compiler, dsl, kubernetes
from kfp.dsl import ContainerSpec, Dataset, Input, Output, OutputPath

IMAGE = "alpine"


@dsl.container_component
def greet(name: str, times: int, greeting: Output[Dataset], length: OutputPath(int)):
    script = 'echo "greeting $0"; for i in $(seq "$1"); do echo "Hello $0"; done > "$2"; wc -c < "$2" > "$3"'
    return ContainerSpec(image=IMAGE, command=["sh", "-ec", script], args=[name, times, greeting.path, length])


@dsl.container_component
def count(text: Input[Dataset], lines: OutputPath(int)):
    script = 'wc -l < "$0" | tr -d " \\n" > "$1"; echo "counted $(cat "$1")"'
    return ContainerSpec(image=IMAGE, command=["sh", "-ec", script], args=[text.path, lines])


@dsl.container_component
def fail():
    return ContainerSpec(image=IMAGE, command=["sh", "-c", "for i in $(seq 20); do echo line $i; done; exit 3"])


@dsl.container_component
def flaky(file: str):
    """Fails the first time, by a file that is not there yet."""
    script = 'if [ -e "$0" ]; then echo better; else touch "$0"; echo bad luck; exit 1; fi'
    return ContainerSpec(image=IMAGE, command=["sh", "-c", script], args=[file])


@dsl.container_component
def wait(stubborn: bool):
    script = 'if [ "$0" = true ]; then trap "" TERM; fi; echo waiting; while true; do sleep 0.1; done'
    return ContainerSpec(image=IMAGE, command=["sh", "-c", script], args=[stubborn])


@dsl.container_component
def spell():
    script = 'mkdir -p /gcs/bucket && echo "spelled" > /gcs/bucket/key'
    return ContainerSpec(image=IMAGE, command=["sh", "-ec", script])


@dsl.container_component
def ask():
    script = 'echo "$LEVEL" > /headrace-claim/level; touch /headrace-own/step; sha256sum < /headrace-secret/password'
    return ContainerSpec(image=IMAGE, command=["sh", "-ec", script])


@dsl.pipeline(name="asks")
def asks(secret: str, config: str, claim: str):
    task = ask()
    kubernetes.use_secret_as_env(task, secret, {"password": "PASSWORD"})
    kubernetes.use_secret_as_volume(task, secret, "/headrace-secret")
    kubernetes.use_config_map_as_env(task, config, {"level": "LEVEL"})
    kubernetes.mount_pvc(task, claim, "/headrace-claim")
    kubernetes.empty_dir_mount(task, "own", "/headrace-own")
    kubernetes.set_security_context(task, run_as_user=4242)


@dsl.pipeline(name="inner")
def inner(name: str, times: int) -> int:
    greeted = greet(name=name, times=times)
    return count(text=greeted.outputs["greeting"]).outputs["lines"]


@dsl.pipeline(name="hello")
def hello(name: str = "world", times: int = 2) -> int:
    return inner(name=name, times=times).output


@dsl.pipeline(name="needs")
def needs(name: str, times: int):
    greet(name=name, times=times)


@dsl.pipeline(name="failing")
def failing():
    fail().set_display_name("fails on purpose")


@dsl.pipeline(name="unlucky")
def unlucky(file: str):
    with dsl.ParallelFor(["a", "b"]) as name:
        greet(name=name, times=1)
    flaky(file=file)


@dsl.container_component
def train():
    """One fails, once the others have said who they are: the folder of the attempt is where all of them begin."""
    fail = 'until [ -s log ] && [ -s log.rank-1 ]; do sleep 0.02; done; echo "Error: no luck"; exit 9'
    script = f'echo "rank $RANK of $WORLD_SIZE"; if [ "$RANK" = 2 ]; then {fail}; fi; sleep 1000'
    return ContainerSpec(image=IMAGE, command=["sh", "-c", script])


@dsl.pipeline(name="training")
def training():
    kubernetes.add_pod_annotation(train(), "headrace.dev/workers", "3")


@dsl.pipeline(name="waiting")
def waiting(stubborn: bool = False):
    wait(stubborn=stubborn)


@dsl.pipeline(name="spelling")
def spelling():
    spell().set_caching_options(False)


if __name__ == "__main__":
    for pipeline in (hello, needs, failing, unlucky, training, waiting, spelling, asks):
        compiler.Compiler().compile(pipeline, str(Path(sys.argv[1], f"{pipeline.name}.yaml")))
