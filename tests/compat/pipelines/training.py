"""Training jobs as users write them: an annotation of the pod says of how many workers a step is."""

# ruff: noqa: PTH110, PTH123 - a step brings its own imports, and the fewer the better

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl, kubernetes
    from kfp.dsl import ContainerSpec, Model, Output, OutputPath

from tests.compat.pipelines.steps import OWN, step, text

WORKERS = "headrace.dev/workers"


@step
def train(shards: list, model: Output[Model], fail_once: str = "") -> int:
    """Each rank sums up its shards; rank 0 adds up what the others send it, and writes the model."""
    import json
    import os
    import socket
    import time

    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
    print(f"rank {rank} of {size}")
    if fail_once and rank == 2 and not os.path.exists(fail_once):
        open(fail_once, "w").close()
        raise RuntimeError("bad luck of one")
    mine = sum(shards[rank::size])
    model.metadata["rank"] = rank
    if rank > 0:
        while True:
            try:
                with socket.create_connection(place) as way:
                    way.sendall(json.dumps([rank, mine]).encode())
                    return -rank
            except ConnectionRefusedError:
                time.sleep(0.01)
    total, heard = mine, [0]
    with socket.create_server(place) as door:
        while len(heard) < size:
            way, _ = door.accept()
            with way:
                sender, part = json.loads(way.makefile().read())
            heard.append(sender)
            total += part
    with open(model.path, "w") as file:
        json.dump({"total": total, "heard": sorted(heard), "local": os.environ["LOCAL_RANK"]}, file)
    return total


@dsl.container_component
def hello(size: OutputPath(int)):
    """Not of the SDK's making: a command that writes an output."""
    script = 'echo "hello of $RANK/$LOCAL_WORLD_SIZE/$GROUP_RANK"; echo $((WORLD_SIZE + 100 * RANK)) > "$0"'
    return ContainerSpec(image=OWN, command=["sh", "-ec", script], args=[size])


@dsl.pipeline(name="trained")
def trained(shards: list, fail_once: str = ""):
    job = train(shards=shards, fail_once=fail_once).set_retry(2)
    kubernetes.add_pod_annotation(job, WORKERS, "4")
    kubernetes.add_pod_annotation(hello(), WORKERS, "3")


@dsl.pipeline(name="in-vain")
def in_vain():
    kubernetes.add_pod_annotation(hello(), WORKERS, "many")


@dsl.pipeline(name="accelerated")
def accelerated():
    text(what="slow").set_accelerator_type("example.com/npu").set_accelerator_limit(2)
