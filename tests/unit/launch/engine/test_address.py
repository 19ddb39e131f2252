"""Where an engine is looked for, and which addresses a person may write."""

from pathlib import Path

import pytest

from headrace.base.errors import InvalidInput
from headrace.launch.engine.address import Address, candidates, parse


def test_a_variable_is_obeyed_alone() -> None:
    environment = {"DOCKER_HOST": "tcp://10.0.0.1:2375", "CONTAINER_HOST": "unix:///p.sock"}
    assert candidates("", environment).addresses == (Address("http://10.0.0.1:2375", origin="DOCKER_HOST"),)
    podman = candidates("podman", environment)
    assert podman.addresses == (Address("http://engine", "/p.sock", origin="CONTAINER_HOST"),)


def test_sockets_are_tried_in_their_order(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    (tmp_path / "podman").mkdir()
    for name in ("docker.sock", "podman/podman.sock"):
        (tmp_path / name).touch()
    found = candidates("", environment)
    mine = [each.socket for each in found.addresses if each.socket.startswith(str(tmp_path))]
    assert mine == [f"{tmp_path}/docker.sock", f"{tmp_path}/podman/podman.sock"]
    assert f"there is no {tmp_path}/.docker/run/docker.sock" in found.missing
    only = candidates("podman", environment)
    assert [each.socket for each in only.addresses if each.socket.startswith(str(tmp_path))] == mine[1:]
    assert only.missing[0] == "CONTAINER_HOST is not set"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/run/x.sock", Address("http://engine", "/run/x.sock", origin="here")),
        ("unix:///run/x.sock", Address("http://engine", "/run/x.sock", origin="here")),
        ("tcp://host:2375", Address("http://host:2375", origin="here")),
        ("http://host:80/engine/", Address("http://host:80/engine", origin="here")),
        ("https://host:2376", Address("https://host:2376", certificates="/certs", origin="here")),
    ],
)
def test_addresses(text: str, expected: Address) -> None:
    assert parse(text, {"DOCKER_CERT_PATH": "/certs"}, "here") == expected


def test_docker_s_variables_ask_for_encryption() -> None:
    found = parse("tcp://host:2376", {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"}, "")
    assert found == Address("https://host:2376", certificates="/certs")


@pytest.mark.parametrize("text", ["dockerd", "ssh://host", "unix://relative", "npipe:////./pipe/docker", "tcp://"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidInput, match="no address of a container engine"):
        candidates(text, {})
