"""Sealing: read-only from then on, and a digest that changes with anything that matters and nothing else."""

import hashlib
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound
from headrace.blobs.seal import CLOCK_LAG, Sealed, digest, seal, size, touched_since, unseal, verify


def tree(folder: Path) -> Path:
    """A folder with two files, one of them deeper, an empty folder and a link."""
    (folder / "inner").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "a#1").write_bytes(b"one")
    (folder / "inner" / "b").write_bytes(b"two!")
    (folder / "link").symlink_to("a#1")
    return folder


def test_a_file_is_sealed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    path.chmod(0o664)
    assert seal(path) == Sealed("sha256:" + hashlib.sha256(b"bytes").hexdigest(), 5)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert seal(path) == Sealed(digest(path), 5)


def test_a_folder_is_sealed_with_all_in_it(tmp_path: Path) -> None:
    folder = tree(tmp_path / "folder")
    sealed = seal(folder)
    assert sealed == Sealed(digest(folder), 7)
    assert size(folder) == 7
    for path in (folder, folder / "inner", folder / "inner" / "b", folder / "a#1", folder / "empty"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    unseal(folder)
    assert stat.S_IMODE((folder / "inner").stat().st_mode) & 0o200


def test_equal_folders_have_equal_digests(tmp_path: Path) -> None:
    assert digest(tree(tmp_path / "one")) == digest(tree(tmp_path / "two"))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a#1").write_bytes(b"ONE"),
        lambda folder: (folder / "a#1").rename(folder / "a#2"),
        lambda folder: (folder / "a#1").unlink(),
        lambda folder: (folder / "new").write_bytes(b""),
        lambda folder: (folder / "empty").rmdir(),
        lambda folder: (folder / "empty" / "more").mkdir(),
        lambda folder: (folder / "inner" / "b").rename(folder / "empty" / "b"),
        lambda folder: [(folder / "link").unlink(), (folder / "link").symlink_to("inner/b")],
        lambda folder: [(folder / "link").unlink(), (folder / "link").write_bytes(b"one")],
    ],
)
def test_any_change_of_a_folder_changes_its_digest(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = tree(tmp_path / "folder")
    before = digest(folder)
    assert verify(folder, before)
    change(folder)
    assert not verify(folder, before)


def test_a_digest_can_be_put_off(tmp_path: Path) -> None:
    folder = tree(tmp_path / "folder")
    assert seal(folder, 6) == Sealed("", 7)
    assert seal(folder, 7).digest == digest(folder)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"not ours")
    target.chmod(0o644)
    link = tmp_path / "link"
    link.symlink_to(target)
    assert seal(link).size == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    (tmp_path / "loop").symlink_to("loop")
    assert verify(tmp_path / "loop", seal(tmp_path / "loop").digest)


def test_what_is_missing_or_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        seal(tmp_path / "none")
    assert not verify(tmp_path / "none", "sha256:0")
    folder = tree(tmp_path / "folder")
    os.mkfifo(folder / "pipe")
    with pytest.raises(InvalidInput, match="pipe"):
        seal(folder)
    (folder / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(InvalidInput, match="socket"):
            digest(tmp_path / "s")


def test_names_that_are_no_text_and_deep_folders_work(tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    inner = deep
    for _ in range(300):
        inner = inner / "d"
    inner.mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(inner) + b"/\xff\n\xfe")).write_bytes(b"x")
    assert verify(deep, seal(deep).digest)
    unseal(deep)


def test_what_was_touched_is_seen_without_reading(tmp_path: Path) -> None:
    folder = tree(tmp_path / "folder")
    latest = max(path.lstat().st_ctime_ns for path in [folder, *folder.rglob("*")]) // 1000
    assert touched_since(folder, Instant(latest))
    assert touched_since(folder, Instant(latest + CLOCK_LAG))
    assert not touched_since(folder, Instant(latest + CLOCK_LAG + 1))
    os.utime(folder / "a#1", (1, 1))
    assert touched_since(folder, Instant((folder / "a#1").stat().st_ctime_ns // 1000))
    with pytest.raises(NotFound):
        touched_since(tmp_path / "none", Instant(0))
