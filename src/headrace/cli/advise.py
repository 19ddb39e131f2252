"""`headrace advise`: what the components of a pipeline should request, and be limited to, from what they used."""

from headrace.cli import output
from headrace.cli.client import Document
from headrace.cli.connect import connect
from headrace.cli.find import find_run
from headrace.cli.view import spell, spell_memory
from headrace.model.task import ROOT

_MOST = 4
"""So many tasks of one component are named."""


def advise(*, run: str, home: str | None, host: str | None, json: bool) -> int:
    """Print the advice, as lines for the pipeline's source."""
    with connect(home, host) as client:
        said = client.advice(find_run(client, run))
    if json:
        output.document(said)
        return 0
    if not said["components"]:
        output.say(f"The pipeline {said['pipeline']} runs no commands.")
    for number, component in enumerate(said["components"]):
        if number:
            output.say("")
        _show(component)
    return 0


def _show(component: Document) -> None:
    tasks = [task.removeprefix(f"{ROOT}.") for task in component["tasks"]]
    more = f" and {len(tasks) - _MOST} more" if len(tasks) > _MOST else ""
    output.say(f"{', '.join(tasks[:_MOST])}{more} ({component['component']})")
    output.say(f"  known:  {_known(component)}")
    if not component["lines"]:
        return
    seen = component["measured"]
    output.say(
        f"  used:   {spell(seen['seconds'])}, {seen['cores']:.1f} cores (at most {seen['peak_cores']:.1f}), "
        f"{spell_memory(seen['memory'])} (at most {spell_memory(seen['peak_memory'])})"
    )
    output.say(f"  now:    {_spell(component['current'])}")
    for line in component["lines"]:
        output.say(f"  {line}")


def _known(component: Document) -> str:
    count, runs = component["executions"], component["runs"]
    if not count:
        return "it was never executed here: run it without the cache"
    killed = component["killed"]
    over = f", {killed} killed over the memory limit" if killed else ""
    known = f"{count} {'execution' if count == 1 else 'executions'} in {runs} {'run' if runs == 1 else 'runs'}{over}"
    return known if component["lines"] else f"{known}, of which none succeeded"


def _spell(sizes: Document) -> str:
    said = [f"{name.replace('_', ' ')} {text}" for name, text in sizes.items() if text]
    return ", ".join(said) or "it asks for nothing"
