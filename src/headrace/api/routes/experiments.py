"""Experiments."""

from headrace.api.experiments import Experiments
from headrace.api.operation import Operation
from headrace.api.route import PAGE, V2, ApiRoute
from headrace.api.services import Services
from headrace.api.wire.catalog import Experiment, ListExperiments
from headrace.api.wire.common import Empty
from headrace.api.wire.verbs import ExperimentVerb


def experiments_routes(services: Services) -> list[ApiRoute]:
    experiments, one = Experiments(services), f"{V2}/experiments/{{experiment_id}}"
    return [
        ApiRoute(
            "GET",
            f"{V2}/experiments",
            experiments.list,
            Operation("ExperimentService_ListExperiments", "list experiments", ListExperiments, query=PAGE),
        ),
        ApiRoute(
            "POST",
            f"{V2}/experiments",
            experiments.create,
            Operation(
                "ExperimentService_CreateExperiment",
                "make an experiment; 409 where its name is taken",
                Experiment,
                takes=Experiment,
                needs=("display_name",),
                errors=(409,),
                example={"display_name": "fraud detection"},
            ),
        ),
        ApiRoute(
            "GET",
            one,
            experiments.get,
            Operation("ExperimentService_GetExperiment", "get an experiment", Experiment),
        ),
        ApiRoute(
            "DELETE",
            one,
            experiments.delete,
            Operation(
                "ExperimentService_DeleteExperiment",
                "remove an experiment; its runs stay, and 409 says that it is the default one",
                Empty,
                errors=(409,),
            ),
        ),
        ApiRoute(
            "POST",
            f"{one}:archive",
            experiments.archive,
            Operation(
                "ExperimentService_ArchiveExperiment",
                "archive an experiment: take it off the lists of live experiments, with its runs, disable its "
                "recurring runs and stop their backfills",
                Empty,
                takes=ExperimentVerb,
            ),
        ),
        ApiRoute(
            "POST",
            f"{one}:unarchive",
            experiments.unarchive,
            Operation(
                "ExperimentService_UnarchiveExperiment",
                "put an archived experiment back; its runs stay archived",
                Empty,
                takes=ExperimentVerb,
            ),
        ),
    ]
