"""`headrace image`: which sources stand for an image whose steps run here; mapped, listed, unmapped."""

import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from headrace.base.errors import InvalidInput
from headrace.blobs.context import pack
from headrace.cli import output
from headrace.cli.connect import connect
from headrace.cli.display import console, show
from headrace.cli.look import plain_table
from headrace.cli.moments import show_moment
from headrace.cli.view import spell_bytes

_IN_MEMORY = 8 * 1024 * 1024
_SHORT = 12


def map_(
    *,
    image: str,
    context: str,
    requirements: str | None,
    python: str | None,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Send the sources to the server, which keeps them as they are now."""
    folder = Path(context).expanduser()
    query, text = {"image": image, "python": python or "", "kfp": _own_kfp()}, ""
    if requirements is not None:
        file = Path(requirements).expanduser()
        if file.resolve().is_relative_to(folder.resolve()):
            query["requirements_file"] = file.resolve().relative_to(folder.resolve()).as_posix()
        else:
            text = _read(file)
    with connect(home, host) as client, tempfile.SpooledTemporaryFile(_IN_MEMORY) as archive:
        pack(folder, archive)
        archive.seek(0)
        made = client.map_image(query, archive, text)
    if json:
        output.document(made)
        return 0
    files, size = made.get("files", 0), spell_bytes(int(made.get("size", 0)))
    output.say(
        f"{made['image']} stands for {files} file{'' if files == 1 else 's'}, {size} ({made['context'][:_SHORT]})."
    )
    needs = [f"Python {made['python']}" if "python" in made else "the server's Python", *made.get("requirements", ())]
    output.say(f"Its steps run with {', '.join(needs)}.")
    return 0


def ls(*, home: str | None, host: str | None, json: bool) -> int:
    """All that are mapped."""
    with connect(home, host) as client:
        found = client.images()
    if json:
        output.document(found)
    elif not found:
        output.say("No image is mapped yet.")
    else:
        table = plain_table("image", "sources", "files", "size", "python", "requirements", "updated")
        for each in found:
            table.add_row(
                each["image"],
                each["context"][:_SHORT],
                str(each.get("files", 0)),
                spell_bytes(int(each.get("size", 0))),
                each.get("python", ""),
                ", ".join(each.get("requirements", ())),
                show_moment(each["updated_at"]),
            )
        show(console(), table)
    return 0


def unmap(*, image: str, home: str | None, host: str | None, json: bool) -> int:
    with connect(home, host) as client:
        client.unmap_image(image)
    if json:
        output.document({"image": image})
    else:
        output.say(f"Nothing stands for {image} any more.")
    return 0


def _own_kfp() -> str:
    """The version of the SDK that pipelines are compiled with here, or "" where it is not installed."""
    try:
        return version("kfp")
    except PackageNotFoundError:
        return ""


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"it cannot be read: {error}", where=f"--requirements {file}") from error
