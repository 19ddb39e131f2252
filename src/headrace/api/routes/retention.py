"""Retention: how long things are kept, and letting them go."""

from headrace.api.operation import Operation
from headrace.api.retention import Retention
from headrace.api.route import OWN, ApiRoute
from headrace.api.services import Services
from headrace.api.wire import retention as wire
from headrace.api.wire.common import Empty
from headrace.api.wire.verbs import RunVerb


def retention_routes(services: Services) -> list[ApiRoute]:
    retention, one_run = Retention(services), f"{OWN}/runs/{{run_id}}"
    of_experiment = f"{OWN}/experiments/{{experiment_id}}/retention"
    return [
        ApiRoute(
            "GET",
            f"{OWN}/retention",
            retention.show,
            Operation(
                "HeadraceService_GetRetention",
                "say how long things are kept: by the server, by the experiments that say otherwise, and which runs "
                "are pinned",
                wire.RetentionPolicy,
            ),
        ),
        ApiRoute(
            "POST",
            f"{OWN}/retention:run",
            retention.run,
            Operation(
                "HeadraceService_RunRetention",
                "let go what is over now; with `dry_run` only say what would go. Answers when it is done",
                wire.RetentionResult,
                takes=wire.RunRetention,
                example={"dry_run": True},
            ),
        ),
        ApiRoute(
            "GET",
            of_experiment,
            retention.get,
            Operation(
                "HeadraceService_GetExperimentRetention",
                "say how long an experiment keeps: what it says itself, and what is in force for its runs",
                wire.ExperimentRetention,
            ),
        ),
        ApiRoute(
            "PATCH",
            of_experiment,
            retention.update,
            Operation(
                "HeadraceService_UpdateExperimentRetention",
                "change how long an experiment keeps; a part is an age such as `90d`, or `forever`, or empty for as "
                "the server says, and one that is not given stays",
                wire.ExperimentRetention,
                takes=wire.ChangeRetention,
                example={"runs": "90d", "artifacts": "forever"},
            ),
        ),
        ApiRoute(
            "POST",
            f"{one_run}:pin",
            retention.pin,
            Operation("HeadraceService_PinRun", "keep a run whatever retention says", Empty, takes=RunVerb),
        ),
        ApiRoute(
            "POST",
            f"{one_run}:unpin",
            retention.unpin,
            Operation("HeadraceService_UnpinRun", "let retention have a pinned run again", Empty, takes=RunVerb),
        ),
    ]
