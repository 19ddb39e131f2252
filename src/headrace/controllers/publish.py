"""After a step ended well: read what it wrote, seal its artifacts, and give the outputs that the run will record.

Blocking file work, called in a thread. Raises StepError where a parameter is missing or an input was changed or
removed. An artifact that was not written is only worth a warning, as for Kubeflow Pipelines.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound, StepError
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.controllers.step import OUTPUT_FILE, Step
from headrace.launch.outside import outside
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.executor import ExecutorOutput, OutputArtifact, parse_output

_WITHOUT_FILES = ("system.Metrics", "system.ClassificationMetrics", "system.SlicedClassificationMetrics")
"""Types that are known by their metadata."""


@dataclass(frozen=True, slots=True)
class Published:
    """The outputs of an attempt; `warning` says what it may have forgotten."""

    outputs: Bindings
    warning: str = ""


def publish(step: Step, home: Home, blobs: FolderStore, started_at: Instant, at: Instant) -> Published:
    """The outputs of the attempt, which ran from `started_at` to `at`; its artifacts are read-only from now on."""
    _check_inputs(step, blobs, started_at)
    written = _read_outputs(step, home, blobs)
    folder = home.attempt(step.attempt_id)
    artifacts = {
        key: tuple(_seal(step, folder, blobs, key, index, each, at) for index, each in enumerate(made))
        for key, made in written.artifacts.items()
    }
    outputs = Bindings(written.parameters, {key: made for key, made in artifacts.items() if made})
    return Published(outputs, "; ".join(_missing(written, artifacts, blobs)))


def _missing(
    written: ExecutorOutput, artifacts: Mapping[str, tuple[Artifact, ...]], blobs: FolderStore
) -> Iterator[str]:
    """What to say of the artifacts that should have bytes here and have none, nor anything else that tells of them."""
    for key, made in artifacts.items():
        for artifact, described in zip(made, written.artifacts[key], strict=True):
            if artifact.size >= 0:
                continue
            if described.custom_path:
                yield f"output artifact {key}: there is nothing at its custom path {described.custom_path}"
            elif blobs.owns(artifact.uri) and not artifact.metadata and artifact.type not in _WITHOUT_FILES:
                yield f"output artifact {key}: the step wrote nothing to its path"


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


def _seal(
    step: Step, folder: Path, blobs: FolderStore, key: str, index: int, made: OutputArtifact, at: Instant
) -> Artifact:
    uri = made.uri or step.output_uris[key]
    path = _existing(blobs, uri)
    if made.custom_path and (source := outside(made.custom_path, folder, blobs.root, step.task.sources)).exists():
        path = copy_in(source, blobs.local_path(uri), f"output artifact {key}")
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


def copy_in(source: Path, target: Path, where: str) -> Path:
    """The bytes that a component left at a path of its own choice, at the artifact's place. Links are followed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if source.is_dir():
            shutil.copytree(source, target, copy_function=_copy_file, dirs_exist_ok=True)
        else:
            _copy_file(source, target)
    except (InvalidInput, OSError) as error:
        _remove(target)  # half of it would keep a full disk full
        if isinstance(error, InvalidInput):
            raise StepError(error.message, where=where) from error
        raise
    return target


def _copy_file(source: str | Path, target: str | Path) -> None:
    try:
        shutil.copyfile(source, target)
    except shutil.SpecialFileError as error:
        raise InvalidInput(f"{source} is a pipe, not a file") from error
    except FileNotFoundError as error:
        raise InvalidInput(f"{source} leads nowhere") from error


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
