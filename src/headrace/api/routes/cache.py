"""The cache: executions that may stand in for equal steps."""

from headrace.api.cache import Cache
from headrace.api.operation import Operation, Parameter, flag
from headrace.api.route import OWN, PAGE, ApiRoute
from headrace.api.services import Services
from headrace.api.wire import own

_WHICH = (
    Parameter("fingerprint", "The begin of one"),
    Parameter("pipeline", "Executions of this pipeline"),
    Parameter("task", "Of this task, by its name or path"),
    Parameter("run_id", "Of a run that executed or took it"),
    Parameter("ended_before", "Those that ended earlier", {"type": "string", "format": "date-time"}),
)


def cache_routes(services: Services) -> list[ApiRoute]:
    cache = Cache(services)
    return [
        ApiRoute(
            "GET",
            f"{OWN}/cache",
            cache.list,
            Operation(
                "HeadraceService_ListCache",
                "list cache entries: fingerprint, pipeline, run, task, when it ended, how often it was taken, the "
                "bytes of its artifacts; pages and `sort_by` as in other lists",
                own.CacheEntries,
                query=(*PAGE, *_WHICH),
            ),
        ),
        ApiRoute(
            "DELETE",
            f"{OWN}/cache",
            cache.drop,
            Operation(
                "HeadraceService_DropCache",
                "drop cache entries: what is narrowed down, or `all=true`; they are never taken again, their runs and "
                "lineage stay; `dry_run=true` only says which",
                own.CacheDropped,
                query=(*_WHICH, flag("all", "All of them"), flag("dry_run", "Only say which")),
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/cache/runs/{{run_id}}/tasks/{{node}}",
            cache.why,
            Operation(
                "HeadraceService_ExplainCache",
                "explain a step's cache lookup: what its fingerprint is made of, whether it hit, and what differs from "
                "its nearest earlier execution if it missed",
                own.CacheExplanation,
            ),
        ),
    ]
