"""The key of secrets: made once, whole, for its owner alone; what is no key is said so."""

import base64
import multiprocessing
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.base.errors import FailedPrecondition
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.store.vault import Sealed, Vault


def test_the_key_is_made_with_the_first_secret_for_its_owner_alone(tmp_path: Path) -> None:
    vault = Vault.of(Home(tmp_path), Settings())
    assert vault.key_id() == ""
    assert list(tmp_path.iterdir()) == []
    mask = os.umask(0)
    try:
        first = vault.seal("", "db", {"a": b"1"})
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    second = vault.seal("", "db", {"a": b"1"})
    assert first.key_id == second.key_id == vault.key_id()
    assert first.values != second.values, "no nonce is used twice"
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    assert vault.open(first) == vault.open(second) == {"a": b"1"}


def _seal(folder: Path, results: "multiprocessing.Queue[str]") -> None:
    results.put(Vault(folder / "secret.key").seal("", "db", {"a": b"1"}).key_id)


def test_who_makes_it_at_once_gets_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    children = [context.Process(target=_seal, args=(tmp_path, results)) for _ in range(4)]
    for each in children:
        each.start()
    found = {results.get(timeout=120) for _ in children}
    for each in children:
        each.join()
    assert found == {Vault(tmp_path / "secret.key").key_id()}


@pytest.mark.parametrize("at", ["open", "flock", "fchmod", "fsync", "rename"])
def test_killed_while_it_is_made_the_next_makes_it(tmp_path: Path, at: str) -> None:
    """Killed at the call of that name, before and after it."""
    for when in ("before", "after"):
        folder = tmp_path / when
        folder.mkdir()
        code = f"""
import fcntl, os, sys
from pathlib import Path
from headrace.store.vault import Vault
owner = next(each for each in (fcntl, Path, os) if hasattr(each, {at!r}) and {at!r} != "open" or each is os)
real = getattr(owner, {at!r})
def killed(*args, **options):
    if {at!r} == "open" and not str(args[0]).endswith(".new"):
        return real(*args, **options)
    if {when!r} == "after":
        real(*args, **options)
    os.kill(os.getpid(), 9)
import cryptography.hazmat.primitives.ciphers.aead
setattr(owner, {at!r}, killed)
Vault(Path(sys.argv[1]) / "secret.key").seal("", "db", {{"a": b"1"}})
"""
        assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == -9
        vault = Vault(folder / "secret.key")
        assert vault.open(vault.seal("", "db", {"a": b"1"})) == {"a": b"1"}
        assert [path.name for path in folder.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("text", [b"", b"AAAA", b"\xff" * 44, base64.b64encode(bytes(33)), b"-----BEGIN"])
def test_what_is_no_key(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "secret.key"
    file.write_bytes(text)
    for ours in (True, False):
        with pytest.raises(FailedPrecondition, match="no key of 32 bytes"):
            Vault(file, ours=ours).seal("", "db", {"a": b"1"})
    assert file.read_bytes() == text


def test_a_key_that_a_setting_names_is_never_made(tmp_path: Path) -> None:
    named = Vault.of(Home(tmp_path), Settings(secret_key_file=f"{tmp_path}/named.key"))
    for use in (lambda: named.seal("", "db", {}), lambda: named.open(Sealed("", "db", "x", {}, {})), named.key_id):
        with pytest.raises(FailedPrecondition, match=r"named\.key: there is no such file.*openssl"):
            use()
    assert list(tmp_path.iterdir()) == []
    named.file.write_text("  " + base64.b64encode(bytes(32)).decode() + "\r\n")
    assert named.open(named.seal("", "db", {"a": b"1"})) == {"a": b"1"}


def test_a_server_without_secrets_does_without_cryptography() -> None:
    code = "import headrace.cli.server, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
