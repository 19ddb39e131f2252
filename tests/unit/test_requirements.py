"""The pins: what a server gets, what a developer gets, and that neither says where from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pins(name: str) -> dict[str, str]:
    """Package to version, as the file pins it."""
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    found = [re.fullmatch(r"([A-Za-z0-9_.-]+)==([^ ;]+)( ;.*)?", line) for line in lines if not line.startswith("#")]
    assert all(found), "every line is a pin"
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "tools.txt"])
def test_pins_name_no_host(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    assert "--" not in text
    assert pins(name)


def test_a_server_does_not_get_the_sdk() -> None:
    assert not {name for name in pins("run.txt") if re.match("kfp|kubernetes|protobuf|grpc", name)}


def test_developers_run_what_servers_run() -> None:
    run, dev = pins("run.txt"), pins("dev.txt")
    assert run.items() <= dev.items()
    assert pins("tools.txt").items() <= dev.items()


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name, wanted in {
        "run.txt": project["project"]["dependencies"],
        "dev.txt": project["dependency-groups"]["dev"],
    }.items():
        named = {re.match(r"[A-Za-z0-9_.-]+", each)[0].lower() for each in wanted}  # type: ignore[index]
        assert named <= pins(name).keys()
