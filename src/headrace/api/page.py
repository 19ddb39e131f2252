"""The page at `/`: that Headrace is up, its latest runs, and where its API is. Takes runs, gives HTML.

Whatever users named is escaped. The page runs no script, loads nothing, and its policy lets browsers do neither. The
links that kfp's client prints end in `#/runs/details/ID`: the run of that id, if it is listed, is marked.
"""

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from headrace.base.clock import Instant, to_rfc3339
from headrace.model.run import Run

DOCS = "https://www.kubeflow.org/docs/components/pipelines/"

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
h1 { font-size: 1.4rem; margin-bottom: 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
small, td.time, th { color: #5d6b7a; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem 1rem .3rem .4rem; border-bottom: 1px solid #e3e8ed; vertical-align: top; }
th { font-weight: normal; }
td { overflow-wrap: anywhere; }
td.time, td.state { white-space: nowrap; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
tr:target { background: #fff3c4; }
a { color: #0b5cad; }
.SUCCEEDED { color: #1a7f37; } .FAILED { color: #c4231c; } .RUNNING { color: #0b5cad; }
"""

_PLACES = (
    ("/docs", "what it offers"),
    ("/apis/v2beta1/runs?sort_by=created_at%20desc", "runs"),
    ("/apis/v2beta1/experiments", "experiments"),
    ("/apis/v2beta1/pipelines", "pipelines"),
    ("/apis/v2beta1/artifacts", "artifacts"),
    ("/api/v1/server", "this server"),
    ("/metrics", "metrics"),
)


def policy(style: str = _STYLE, script: str = "") -> str:
    """The Content-Security-Policy of a page: its own style and script, and nothing else."""
    own = f"style-src {_digest(style)}" + (f"; script-src {_digest(script)}" if script else "")
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def page(version: str, runs: Sequence[Run], total: int) -> bytes:
    """The page; `runs` are the latest of `total`, newest first."""
    places = " · ".join(f'<a href="{escape(path)}">{escape(name)}</a>' for path, name in _PLACES)
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headrace</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Headrace {escape(version)} is up</h1>
<p><small>Kubeflow Pipelines in one process. The web UI comes later; until then there are the <code>kfp</code> client,
<code>headrace ls</code>, and the API.</small></p>
<h2>API</h2>
<p>{places} · <a href="{DOCS}">documentation of Kubeflow Pipelines</a></p>
<h2>Latest runs</h2>
{_table(runs)}
<p><small>{len(runs)} of {total}; times are UTC.</small></p>
</body>
</html>
"""
    return text.encode(errors="xmlcharrefreplace")


def _table(runs: Sequence[Run]) -> str:
    if not runs:
        return "<p>None yet: submit one with <code>kfp</code>, or with <code>headrace run pipeline.py</code>.</p>"
    rows = "\n".join(map(_row, runs))
    return f"<table>\n<tr><th>run</th><th>state</th><th>created</th><th>ended</th></tr>\n{rows}\n</table>"


def _row(run: Run) -> str:
    run_id, state = escape(run.run_id), escape(run.state.value)
    return (
        f'<tr id="/runs/details/{run_id}">'
        f'<td><a href="/apis/v2beta1/runs/{run_id}?view=FULL">{escape(run.name)}</a></td>'
        f'<td class="state {state}">{state}</td>'
        f'<td class="time">{_time(run.created_at)}</td><td class="time">{_time(run.finished_at)}</td></tr>'
    )


def _time(instant: Instant) -> str:
    """To the second, "" for what has not happened."""
    return to_rfc3339(instant)[:19].replace("T", " ") if instant else ""
