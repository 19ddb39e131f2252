"""The embedded store: bytes come back, writes are whole or not at all, links lead nowhere else, trouble is told."""

import os
import resource
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound, Unavailable
from headrace.blobs.folder import INCOMING, FolderStore
from headrace.model.artifact import Artifact

NAMES = ["plain", "part#1", "a?b=c", "100%", "ünïcödé ☃", "two words", "-rf", "x" * 255, "line\nbreak", "deep/er/still"]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_it_owns_what_has_its_scheme(store: FolderStore) -> None:
    assert all(store.owns(uri) for uri in ("minio://b/k", "s3://b/k", "gs://b/k"))
    assert not any(store.owns(uri) for uri in ("oci://b/k", "file:///b/k", "/plain/path", "relative", ""))


def test_each_scheme_has_buckets_of_its_own(store: FolderStore) -> None:
    uris = [f"{scheme}://b/k" for scheme in ("minio", "gs", "s3")]
    for uri in uris:
        assert not store.exists(uri)
        store.write(uri, uri.encode())
        store.write(uri, uri.encode())
    assert [store.read(uri) for uri in uris] == [uri.encode() for uri in uris]
    paths = [store.local_path(uri) for uri in uris]
    assert not any(one.is_relative_to(other.parents[1]) for one in paths for other in paths if one != other)
    (paths[1].parents[0] / "link").symlink_to(paths[0])
    with pytest.raises(InvalidInput, match="leads out"):
        store.read("gs://b/link")
    (paths[2].parents[1] / INCOMING / "left").write_bytes(b"half")
    store.sweep()
    assert not (paths[2].parents[1] / INCOMING).exists()


def test_what_a_cloud_may_have_and_the_folder_has_not_is_said(store: FolderStore) -> None:
    with pytest.raises(NotFound, match="No remote store is set up, so gs:// is a folder here"):
        store.read("gs://b/none")
    with pytest.raises(NotFound) as refused:
        store.read("minio://b/none")
    assert "remote" not in str(refused.value)


def test_whatever_a_step_left_can_be_removed(store: FolderStore) -> None:
    """A pipe is no artifact, and a folder may be closed: neither keeps what is around it."""
    folder = store.local_path("minio://b/left/inner")
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    folder.chmod(0o500)
    store.delete("minio://b/left")
    assert not folder.parent.exists()


@pytest.mark.parametrize("name", NAMES)
def test_bytes_come_back(store: FolderStore, name: str) -> None:
    uri = f"minio://mlpipeline/{name}"
    assert not store.exists(uri)
    store.write(uri, b"one")
    store.write(uri, b"\0\xfftwo")
    assert store.exists(uri)
    assert store.read(uri) == b"\0\xfftwo"
    assert store.size(uri) == 5
    with store.open(uri) as file:
        assert file.read(2) == b"\0\xff"
    assert store.local_path(uri).read_bytes() == b"\0\xfftwo"
    assert list((store.root / INCOMING).iterdir()) == []
    store.delete(uri)
    store.delete(uri)
    assert not store.exists(uri)


def test_what_is_not_there_is_not_found(store: FolderStore) -> None:
    store.write("minio://b/file", b"x")
    for uri in ("minio://b/none", "minio://none/x", "minio://b/file/under"):
        assert not store.exists(uri)
        with pytest.raises((NotFound, InvalidInput)):
            store.read(uri)
        with pytest.raises(NotFound):
            store.size(uri)


def test_what_is_besides_what_is_kept(store: FolderStore) -> None:
    for name in ("one", "in/two", "in/three", "other/four"):
        store.write(f"minio://b/f/{name}", b"123")
    store.local_path("minio://b/f/link").symlink_to("/")
    store.seal(store.local_path("minio://b/f/in"))
    everything = ["minio://b/f/in", "minio://b/f/link", "minio://b/f/one", "minio://b/f/other"]
    assert store.besides("minio://b/f/", []) == ["minio://b/f/"]
    assert store.besides("minio://b/f", ["minio://b/f-2", "minio://b/f/none"]) == everything
    assert store.besides("minio://b/f", ["minio://b/f/in/two/", "minio://b/f/other"]) == [
        "minio://b/f/in/three",
        "minio://b/f/link",
        "minio://b/f/one",
    ]
    for kept in ("minio://b/f/", "minio://b"):
        assert store.besides("minio://b/f/in", [kept]) == []
    assert store.besides("minio://b/none", []) == []
    for part in store.besides("minio://b/f", ["minio://b/f/in/two"]):
        store.delete(part)
    assert store.size("minio://b/f") == 3


def test_a_folder_is_measured_and_removed_but_not_read(store: FolderStore) -> None:
    store.write("minio://b/folder/one", b"123")
    store.write("minio://b/folder/in/two", b"4567")
    assert store.exists("minio://b/folder")
    assert store.size("minio://b/folder") == 7
    with pytest.raises(InvalidInput, match="folder"):
        store.read("minio://b/folder")
    with pytest.raises(InvalidInput, match="same name"):
        store.write("minio://b/folder", b"x")
    with pytest.raises(InvalidInput, match="same name"):
        store.write("minio://b/folder/one/under", b"x")
    store.seal(store.local_path("minio://b/folder"))
    store.delete("minio://b/folder")
    assert not store.exists("minio://b/folder")


@pytest.mark.parametrize("uri", ["oci://b/k", "/etc/passwd", "relative", "file:///etc/passwd", "", "minio://b/../../x"])
def test_what_the_store_does_not_own_is_refused(store: FolderStore, uri: str) -> None:
    for method in (store.local_path, store.read, store.open, store.exists, store.size, store.delete):
        with pytest.raises(InvalidInput):
            method(uri)
    with pytest.raises(InvalidInput):
        store.write(uri, b"x")


