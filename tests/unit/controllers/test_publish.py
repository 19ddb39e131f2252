"""What becomes of a step's inputs and outputs once it has ended well: real files in a real store."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.ir import pipeline, shell_task

from headrace.base.clock import SECOND, Instant, SystemClock
from headrace.base.errors import StepError
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.blobs.seal import HASH_LIMIT
from headrace.controllers.publish import copy_in, publish
from headrace.controllers.step import Step
from headrace.model.artifact import Artifact, Bindings
from headrace.model.run import Run
from headrace.model.state import State
from headrace.model.task import Task, TaskKind
from headrace.spec.compile import compile_plan
from headrace.spec.load import document_from_json
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import Container

ROOT = "minio://mlpipeline/v2/artifacts"


@dataclass
class Scene:
    """A step of one input artifact, which began now."""

    home: Home
    blobs: FolderStore

    def publish(self, *inputs: Artifact) -> Bindings:
        now = SystemClock().now()
        component = compile_plan(document_from_json(pipeline(shell_task("a", "true")))).find("root.a").component
        assert isinstance(component, Container)
        bound = Bindings(artifacts={"data": inputs})
        task = Task("task", "root.a", "root", "a", "a", TaskKind.RUNTIME, State.RUNNING, now, inputs=bound)
        run = Run("run", 1, "r", "", "", "plan", "p", now, now, pipeline_root=ROOT)
        context = RunContext("r", run.resource_name, "run", "a", "task", ROOT, now, now, "")
        step = Step(run, task, component, context, "attempt")
        return publish(step, self.home, self.blobs, Instant(now - SECOND), now).outputs

    def made(self, name: str, *, hash_limit: int = HASH_LIMIT) -> tuple[Artifact, Path]:
        """An artifact that an earlier step published: a folder of one file."""
        uri = f"{ROOT}/{name}"
        path = self.blobs.local_path(uri)
        path.mkdir(parents=True)
        (path / "part").write_text("bytes")
        sealed = self.blobs.seal(path, hash_limit)
        return Artifact(name, name, "system.Dataset", uri, digest=sealed.digest, size=sealed.size), path


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    home = Home(tmp_path)
    return Scene(home, FolderStore(home.store))


def change(path: Path) -> None:
    part = path / "part"
    part.chmod(0o644)
    part.write_text("BYTES")


def remove_a_part(path: Path) -> None:
    path.chmod(0o755)
    (path / "part").unlink()


def remove(path: Path) -> None:
    path.chmod(0o755)
    shutil.rmtree(path)


def replace_by_a_dangling_link(path: Path) -> None:
    remove(path)
    path.symlink_to("nowhere")


def test_an_input_that_was_only_read_or_touched_does_no_harm(scene: Scene) -> None:
    read, _ = scene.made("read")
    touched, path = scene.made("touched")
    os.utime(path / "part")
    assert scene.publish(read, touched) == Bindings()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (change, "changed its input"),
        (remove_a_part, "changed its input"),
        (remove, "removed its input"),
        (replace_by_a_dangling_link, "its input"),
    ],
)
def test_an_input_that_the_step_harmed_fails_it(scene: Scene, harm: Callable[[Path], None], said: str) -> None:
    other, _ = scene.made("other")
    artifact, path = scene.made("harmed")
    harm(path)
    with pytest.raises(StepError, match=f"input artifact data: .*{said}"):
        scene.publish(other, artifact)


def test_the_removal_of_an_input_is_seen_without_its_digest(scene: Scene) -> None:
    artifact, path = scene.made("large", hash_limit=0)
    assert artifact.digest == ""
    assert scene.publish(artifact) == Bindings()
    remove(path)
    with pytest.raises(StepError, match="removed its input"):
        scene.publish(artifact)


def test_an_artifact_that_never_had_bytes_here_cannot_lose_them(scene: Scene) -> None:
    empty = Artifact("metrics", "metrics", "system.Metrics", f"{ROOT}/metrics")
    elsewhere = Artifact("far", "far", "system.Dataset", "oci://bucket/far", digest="sha256:1", size=3)
    assert scene.publish(empty, elsewhere) == Bindings()


def test_what_a_step_left_at_a_path_of_its_own_is_copied_with_what_its_links_lead_to(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "weights").write_text("weights")
    source, target = tmp_path / "snapshot", tmp_path / "store" / "model"
    source.mkdir()
    (source / "model.bin").symlink_to("../blobs/weights")
    copied = copy_in(source, target, "output artifact model") / "model.bin"
    assert copied.read_text() == "weights"
    assert not copied.is_symlink()


@pytest.mark.parametrize("spoil", ["link", "pipe"])
def test_what_cannot_be_copied_is_the_fault_of_the_step(tmp_path: Path, spoil: str) -> None:
    source, target = tmp_path / "snapshot", tmp_path / "store" / "model"
    source.mkdir()
    if spoil == "link":
        (source / "bad").symlink_to("nowhere")
    else:
        os.mkfifo(source / "bad")
    with pytest.raises(StepError, match=r"output artifact model: .*/bad (leads nowhere|is a pipe)"):
        copy_in(source, target, "output artifact model")
    assert not target.exists()
