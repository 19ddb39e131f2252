"""What an importer brings: artifacts of real files, and copies of them in a workspace."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound
from headrace.base.json import JsonObject, JsonValue
from headrace.blobs.folder import FolderStore
from headrace.controllers.importing import bring
from headrace.controllers.publish import Published
from headrace.model.artifact import Artifact
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import ArtifactSpec, Constant, FromInput, Importer, Interface, ParameterSpec, ParameterType

CONTEXT = RunContext("run", "name-1", "run-id", "task", "task-id", "/root", Instant(0), Instant(0), "/kfp-workspace")
DATA = "minio://bucket/folder/data.csv"


@dataclass
class Scene:
    blobs: FolderStore
    workspace: Path
    ended: threading.Event = field(default_factory=threading.Event)

    def bring(self, importer: Importer, attempt: str = "attempt", **parameters: JsonValue) -> Published:
        return bring(importer, parameters, CONTEXT, attempt, self.blobs, self.workspace, Instant(7), self.ended)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(FolderStore(tmp_path / "store"), tmp_path / "workspace")


def importer(uri: str, *, metadata: JsonObject | None = None, download: bool = False) -> Importer:
    interface = Interface(
        input_parameters={"uri": ParameterSpec(ParameterType.STRING)},
        output_artifacts={"artifact": ArtifactSpec("system.Dataset", "0.0.2")},
    )
    return Importer(
        "comp", interface, Constant(uri), "artifact", Constant(metadata or {}), download_to_workspace=download
    )


def only(published: Published) -> Artifact:
    (made,) = published.outputs.artifacts["artifact"]
    return made


def test_bytes_of_the_store_are_measured_and_left_as_they_are(scene: Scene) -> None:
    scene.blobs.write(DATA, b"a,b")
    path = scene.blobs.local_path(DATA)
    before = path.stat().st_mode
    done = scene.bring(importer(DATA, metadata={"of": "{{$.inputs.parameters['uri']}}"}), uri="u")
    made = only(done)
    assert (made.name, made.type, made.schema_version) == ("artifact", "system.Dataset", "0.0.2")
    assert (made.uri, made.metadata, made.size, made.created_at) == (DATA, {"of": "u"}, 3, Instant(7))
    assert scene.blobs.verify(path, made.digest)
    assert path.stat().st_mode == before
    assert done.warning == ""
    assert not scene.workspace.exists()


def test_an_object_elsewhere_is_taken_at_its_word(scene: Scene) -> None:
    made = only(scene.bring(importer("https://example.org/data.csv")))
    assert (made.uri, made.digest, made.size) == ("https://example.org/data.csv", "", -1)
    dynamic = replace(importer("x"), uri=FromInput("uri"))
    assert only(scene.bring(dynamic, uri="/data/x")).uri == "/data/x"


def test_nothing_there_is_worth_a_warning(scene: Scene) -> None:
    done = scene.bring(importer("s3://bucket/none"))
    assert only(done).size == -1
    assert done.warning.startswith("there is nothing at s3://bucket/none now (No remote store is set up")


def test_a_file_and_a_folder_come_into_the_workspace_and_may_be_written_there(scene: Scene) -> None:
    scene.blobs.write(DATA, b"a,b")
    folder = scene.blobs.local_path("gs://bucket/tree")
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("x")
    (folder / "link").symlink_to("inner/file")
    scene.blobs.seal(folder)
    made = only(scene.bring(importer(DATA, download=True)))
    assert made.metadata == {"_kfp_workspace": True}
    copy = scene.workspace / ".artifacts/minio/bucket/folder/data.csv"
    assert copy.read_bytes() == b"a,b"
    copy.write_text("the run's own")
    scene.bring(importer("gs://bucket/tree", download=True))
    tree = scene.workspace / ".artifacts/gcs/bucket/tree"
    assert (tree / "link").read_text() == "x"
    (tree / "inner" / "more").write_text("may be written")
    scene.bring(importer(DATA, download=True), attempt="another")
    assert copy.read_text() == "the run's own", "what is there is not brought again"
    assert scene.blobs.read(DATA) == b"a,b"
    told = scene.workspace / ".artifacts" / str(scene.blobs.folder("gs")).lstrip("/")
    assert (told / "bucket/tree/link").read_text() == "x", "where the SDK looks that was told where the store is"


def test_a_folder_of_which_something_was_brought_before_comes_whole(scene: Scene) -> None:
    for name in ("data.csv", "inner/a", "inner/b", "other/c"):
        scene.blobs.write(f"minio://bucket/folder/{name}", name.encode())
    scene.bring(importer("minio://bucket/folder/inner/a", download=True))
    folder = scene.workspace / ".artifacts/minio/bucket/folder"
    (folder / "inner/a").write_text("the run's own")
    scene.bring(importer("minio://bucket/folder", download=True), attempt="another")
    found = {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}
    assert found == {"data.csv": "data.csv", "inner/a": "the run's own", "inner/b": "inner/b", "other/c": "other/c"}
    assert not list((scene.workspace / ".artifacts").glob(".a*"))


def test_what_a_killed_server_left_half_done_is_done_again(scene: Scene) -> None:
    scene.blobs.write(DATA, b"a,b")
    half = scene.workspace / ".artifacts/.attempt"
    half.mkdir(parents=True)
    (half / "part").write_text("a")
    scene.bring(importer(DATA, download=True))
    assert not half.exists()
    assert (scene.workspace / ".artifacts/minio/bucket/folder/data.csv").read_bytes() == b"a,b"


def test_a_copy_that_nobody_waits_for_is_given_up(scene: Scene) -> None:
    """A server that stops, or a run that is terminated, does not wait for the rest of it."""
    scene.blobs.write(DATA, b"a,b")
    scene.ended.set()
    with pytest.raises(InterruptedError):
        scene.bring(importer(DATA, download=True))
    assert not [each for each in scene.workspace.rglob("*") if each.is_file()]


def test_what_cannot_be_downloaded(scene: Scene) -> None:
    with pytest.raises(NotFound, match="nothing to bring into the workspace") as missing:
        scene.bring(importer(DATA, download=True))
    assert missing.value.where == DATA
    with pytest.raises(InvalidInput, match="not in a store of this server"):
        scene.bring(importer("https://example.org/x", download=True))
