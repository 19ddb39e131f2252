"""What a store of artifact bytes can do, wherever it is. The embedded one is `folder.FolderStore`."""

from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is known of published bytes: `sha256:<hex>` or "" where that was put off, and bytes."""

    digest: str
    size: int


class BlobStore(Protocol):
    """Bytes by uri. All methods block, and raise InvalidInput for a uri that this store does not hold."""

    def owns(self, uri: str) -> bool:
        """The uri is one of this store's, to judge by its scheme."""
        ...

    def write(self, uri: str, data: bytes) -> None:
        """Make `data` the object, at once and durably. Raises Unavailable where there is no room."""
        ...

    def read(self, uri: str) -> bytes:
        """All of the object. Raises NotFound."""
        ...

    def open(self, uri: str) -> BinaryIO:
        """The object, to be read piece by piece and closed by the caller. Raises NotFound."""
        ...

    def exists(self, uri: str) -> bool:
        """There is an object, or a folder of objects."""
        ...

    def size(self, uri: str) -> int:
        """Bytes, of a folder of all in it. Raises NotFound."""
        ...

    def delete(self, uri: str) -> None:
        """Remove the object, or the folder with all in it. Nothing is done where there is none."""
        ...
