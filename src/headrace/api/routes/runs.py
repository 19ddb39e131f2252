"""Runs and their tasks."""

from headrace.api.operation import Operation, Parameter, choice
from headrace.api.posting import Posting
from headrace.api.resume import Resumes
from headrace.api.route import OWN, PAGE, PAGE_OF_TASKS, V2, ApiRoute
from headrace.api.runs import Runs
from headrace.api.services import Services
from headrace.api.tasks import Tasks
from headrace.api.why import Why
from headrace.api.wire import own, posting, run, task
from headrace.api.wire.common import Empty
from headrace.api.wire.verbs import RunVerb
from headrace.base.json import JsonObject

VIEW = choice("view", "`FULL` adds the tasks, in KFP 3.0's shape", "DEFAULT", "FULL")
_EXPERIMENT = Parameter("experiment_id", "Only those of this experiment")

_RUN: JsonObject = {
    "display_name": "my run",
    "pipeline_version_reference": {"pipeline_id": "PIPELINE_ID"},
    "runtime_config": {"parameters": {"learning_rate": 0.1}},
}


def runs_routes(services: Services, runs: Runs) -> list[ApiRoute]:
    one = f"{V2}/runs/{{run_id}}"
    return [
        ApiRoute(
            "GET",
            one,
            runs.get,
            Operation(
                "RunService_GetRun", "get a run; `view=FULL` adds its tasks in KFP 3.0's shape", run.Run, query=(VIEW,)
            ),
        ),
        ApiRoute(
            "GET",
            f"{V2}/runs",
            runs.list,
            Operation(
                "RunService_ListRuns",
                "list runs; `experiment_id` narrows it down, `view=FULL` adds the tasks",
                run.ListRuns,
                query=(*PAGE, _EXPERIMENT, VIEW),
            ),
        ),
        ApiRoute(
            "POST",
            f"{V2}/runs",
            runs.create,
            Operation(
                "RunService_CreateRun",
                "start a run; it is of a `pipeline_spec` or a `pipeline_version_reference`, and durable when the "
                "answer comes",
                run.Run,
                takes=run.Run,
                needs=("display_name",),
                query=(Parameter("experiment_id", "The experiment, where the body names none"),),
                errors=(404, 409),
                example=_RUN,
            ),
        ),
        ApiRoute(
            "POST",
            f"{one}:terminate",
            runs.terminate,
            _verb("TerminateRun", "terminate a run; it goes through CANCELING to CANCELED"),
        ),
        ApiRoute(
            "POST",
            f"{one}:archive",
            runs.archive,
            _verb("ArchiveRun", "archive a run: take it off the lists of live runs"),
        ),
        ApiRoute(
            "POST", f"{one}:unarchive", runs.unarchive, _verb("UnarchiveRun", "put an archived run back on the lists")
        ),
        ApiRoute(
            "POST",
            f"{one}:retry",
            runs.retry,
            _verb("RetryRun", "retry a run: what did not succeed of it runs again; 409 while it has not ended", 409),
        ),
        ApiRoute(
            "POST",
            f"{OWN}/runs/{{run_id}}:resume",
            Resumes(services).post,
            Operation(
                "HeadraceService_ResumeRun",
                "resume a run: a new one goes on from an ended one. The body has `at`, a list of names or paths of "
                "tasks; `parameters`, those that change; and `display_name`. Gives the new run. 409 while the run has "
                "not ended, 404 for a task that the pipeline does not have, 400 where artifacts to be taken over are "
                "lost. The new run says what it comes from in `plugins_output.headrace.entries`: `resumed_from` and "
                "`resumed_at`",
                run.Run,
                takes=run.ResumeRun,
                needs=("at",),
                errors=(409,),
                example={"at": ["train"], "parameters": {"learning_rate": 0.01}},
            ),
        ),
        ApiRoute(
            "DELETE",
            one,
            runs.delete,
            Operation(
                "RunService_DeleteRun",
                "remove a run; one that has not ended is gone from view at once, and is terminated",
                Empty,
            ),
        ),
        *_tasks(services),
    ]


def _tasks(services: Services) -> list[ApiRoute]:
    tasks, posted, why = Tasks(services), Posting(services), Why(services)
    every = f"{V2}/runs/{{run_id}}/tasks"
    return [
        ApiRoute(
            "GET",
            every,
            tasks.list,
            Operation(
                "RunService_ListTasks",
                "list a run's tasks; `parent_id` asks for those of one group",
                task.ListTasks,
                query=(*PAGE_OF_TASKS, Parameter("parent_id", "Only those of this group")),
            ),
        ),
        ApiRoute(
            "GET",
            f"{every}/{{task_id}}",
            tasks.get,
            Operation("RunService_GetTask", "get a task, by its id, path or name", task.PipelineTask),
        ),
        ApiRoute(
            "POST",
            every,
            posted.create_task,
            Operation(
                "RunService_CreateTask",
                "post a task of a client's own; it is a record, and nobody here carries it out",
                task.PipelineTask,
                takes=task.PipelineTask,
                needs=("name",),
                errors=(409,),
                example={"name": "remote-training", "state": "RUNNING"},
            ),
        ),
        ApiRoute(
            "PATCH",
            f"{every}/{{task_id}}",
            posted.update_task,
            Operation(
                "RunService_UpdateTask",
                "change a task that a client posted; what is not given stays",
                task.PipelineTask,
                takes=task.PipelineTask,
                errors=(409,),
                example={"state": "SUCCEEDED"},
            ),
        ),
        ApiRoute(
            "POST",
            f"{every}:batchUpdate",
            posted.update_tasks,
            Operation(
                "RunService_UpdateTasksBulk",
                'change several tasks that clients posted; `{"tasks": {id: task}}`, all or none',
                posting.UpdatedTasks,
                takes=posting.UpdateTasks,
                needs=("tasks",),
                errors=(409,),
                example={"tasks": {"TASK_ID": {"state": "SUCCEEDED"}}},
            ),
        ),
        ApiRoute(
            "POST",
            f"{V2}/tasks:findCached",
            posted.find_cached,
            Operation(
                "RunService_FindCachedTask",
                "find the newest task of `cache_fingerprint` that SUCCEEDED; `{}` where there is none",
                task.PipelineTask,
                takes=posting.FindCached,
                needs=("cache_fingerprint",),
                example={"cache_fingerprint": "FINGERPRINT"},
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/runs/{{run_id}}/tasks/{{node}}/why",
            why.get,
            Operation(
                "HeadraceService_ExplainTask",
                "explain why a task is where it is; it is named by its id, path or name, and `root` asks for the run. "
                "Gives `headline`, and `details` with `label` and `text` each, for people; `state` is null while the "
                "task is not reached",
                own.Explanation,
            ),
        ),
    ]


def _verb(name: str, text: str, *errors: int) -> Operation:
    """A wish that has no words: an empty answer."""
    return Operation(f"RunService_{name}", text, Empty, takes=RunVerb, errors=errors)
