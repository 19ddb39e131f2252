"""After a step ended well: read what it wrote, seal its artifacts, and give the outputs that the run will record.

Blocking file work, called in a thread. Raises StepError where an output is missing or an input was changed or removed.
"""

import shutil
from pathlib import Path

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import NotFound, StepError
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.controllers.step import OUTPUT_FILE, Step
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.executor import ExecutorOutput, OutputArtifact, parse_output


def publish(step: Step, home: Home, blobs: FolderStore, started_at: Instant, at: Instant) -> Bindings:
    """The outputs of the attempt, which ran from `started_at` to `at`; its artifacts are read-only from now on."""
    _check_inputs(step, blobs, started_at)
    written = _read_outputs(step, home, blobs)
    artifacts = {
        key: tuple(_seal(step, blobs, key, index, each, at) for index, each in enumerate(made))
        for key, made in written.artifacts.items()
    }
    return Bindings(written.parameters, {key: made for key, made in artifacts.items() if made})


def _check_inputs(step: Step, blobs: FolderStore, started_at: Instant) -> None:
    """An input must still be there; one that was written to since the step began, must be what its digest says."""
    for name, artifacts in step.task.inputs.artifacts.items():
        for artifact in artifacts:
            if (done := _harm(artifact, blobs, started_at)) is not None:
                raise StepError(
                    f"the step {done} its input, which others may read too",
                    where=f"input artifact {name}",
                    hint="Inputs are only read: copy it before changing it, or write to an output",
                )


def _harm(artifact: Artifact, blobs: FolderStore, since: Instant) -> str | None:
    """What was done to the bytes of an artifact, of which there were some if its size is known."""
    if artifact.size < 0 or not blobs.owns(artifact.uri):
        return None
    path = blobs.local_path(artifact.uri)
    try:
        if not artifact.digest:
            return None if path.exists() else "removed"
        if not blobs.touched_since(path, since) or blobs.verify(path, artifact.digest):
            return None
    except NotFound:
        return "removed"
    return "changed" if path.exists() else "removed"


def _read_outputs(step: Step, home: Home, blobs: FolderStore) -> ExecutorOutput:
    files = {name: _text(Path(file)) for name, file in step.parameter_files(home).items()}
    output_file = blobs.local_path(f"{step.base_uri}/{OUTPUT_FILE}")
    return parse_output(step.component, _text(output_file), files)


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StepError(f"cannot be read: {error}", where=path.name) from error


def _seal(step: Step, blobs: FolderStore, key: str, index: int, made: OutputArtifact, at: Instant) -> Artifact:
    uri = made.uri or step.output_uris[key]
    path = _existing(blobs, uri)
    if made.custom_path and Path(made.custom_path).exists():
        path = _move_in(Path(made.custom_path), blobs.local_path(uri))
    digest, size = "", -1
    if path is not None:
        sealed = blobs.seal(path)
        digest, size = sealed.digest, sealed.size
    spec = step.component.interface.output_artifacts[key]
    return Artifact(
        artifact_id=ids.derived(step.attempt_id, "artifact", key, index),
        name=made.name or key,
        type=spec.type,
        uri=uri,
        metadata=made.metadata,
        schema_version=spec.schema_version,
        digest=digest,
        size=size,
        created_at=at,
    )


def _existing(blobs: FolderStore, uri: str) -> Path | None:
    """The file or folder that a uri of the embedded store names, None where there is none."""
    if not blobs.owns(uri):
        return None
    path = blobs.local_path(uri)
    return path if path.exists() else None


def _move_in(source: Path, target: Path) -> Path:
    """The bytes that a component left at a path of its own choice, at the artifact's place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    except OSError:
        _remove(target)  # half of it would keep a full disk full
        raise
    return target


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
