"""`headrace run --from RUN --at TASK`: a new run that goes on from an ended one, with what that has done already."""

from collections.abc import Sequence

from headrace.base.errors import InvalidInput, NotFound
from headrace.base.json import JsonObject
from headrace.cli.client import Client
from headrace.cli.find import find_run
from headrace.cli.parameters import read_some, utf8
from headrace.cli.pipeline import plan_of
from headrace.spec.plan import Plan

_USAGE = "headrace run --from RUN --at TASK [-p NAME=VALUE]"


def check_words(pipeline: str | None, from_run: str | None, at: Sequence[str], others: Sequence[str]) -> None:
    """A run is made of a pipeline or from another run; `others` are options that the second has no use for."""
    if from_run is None and at:
        raise InvalidInput("--at goes with --from", where="--at", hint=f"Write {_USAGE}")
    if from_run is None and pipeline is None:
        raise InvalidInput("there is no PIPELINE", hint=f"Give a file, or go on from another run: {_USAGE}")
    if from_run is None:
        return
    if pipeline is not None:
        hint = f"Leave it out: {_USAGE}"
        raise InvalidInput("a run that goes on from another one has its pipeline", where=pipeline, hint=hint)
    if not at:
        raise InvalidInput("where it is to go on is missing", where="--from", hint=f"Write {_USAGE}")
    if others:
        raise InvalidInput("it does not go with --from", where=others[0], hint="Leave it out")


def resume(client: Client, text: str, at: Sequence[str], parameters: Sequence[str], name: str) -> tuple[str, Plan]:
    """Start the run that goes on from the one that `text` names; its id, and its plan."""
    run_id = find_run(client, text)
    spec = client.run(run_id).get("pipeline_spec")
    if not spec:
        raise NotFound("the server does not say what pipeline it ran", where=f"run {run_id}")
    plan = plan_of(spec)
    values = read_some(parameters, plan.root.interface.input_parameters)
    body: JsonObject = {"at": [utf8(each, "--at") for each in at], "parameters": values, "display_name": name}
    return str(client.resume(run_id, body)["run_id"]), plan
