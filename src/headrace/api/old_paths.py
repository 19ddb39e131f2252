"""What to tell a client that calls a route of v1beta1 or v1alpha1 which is not there: where v2beta1 has the same."""

import re

from headrace.base.errors import HeadraceError, NotFound, Unimplemented

_INSTEAD = {
    "experiments": "/apis/v2beta1/experiments",
    "runs": "/apis/v2beta1/runs",
    "pipelines": "/apis/v2beta1/pipelines",
    "pipelines/upload": "/apis/v2beta1/pipelines/upload",
    "pipelines/upload_version": "/apis/v2beta1/pipelines/upload_version",
    "pipeline_versions": "/apis/v2beta1/pipelines/{pipeline_id}/versions",
    "jobs": "/apis/v2beta1/recurringruns",
    "namespaces": "/apis/v2beta1/pipelines/names/{name}",
    "tasks": "/apis/v2beta1/runs/{run_id}/tasks",
    "visualizations": "the artifacts themselves: /apis/v2beta1/artifacts",
    "workflows": "nothing: runs are carried out here, no agent reports them",
    "scheduledworkflows": "nothing: schedules are kept here, no agent reports them",
}
"""Where v2beta1 has what the versions before it had under these paths, and under these names."""


def refusal(method: str, path: str) -> HeadraceError | None:
    """The error for a path below an old version of the API; None for any other path."""
    match = re.match(r"/apis/v1(?:beta1|alpha1)/(([^/:]*).*)", path, re.DOTALL)
    if match is None:
        return None
    instead = _INSTEAD.get(match[1]) or _INSTEAD.get(match[2])
    if instead is None:
        return NotFound(f"{method} {path[:200]} is no route", hint="KFP's API is /apis/v2beta1")
    return Unimplemented(
        f"{method} is not served in this old version of the API", where=path[:200], hint=f"Use {instead}"
    )
