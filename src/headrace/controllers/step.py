"""One attempt as the controllers hold it: what the run said, and the launch request that comes of it.

Takes the run, its plan's leaf and the task's resolved inputs; gives a `LaunchRequest` in which no placeholder is
left. The request is a function of committed rows, so a restart makes the same one again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from headrace.base.home import Home
from headrace.base.json import JsonObject, compact
from headrace.blobs.folder import FolderStore
from headrace.launch.base import LaunchRequest
from headrace.model.pod import WORKSPACE, Pod, WorkspaceVolume
from headrace.model.run import Run
from headrace.model.task import Task
from headrace.spec.executor import executor_input
from headrace.spec.placeholders import Rendered, RunContext, render
from headrace.spec.plan import Container
from headrace.spec.quantity import quantities
from headrace.spec.workers import workers

OUTPUT_FILE = "output_metadata.json"


@dataclass(frozen=True, slots=True)
class Step:
    """An attempt at a leaf of a run, with all that its request and its outputs depend on."""

    run: Run
    task: Task
    component: Container
    context: RunContext
    attempt_id: str
    pod: Pod = field(default_factory=Pod)

    @property
    def base_uri(self) -> str:
        """The folder of the attempt's artifacts; `dsl.get_uri()` is derived from it (contract of `outputFile`)."""
        return self.folder_of(self.attempt_id)

    def folder_of(self, attempt_id: str) -> str:
        """The same of another attempt at the task."""
        return f"{self.run.folder}/{self.task.name}/{attempt_id}"

    @property
    def output_uris(self) -> dict[str, str]:
        """Where each output artifact goes, by its key."""
        return {key: f"{self.base_uri}/{key}" for key in self.component.interface.output_artifacts}

    @property
    def has_artifacts(self) -> bool:
        """Whether artifacts go in or come out."""
        return bool(self.task.inputs.artifacts or self.component.interface.output_artifacts)

    def parameter_files(self, home: Home) -> dict[str, str]:
        """Where each output parameter is written, by its name."""
        folder = f"{home.attempt(self.attempt_id)}/outputs"
        return {name: f"{folder}/{name}" for name in self.component.interface.output_parameters}


def launch_request(step: Step, home: Home, blobs: FolderStore) -> LaunchRequest:
    """The request for the attempt. Raises InvalidInput where a placeholder or a uri makes no sense here."""
    files = step.parameter_files(home)
    uris = step.output_uris
    output_file = blobs.local_path(f"{step.base_uri}/{OUTPUT_FILE}")
    artifacts = (blobs.local_path(uri) for uri in uris.values())
    given = executor_input(step.component, step.task.inputs, uris, files, str(output_file))
    rendered = render(step.component, given, step.context, lambda uri: str(blobs.local_path(uri)))
    folder = home.attempt(step.attempt_id)
    return LaunchRequest(
        attempt_id=step.attempt_id,
        run_id=step.run.run_id,
        path=step.task.path,
        image=rendered.image,
        command=rendered.command,
        args=rendered.args,
        env=rendered.env,
        system_env=tuple(_system_env(step).items()),
        executor_input=given,
        folder=folder,
        store_root=blobs.root,
        outputs=(output_file, *artifacts, *(Path(file) for file in files.values())),
        labels={"pipeline": step.run.pipeline_name, "task": step.task.name},
        pod=_pod(step.pod, rendered, given),
        workers=workers(step.pod.annotations, f"{step.task.path}.podMetadata.annotations"),
        sources=step.task.sources,
        resources=quantities(rendered.resources, f"{step.task.path}.resources"),
    )


def _pod(pod: Pod, rendered: Rendered, given: JsonObject) -> Pod:
    """The step's pod, with the workspace of the run if the step names it: its path, or an artifact in it."""
    if not pod.workspace or any(volume.path == WORKSPACE for volume in pod.volumes):
        return pod
    words = (*rendered.command, *rendered.args, *(value for _, value in rendered.env), compact(given))
    if not any(WORKSPACE in word or '"_kfp_workspace":true' in word for word in words):
        return pod
    return replace(pod, volumes=(*pod.volumes, WorkspaceVolume()))


def _system_env(step: Step) -> Mapping[str, str]:
    return {"KFP_POD_NAME": step.attempt_id, "KFP_POD_UID": step.attempt_id, "KFP_RUN_ID": step.run.run_id}
