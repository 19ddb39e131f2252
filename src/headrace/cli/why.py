"""`headrace why`: why a task of a run, or the run itself, is where it is."""

from headrace.cli import output
from headrace.cli.connect import connect
from headrace.cli.find import find_run
from headrace.model.task import ROOT


def why(*, run: str, task: str | None, home: str | None, host: str | None, json: bool) -> int:
    """Print the reason, and what it follows from."""
    with connect(home, host) as client:
        said = client.why(find_run(client, run), task or ROOT)
    if json:
        output.document(said)
        return 0
    path, state = said["path"], said["state"] or "not reached"
    name = f"run {said['run_id']}" if path == ROOT else path.removeprefix(f"{ROOT}.")
    output.say(f"{name} is {state}: {said['headline']}")
    for line in said["details"]:
        output.say(f"  {line['label']}: {line['text']}")
    return 0
