"""The sources of an image as its users write them: containerized components, with a module beside them."""

from pathlib import Path

IMAGE = "registry.example.com/team/parts:v1"

COMPONENTS = f'''
from typing import NamedTuple

from kfp import dsl

from tools.count import many


@dsl.component(base_image="python:3.11", target_image="{IMAGE}", packages_to_install=["iniconfig==2.0.0"])
def repeat(text: str, times: int, data: dsl.Output[dsl.Dataset]) -> NamedTuple("Out", [("text", str), ("size", int)]):
    """Uses a module, a file and a package of its image."""
    import iniconfig

    with open("words.txt") as words, open(data.path, "w") as file:
        file.write(words.read() * times)
    data.metadata["package"] = iniconfig.__name__
    found = many(text, times)
    return (found, len(found))


@dsl.component(base_image="python:3.11", target_image="{IMAGE}")
def read(data: dsl.Input[dsl.Dataset]) -> str:
    with open(data.path) as file:
        return file.read()


@dsl.container_component
def script(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="{IMAGE}", command=["python3", "tools/script.py"], args=[text, out])
'''

COUNT = """
def many(text: str, times: int) -> str:
    return SEPARATOR.join([text] * times)


SEPARATOR = "-"
"""

SCRIPT = """
import pathlib
import sys

sys.path.insert(0, ".")

from tools.count import many

pathlib.Path(sys.argv[2]).write_text(many(sys.argv[1], 2))
"""

PIPELINE = '''
from kfp import dsl
from parts import read, repeat, script


@dsl.pipeline
def pipeline(text: str = "a", times: int = 3):
    """Both kinds of components of the image."""
    made = repeat(text=text, times=times)
    read(data=made.outputs["data"])
    script(text=made.outputs["text"])
'''


def write(folder: Path) -> None:
    """The sources, as they are before anybody built the image."""
    files = {
        "parts.py": COMPONENTS,
        "tools/__init__.py": "",
        "tools/count.py": COUNT,
        "tools/script.py": SCRIPT,
        "words.txt": "word ",
        "pipeline.py": PIPELINE,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
