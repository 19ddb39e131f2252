"""Uploads: plain, zip and tar.gz, and the ways in which archives are wrong."""

import gzip
import io
import tarfile
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given as random
from hypothesis import settings
from hypothesis import strategies as st

from headrace.base.errors import InvalidSpec
from headrace.spec.archive import unpack
from headrace.spec.parse import MAX_BYTES


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return data.getvalue()


def tarred(*files: tuple[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.addfile(_folder("folder"))
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def test_a_plain_file_is_itself() -> None:
    assert unpack(b"a: 1") == b"a: 1"
    assert unpack(b"") == b""


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_pipeline_yaml_goes_before_the_first_file(pack) -> None:
    assert unpack(pack(("one.yaml", b"1"), ("two.json", b"2"))) == b"1"
    assert unpack(pack(("one.yaml", b"1"), ("folder/pipeline.yaml", b"2"))) == b"2"


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_without_a_pipeline_is_refused(pack) -> None:
    with pytest.raises(InvalidSpec, match="empty"):
        unpack(pack())
    with pytest.raises(InvalidSpec, match=r"read\.me"):
        unpack(pack(("read.me", b"hello")))


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_truncated_archive_is_refused(pack) -> None:
    whole = pack(("pipeline.yaml", bytes(range(256)) * 40))
    for length in {*range(2, len(whole), 37), len(whole) - 1}:
        with pytest.raises(InvalidSpec):
            unpack(whole[:length])


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_not_unpacked(pack) -> None:
    with pytest.raises(InvalidSpec, match="larger than 32 MiB"):
        unpack(pack(("pipeline.yaml", b" " * (MAX_BYTES + 1))))


def test_a_bomb_within_the_tar_is_not_unpacked() -> None:
    with pytest.raises(InvalidSpec, match="larger than 32 MiB"):
        unpack(gzip.compress(b"\0" * (MAX_BYTES + 1)))


def test_a_crowd_of_files_is_refused_before_it_is_listed() -> None:
    with pytest.raises(InvalidSpec, match="more than 10,000 files"):
        unpack(b"PK\x03\x04" + b"PK\x01\x02" * 20_000)


def test_other_methods_and_encryption_are_refused() -> None:
    with pytest.raises(InvalidSpec, match="method"):
        unpack(zipped(("pipeline.yaml", b"x"), method=zipfile.ZIP_LZMA))
    locked = bytearray(zipped(("pipeline.yaml", b"x")))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidSpec, match="encrypted"):
        unpack(bytes(locked))


@pytest.mark.parametrize("pack", [zipped, tarred])
@settings(deadline=None)
@random(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_damaged_archive_is_unpacked_or_refused(pack, changes: list[tuple[int, int]]) -> None:
    data = bytearray(pack(("pipeline.yaml", b"a: 1\n" * 40)))
    for place, byte in changes:
        data[place % len(data)] = byte
    with suppress(InvalidSpec):
        unpack(bytes(data))


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="larger than 32 MiB"):
        unpack(b"x" * (MAX_BYTES + 1))
