"""What concerns a home: the server in it, the one that is started for a run, the steps' places, and rubbish."""

import json
import secrets
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from tests.e2e.conftest import Cli
from tests.e2e.test_run import finish, wait_for
from tests.mounting import skip_where_forbidden


def up_in(cli: Cli, *more: str) -> "tuple[subprocess.Popen[str], str]":
    process = cli.start("up", "--port", "0", "--json", *more)
    assert process.stdout is not None
    return process, str(json.loads(process.stdout.readline())["url"])


def test_up_says_where_and_leaves_nothing_when_it_is_stopped(down: Cli) -> None:
    process = down.start("up", "--port", "0", "--slots", "3")
    assert process.stdout is not None
    first, second, third = (process.stdout.readline() for _ in range(3))
    assert "http://127.0.0.1:" in first
    assert "3 steps at once" in first
    assert str(down.home / "headrace.db") in second
    assert str(down.home) in third
    assert "free" in third
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    assert (code, err) == (0, "")
    assert not (down.home / "server.json").exists()


def test_a_second_server_in_a_home_is_refused_and_told_of_the_first(down: Cli) -> None:
    process, url = up_in(down)
    try:
        assert url in down.run("up", "--port", "0", code=2).stderr
        assert "--port" in Cli(down.home.with_name("other")).run("up", "--port", url.rpartition(":")[2], code=2).stderr
    finally:
        process.send_signal(signal.SIGINT)
        assert finish(process)[0] == 0


def test_a_file_is_for_one_server_at_a_time_and_a_home_remembers_its_database(down: Cli) -> None:
    process, _ = up_in(down)
    elsewhere = ["--database", f"sqlite:///{down.home / 'headrace.db'}"]
    try:
        assert "one server" in Cli(down.home.with_name("other")).run("up", "--port", "0", *elsewhere, code=2).stderr
        own = down.run("run", "nothing.yaml", "--database", "sqlite:///x.db", code=2).stderr
        assert "a server is up in this home already" in own
    finally:
        process.send_signal(signal.SIGINT)
        assert finish(process)[0] == 0
    said = down.run("gc", "--database", f"sqlite:///{down.home.with_name('wrong.db')}", code=2).stderr
    assert f"last used with {down.home / 'headrace.db'}" in said


def test_a_server_that_was_killed_is_not_taken_for_one_that_is_up(down: Cli) -> None:
    process, _ = up_in(down)
    process.kill()
    finish(process)
    assert (down.home / "server.json").exists()
    assert "headrace up --home" in down.run("ls", code=2).stderr
    process, url = up_in(down)
    assert down.json("ls") == {"runs": []}
    assert url in (down.home / "server.json").read_text()
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] == 0


def test_a_new_home_has_the_default_experiment_and_no_halves_of_objects(down: Cli) -> None:
    half = down.home / "store" / ".incoming" / "half"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"x")
    for _ in range(2):
        process, _ = up_in(down)
        [experiment] = down.json("ls", "experiments")["experiments"]
        assert experiment["display_name"] == "Default"
        assert not half.exists()
        process.send_signal(signal.SIGINT)
        assert finish(process)[0] == 0


@pytest.mark.parametrize(
    "words", [["ls"], ["get", "run", "last"], ["logs", "last"], ["stop", "last"], ["shell", "last", "a"]]
)
def test_without_a_server_it_is_said_how_to_start_one(down: Cli, words: list[str]) -> None:
    assert f"headrace up --home {down.home}" in down.run(*words, code=2).stderr


def test_a_bad_setting_is_said_in_a_line(down: Cli) -> None:
    down.home.mkdir()
    (down.home / "headrace.toml").write_text("slot = 1\n")
    assert "unknown setting 'slot'" in down.run("up", "--port", "0", code=2).stderr


def test_a_run_without_a_server_has_one_of_its_own(down: Cli, pipelines: Path) -> None:
    assert down.json("run", str(pipelines / "hello.yaml"))["outputs"] == {"Output": 2}
    assert not (down.home / "server.json").exists()
    process, _ = up_in(down)
    assert len(down.json("ls")["runs"]) == 1
    process.send_signal(signal.SIGINT)
    finish(process)


def test_a_server_of_a_run_ends_with_it_however_it_ends(down: Cli, pipelines: Path) -> None:
    process = down.start("run", str(pipelines / "waiting.yaml"), "--logs")
    wait_for(process, "wait: waiting")
    process.kill()
    finish(process)
    url = ""
    while not url:  # The orphan may still be stopping: its home is free when it has.
        again = down.start("up", "--port", "0", "--json", "--kill-grace", "1")
        assert again.stdout is not None
        line = again.stdout.readline()
        url = json.loads(line)["url"] if line else ""
        if not url:
            finish(again)
    assert down.json("get", "run", "last")["state"] == "RUNNING"
    assert down.json("stop", "last")["state"] == "CANCELED"
    again.send_signal(signal.SIGINT)
    assert finish(again)[0] == 0


def test_a_shell_is_where_the_step_was(up: Cli, pipelines: Path) -> None:
    run = up.json("run", str(pipelines / "hello.yaml"), "--no-cache", "-p", "name=shell")["run_id"]
    place = up.json("shell", run, "count")
    assert place["command"][0] == "sh"
    assert place["inputs"]["text"] == place["command"][3:4]
    assert Path(place["inputs"]["text"][0]).read_text() == "Hello shell\n" * 2
    script = 'pwd; echo "$TMPDIR"; echo "$KFP_RUN_ID"; cat "$HEADRACE_EXECUTOR_INPUT"; exit 7'
    done = up.run("shell", run, "inner.count", "--", "sh", "-c", script, code=7)
    folder, temporary, run_id, *rest = done.stdout.splitlines()
    assert folder == place["folder"]
    assert temporary == f"{folder}/tmp"
    assert Path(temporary).is_dir()
    assert run_id == run
    assert json.loads("\n".join(rest)) == place["executor_input"]


