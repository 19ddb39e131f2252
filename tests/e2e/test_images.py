"""`headrace image` as a user types it: mapped, run, edited, mapped again, shown, unmapped, collected."""

import json
import os
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import Cli
from tests.harness import Server
from tests.ir import pipeline, shell_task

DAY = 24 * 3600


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A pipeline whose step runs a command of its image."""
    file = tmp_path / "p.yaml"
    file.write_text(json.dumps(pipeline(shell_task("say", "./say.sh && cat words.txt", cached=True))))
    return file


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "say.sh").write_text('#!/bin/sh\necho "here $(basename "$PWD")"\n')
    (folder / "say.sh").chmod(0o755)
    (folder / "words.txt").write_text("one\n")
    return folder


def test_mapped_edited_mapped_again_and_unmapped(up: Cli, document: Path, sources: Path) -> None:
    assert up.run("image", "list").stdout == "No image is mapped yet.\n"
    failed = up.run("run", str(document), code=1).stdout
    assert "headrace image map alpine --context DIR" in " ".join(failed.split())

    said = up.run("image", "map", "alpine", "--context", str(sources)).stdout
    assert said.startswith("alpine stands for 2 files, ")
    assert "Its steps run with the server's Python.\n" in said
    up.run("run", str(document))
    assert up.run("logs", "last", "say").stdout == "here workdir\none\n"

    (sources / "words.txt").write_text("two\n")
    again = up.json("run", str(document))
    assert [each["state"] for each in again["tasks"]] == ["CACHED"]
    mapped = up.json("image", "map", "alpine", "--context", str(sources))
    up.run("run", str(document))
    assert up.run("logs", "last", "say").stdout == "here workdir\ntwo\n"
    assert "sources: the image's sources differ" in up.run("why", "last", "say").stdout
    assert up.run("shell", "last", "say", "--", "sh", "-c", "pwd; cat words.txt").stdout.endswith("/workdir\ntwo\n")

    [listed] = up.json("image", "list")
    assert listed == mapped
    table = up.run("image", "list").stdout
    assert "alpine" in table
    assert mapped["context"][:12] in table

    assert up.run("image", "unmap", "alpine").stdout == "Nothing stands for alpine any more.\n"
    assert "image list" in up.run("image", "unmap", "alpine", code=2).stderr
    up.run("run", str(document), "--no-cache", code=1)


def test_a_glob_and_the_server_by_its_address(up: Cli, document: Path, sources: Path) -> None:
    url = json.loads((up.home / "server.json").read_text())["url"]
    nowhere = Cli(up.home.with_name("nowhere"))
    needs = sources.parent / "needs.txt"
    needs.write_text("# nothing\n")
    options = ("--requirements", str(needs), "--python", "3.11", "--host", url)
    nowhere.run("image", "map", "alp*", "--context", str(sources), *options)
    [listed] = nowhere.json("image", "list", "--host", url)
    assert (listed["image"], listed["python"], listed.get("requirements")) == ("alp*", "3.11", None)
    up.run("run", str(document), "--no-cache")
    assert nowhere.json("image", "unmap", "alp*", "--host", url) == {"image": "alp*"}


def test_requirements_in_the_sources_are_named_from_there(up: Cli, sources: Path) -> None:
    (sources / "needs").mkdir()
    (sources / "needs" / "more.txt").write_text("iniconfig==2.0.0")
    (sources / "needs" / "all.txt").write_text("-r more.txt")
    file = str(sources / "needs" / "all.txt")
    made = up.json("image", "map", "a/b", "--context", str(sources), "--requirements", file)
    assert made["requirements"] == ["iniconfig==2.0.0"]
    up.run("image", "unmap", "a/b")


def test_what_cannot_be_mapped_says_why(up: Cli, sources: Path) -> None:
    assert "no folder" in up.run("image", "map", "x", "--context", "/nowhere/at/all", code=2).stderr
    missing = ("--requirements", "/nowhere/at/all.txt")
    assert "--requirements" in up.run("image", "map", "x", "--context", str(sources), *missing, code=2).stderr
    assert "no image" in up.run("image", "map", "x y", "--context", str(sources), code=2).stderr
    (sources / "out").symlink_to("/etc")
    assert ".dockerignore" in up.run("image", "map", "x", "--context", str(sources), code=2).stderr
    (sources / "out").unlink()
    (sources / "requirements.txt").write_text("-e .")
    assert "requirements.txt, line 1" in up.run("image", "map", "x", "--context", str(sources), code=2).stderr
    assert up.json("image", "list") == []


def test_gc_removes_sources_that_nothing_needs(tmp_path: Path, document: Path, sources: Path) -> None:
    server = Server(tmp_path / "home").start()
    cli = Cli(server.home)
    try:
        first = cli.json("image", "map", "alpine", "--context", str(sources))["context"]
        cli.run("run", str(document))
        (sources / "words.txt").write_text("two\n")
        second = cli.json("image", "map", "alpine", "--context", str(sources))["context"]
        assert cli.json("gc", "--environments", "0")["contexts"]["count"] == 0, "what is young may be in use"
        for each in (server.home / "contexts").iterdir():
            os.utime(each, (time.time() - DAY, time.time() - DAY))
        assert cli.json("gc")["contexts"]["count"] == 0
        assert cli.json("gc", "--environments", "0.5", "--dry-run")["contexts"]["names"] == [first]
        assert "Removed 1 context, " in cli.run("gc", "--environments", "0.5").stdout
        assert [each.name for each in (server.home / "contexts").iterdir()] == [second]
        cli.run("run", str(document))
    finally:
        server.stop()
