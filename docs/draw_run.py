"""Draws `docs/run.svg`: the newest run of a home's server, as a terminal of 80 columns shows it when it has ended.

headrace up --home DIR &
headrace run examples/train_and_compare.py --home DIR
python docs/draw_run.py DIR
"""

import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from headrace.base.clock import SystemClock
from headrace.cli import draw, report, wire
from headrace.cli.connect import connect
from headrace.cli.find import find_run
from headrace.cli.pipeline import outline_of
from headrace.cli.show import local_store

OUTPUT = Path(__file__).with_name("run.svg")


def main(home: str) -> None:
    """Write the picture."""
    console = Console(width=80, record=True, file=StringIO(), force_terminal=True, color_system="standard")
    with connect(home, None) as client:
        document = client.run(find_run(client, "last"))
        run, now = wire.run_view(document), SystemClock().now()
        console.print(draw.header(run, now))
        console.print(draw.Tree(run, outline_of(document.get("pipeline_spec")), now), "")
        for part in report.drawn(run, {}, local_store(client)):
            console.print(part)
    console.save_svg(str(OUTPUT), title="headrace run examples/train_and_compare.py")


if __name__ == "__main__":
    main(sys.argv[1])
