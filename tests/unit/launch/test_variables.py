"""The variables of a step: allowed, added, declared, in this order."""

from pathlib import Path

import pytest

from headrace.base import ids
from headrace.base.settings import Settings
from headrace.launch.base import LaunchRequest
from headrace.launch.variables import common, needs_fresh_interpreter, own, short_name, temporary_folder


def request(*env: tuple[str, str], folder: str = "/home/attempts/a") -> LaunchRequest:
    return LaunchRequest(
        "a", "r", "root.a", "", (), (), env, (("KFP_POD_NAME", "a"),), {}, Path(folder), Path("/store")
    )


def test_common_is_an_allow_list() -> None:
    server = {"PATH": "/bin", "HTTPS_PROXY": "p", "AWS_SECRET_ACCESS_KEY": "s", "MY": "m", "PIP_INDEX_URL": "i"}
    assert common(server, Settings(pass_env=("MY", "NONE"))) == {
        "PYTHONUNBUFFERED": "1",
        "PATH": "/bin",
        "HTTPS_PROXY": "p",
        "MY": "m",
    }


def test_what_a_component_declares_wins() -> None:
    found = own(request(("PATH", "/mine"), ("GREETING", "hi")), {"PATH": "/bin"})
    assert (found["PATH"], found["GREETING"], found["KFP_POD_NAME"]) == ("/mine", "hi", "a")
    assert found["TMPDIR"] == "/home/attempts/a/tmp"
    assert own(request(), {"PATH": "/bin"})["PATH"] == "/home/attempts/a/packages/bin:/bin"


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONHASHSEED", "LD_PRELOAD", "MALLOC_ARENA_MAX", "LC_ALL", "LANG"])
def test_what_is_read_at_the_start_needs_a_fresh_interpreter(name: str) -> None:
    assert needs_fresh_interpreter(request((name, "1")), {})
    assert not needs_fresh_interpreter(request((name, "1")), {name: "1"})


def test_what_is_not_does_not() -> None:
    harmless = request(("TZ", "UTC"), ("PYTHONUNBUFFERED", "yes"), ("OMP_NUM_THREADS", "1"), ("LANGUAGES", "x"))
    assert not needs_fresh_interpreter(harmless, {"PYTHONUNBUFFERED": "1"})
    assert needs_fresh_interpreter(request(("PYTHONUNBUFFERED", "")), {"PYTHONUNBUFFERED": "1"})


def test_tmpdir_leaves_room_for_a_sockets_name() -> None:
    short, long = Path("/home/me/.headrace/attempts/a"), Path("/home/" + "x" * 90) / ids.fresh()
    assert temporary_folder(short) == (f"{short}/tmp", f"{short}/tmp")
    name, target = temporary_folder(long)
    assert target == f"{long}/tmp"
    assert len(f"{name}/pymp-12345678/listener-12345678") < 104, "as macOS has it"
    assert Path(name).parent.parent == Path(short_name(long.parent))
    assert short_name(long.parent) != short_name(short.parent)
