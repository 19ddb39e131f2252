"""Which names of a document may become a part of a path: pipelines, tasks and outputs are folders and files."""

_MAX_BYTES = 200


def file_name_problem(name: str) -> str:
    """Why `name` cannot be the name of a file, "" if it can. Reads as `name <problem>`."""
    if not name:
        return "is empty"
    if name in (".", ".."):
        return "is the name of a folder"
    if "/" in name:
        return "holds a slash"
    if not name.isprintable():
        return "holds a control character"
    if len(name.encode()) > _MAX_BYTES:
        return f"is longer than {_MAX_BYTES} bytes"
    return ""
