"""`headrace stop`."""

from headrace.cli import output, report
from headrace.cli.connect import connect
from headrace.cli.find import find_run
from headrace.cli.tree import spell_state
from headrace.cli.watch import Watch


def stop(*, run: str, home: str | None, host: str | None, json: bool) -> int:
    """Ask a run to end now and wait until it has. Raises FailedPrecondition where it had ended before."""
    with connect(home, host) as client:
        run_id = find_run(client, run)
        client.terminate(run_id)
        ended = Watch(client, run_id).follow()
        if json:
            output.document(report.summary_json(ended))
        else:
            print(f"Run {run_id} {spell_state(ended.state)}")
    return 0
