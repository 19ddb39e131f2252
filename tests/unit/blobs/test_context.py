"""Sources as an archive and as a context: what goes in, what comes out, and what is refused on either side."""

import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.base import disk
from headrace.base.errors import InvalidInput, NotFound
from headrace.blobs import context, contexts
from headrace.blobs.context import Packed, pack
from headrace.blobs.contexts import Context, Contexts, Needs

NONE = Needs("", ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sources"
    made.mkdir()
    write(made, "main.py", "print(1)")
    write(made, "pkg/helper.py", "x = 1")
    return made


@pytest.fixture
def kept(tmp_path: Path) -> Contexts:
    return Contexts(tmp_path / "contexts")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def packed(folder: Path) -> tuple[io.BytesIO, Packed]:
    archive = io.BytesIO()
    told = pack(folder, archive)
    archive.seek(0)
    return archive, told


def names(folder: Path) -> list[str]:
    """The files and links that are packed."""
    with tarfile.open(fileobj=packed(folder)[0]) as archive:
        return sorted(archive.getnames())


def keep(store: Contexts, archive: io.BytesIO, needs: Needs = NONE) -> Context:
    with store.unpacked(archive) as files:
        return store.keep(files, needs)


def archive_of(*members: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    made.seek(0)
    return made


def file(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def test_what_is_kept_is_what_was_there(folder: Path, kept: Contexts) -> None:
    write(folder, "run.sh", "#!/bin/sh").chmod(0o700)
    (folder / "same").symlink_to("pkg/helper.py")
    (folder / "up").mkdir()
    (folder / "up" / "pkg").symlink_to("../pkg")
    os.link(folder / "main.py", folder / "twin.py")
    archive, told = packed(folder)
    made = keep(kept, archive, Needs("3.12", ("a==1",)))
    assert told.files == made.count == 6
    assert {str(each.relative_to(made.files)) for each in made.files.rglob("*")} == {
        *("main.py", "twin.py", "pkg", "pkg/helper.py", "run.sh", "same", "up", "up/pkg"),
    }
    assert (made.files / "twin.py").read_text() == "print(1)"
    assert (made.files / "up" / "pkg" / "helper.py").read_text() == (made.files / "same").read_text() == "x = 1"
    modes = {each.name: stat.S_IMODE(each.lstat().st_mode) for each in made.files.iterdir() if not each.is_symlink()}
    assert modes == {"main.py": 0o444, "twin.py": 0o444, "run.sh": 0o555, "pkg": 0o555, "up": 0o555}
    assert kept.use(made.digest) == made
    assert (kept.use(made.digest).files.parent / "context.json").stat().st_mode & 0o777 == 0o600


def test_the_same_sources_are_one_context_and_others_another(folder: Path, kept: Contexts, tmp_path: Path) -> None:
    first = keep(kept, packed(folder)[0])
    os.utime(folder / "main.py", (1, 1))
    assert keep(kept, packed(folder)[0]).digest == first.digest
    digests = {first.digest, keep(kept, packed(folder)[0], Needs("3.12", ())).digest}
    digests.add(keep(kept, packed(folder)[0], Needs("", ("a",))).digest)
    (folder / "main.py").chmod(0o755)
    digests.add(keep(kept, packed(folder)[0]).digest)
    write(folder, "main.py", "print(2)")
    digests.add(keep(kept, packed(folder)[0]).digest)
    (folder / "main.py").rename(folder / "other.py")
    digests.add(keep(kept, packed(folder)[0]).digest)
    assert len(digests) == 6
    assert {each.name for each in (tmp_path / "contexts").iterdir()} == digests
    assert first.files.joinpath("main.py").read_text() == "print(1)"


def test_one_that_is_not_there_is_said_to_be_missing(kept: Contexts) -> None:
    with pytest.raises(NotFound, match="not in this home"):
        kept.use("0" * 64)


def test_a_context_can_be_removed(folder: Path, kept: Contexts, tmp_path: Path) -> None:
    made = keep(kept, packed(folder)[0])
    disk.remove(tmp_path / "contexts" / made.digest)
    assert not made.files.exists()


def test_what_never_belongs_into_an_image_is_left_out(folder: Path) -> None:
    for name in (
        ".git/HEAD",
        "pkg/__pycache__/helper.cpython-311.pyc",
        ".venv/x",
        "old.pyc",
        "env/pyvenv.cfg",
        "env/x",
    ):
        write(folder, name, "x")
    os.mkfifo(folder / "pipe")
    assert names(folder) == ["main.py", "pkg/helper.py"]


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("pkg", ["main.py", "data/a.csv", "data/deep/b.csv"]),
        ("/pkg/\n# main.py", ["main.py", "data/a.csv", "data/deep/b.csv"]),
        ("helper.py", ["main.py", "pkg/helper.py", "data/a.csv", "data/deep/b.csv"]),
        ("**/*.csv", ["main.py", "pkg/helper.py"]),
        ("**/b.csv", ["main.py", "pkg/helper.py", "data/a.csv"]),
        ("data/*.csv", ["main.py", "pkg/helper.py", "data/deep/b.csv"]),
        ("data/**", ["main.py", "pkg/helper.py"]),
        ("*\n!main.py", ["main.py"]),
        ("data\n!data/deep", ["main.py", "pkg/helper.py", "data/deep/b.csv"]),
        ("!data\ndata/?.csv", ["main.py", "pkg/helper.py", "data/deep/b.csv"]),
        ("[m-n]ain.*", ["pkg/helper.py", "data/a.csv", "data/deep/b.csv"]),
        ("m\\ain.py", ["pkg/helper.py", "data/a.csv", "data/deep/b.csv"]),
        (".\n\n  \n!", ["main.py", "pkg/helper.py", "data/a.csv", "data/deep/b.csv"]),
    ],
)
def test_dockerignore(folder: Path, lines: str, left: list[str]) -> None:
    write(folder, "data/a.csv", "")
    write(folder, "data/deep/b.csv", "")
    write(folder, ".dockerignore", f"{lines}\n.dockerignore\n")
    assert names(folder) == sorted(left)


def test_git_can_be_taken_back(folder: Path) -> None:
    write(folder, ".git/HEAD", "x")
    write(folder, ".dockerignore", "!.git\n.dockerignore")
    assert ".git/HEAD" in names(folder)


@pytest.mark.parametrize("target", ["/etc/hostname", "../other", "pkg/../../other"])
def test_a_link_that_leads_out_is_refused_unless_it_is_left_out(folder: Path, target: str) -> None:
    write(folder.parent, "other", "secret")
    (folder / "out").symlink_to(target)
    with pytest.raises(InvalidInput, match="leads out of the folder"):
        pack(folder, io.BytesIO())
    write(folder, ".dockerignore", "out\n.dockerignore")
    assert names(folder) == ["main.py", "pkg/helper.py"]


def test_too_much_is_refused_with_what_is_largest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MOST_BYTES", 3 << 20)
    write(folder, "data/large.bin", "x" * (4 << 20))
    with pytest.raises(InvalidInput, match=r"data/large\.bin \(4 MiB\).*\.dockerignore"):
        pack(folder, io.BytesIO())
    monkeypatch.setattr(context, "MOST_BYTES", 5 << 20)
    monkeypatch.setattr(context, "MOST_FILES", 2)
    with pytest.raises(InvalidInput, match="3 files"):
        pack(folder, io.BytesIO())


def test_what_is_no_folder_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="no folder"):
        pack(folder / "main.py", io.BytesIO())


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ([file("/etc/x")], "leads out"),
        ([file("a/../../x")], "leads out"),
        ([link("a", "/etc")], "leads out"),
        ([link("a", "../..")], "leads out"),
        ([link("deep/a", "../../x")], "leads out"),
        (
            [file("p/q/r/x"), link("top", "p"), link("p/q/r/d", "../../../top"), link("e", "p/q/r/d/../../x")],
            "leads out",
        ),
        ([link("a", "."), file("a/x")], "behind a link"),
        ([link("a", "b"), link("b", "c"), file("b/x/y")], "behind a link"),
        ([file("a"), file("a")], "twice"),
        ([file("a"), file("a/b")], "twice"),
        ([file("a"), link("a", "b")], "twice"),
        ([file("a"), link("b", "a", tarfile.LNKTYPE)], "neither a file"),
        ([link("a", "", tarfile.FIFOTYPE)], "neither a file"),
        ([link("a", "", tarfile.CHRTYPE)], "neither a file"),
    ],
)
def test_hostile_archives_are_refused_and_leave_nothing(
    kept: Contexts, tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], text: str
) -> None:
    with pytest.raises(InvalidInput, match=text):
        keep(kept, archive_of(*members))
    assert [each.name for each in tmp_path.rglob("*")] == ["contexts"]


