"""What a person is told of a failed step."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from headrace.base.clock import Instant
from headrace.base.settings import ImageSetting
from headrace.launch.base import Exited, LaunchRequest, OverLimit
from headrace.launch.explain import explain_exit
from headrace.model.task import Usage

TRACEBACK = """[KFP Executor INFO]: Looking
Traceback (most recent call last):
  File "x.py", line 1, in <module>
{}
  note: more
Something printed after it
"""


GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "x.py", line 3, in <module>
  |     raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])
  | ExceptionGroup: several (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "x.py", line 2, in one
    | ValueError: one
    +---------------- 2 ----------------
    | TypeError: two
    +------------------------------------
"""


def explain(
    folder: Path,
    log: str,
    code: int = 1,
    *,
    sources: str = "",
    images: Mapping[str, ImageSetting] | None = None,
    **more: object,
) -> str:
    (folder / "log").write_text(log)
    request = LaunchRequest("a", "r", "root.a", "example.org/m:1", (), (), (), (), {}, folder, folder, sources=sources)
    exited = Exited("a", Instant(0), Instant(1), code, **more)  # type: ignore[arg-type]
    return explain_exit(exited, request, images)


@pytest.mark.parametrize(
    ("log", "code", "text"),
    [
        (TRACEBACK.format("ValueError: no such column"), 1, "exit code 1: ValueError: no such column"),
        (TRACEBACK.format("pkg.errors.OddError"), 1, "exit code 1: pkg.errors.OddError"),
        (TRACEBACK.format("KeyError: 1") + TRACEBACK.format("TypeError: 2"), 1, "exit code 1: TypeError: 2"),
        (
            f"{TRACEBACK.format('RuntimeError: the cell failed:')}raise x\n---\n\x1b[31mValueError\x1b[39m: no good\n",
            1,
            "exit code 1: RuntimeError: the cell failed: … ValueError: no good",
        ),
        (GROUP, 1, "exit code 1: ExceptionGroup: several (2 sub-exceptions): ValueError: one"),
        (TRACEBACK.format("errors.Timeout: too slow"), 1, "exit code 1: errors.Timeout: too slow"),
        ("ok\nfatal: no such branch\nmore\ngiving up\n", 128, "exit code 128: fatal: no such branch … giving up"),
        ("gcc: error: x.c: no such file\n", 1, "exit code 1: gcc: error: x.c: no such file"),
        ("error: broken\n}\n", 1, "exit code 1: error: broken"),
        ("3 errors: none\nbye\n", 1, "exit code 1: bye"),
        ("", 2, "exit code 2"),
        ("", -9, "ended by SIGKILL, which Headrace did not send"),
        ("x" * 2000, 1, "exit code 1: " + "x" * 500),
    ],
)
def test_the_line_that_says_most(tmp_path: Path, log: str, code: int, text: str) -> None:
    assert explain(tmp_path, log, code) == text


@pytest.mark.parametrize(
    "said",
    [
        "sh: 1: thing: not found",
        "bash: line 1: thing: command not found",
        "python3: can't open file '/app/train.py': [Errno 2] No such file or directory",
        "FileNotFoundError: [Errno 2] No such file or directory: '/app/conf.yaml'",
        "cat: /app/conf.yaml: No such file or directory",
    ],
)
def test_what_is_missing_under_an_unmapped_image_may_be_in_its_sources(tmp_path: Path, said: str) -> None:
    hint = "If it brings what is missing, map its sources to it: `headrace image map example.org/m:1 --context DIR`"
    assert explain(tmp_path, f"one\n{said}\n\n", 127).startswith(f"exit code 127: {said}. ")
    assert explain(tmp_path, said).endswith(hint)
    assert "image map" not in explain(tmp_path, said, sources="0" * 64)
    assert "image map" not in explain(tmp_path, said, images={"example.org/*": ImageSetting(python="3.11")})


def test_an_import_error_of_an_unmapped_image_says_how_to_map_it(tmp_path: Path) -> None:
    log = TRACEBACK.format("ModuleNotFoundError: No module named 'torch.nn'")
    text = explain(tmp_path, log)
    assert "'example.org/m:1'" in text
    assert "'torch'" in text
    assert "`headrace image map example.org/m:1 --context DIR`" in text
    assert 'images = {"example.org/m:1" = {packages = ["torch"]}}' in text


def test_an_import_error_of_a_mapped_image_does_not(tmp_path: Path) -> None:
    log = TRACEBACK.format("ModuleNotFoundError: No module named 'torch'")
    assert "images" not in explain(tmp_path, log, images={"example.org/*": ImageSetting(packages=("numpy",))})
    assert "image" not in explain(tmp_path, log, sources="0" * 64)


def test_a_killed_step_was_killed_whatever_it_said(tmp_path: Path) -> None:
    assert explain(tmp_path, "bye", -15, killed=True) == "killed"
    assert explain(tmp_path, "", -15, killed=True, message="killed before it started") == "killed before it started"


def test_no_log(tmp_path: Path) -> None:
    request = LaunchRequest("a", "r", "root.a", "", (), (), (), (), {}, tmp_path / "none", tmp_path)
    assert explain_exit(Exited("a", Instant(0), Instant(1), 4), request) == "exit code 4"


@pytest.mark.parametrize("code", [-9, 137])
def test_a_step_that_the_kernel_killed_for_want_of_memory(tmp_path: Path, code: int) -> None:
    said = "killed by the kernel, probably out of memory"
    assert explain(tmp_path, "", code, out_of_memory=True) == said
    usage = Usage(max_rss=3 << 30)
    text = explain(tmp_path, "Killed\n", code, out_of_memory=True, usage=usage)
    assert text == f"{said}; its largest process held 3,072 MiB: Killed"


def test_a_step_that_was_over_its_limit(tmp_path: Path) -> None:
    over = OverLimit(limit=64 << 20, used=70 << 20, process="python3", held=60 << 20)
    text = explain(tmp_path, "Killed\n", 137, over_limit=over, out_of_memory=True, usage=Usage(max_rss=65 << 20))
    assert text == (
        "out of memory: it was killed because it needed more than its limit of 64 MiB and held 70 MiB; its largest "
        "process, python3, held 65 MiB. Raise the limit with set_memory_limit: Killed"
    )
    text = explain(tmp_path, "", -9, over_limit=OverLimit(limit=64 << 20), usage=Usage(max_rss=5 << 20))
    assert "its limit of 64 MiB; its largest process held 5 MiB." in text


def test_a_mount_that_could_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "unbound").write_text("It names /gcs, where nothing is")
    assert explain(tmp_path, "no such file") == "exit code 1: no such file. It names /gcs, where nothing is"


def test_an_input_that_is_not_here_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("broken\n")
    (tmp_path / "store" / "b").mkdir(parents=True)
    (tmp_path / "store" / "b" / "made").write_text("x")
    uris = {"made": "minio://b/made", "web": "https://example.org/x", "data": "gs://bucket/data.csv"}
    inputs = {"artifacts": {name: {"artifacts": [{"uri": uri}]} for name, uri in uris.items()}}
    request = LaunchRequest(
        "a", "r", "root.a", "python:3.11", (), (), (), (), {"inputs": inputs}, tmp_path, tmp_path / "store"
    )
    told = explain_exit(Exited("a", Instant(0), Instant(1), 1), request)
    place = tmp_path / "store.gs" / "bucket" / "data.csv"
    said = f"Its input artifact data, gs://bucket/data.csv, is not on this machine: it would be at {place}"
    assert told == f"exit code 1: broken. {said}"
