"""Secrets as a user types them: `headrace secret`, a real server, and a value that is found in none of its files."""

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from tests.harness import PATIENCE, Server

WORD = "c0rrect-h0rse-battery"


def headrace(home: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "headrace", *words, "--home", str(home)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def said(home: Path, *words: str, stdin: str = "") -> str:
    done = headrace(home, *words, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def holding(folder: Path) -> list[str]:
    """The files in which the value is, as it is or in base64, whatever it begins at."""
    forms = [WORD.encode(), *(base64.b64encode(b"x" * shift + WORD.encode())[4:-4] for shift in range(3))]
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


def test_secrets_and_config_maps_by_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = Server(home, options=["--log-level", "debug"]).start()
    try:
        made = said(home, "secret", "create", "db", "--from-file", "password=-", stdin=WORD)
        assert made == "The secret db holds password.\n"
        taken = headrace(home, "secret", "create", "db", "--from-file", "password=-", stdin=WORD)
        assert (taken.returncode, WORD in taken.stderr) == (2, False)
        assert "there is a secret of that name" in taken.stderr
        lines = f"USER=me\nPASSWORD={WORD}\n"
        said(home, "secret", "create", "db", "--replace", "--from-env-file", "-", stdin=lines)
        listed = json.loads(said(home, "secret", "list", "--json"))
        assert [(each["name"], [key["key"] for key in each["keys"]]) for each in listed] == [
            ("db", ["PASSWORD", "USER"])
        ]
        assert f"PASSWORD ({len(WORD)} bytes)" in said(home, "secret", "get", "db")
        assert "db" in said(home, "secret", "list")
        assert holding(home) == []

        (tmp_path / "b").write_bytes(b"\xff")
        said(home, "configmap", "create", "m", "--from-literal", "level=info", "--from-file", f"{tmp_path}/b")
        shown = said(home, "configmap", "get", "m")
        assert "level (4 bytes)\n  info\n" in shown
        assert "b (1 bytes)" in shown
        assert "m" in said(home, "configmap", "list")
        assert said(home, "configmap", "delete", "m") == "Deleted the config map m.\n"
        assert said(home, "configmap", "list") == "No config maps yet.\n"

        server.kill()
        server = Server(home).start()
        assert [each["name"] for each in server.get("/api/v1/secrets")["secrets"]] == ["db"]
        assert said(home, "secret", "delete", "db") == "Deleted the secret db.\n"
        assert headrace(home, "secret", "get", "db").returncode == 2
        assert holding(home) == []
    finally:
        server.stop()


def test_killed_between_the_making_of_the_key_and_the_first_secret(tmp_path: Path) -> None:
    """The key is there and nothing is sealed with it: the next server goes on from that."""
    home, script = tmp_path / "home", tmp_path / "killed.py"
    script.write_text(
        "import os, sys\n"
        "from headrace.cli.main import main\n"
        "from headrace.store import objects\n"
        f"objects.put_secret = lambda *_, **__: os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        "sys.exit(main(['up', *sys.argv[1:]]))\n"
    )
    server = Server(home, script=script).start()
    with pytest.raises(httpx2.TransportError):
        server.post("/api/v1/secrets", {"name": "db", "string_data": {"password": WORD}})
    assert server.process is not None
    assert server.process.wait(PATIENCE) == -signal.SIGKILL
    key = home / "secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    sealed_with = key.read_bytes()
    server = Server(home).start()
    try:
        assert server.get("/api/v1/secrets") == {}
        server.post("/api/v1/secrets", {"name": "db", "string_data": {"password": WORD}})
        assert key.read_bytes() == sealed_with
        assert holding(home) == []
    finally:
        server.stop()
