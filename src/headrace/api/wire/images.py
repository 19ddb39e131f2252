"""Images that sources stand for."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Int64, Message, Timestamp


class MappedImage(Message):
    """An image, or a glob of images, and what stands for it. `context` is the digest of the sources and their needs."""

    image: str = ""
    context: str = ""
    python: str = ""
    requirements: list[str] = []
    files: int = 0
    size: Int64 = Int64("0")
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")


class ListImages(Message):
    images: list[MappedImage] = []