def test_a_shell_has_the_buckets_that_the_step_names(up: Cli, pipelines: Path, tmp_path: Path) -> None:
    skip_where_forbidden(tmp_path)
    up.run("run", str(pipelines / "spelling.yaml"))
    assert up.run("shell", "last", "spell", "--", "cat", "/gcs/bucket/key").stdout == "spelled\n"
    assert not Path("/gcs/bucket/key").exists()


def test_a_shell_has_what_the_pod_of_its_step_had(up: Cli, pipelines: Path, tmp_path: Path) -> None:
    skip_where_forbidden(tmp_path)
    word = secrets.token_hex(16)
    (tmp_path / "password").write_text(word)
    up.run("secret", "create", "shell", "--from-file", f"password={tmp_path}/password")
    up.run("configmap", "create", "shell", "--from-literal", "level=info")
    up.run("pvc", "create", "shell")
    names = [f"{name}=shell" for name in ("secret", "config", "claim")]
    run = up.json("run", str(pipelines / "asks.yaml"), *(word for name in names for word in ("-p", name)))["run_id"]
    assert word not in up.run("shell", run, "ask", "--json").stdout
    said = 'echo "$PASSWORD $(cat /headrace-secret/password) $LEVEL $(cat /headrace-claim/level) $(id -u)"'
    script = f"{said}; ls /headrace-own; touch /headrace-own/shell"
    done = up.run("shell", run, "ask", "--", "sh", "-c", script)
    assert done.stdout == f"{word} {word} info info 4242\n"
    assert word not in done.stderr


def test_a_component_can_be_imported_in_its_shell(up: Cli, tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text(
        "from kfp import dsl\n\n\n"
        "@dsl.component(base_image='python:3.11')\ndef one() -> int:\n    return 1\n\n\n"
        "@dsl.pipeline\ndef ones():\n    one().set_caching_options(False)\n"
    )
    up.run("run", str(file))
    script = "from kfp import dsl; print(dsl.Dataset.schema_title)"
    assert up.run("shell", "last", "one", "--", "python", "-c", script).stdout == "system.Dataset\n"


def test_a_shell_where_there_was_no_step(up: Cli, pipelines: Path) -> None:
    up.run("run", str(pipelines / "hello.yaml"), "-p", "name=shell2")
    up.run("run", str(pipelines / "hello.yaml"), "-p", "name=shell2")
    assert "earlier run" in up.run("shell", "last", "count", code=2).stderr
    assert "group" in up.run("shell", "last", "inner", code=2).stderr
    assert "inner.count" in up.run("shell", "last", "nothing", code=2).stderr
    assert "begins so" in up.run("shell", "ffffffff0", "count", code=2).stderr


def test_a_command_that_is_not_there(up: Cli, pipelines: Path) -> None:
    up.run("run", str(pipelines / "hello.yaml"), "--no-cache")
    assert "no-such-command" in up.run("shell", "last", "count", "--", "no-such-command", code=2).stderr


def test_gc_removes_what_deleted_runs_left_with_the_server_up_or_down(down: Cli, pipelines: Path) -> None:
    process, url = up_in(down)
    kept = down.json("run", str(pipelines / "hello.yaml"), "--no-cache")["run_id"]
    gone = down.json("run", str(pipelines / "hello.yaml"), "--no-cache")["run_id"]
    assert down.json("gc", "--dry-run")["attempts"]["count"] == 0
    urllib.request.urlopen(urllib.request.Request(f"{url}/apis/v2beta1/runs/{gone}", method="DELETE")).close()

    planned = down.json("gc", "--dry-run")
    assert (planned["dry_run"], planned["attempts"]["count"]) == (True, 2)
    assert planned["bytes"] == planned["attempts"]["bytes"] > 0
    folders = [down.home / "attempts" / name for name in planned["attempts"]["names"]]
    assert all(folder.is_dir() for folder in folders)
    (folders[0] / "closed").mkdir(mode=0o500)
    assert "Removed 2 attempts" in down.run("gc").stdout
    assert not any(folder.exists() for folder in folders)
    assert down.run("logs", kept, "greet").stdout == "greeting world\n"

    process.send_signal(signal.SIGINT)
    finish(process)
    assert down.json("gc")["attempts"]["count"] == 0
    assert down.json("gc", "--attempts", "0")["attempts"]["count"] == 2
    assert list((down.home / "attempts").iterdir()) == []


def test_gc_leaves_what_runs_and_environments_that_are_used(down: Cli, pipelines: Path) -> None:
    process, _ = up_in(down, "--kill-grace", "1")
    run = down.start("run", str(pipelines / "waiting.yaml"), "--logs")
    wait_for(run, "wait: waiting")
    environments = down.home / "environments"
    for name in ("locks", "resolutions", "used", "broken", "old.gone"):
        (environments / name).mkdir(parents=True, exist_ok=True)
    (environments / "used" / "headrace-ready.json").write_text("{}")
    found = down.json("gc", "--attempts", "0", "--environments", "0")
    assert found["attempts"]["count"] == 0
    assert found["environments"]["names"] == ["broken", "old.gone"]
    down.run("stop", "last")
    finish(run)
    assert down.json("gc", "--environments", "0")["environments"]["names"] == ["used"]
    assert sorted(each.name for each in environments.iterdir()) == ["locks", "resolutions"]
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] == 0


def test_gc_in_a_home_that_never_was(down: Cli) -> None:
    assert "--home" in down.run("gc", code=2).stderr
