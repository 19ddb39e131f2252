"""The containerized Python components in sources that `kfp component build` has not seen: read, never run.

Takes the folder of a context; gives what that build would write for them: `kfp_config.ini`, by which the SDK finds a
component's file, the packages that they install, and the image that they are built on. What is not a constant in their
decorators is not read.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONFIG = "kfp_config.ini"


@dataclass(frozen=True, slots=True)
class Components:
    """`files` are the paths by function name, in the context."""

    files: dict[str, str]
    packages: tuple[str, ...]
    base_image: str

    @property
    def config(self) -> str:
        """The text of `kfp_config.ini`."""
        return "\n".join(["[Components]", *(f"{name} = {path}" for name, path in sorted(self.files.items())), ""])


def components_in(folder: Path) -> Components:
    """All that have a `target_image`, in files that can be parsed."""
    files: dict[str, str] = {}
    packages: dict[str, None] = {}
    base_image = ""
    for path in sorted(folder.rglob("*.py")):
        for name, options in _decorated(path):
            files[name] = path.relative_to(folder).as_posix()
            packages.update(dict.fromkeys(_strings(options.get("packages_to_install"))))
            base_image = base_image or "".join(_strings(options.get("base_image")))
    return Components(files, tuple(packages), base_image)


def _decorated(path: Path) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """The functions that are decorated so, with the options of that."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # of another Python, or not meant to be imported
        return
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in function.decorator_list:
            if isinstance(call, ast.Call) and _name(call.func) == "component":
                options = {each.arg: each.value for each in call.keywords if each.arg is not None}
                if "target_image" in options:
                    yield function.name, options


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


def _strings(value: ast.expr | None) -> list[str]:
    """The constants in it: one, or those of a list."""
    parts = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    return [each.value for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
