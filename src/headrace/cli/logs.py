"""`headrace logs`, and the streams of all steps' logs at once that `run --logs` shows."""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator

from headrace.base.errors import InvalidInput, NotFound
from headrace.cli import output, wire
from headrace.cli.away import follow_log
from headrace.cli.client import Client, Document, Gone
from headrace.cli.connect import connect
from headrace.cli.find import find_run, find_task
from headrace.cli.view import RunView, TaskView
from headrace.cli.watch import Watch
from headrace.model.state import State
from headrace.model.task import AttemptState

Printed = Callable[[TaskView, str], None]
"""Called from several threads, one at a time, with a step and a line that it printed."""

_LAST_LINES_SECONDS = 10
_NEWS_SECONDS = 0.2
"""How long the news of a step's end may be behind that of its log: less than a server takes to be up again."""


def logs(
    *,
    run: str,
    task: str | None,
    follow: bool,
    attempt: int,
    rank: int,
    grep: str | None,
    ignore_case: bool,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Print the log of one step, or of all in the order in which they were reached; with `follow` as they grow.

    With `grep` only the lines that hold that text: exit code 1 where there are none.
    """
    if grep is not None and follow:
        raise InvalidInput("--grep looks through what there is: it does not --follow", hint="Leave one of them out")
    if attempt and grep is None and task is None:
        raise InvalidInput("of which step?", where="--attempt", hint="Name the step, too")
    if rank and (grep is not None or task is None):
        raise InvalidInput(
            "it is of one step, and not for --grep", where="--rank", hint="Name the step, without --grep"
        )

    def printed(step: TaskView, line: str) -> None:
        if json:
            output.line({"task": step.path.removeprefix("root."), "line": line})
        elif task is not None:
            print(line, flush=follow)
        else:
            print(f"{output.plain(step.path.removeprefix('root.'))}: {line}", flush=follow)

    with connect(home, host) as client:
        run_id = find_run(client, run)
        view = wire.run_view(client.run(run_id))
        if grep is not None:
            path = "" if task is None else find_task(view, task).path
            found = client.search_logs(run_id, grep, task=path, attempt=attempt, ignore_case=ignore_case)
            return _print_matches(found, json=json)
        if task is not None:
            step = find_task(view, task)
            if step.is_group:
                raise InvalidInput(
                    "it holds steps and prints nothing itself", where=step.path, hint="Name a step in it"
                )
            for line in _lines(client, run_id, step.path, follow=follow, attempt=attempt, rank=rank):
                printed(step, line)
        elif follow and not view.state.ended:
            _follow_all(client, run_id, printed)
        else:
            for step in view.steps:
                _print_one(client, run_id, step, printed)
    return 0


def _lines(client: Client, run_id: str, path: str, *, follow: bool, attempt: int, rank: int) -> Iterator[str]:
    """What the step printed; with `follow` until it, or that attempt, has ended."""

    def is_over() -> bool:
        if attempt:
            tasks = client.usage(run_id)["tasks"]
            tries = [each for task in tasks if task["task"] == path for each in task["attempts"]]
            return any(each["attempt"] == attempt and each["state"] == AttemptState.ENDED for each in tries)
        return _has_ended(wire.run_view(client.run(run_id)), path)

    if follow:
        return follow_log(client, run_id, path, is_over, attempt=attempt, rank=rank)
    return client.log(run_id, path, follow=False, attempt=attempt, rank=rank)


def _has_ended(run: RunView, path: str) -> bool:
    """The step has, or the run without it."""
    return run.state.ended or (path in run.tasks and run.tasks[path].state.ended)


def _print_matches(found: Document, *, json: bool) -> int:
    """One line a match, as grep writes it: the step, which try where it was not the first, the line's number.

    Of a training job also which process, but of the first.
    """
    for match in found["matches"]:
        name = match["task"].removeprefix("root.")
        if json:
            told = {"attempt": match["attempt"], "rank": match["rank"], "number": match["line"], "line": match["text"]}
            output.line({"task": name, **told})
        else:
            which = [f"{key} {match[key]}" for key, first in (("attempt", 1), ("rank", 0)) if match[key] > first]
            place = f"{name} ({', '.join(which)})" if which else name
            print(f"{output.plain(place)}:{match['line']}: {match['text']}")
    if found["truncated"]:
        print("There are more lines than these: name a step, or look for more of the text", file=sys.stderr)
    return 0 if found["matches"] else 1


def last_lines(client: Client, run_id: str, path: str, count: int) -> list[str]:
    """The end of a step's log; nothing, where it never came to printing. What a progress bar overwrote counts too."""
    try:
        return list(deque(client.log(run_id, path, follow=False, tail=count), count))
    except NotFound:
        return []


def _print_one(client: Client, run_id: str, step: TaskView, printed: Printed) -> None:
    try:
        for line in client.log(run_id, step.path, follow=False):
            printed(step, line)
    except NotFound:
        return  # Cached, skipped, or not begun: it has printed nothing.


def _follow_all(client: Client, run_id: str, printed: Printed) -> None:
    watch = Watch(client, run_id)
    streams = LogStreams(client, watch.run, printed)
    watch.changed = streams.changed
    watch.follow()
    streams.finish()


class LogStreams:
    """Follows the log of every step that runs, a thread and a connection each."""

    def __init__(self, client: Client, run: RunView, printed: Printed) -> None:
        self._url = client.url
        self._run = run
        self._printed = printed
        self._threads: dict[str, threading.Thread] = {}
        self._left = threading.Event()
        self._lock = threading.Lock()
        self._news = threading.Condition()

    def changed(self, run: RunView) -> None:
        """Follow what has begun since the last call."""
        with self._news:
            self._run = run
            self._news.notify_all()
        for step in run.steps:
            if step.path in self._threads or step.state in (State.PENDING, State.SKIPPED, State.CACHED):
                continue
            thread = threading.Thread(target=self._follow, args=(step,), daemon=True, name=f"log {step.path}")
            self._threads[step.path] = thread
            thread.start()

    def finish(self) -> None:
        """Wait for the rest of what the steps printed; the server ends each stream with its step."""
        for thread in self._threads.values():
            thread.join(_LAST_LINES_SECONDS)
        self.leave()

    def leave(self) -> None:
        """Follow no more."""
        self._left.set()

    def _follow(self, step: TaskView) -> None:
        """Print the step's lines."""
        with Client(self._url) as client:
            try:
                for line in follow_log(client, self._run.run_id, step.path, lambda: self._is_over(step.path)):
                    if self._left.is_set():
                        return
                    with self._lock:
                        self._printed(step, line)
            except NotFound:
                return  # It failed before it could print.
            except Gone:
                return  # Whoever watches the run says so.

    def _is_over(self, path: str) -> bool:
        """The step has ended, as far as is known a moment later."""
        with self._news:
            return self._news.wait_for(lambda: _has_ended(self._run, path), _NEWS_SECONDS) or self._left.is_set()