def test_an_archive_is_unpacked_up_to_a_size(kept: Contexts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "MOST_BYTES", 10)
    with pytest.raises(InvalidInput, match="more than"):
        keep(kept, archive_of(file("a", b"x" * 6), file("b", b"x" * 6)))
    monkeypatch.setattr(contexts, "MOST_FILES", 1)
    with pytest.raises(InvalidInput, match="more than"):
        keep(kept, archive_of(file("a"), file("b")))
    assert not list((tmp_path / "contexts").iterdir())


@pytest.mark.parametrize(
    "broken",
    [
        lambda _: b"",
        lambda _: b"no archive at all",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:40] + bytes(20) + whole[60:],
        lambda _: b"\x1f\x8b" + bytes(100),
    ],
)
def test_broken_archives_are_refused(kept: Contexts, broken: Callable[[bytes], bytes]) -> None:
    whole = archive_of(file("a", os.urandom(5000))).getvalue()
    with pytest.raises(InvalidInput):
        keep(kept, io.BytesIO(broken(whole)))


def test_an_archive_may_name_its_root_and_folders(kept: Contexts) -> None:
    folders = [tarfile.TarInfo("./"), tarfile.TarInfo("./empty")]
    for each in folders:
        each.type = tarfile.DIRTYPE
    made = keep(kept, archive_of(*((each, b"") for each in folders), file("./a")))
    assert (made.count, made.size) == (1, 1)
    assert (made.files / "empty").is_dir()
    assert made.digest != keep(kept, archive_of(file("a"))).digest