def test_links_out_of_the_store_are_not_followed(store: FolderStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    store.write("minio://b/inside", b"x")
    bucket = store.root / "b"
    (bucket / "file").symlink_to(outside / "secret")
    (bucket / "folder").symlink_to(outside)
    (bucket / "loop").symlink_to(bucket / "loop")
    (bucket / "near").symlink_to(bucket / "inside")
    assert store.read("minio://b/near") == b"x"
    for uri in ("minio://b/file", "minio://b/folder/secret"):
        for method in (store.read, store.open, store.exists, store.size):
            with pytest.raises(InvalidInput, match="leads out"):
                method(uri)
    for act in (lambda: store.write("minio://b/folder/new", b"x"), lambda: store.delete("minio://b/folder/secret")):
        with pytest.raises(InvalidInput, match="leads out"):
            act()
    with pytest.raises((InvalidInput, Unavailable, NotFound)):
        store.read("minio://b/loop")
    for name in ("file", "folder", "loop"):
        store.delete(f"minio://b/{name}")
        assert not (bucket / name).is_symlink()
    assert (outside / "secret").read_text() == "secret"
    assert sorted(each.name for each in outside.iterdir()) == ["secret"]


def test_a_root_that_is_a_link_works(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store = FolderStore(tmp_path / "link")
    store.write("minio://b/k", b"x")
    assert store.read("minio://b/k") == b"x"


def test_readers_see_the_old_or_the_new_bytes_whole(store: FolderStore) -> None:
    uri, versions = "minio://b/k", [bytes([number]) * 100_000 for number in range(2)]
    store.write(uri, versions[0])
    done = threading.Event()

    def write() -> None:
        for number in range(40):
            store.write(uri, versions[number % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(store.read(uri))
    writer.join()
    assert seen <= set(versions)


def test_writers_of_one_object_do_not_mix(store: FolderStore) -> None:
    uri, versions = "minio://b/deep/k", [bytes([number]) * 50_000 for number in range(8)]
    threads = [threading.Thread(target=store.write, args=(uri, version)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read(uri) in versions


def test_a_sealed_object_is_replaced_by_a_write(store: FolderStore) -> None:
    store.write("minio://b/k", b"one")
    store.seal(store.local_path("minio://b/k"))
    store.write("minio://b/k", b"two")
    assert store.read("minio://b/k") == b"two"


def _limit_files() -> None:
    """No file of this process may grow past 64 kB: what a full disk feels like, but EFBIG."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))


def test_a_write_that_fails_leaves_what_was_there(store: FolderStore) -> None:
    store.write("minio://b/k", b"old")
    code = (
        "import sys; from pathlib import Path; from headrace.blobs.folder import FolderStore\n"
        "from headrace.base.errors import Unavailable\n"
        "try: FolderStore(Path(sys.argv[1])).write('minio://b/k', b'x' * 1_000_000)\n"
        "except Unavailable as error: print(error); sys.exit(7)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, store.root], preexec_fn=_limit_files, capture_output=True, text=True, check=False
    )
    assert done.returncode == 7, done.stderr
    assert "minio://b/k: the disk refused" in done.stdout
    assert store.read("minio://b/k") == b"old"
    assert list((store.root / INCOMING).iterdir()) == []


FULL = """
import sys
from pathlib import Path
from headrace.base.errors import Unavailable
from headrace.blobs.folder import FolderStore

store = FolderStore(Path(sys.argv[1]) / "store")
store.write("minio://b/small", b"x")
try:
    store.write("minio://b/large", b"x" * 1_000_000)
except Unavailable as error:
    print(error)
assert not store.exists("minio://b/large")
store.write("minio://b/again", b"y")
assert store.read("minio://b/small") == b"x"
"""


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """On a file system that is really full: a tiny one in memory, in a mount namespace that ends with its process."""
    mount = 'mount -t tmpfs -o size=256k tmpfs "$1" || exit 99; exec "$2" -c "$3" "$1"'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", tmp_path, sys.executable, FULL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if done.returncode == 99 or "unshare:" in done.stderr:
        pytest.skip("mount namespaces are not allowed here")
    assert done.returncode == 0, done.stderr
    assert "minio://b/large: the disk is full" in done.stdout


def test_what_a_killed_writer_left_is_swept(store: FolderStore) -> None:
    store.write("minio://b/k", b"x")
    (store.root / INCOMING / "half").write_bytes(b"half")
    store.sweep()
    store.sweep()
    assert not (store.root / INCOMING).exists()
    assert store.read("minio://b/k") == b"x"
    assert [each.name for each in store.root.iterdir()] == ["b"]


def test_an_artifact_is_intact_until_it_is_written_or_gone(store: FolderStore) -> None:
    uri = "minio://bucket/data"
    store.write(uri, b"abc")
    path = store.local_path(uri)
    sealed = store.seal(path)
    made = Instant(path.stat().st_mtime_ns // 1000)
    artifact = Artifact("id", "data", "system.Dataset", uri, digest=sealed.digest, size=sealed.size, created_at=made)
    assert store.is_intact(artifact)
    assert store.is_intact(replace(artifact, created_at=Instant(0)))  # written since, with the same bytes
    assert not store.is_intact(replace(artifact, size=4))
    assert store.is_intact(replace(artifact, uri="oci://elsewhere/data"))
    path.chmod(0o644)
    path.write_bytes(b"abd")
    os.utime(path, ns=(made * 1000 + 10**9, made * 1000 + 10**9))
    assert not store.is_intact(artifact)
    nothing = replace(artifact, digest="", size=-1)
    assert not store.is_intact(nothing)
    path.unlink()
    assert not store.is_intact(artifact)
    assert store.is_intact(nothing)
    assert store.is_intact(replace(nothing, uri="minio://no-object"))
