"""Where the SDK looks for an artifact that was brought into the workspace: below it, as in a bucket's mount."""

from headrace.base.json import JsonObject

IN_WORKSPACE = "_kfp_workspace"
"""The key of metadata that says so; the SDK looks for it."""

FOLDER = ".artifacts"
MOUNTS = {"minio": "minio", "gs": "gcs", "s3": "s3"}
"""What stands for a scheme of uris: the first part of the path at which KFP's containers find its buckets."""


def is_there(metadata: JsonObject) -> bool:
    """Whether an artifact with that metadata is to be looked for in the workspace."""
    return metadata.get(IN_WORKSPACE) is True


def place_of(uri: str) -> str:
    """The path in the workspace."""
    scheme, _, rest = uri.partition("://")
    return f"{FOLDER}/{MOUNTS.get(scheme, scheme)}/{rest}"
