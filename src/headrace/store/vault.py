"""What seals the values of secrets before they are stored, and opens them again: AES-256-GCM with a key from a file.

The file holds 32 bytes in base64. It is read each time, so a key that was put back is used at once. In a home it is
made when the first secret is; one that a setting names is its owner's, and is never made here. The name of a value
(namespace, secret, key) is bound to it: a sealed value that was moved to another row does not open.
"""

import base64
import fcntl
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headrace.base.errors import FailedPrecondition, Unavailable
from headrace.base.home import Home
from headrace.base.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12

_MAKE = "Make one with `openssl rand -base64 32`, or copy that of the server that made the secrets"


@dataclass(frozen=True, slots=True)
class Sealed:
    """The values of a secret, unreadable. `key_id` tells which key opens them, `sizes` how long they are open."""

    namespace: str
    name: str
    key_id: str
    values: Mapping[str, bytes]
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Vault:
    """`ours`: the key is this home's, and made when there is need of one."""

    file: Path
    ours: bool = True

    @classmethod
    def of(cls, home: Home, settings: Settings) -> "Vault":
        """That of a server: the key that its setting names, else its home's."""
        named = settings.secret_key_file
        return cls(Path(named).expanduser(), ours=False) if named else cls(home.secret_key)

    def key_id(self) -> str:
        """Which key it is, without telling it; "" where there is none yet. Raises FailedPrecondition."""
        key = self._key()
        return "" if key is None else _key_id(key)

    def seal(self, namespace: str, name: str, values: Mapping[str, bytes]) -> Sealed:
        """Make the values unreadable, with a new key if there is none. Raises FailedPrecondition, Unavailable."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key() or self._make()
        cipher = AESGCM(key)
        sealed: dict[str, bytes] = {}
        for each, value in values.items():
            nonce = os.urandom(NONCE_BYTES)
            sealed[each] = nonce + cipher.encrypt(nonce, value, _bound(namespace, name, each))
        sizes = {each: len(value) for each, value in values.items()}
        return Sealed(namespace, name, _key_id(key), sealed, sizes)

    def open(self, sealed: Sealed) -> Mapping[str, bytes]:
        """The values. Raises FailedPrecondition that names the secret where the key is lost or another one, or the
        values were altered."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        where = f"secret {sealed.name}"
        key = self._key()
        if key is None or _key_id(key) != sealed.key_id:
            raise self.unfit(sealed.name, sealed.key_id, "" if key is None else _key_id(key))
        cipher = AESGCM(key)
        opened: dict[str, bytes] = {}
        for each, value in sealed.values.items():
            try:
                bound = _bound(sealed.namespace, sealed.name, each)
                opened[each] = cipher.decrypt(value[:NONCE_BYTES], value[NONCE_BYTES:], bound)
            except (InvalidTag, ValueError) as error:
                hint = "Its row in the database was altered: create it anew, replacing this one"
                raise FailedPrecondition(f"its value {each} cannot be opened", where=where, hint=hint) from error
        return opened

    def unfit(self, name: str, wanted: str, there: str) -> FailedPrecondition:
        """The error for a secret that was sealed with the key `wanted`, where the key `there` is all there is."""
        found = f"holds {there}" if there else "is not there"
        return FailedPrecondition(
            f"it was sealed with the key {wanted}, and {self.file} {found}",
            where=f"secret {name}",
            hint="Put the key back from a backup, or copy it from the server that made the secret (or name the file "
            "with secret_key_file); if it is lost, delete the secret and create it anew",
        )

    def _key(self) -> bytes | None:
        """None where the home has none yet. Raises FailedPrecondition."""
        where = str(self.file)
        try:
            text = self.file.read_bytes()
        except FileNotFoundError as error:
            if self.ours:
                return None
            raise FailedPrecondition("there is no such file", where=f"secret_key_file {where}", hint=_MAKE) from error
        except OSError as error:
            hint = "Let the server's user read it"
            raise FailedPrecondition(f"it cannot be read: {error.strerror}", where=where, hint=hint) from error
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            hint = "Put it back from a backup" if self.ours else _MAKE
            raise FailedPrecondition(f"it is no key of {KEY_BYTES} bytes in base64", where=where, hint=hint)
        return key

    def _make(self) -> bytes:
        """The key, made if nobody was first: whoever is killed here leaves none, or a whole one. Raises Unavailable."""
        draft = self.file.with_name(f"{self.file.name}.new")
        try:
            descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if (known := self._key()) is not None:
                    draft.unlink(missing_ok=True)
                    return known
                key = os.urandom(KEY_BYTES)
                os.fchmod(file.fileno(), 0o600)
                file.truncate()
                file.write(base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
                draft.rename(self.file)
                _sync(self.file.parent)
                return key
        except OSError as error:
            hint = "See to the disk, and to who may write there"
            raise Unavailable(f"it cannot be made: {error.strerror}", where=str(self.file), hint=hint) from error


def _key_id(key: bytes) -> str:
    return hmac.digest(key, b"headrace key id", hashlib.sha256)[:8].hex()


def _bound(namespace: str, name: str, key: str) -> bytes:
    """What a value is bound to; none of the parts can hold NUL."""
    return "\0".join(("headrace secret", namespace, name, key)).encode()


def _sync(folder: Path) -> None:
    """Make what was renamed in the folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
