"""`headrace retry`: what did not succeed of an ended run is run again, and watched as `headrace run` does."""

from headrace.cli.connect import connect
from headrace.cli.discover import options_of
from headrace.cli.find import find_run
from headrace.cli.pipeline import outline_of
from headrace.cli.run import follow


def retry(*, run: str, logs: bool, home: str | None, host: str | None, json: bool) -> int:
    """Run again what did not succeed. 0 where the run then SUCCEEDED, 1 where it did not.

    Raises Conflict where the run has not ended.
    """
    with connect(home, host) as client:
        run_id = find_run(client, run)
        outline = outline_of(client.run(run_id).get("pipeline_spec"))
        client.retry(run_id)
        return follow(client, run_id, outline, logs=logs, json=json, options=options_of(home, host))
