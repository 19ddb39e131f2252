"""Much at once: steps, runs, clients, tasks, levels, and bytes of output."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from tests.harness import ENDED, Server, parameters_of, tasks_of
from tests.ir import pipeline, shell_task
from tests.stress.conftest import Start
from tests.stress.kit import log, peak, until

MEGABYTE = 1 << 20


def test_two_hundred_steps_run_at_the_same_time(start: Start, tmp_path: Path) -> None:
    """Each waits until all have started, so that none could end if one had to wait for a slot."""
    server = start("--slots", "200")
    script = 'mkdir "$0/$1"; until [ -e "$0/all" ]; do set -- "$0"/s*; [ $# -eq 200 ] && : > "$0/all"; sleep 0.3; done'
    tasks = [shell_task(f"s{number}", script, folder=str(tmp_path), own=f"s{number}") for number in range(200)]
    found = server.wait(server.submit(pipeline(*tasks)))
    assert found["state"] == "SUCCEEDED", found.get("error")
    states = [task["state"] for path, task in tasks_of(found).items() if path != "root"]
    assert states == ["SUCCEEDED"] * 200
    assert server.get("/apis/v2beta1/healthz")


def test_twenty_clients_submit_five_runs_each(start: Start) -> None:
    server = start("--slots", "8")
    spec = pipeline(shell_task("a", "true"), shell_task("b", "echo b", after=["a"]))

    def client(number: int) -> list[str]:
        with httpx2.Client(base_url=server.url, timeout=60) as connection:
            bodies = [{"display_name": f"{number}.{each}", "pipeline_spec": spec} for each in range(5)]
            answers = [connection.post("/apis/v2beta1/runs", json=body) for body in bodies]
            assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
            return [answer.json()["run_id"] for answer in answers]

    with ThreadPoolExecutor(20) as threads:
        submitted = [run_id for mine in threads.map(client, range(20)) for run_id in mine]
    assert len(set(submitted)) == 100

    def states() -> set[str]:
        return {run["state"] for run in server.get("/apis/v2beta1/runs?page_size=200")["runs"]}

    until(lambda: states() <= ENDED, "all runs end", server)
    listed = server.get("/apis/v2beta1/runs?page_size=200")["runs"]
    assert {run["run_id"] for run in listed} == set(submitted)
    assert states() == {"SUCCEEDED"}


def test_a_hundred_megabytes_of_output(server: Server) -> None:
    """The log is whole, is sent and followed in pieces, and the server does not grow with it."""
    size = 100 * MEGABYTE
    script = f"head -c {size // 2} /dev/zero | tr '\\0' x; head -c {size // 2 - 4} /dev/zero | tr '\\0' y >&2; echo end"
    assert server.process is not None
    server.wait(server.submit(pipeline(shell_task("step", "echo warm"))))
    before = peak(server.process.pid)
    run_id = server.submit(pipeline(shell_task("step", script)))
    followed, follower = _follow(server, run_id)
    found = server.wait(run_id)
    assert found["state"] == "SUCCEEDED"
    follower.join()
    assert followed == {"bytes": size, "tail": b"yyyyend\n"}
    read, tail = 0, b""
    with httpx2.stream("GET", f"{server.url}/api/v1/runs/{run_id}/tasks/step/log", timeout=60) as answer:
        for part in answer.iter_raw():
            read, tail = read + len(part), (tail + part)[-8:]
    assert (read, tail) == (size, b"yyyyend\n")
    assert peak(server.process.pid) - before < 40 * MEGABYTE


def _follow(server: Server, run_id: str) -> tuple[dict[str, Any], threading.Thread]:
    """Read the log while it grows, in a thread, to the end."""
    seen: dict[str, Any] = {"bytes": 0, "tail": b""}

    def read() -> None:
        address = f"{server.url}/api/v1/runs/{run_id}/tasks/step/log?follow=true"
        with httpx2.stream("GET", address, timeout=60) as answer:
            for part in answer.iter_raw():
                seen["bytes"] += len(part)
                seen["tail"] = (seen["tail"] + part)[-8:]

    thread = threading.Thread(target=read)
    thread.start()
    return seen, thread


def nested(levels: int) -> dict[str, Any]:
    """A step in a pipeline in a pipeline..., whose parameter is handed down and whose output is handed up."""
    spec = pipeline(shell_task("leaf", 'printf %s "$0" > "$1"', text="x"))
    leaf = spec["components"]["comp-leaf"]
    leaf["outputDefinitions"] = {"parameters": {"out": {"parameterType": "STRING"}}}
    container = spec["deploymentSpec"]["executors"]["exec-leaf"]["container"]
    container["args"] = ["{{$.inputs.parameters['text']}}", "{{$.outputs.parameters['out'].output_file}}"]
    inner = "leaf"
    for level in range(levels):
        name = f"level-{level}"
        spec["components"][f"comp-{name}"] = {**_around(inner), **_interface()}
        inner = name
    spec["root"] = {**_around(inner), **_interface()}
    return spec


def _interface() -> dict[str, Any]:
    return {
        "inputDefinitions": {"parameters": {"text": {"parameterType": "STRING"}}},
        "outputDefinitions": {"parameters": {"out": {"parameterType": "STRING"}}},
    }


def _around(name: str) -> dict[str, Any]:
    task = {
        "componentRef": {"name": f"comp-{name}"},
        "taskInfo": {"name": name},
        "inputs": {"parameters": {"text": {"componentInputParameter": "text"}}},
    }
    handed_up = {"valueFromParameter": {"outputParameterKey": "out", "producerSubtask": name}}
    return {"dag": {"tasks": {name: task}, "outputs": {"parameters": {"out": handed_up}}}}


def test_thirty_levels_of_pipelines(server: Server) -> None:
    found = server.wait(server.submit(nested(30), text="deep"))
    assert found["state"] == "SUCCEEDED", found.get("error")
    assert len(tasks_of(found)) == 32
    assert parameters_of(tasks_of(found)["root"]) == {"out": "deep"}


def test_two_thousand_cached_tasks(server: Server) -> None:
    """All are answered by the one that ran; the last ones wait for the first."""
    server.wait(server.submit(pipeline(shell_task("first", "echo once", cached=True, text="same"))))
    tasks = [shell_task(f"t{number}", "echo once", cached=True, text="same") for number in range(1_999)]
    last = shell_task("last", "echo once", cached=True, after=["t0", "t1998"], text="same")
    found = server.wait(server.submit(pipeline(*tasks, last)))
    assert found["state"] == "SUCCEEDED", found.get("error")
    states = [task["state"] for path, task in tasks_of(found).items() if path != "root"]
    assert states == ["CACHED"] * 2_000


def test_bytes_that_are_no_text(server: Server) -> None:
    run_id = server.submit(pipeline(shell_task("step", r"printf '\377\376\000\033[2J'; exit 3")))
    found = server.wait(run_id)
    assert log(server, run_id, "step") == b"\xff\xfe\x00\x1b[2J"
    assert "exit code 3" in found["error"]["message"]
