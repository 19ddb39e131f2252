"""RUN, TASK, SCHEDULE and PIPELINE as people write them on the command line, to what they mean."""

from headrace.base.errors import InvalidInput, NotFound
from headrace.cli.client import Client
from headrace.cli.view import RunView, TaskView
from headrace.model.task import ROOT

_UUID = 36
_ENOUGH = 5


def find_run(client: Client, text: str) -> str:
    """The id of the run that `last`, an id, or the start of one names. Raises NotFound, or InvalidInput for several."""
    if text == "last":
        newest = client.listed("runs", limit=1)
        if not newest:
            raise NotFound("there is no run yet", where="last", hint="Start one with `headrace run`")
        return str(newest[0]["run_id"])
    if len(text) >= _UUID:
        return text
    near = client.listed("runs", limit=200, filters={"run_id": ("IS_SUBSTRING", text)})
    found = [str(run["run_id"]) for run in near if str(run["run_id"]).startswith(text.lower())]
    if not found:
        raise NotFound("no run's id begins so", where=text, hint="`headrace ls` lists the runs; `last` is the newest")
    if len(found) > 1:
        some = ", ".join(found[:_ENOUGH]) + (", …" if len(found) > _ENOUGH else "")
        raise InvalidInput(f"{len(found)} runs' ids begin so: {some}", where=text, hint="Give more of the id")
    return found[0]


def find_schedule(client: Client, text: str) -> str:
    """The id of the recurring run that a name, an id, or the start of one names. Raises NotFound, InvalidInput."""
    if len(text) == _UUID and text.count("-") == 4:
        return text
    found = client.listed("recurringruns", limit=2, filters={"name": ("EQUALS", text)})
    if not found:
        near = client.listed("recurringruns", limit=200, filters={"recurring_run_id": ("IS_SUBSTRING", text)})
        found = [each for each in near if str(each["recurring_run_id"]).startswith(text.lower())]
    if not found:
        hint = "`headrace schedule ls` lists them"
        raise NotFound("no recurring run has that name, or an id that begins so", where=text, hint=hint)
    if len(found) > 1:
        raise InvalidInput(
            "several recurring runs are meant", where=text, hint="Give the id of one, or the start of it"
        )
    return str(found[0]["recurring_run_id"])


def find_pipeline(client: Client, text: str) -> str:
    """The id of the uploaded pipeline that a name or an id names. Raises NotFound."""
    for key in ("name", "display_name", "pipeline_id"):
        found = client.listed("pipelines", limit=1, filters={key: ("EQUALS", text)})
        if found:
            return str(found[0]["pipeline_id"])
    hint = "`headrace ls pipelines` lists them"
    raise NotFound("there is no file of that name, and no uploaded pipeline", where=text, hint=hint)


def find_experiment(client: Client, text: str) -> str:
    """The id of the experiment that a name or an id names. Raises NotFound."""
    for key in ("display_name", "experiment_id"):
        if found := client.listed("experiments", limit=1, filters={key: ("EQUALS", text)}):
            return str(found[0]["experiment_id"])
    raise NotFound("no experiment has that name or id", where=text, hint="`headrace ls experiments` lists them")


def find_or_make_experiment(client: Client, name: str) -> str:
    """The id of the experiment of that name; it is made if it is new."""
    found = client.listed("experiments", limit=1, filters={"display_name": ("EQUALS", name)})
    return str((found[0] if found else client.create_experiment(name))["experiment_id"])


def find_task(run: RunView, text: str) -> TaskView:
    """The task that a path, with or without `root.`, or a name names. Raises NotFound, or InvalidInput for several."""
    for path in (text, f"{ROOT}.{text}"):
        if path in run.tasks:
            return run.tasks[path]
    found = [task for task in run.tasks.values() if text in (task.key, task.name) and task.path != ROOT]
    if not found:
        names = ", ".join(task.path.removeprefix("root.") for task in run.steps) or "none yet"
        raise NotFound("the run has not reached a task of that name", where=text, hint=f"Its steps are: {names}")
    if len(found) > 1:
        paths = " or ".join(task.path.removeprefix("root.") for task in found)
        raise InvalidInput(f"{len(found)} tasks have that name", where=text, hint=f"Give {paths}")
    return found[0]
