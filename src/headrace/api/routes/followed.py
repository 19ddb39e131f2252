"""What is followed while it happens: events and logs."""

from headrace.api.events import STATES, Events
from headrace.api.log_search import LONGEST_TEXT, MATCHES, MOST_MATCHES, LogSearch
from headrace.api.logs import Logs
from headrace.api.operation import Media, Operation, Parameter, flag, many, number
from headrace.api.route import OWN, ApiRoute
from headrace.api.services import Services
from headrace.api.stream import Stream
from headrace.api.waiting import Closing, Ticker
from headrace.api.wire import own
from headrace.controllers.journal import Journal

LOG_TICK_SECONDS = 0.2

_LOG = Media(("text/plain",), "What the task printed, as it is")
_PART = {206: "The bytes that `Range` asked for"}
_OF_LOGS = (
    flag("follow", "Give one attempt after the other until the task has ended, or go on until `attempt` has"),
    number("tail", "Begin that many lines before the end"),
    number("attempt", "Which attempt, from 1; unless given the last one, or all that are followed"),
    number("rank", "Which process of a training job; the first, 0, unless given"),
)
_EVENTS = Media(("text/event-stream",), "The events, each with its id")
_LAST_EVENT = Parameter("Last-Event-ID", "The id of the last event that is known, as browsers send it", place="header")


def followed_routes(services: Services, closing: Closing) -> list[ApiRoute]:
    stream, logs = Stream(services, closing), Logs(services, closing, Ticker(LOG_TICK_SECONDS))
    kfp = "/apis/{}/runs/{{run_id}}/nodes/{{node}}/log"
    return [
        ApiRoute(
            "GET",
            f"{OWN}/events",
            Events(services, Journal(services.database, services.feed), closing).get,
            Operation(
                "HeadraceService_WatchRuns",
                "watch all runs: the states that they come to, as server-sent events",
                _EVENTS,
                query=(
                    number("after", "The id of the last event that is known; 0 asks for all that there is"),
                    _LAST_EVENT,
                    Parameter("experiment_id", "Only runs of this experiment"),
                    Parameter("recurring_run_id", "Only runs of this recurring run"),
                    many("state", "Only these states", *STATES),
                ),
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/runs/{{run_id}}/events",
            stream.events,
            Operation(
                "HeadraceService_WatchRun",
                "watch a run: its history as server-sent events, from the beginning or after `Last-Event-ID`, then as "
                "it is committed; ends with the event `end`",
                _EVENTS,
                query=(number("after", "The number of the last event that is known"), _LAST_EVENT),
                also={204: "The run has ended, and the client has all of it"},
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/runs/{{run_id}}/logs",
            LogSearch(services).get,
            Operation(
                "HeadraceService_SearchLogs",
                "search a run's logs: the lines that hold `q`, of all attempts. Gives `matches` with `task`, "
                "`attempt`, `rank`, `line` and `text`; `task`, `attempt`, `ignore_case` and `limit` narrow it down, "
                "`truncated` says that there are more",
                own.LogMatches,
                query=(
                    Parameter(
                        "q",
                        "The text to look for",
                        {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
                        required=True,
                    ),
                    Parameter("task", "Only in the logs of this task, by its id, path or name"),
                    number("attempt", "Only of this attempt, from 1"),
                    flag("ignore_case", "`A` is `a`"),
                    number("limit", f"How many to give: {MATCHES} unless given, {MOST_MATCHES} at most"),
                ),
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/runs/{{run_id}}/tasks/{{node}}/log",
            logs.get,
            _log(
                "HeadraceService_ReadLog",
                "read what a task printed; it is named by its id, path or name. `follow=true` gives its attempts "
                "one after the other until it has ended, `tail=N` begins N lines before the end, `attempt` asks for an "
                "earlier attempt, `rank` for another process of a training job; a `Range` gives those bytes",
            ),
        ),
        ApiRoute(
            "GET",
            kfp.format("v2beta1"),
            logs.get,
            _log("RunService_ReadRunLog", "read what a task printed, as KFP names it; it takes the same parameters"),
        ),
        ApiRoute(
            "GET",
            kfp.format("v1beta1"),
            logs.get,
            _log("RunService_ReadRunLogV1", "read what a task printed, as KFP's v1beta1 names it"),
        ),
        ApiRoute(
            "GET",
            kfp.format("v1alpha1"),
            logs.get,
            _log("RunService_ReadRunLogV1Alpha", "read what a task printed, as KFP's v1alpha1 names it"),
        ),
    ]


def _log(name: str, text: str) -> Operation:
    return Operation(name, text, _LOG, query=_OF_LOGS, also=_PART, errors=(416,), files=True)
