"""Steps that are shell commands: no Python in them, only files and parameters.

    headrace run examples/shell_components.py --logs
    headrace run examples/shell_components.py -p limit=3 -p min_length=5

A container component names an image and a command. Artifacts and outputs are handed to the command as paths. Headrace's
process launcher runs the command on this machine; on Kubernetes the same pipeline runs it in the image.
"""

from pathlib import Path
from typing import Optional

from kfp import compiler, dsl
from kfp.dsl import ConcatPlaceholder, ContainerSpec, Dataset, IfPresentPlaceholder, Input, Output, OutputPath

IMAGE = "alpine:3.22"

TEXT = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
    "Darkness, it was the spring of hope, it was the winter of despair."
)


@dsl.container_component
def write_text(text: str, lines: Output[Dataset]):
    """Write the text to a file. The artifact's folder is there already, the file is for the command to make."""
    script = 'printf %s "$0" > "$1"'
    return ContainerSpec(image=IMAGE, command=["sh", "-euc", script], args=[text, lines.path])


@dsl.container_component
def count_words(lines: Input[Dataset], counts: Output[Dataset], min_length: Optional[int] = None):  # noqa: UP045
    """Count how often each word occurs. The placeholder adds `--min 5` to the command only if a length is given.

    kfp wants `Optional[int]` where Python would take `int | None`.
    """
    script = """
        lines=$0 counts=$1 min=1
        if [ "${2-}" = --min ]; then min=$3; fi
        tr -cs '[:alpha:]' '\\n' < "$lines" | grep -E ".{$min,}" | sort -f | uniq -ci | sort -rn > "$counts"
    """
    optional = IfPresentPlaceholder(input_name="min_length", then=["--min", min_length])
    return ContainerSpec(image=IMAGE, command=["sh", "-euc", script], args=[lines.path, counts.path, optional])


@dsl.container_component
def top_words(counts: Input[Dataset], limit: int, words: OutputPath(str), total: OutputPath(int)):
    """Print the most frequent words. An output parameter is what the command leaves in the file of that name."""
    script = """
        counts=$0 option=$1 words=$2 total=$3
        head "$option" "$counts"
        head "$option" "$counts" | awk '{print $2}' | paste -sd ' ' - > "$words"
        awk '{n += $1} END {print n + 0}' "$counts" > "$total"
    """
    lines = ConcatPlaceholder(["-n", limit])
    return ContainerSpec(image=IMAGE, command=["sh", "-euc", script], args=[counts.path, lines, words, total])


@dsl.pipeline(name="shell-components", description="Count words with tr, sort, uniq and awk.")
def shell_components(text: str = TEXT, limit: int = 5, min_length: int = 4) -> str:
    written = write_text(text=text)
    every = count_words(lines=written.outputs["lines"]).set_display_name("count all words")
    some = count_words(lines=written.outputs["lines"], min_length=min_length).set_display_name("count long words")
    top_words(counts=every.outputs["counts"], limit=limit).set_display_name("top of all words")
    top = top_words(counts=some.outputs["counts"], limit=limit).set_display_name("top of long words")
    return top.outputs["words"]


if __name__ == "__main__":
    compiler.Compiler().compile(shell_components, str(Path(__file__).with_suffix(".yaml")))
