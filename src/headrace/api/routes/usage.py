"""What steps used, and what they should ask for."""

from headrace.api.advice import Advices
from headrace.api.operation import Operation, number
from headrace.api.route import OWN, ApiRoute
from headrace.api.services import Services
from headrace.api.usage import UsageOfSteps
from headrace.api.wire import usage as wire


def usage_routes(services: Services) -> list[ApiRoute]:
    run, usage = f"{OWN}/runs/{{run_id}}", UsageOfSteps(services)
    return [
        ApiRoute(
            "GET",
            f"{run}/usage",
            usage.of_run,
            Operation(
                "HeadraceService_GetUsage",
                "get what the steps of a run used: time, CPU, memory, and bytes read and written, by attempt",
                wire.RunUsage,
            ),
        ),
        ApiRoute(
            "GET",
            f"{run}/tasks/{{node}}/usage",
            usage.of_task,
            Operation(
                "HeadraceService_GetSamples",
                "get what a task used while it ran, a sample a second or fewer; it is named as for its log",
                wire.TaskSamples,
                query=(number("attempt", "Which attempt, from 1; the last one unless given"),),
            ),
        ),
        ApiRoute(
            "GET",
            f"{run}/advice",
            Advices(services).get,
            Operation(
                "HeadraceService_GetAdvice",
                "get requests and limits for the components of a run, from what they used in it and in the runs of "
                "the same pipeline before it",
                wire.Advice,
            ),
        ),
    ]
