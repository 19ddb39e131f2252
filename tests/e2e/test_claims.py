"""Persistent volume claims as a user types them: `headrace pvc` and a real server."""

import json
import subprocess
import sys
from pathlib import Path

from tests.harness import Server


def headrace(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "headrace", "pvc", *words, "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def said(home: Path, *words: str) -> str:
    done = headrace(home, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_claims_by_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = Server(home).start()
    try:
        assert said(home, "list") == "No persistent volume claims yet.\n"
        made = said(home, "create", "data", "--size", "5Gi", "--access-mode", "ReadWriteMany", "--annotation", "a=b")
        (claim,) = json.loads(said(home, "list", "--json"))
        assert made == f"The persistent volume claim data is {home}/volumes/{claim['uid']}.\n"
        assert (claim["size"], claim["access_modes"], claim["annotations"]) == ("5Gi", ["ReadWriteMany"], {"a": "b"})
        assert "data" in said(home, "list")
        shown = said(home, "get", "data")
        assert f"folder    {home}/volumes/{claim['uid']}\n" in shown
        assert "mounted" not in shown
        wrong = headrace(home, "create", "x", "--annotation", "a")
        assert (wrong.returncode, "'a' is no KEY=VALUE" in wrong.stderr) == (2, True)
        taken = headrace(home, "create", "data")
        assert (taken.returncode, "already exists" in taken.stderr) == (2, True)
        assert said(home, "delete", "data") == "Deleted the persistent volume claim data.\n"
        gone = headrace(home, "get", "data")
        assert (gone.returncode, "not found" in gone.stderr) == (2, True)
    finally:
        server.stop()
