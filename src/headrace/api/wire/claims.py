"""Persistent volume claims, with Kubernetes' words for what they ask."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Message, Timestamp


class CreateClaim(Message):
    """`size` is a quantity, such as 5Gi."""

    name: str = ""
    size: str = ""
    access_modes: list[str] = []
    storage_class_name: str = ""
    volume_name: str = ""
    annotations: dict[str, str] = {}


class ClaimMount(Message):
    """A step that has the claim mounted."""

    run_id: str = ""
    run_name: str = ""
    scope_path: str = ""


class Claim(Message):
    """`folder` is where its files are, on the server's machine; `run_id` and `task_id` are of the task that made it.

    `mounts` are told where it is asked for by name.
    """

    uid: str = ""
    name: str = ""
    size: str = ""
    access_modes: list[str] = []
    storage_class_name: str = ""
    volume_name: str = ""
    annotations: dict[str, str] = {}
    created_at: Timestamp = Timestamp("")
    run_id: str = ""
    task_id: str = ""
    folder: str = ""
    mounts: list[ClaimMount] = []


class ListClaims(Message):
    claims: list[Claim] = []
