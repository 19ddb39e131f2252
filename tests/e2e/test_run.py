"""`headrace run`, and what the other commands say of what it ran."""

import json
import os
import pty
import select
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.e2e.conftest import Cli
from tests.harness import PATIENCE

HERE = Path(__file__).parent


def wait_for(process: "subprocess.Popen[str]", text: str) -> None:
    """Read the process's output up to the line that holds the text."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"it ended without {text!r}: {process.stderr.read() if process.stderr else ''}")


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_a_run_says_its_steps_its_outputs_and_where_its_artifacts_are(up: Cli, pipelines: Path) -> None:
    out = up.run("run", str(pipelines / "hello.yaml"), "-p", "name=Ada", "-p", "times=3", "--no-cache").stdout
    assert "succeeded  inner.greet" in out
    assert "succeeded  inner.count" in out
    assert "Output  3" in out
    folder = next(line.strip() for line in out.splitlines() if line.strip().startswith(str(up.home)))
    place = next(line.split() for line in out.splitlines() if line.strip().startswith("Dataset"))[1]
    assert Path(folder, place).read_text() == "Hello Ada\n" * 3
    assert all(line == line.rstrip() for line in out.splitlines())


def test_the_document_of_a_run(up: Cli, pipelines: Path) -> None:
    run = up.json("run", str(pipelines / "hello.yaml"), "-p", "times=4", "--name", "mine", "--experiment", "tests")
    assert (run["name"], run["state"], run["error"]) == ("mine", "SUCCEEDED", None)
    assert run["outputs"] == {"Output": 4}
    tasks = {task["task"]: task for task in run["tasks"]}
    assert set(tasks) == {"inner", "inner.greet", "inner.count"}
    assert tasks["inner"]["kind"] == "group"
    assert tasks["inner.greet"]["parameters"]["length"] == 48
    (greeting,) = tasks["inner.greet"]["artifacts"]["greeting"]
    assert greeting["type"] == "Dataset"
    assert Path(greeting["place"]).read_text() == "Hello world\n" * 4

    assert up.json("get", "run", run["run_id"]) == run
    assert up.json("get", "run", run["run_id"][:13]) == run
    assert up.json("ls")["runs"][0]["run_id"] == run["run_id"]
    experiments = {each["display_name"]: each["experiment_id"] for each in up.json("ls", "experiments")["experiments"]}
    assert run["experiment_id"] == experiments["tests"]
    again = up.json("run", str(pipelines / "hello.yaml"), "-p", "times=4", "--experiment", "tests")
    assert again["experiment_id"] == run["experiment_id"]


def test_a_second_run_is_cached_unless_it_is_told_not_to_be(up: Cli, pipelines: Path) -> None:
    def states(*more: str) -> set[str]:
        run = up.json("run", str(pipelines / "hello.yaml"), "-p", "name=cache", *more)
        return {task["state"] for task in run["tasks"] if task["kind"] == "step"}

    assert states() == {"SUCCEEDED"}
    assert states() == {"CACHED"}
    assert states("--no-cache") == {"SUCCEEDED"}


def test_why_says_what_failed_and_why_the_cache_missed(up: Cli, pipelines: Path) -> None:
    failed = up.json("run", str(pipelines / "failing.yaml"), code=1)["run_id"]
    out = up.run("why", failed).stdout
    assert out.startswith(f"run {failed} is FAILED: it failed: task fail failed")
    assert "\n  fail: FAILED: " in out
    out = up.run("why", failed, "fail").stdout
    assert out.startswith("fail is FAILED: it failed: ")
    assert "\n  attempt 1: exit code 3: " in out

    first = up.json("run", str(pipelines / "hello.yaml"), "-p", "name=why one")["run_id"]
    second = up.json("run", str(pipelines / "hello.yaml"), "-p", "name=why two")["run_id"]
    again = up.json("run", str(pipelines / "hello.yaml"), "-p", "name=why two")["run_id"]
    said = up.json("why", second, "greet")
    details = {each["label"]: each["text"] for each in said["details"]}
    assert (said["path"], said["state"]) == ("root.inner.greet", "SUCCEEDED")
    assert details["cache"].startswith(f"missed: not the same as in run {first}, ")
    assert details["parameter name"] == 'was "why one", is "why two"'
    assert f"run: {second}, task inner.greet" in up.run("why", again, "inner.greet").stdout
    assert "no task of the run has that name" in up.run("why", again, "nobody", code=2).stderr


def test_a_failed_run_says_why_with_the_end_of_the_log(up: Cli, pipelines: Path) -> None:
    out = up.run("run", str(pipelines / "failing.yaml"), code=1).stdout
    assert "failed     fail (fails on purpose)" in out
    assert "line 20" in out
    assert "line 11" in out
    assert "line 10\n" not in out
    line = next(line for line in out.splitlines() if "headrace logs" in line)
    assert line.endswith(f" fail --home {up.home}"), "it can be pasted"
    assert up.json("get", "run", "last")["state"] == "FAILED"
    assert "line 1\n" in up.run("logs", "last", "fail").stdout


def test_logs_of_steps(up: Cli, pipelines: Path) -> None:
    run = up.run("run", str(pipelines / "hello.yaml"), "--no-cache", "--logs").stdout
    assert "inner.greet: greeting world" in run
    assert up.run("logs", "last", "inner.greet").stdout == "greeting world\n"
    assert up.run("logs", "last", "greet").stdout == "greeting world\n"
    assert up.run("logs", "last").stdout == "inner.greet: greeting world\ninner.count: counted 2\n"
    lines = up.run("logs", "last", "--json", "-f").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"task": "inner.greet", "line": "greeting world"},
        {"task": "inner.count", "line": "counted 2"},
    ]


def test_logs_are_looked_through(up: Cli, pipelines: Path) -> None:
    up.run("run", str(pipelines / "hello.yaml"), "--no-cache")
    assert up.run("logs", "last", "--grep", "COUNT", "-i").stdout == "inner.count:1: counted 2\n"
    assert up.run("logs", "last", "greet", "--grep", "count", code=1).stdout == ""
    assert up.run("logs", "last", "greet", "--attempt", "1").stdout == "greeting world\n"
    assert "no number 2" in up.run("logs", "last", "greet", "--attempt", "2", code=2).stderr
    assert "--attempt" in up.run("logs", "last", "--attempt", "2", code=2).stderr
    assert "--follow" in up.run("logs", "last", "-f", "--grep", "x", code=2).stderr


def test_the_workers_of_a_training_job(up: Cli, pipelines: Path) -> None:
    out = up.run("run", str(pipelines / "training.yaml"), code=1).stdout
    assert "rank 2 of 3: exit code 9: Error: no luck" in out
    assert up.run("logs", "last", "train").stdout.splitlines()[0] == "rank 0 of 3"
    assert up.run("logs", "last", "train", "--rank", "1").stdout.splitlines()[0] == "rank 1 of 3"
    assert up.run("logs", "last", "train", "--rank", "2").stdout == "rank 2 of 3\nError: no luck\n"
    assert up.run("logs", "last", "--grep", "no luck").stdout == "train (rank 2):2: Error: no luck\n"
    assert "no log of rank 3" in up.run("logs", "last", "train", "--rank", "3", code=2).stderr
    assert "--rank" in up.run("logs", "last", "--rank", "1", code=2).stderr


def test_logs_to_stderr_where_stdout_is_a_document(up: Cli, pipelines: Path) -> None:
    done = up.run("run", str(pipelines / "hello.yaml"), "--no-cache", "--logs", "--json")
    assert json.loads(done.stdout)["state"] == "SUCCEEDED"
    assert "inner.greet: greeting world" in done.stderr


def test_a_zip_and_a_python_file(up: Cli, pipelines: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.write(pipelines / "hello.yaml", "pipeline.yaml")
    assert up.json("run", str(tmp_path / "p.zip"))["outputs"] == {"Output": 2}
    assert up.json("run", f"{HERE / 'pipelines.py'}:hello", "-p", "times=5")["outputs"] == {"Output": 5}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nothing.yaml"], "no such file"),
        (["{empty}"], "defines no pipeline"),
        (["{here}/pipelines.py"], "several pipelines: asks, inner, hello, needs, failing, unlucky, training, waiting"),
        (["{broken}"], "broken.yaml"),
        (["{hello}", "-p", "nam=x"], "name (STRING), times (NUMBER_INTEGER)"),
        (["{hello}", "-p", "times=many"], "NUMBER_INTEGER"),
        (["{needs}"], "-p name=TEXT -p times=1"),
        (["{hello}", "--host", "http://127.0.0.1:9"], "no server answers"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_with_exit_code_2(
    up: Cli, pipelines: Path, tmp_path: Path, words: list[str], text: str
) -> None:
    (tmp_path / "broken.yaml").write_text("pipelineInfo: {name: x}\nroot: [")
    (tmp_path / "empty.py").write_text("x = 1\n")
    places = {"here": HERE, "broken": tmp_path / "broken.yaml", "empty": tmp_path / "empty.py"}
    places |= {name: pipelines / f"{name}.yaml" for name in ("hello", "needs")}
    done = up.run("run", *(word.format(**places) for word in words), code=2)
    assert done.stderr.startswith("headrace: ")
    assert text in done.stderr
    assert done.stdout == ""


def test_ctrl_c_ends_the_run_and_waits_for_it(up: Cli, pipelines: Path) -> None:
    process = up.start("run", str(pipelines / "waiting.yaml"), "--logs")
    wait_for(process, "wait: waiting")
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert (code, err) == (130, "")
    assert "canceled" in out
    assert up.json("get", "run", "last")["state"] == "CANCELED"


def test_a_second_ctrl_c_leaves(up: Cli, pipelines: Path) -> None:
    process = up.start("run", str(pipelines / "waiting.yaml"), "-p", "stubborn=true", "--logs")
    wait_for(process, "wait: waiting")
    process.send_signal(signal.SIGINT)
    wait_for(process, "Asked the run to end")
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130
    assert f"`headrace get run {up.json('ls')['runs'][0]['run_id'][:8]} --home {up.home}`" in err
    assert "Traceback" not in err


def test_stop_waits_until_the_run_has_ended(up: Cli, pipelines: Path) -> None:
    process = up.start("run", str(pipelines / "waiting.yaml"), "--logs")
    wait_for(process, "wait: waiting")
    assert up.json("stop", "last")["state"] == "CANCELED"
    assert finish(process)[0] == 1
    assert "headrace: " in up.run("stop", "last", code=2).stderr


def test_retry_runs_again_what_did_not_succeed(up: Cli, pipelines: Path, tmp_path: Path) -> None:
    given = f"file={tmp_path / 'there'}"
    out = up.run("run", str(pipelines / "unlucky.yaml"), "-p", given, "--no-cache", code=1).stdout
    assert "bad luck" in out
    again = up.run("retry", "last").stdout
    assert "succeeded" in again
    found = up.json("get", "run", "last")
    assert found["state"] == "SUCCEEDED"
    greeted = [task for task in found["tasks"] if task["task"].endswith(".greet")]
    assert [task["state"] for task in greeted] == ["SUCCEEDED", "SUCCEEDED"]


def test_logs_follow_a_step_until_it_ends(up: Cli, pipelines: Path) -> None:
    process = up.start("run", str(pipelines / "waiting.yaml"), "--logs")
    wait_for(process, "wait: waiting")
    followers = [up.start("logs", "last", "-f"), up.start("logs", "last", "wait", "-f")]
    for follower in followers:
        wait_for(follower, "waiting")
    up.run("stop", "last")
    assert [finish(each)[0] for each in (*followers, process)] == [0, 0, 1]


def test_on_a_terminal_the_tree_is_drawn(up: Cli, pipelines: Path) -> None:
    main, side = pty.openpty()
    process = subprocess.Popen(
        up.command("run", str(pipelines / "hello.yaml"), "--no-cache"),
        stdin=side,
        stdout=side,
        stderr=side,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(side)
    seen = b""
    while select.select([main], [], [], 60)[0]:
        try:
            piece = os.read(main, 65536)
        except OSError:  # the other side is closed
            break
        seen += piece
    os.close(main)
    assert process.wait(PATIENCE) == 0
    text = seen.decode()
    assert "└─ " in text
    assert "inner" in text
    assert "✓" in text
    assert "Traceback" not in text
