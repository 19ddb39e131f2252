"""The bytes of artifacts: ranges, names and types that are safe, folders, and what is refused."""

import base64
import io
import os
import tarfile
import zipfile
from typing import Any

import pytest
from tests.api.conftest import V2, Api, pipeline
from tests.api.scene import Scene, artifact

from headrace.model.artifact import Bindings

HOSTILE = 'we"ird\r\nX-Evil: 1;é#?.html'
ROOT = "minio://mlpipeline/v2"
FILES = ("a.txt", "deep/b <b>.html", "deep/er/é#?%2e", "t.csv.gz")


@pytest.fixture
def scene(api: Api) -> Scene:
    """A run that gave a model, a page, a table, a folder, a number, and what is in another store."""
    scene = Scene(api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"])
    api.advance(scene.run_id, *scene.started())
    made = {
        "model": artifact(),
        "page": artifact("page", "system.HTML", f"{ROOT}/{HOSTILE}"),
        "table": artifact("table", uri=f"{ROOT}/t.csv"),
        "folder": artifact("folder"),
        "slashed": artifact("slashed", uri=f"{ROOT}/folder/"),
        "gzipped": artifact("gzipped", uri=f"{ROOT}/folder/t.csv.gz"),
        "table-slashed": artifact("table-slashed", uri=f"{ROOT}/t.csv/"),
        "number": artifact("number", "system.Metrics", f"{ROOT}/n", one=1),
        "far": artifact("far", uri="oci://elsewhere/key"),
        "out": artifact("out", uri=f"{ROOT}/../../secret"),
    }
    api.advance(scene.run_id, *scene.ended(Bindings({}, {key: (each,) for key, each in made.items()})))
    blobs = api.services.blobs
    blobs.write(f"{ROOT}/model", b"weights" * 1_000_000)
    blobs.write(f"{ROOT}/{HOSTILE}", b"<script>")
    blobs.write(f"{ROOT}/t.csv", b"a,b\n")
    for name in FILES:
        blobs.write(f"{ROOT}/folder/{name}", name.encode())
    (blobs.local_path(f"{ROOT}/folder") / "link").symlink_to("/etc/passwd")
    return scene


def content(api: Api, name: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
    return api.http.get(f"/api/v1/artifacts/id-of-{name}/content", headers=headers or {}, params=params)


@pytest.mark.usefixtures("scene")
def test_bytes_are_saved_not_shown(api: Api) -> None:
    model = content(api, "model")
    assert model.content == b"weights" * 1_000_000
    assert model.headers["content-type"] == "application/octet-stream"
    assert content(api, "table").headers["content-type"] == "text/csv; charset=utf-8"
    assert content(api, "gzipped").headers["content-type"] == "application/octet-stream"
    page = content(api, "page")
    assert page.content == b"<script>"
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-security-policy"].startswith("sandbox")
    plain, starred = (
        'filename="we_ird__X-Evil: 1;_#?.html"',
        "filename*=UTF-8''we%22ird__X-Evil%3A%201%3B%C3%A9%23%3F.html",
    )
    assert page.headers["content-disposition"] == f"attachment; {plain}; {starred}"
    assert "x-evil" not in page.headers


@pytest.mark.usefixtures("scene")
def test_a_slash_at_the_end_of_a_uri_says_no_more(api: Api) -> None:
    assert content(api, "slashed", path="a.txt").content == b"a.txt"
    for pack in ("zip", "tar"):
        saved = content(api, "slashed", format=pack).headers["content-disposition"]
        assert saved == content(api, "folder", format=pack).headers["content-disposition"]
    key = {"source": "minio", "bucket": "mlpipeline", "key": "v2/t.csv/"}
    for found in (content(api, "table-slashed"), api.http.get("/artifacts/get", params=key)):
        assert found.headers["content-type"] == "text/csv; charset=utf-8"
        assert 'filename="t.csv"' in found.headers["content-disposition"]
    listed = api.http.get("/api/v1/artifacts/id-of-table-slashed/files").json()
    assert listed["files"] == [{"path": "t.csv", "size": 4}]


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("asked", "status", "begin", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=6999990-", 206, 6_999_990, 7_000_000),
        ("bytes=-5", 206, 6_999_995, 7_000_000),
        ("bytes=6999999-9999999999", 206, 6_999_999, 7_000_000),
        ("bytes=5-2", 200, 0, 7_000_000),
        ("bytes=0-1,3-4", 200, 0, 7_000_000),
        ("lines=0-1", 200, 0, 7_000_000),
    ],
)
def test_a_part_is_given_where_one_is_asked_for(api: Api, asked: str, status: int, begin: int, end: int) -> None:
    found = content(api, "model", {"Range": asked})
    assert (found.status_code, found.content) == (status, (b"weights" * 1_000_000)[begin:end])
    assert found.headers["accept-ranges"] == "bytes"
    assert found.headers.get("content-range") == (f"bytes {begin}-{end - 1}/7000000" if status == 206 else None)


@pytest.mark.usefixtures("scene")
def test_a_part_that_is_not_there_is_refused(api: Api) -> None:
    for asked in ("bytes=7000000-", "bytes=-0"):
        refused = content(api, "model", {"Range": asked})
        assert (refused.status_code, refused.headers["content-range"]) == (416, "bytes */7000000")
        assert set(refused.json()) == {"error_message", "error_details"}
    for asked in ("", "bytes=0-9", "bytes=7000000-"):
        head = api.http.head("/api/v1/artifacts/id-of-model/content", headers={"Range": asked})
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "7000000", b"")


def test_the_digest_is_the_etag(api: Api) -> None:
    scene = Scene(api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"])
    api.advance(scene.run_id, *scene.started())
    known = artifact()
    object.__setattr__(known, "digest", "sha256:abc")
    api.advance(scene.run_id, *scene.ended(Bindings({}, {"model": (known,)})))
    api.services.blobs.write(known.uri, b"0123456789")
    etag = content(api, "model").headers["etag"]
    assert etag == '"sha256:abc"'
    again = content(api, "model", {"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert content(api, "model", {"If-Range": etag, "Range": "bytes=3-4"}).content == b"34"
    assert content(api, "model", {"If-Range": '"other"', "Range": "bytes=3-4"}).content == b"0123456789"


@pytest.mark.usefixtures("scene")
def test_a_folder_is_packed_or_listed_or_read_file_by_file(api: Api) -> None:
    packed = content(api, "folder")
    assert packed.headers["content-disposition"].startswith('attachment; filename="folder.zip"')
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {name: name for name in FILES}
    rolled = content(api, "folder", format="tar")
    assert rolled.headers["content-type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(rolled.content)) as archive:
        found = {each.name: archive.extractfile(each).read().decode() for each in archive}  # type: ignore[union-attr]
    assert found == {name: name for name in FILES}
    for name in FILES:
        assert content(api, "folder", path=name).content == name.encode()
    listed = api.http.get("/api/v1/artifacts/id-of-folder/files").json()
    files = [{"path": name, "size": len(name.encode())} for name in sorted(FILES)]
    assert listed == {"folder": True, "files": files, "total_size": 4}
    first = api.http.get("/api/v1/artifacts/id-of-folder/files", params={"page_size": 2}).json()
    rest = api.http.get("/api/v1/artifacts/id-of-folder/files", params={"page_token": first["next_page_token"]}).json()
    assert first["files"] + rest["files"] == files
    one = api.http.get("/api/v1/artifacts/id-of-model/files").json()
    assert one == {"folder": False, "files": [{"path": "model", "size": 7_000_000}]}
    told = api.http.head("/api/v1/artifacts/id-of-folder/content")
    assert (told.status_code, told.headers["content-type"], told.content) == (200, "application/zip", b"")
    assert "content-length" not in told.headers  # nobody knows before it is packed


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("name", "params", "status"),
    [
        ("nothing", {}, 404),
        ("number", {}, 404),
        ("far", {}, 400),
        ("out", {}, 400),
        ("model", {"format": "zip"}, 400),
        ("folder", {"format": "rar"}, 400),
        ("folder", {"path": "../model"}, 400),
        ("folder", {"path": "none"}, 404),
        ("folder", {"path": "deep"}, 400),
        ("folder", {"path": "link"}, 400),
        ("folder", {"path": "/etc/passwd"}, 400),
    ],
)
def test_what_is_refused_and_why(api: Api, name: str, params: dict[str, str], status: int) -> None:
    refused = content(api, name, **params)
    assert refused.status_code == status, refused.text
    assert set(refused.json()) == {"error_message", "error_details"}
    assert str(api.services.home.root) not in refused.text
    assert "Traceback" not in refused.text


def test_old_clients_read_base64(api: Api, scene: Scene) -> None:
    table = api.get(f"/runs/{scene.run_id}/nodes/say/artifacts/table:read")
    assert base64.b64decode(table["data"]) == b"a,b\n"
    assert api.get(f"/runs/{scene.run_id}/nodes/{scene.attempt_id}/artifacts/table:read") == table
    for node, name, status in (("say", "none", 404), ("nobody", "table", 404), ("say", "folder", 400)):
        refused = api.http.get(f"{V2}/runs/{scene.run_id}/nodes/{node}/artifacts/{name}:read")
        assert refused.status_code == status
        assert set(refused.json()) == {"code", "message", "details"}
    with api.services.blobs.local_path(f"{ROOT}/t.csv").open("wb") as file:
        os.truncate(file.fileno(), 33 * 1024 * 1024)
    large = api.http.get(f"{V2}/runs/{scene.run_id}/nodes/say/artifacts/table:read")
    assert (large.status_code, "/content" in large.text) == (400, True)


def test_old_clients_read_what_others_posted(api: Api, scene: Scene) -> None:
    posted = api.post(f"/runs/{scene.run_id}/tasks", {"name": "t"})["task_id"]
    given = {"name": "x", "type": "Dataset", "uri": f"{ROOT}/t.csv"}
    for task_id in (posted, scene.task_id()):
        where = {"run_id": scene.run_id, "task_id": task_id, "producer_key": "extra"}
        made = api.post("/artifacts", {"artifact": given, **where})
        used = {"run_id": scene.run_id, "task_id": task_id, "key": "in", "type": "COMPONENT_INPUT"}
        api.post("/artifact_tasks", {**used, "artifact_id": made["artifact_id"]})
        found = api.get(f"/runs/{scene.run_id}/nodes/{task_id}/artifacts/extra:read")
        assert base64.b64decode(found["data"]) == b"a,b\n"
        refused = api.http.get(f"{V2}/runs/{scene.run_id}/nodes/{task_id}/artifacts/in:read")
        assert (refused.status_code, "extra" in refused.json()["message"]) == (404, True)


@pytest.mark.usefixtures("scene")
def test_the_front_end_reads_by_bucket_and_key(api: Api) -> None:
    where = {"source": "minio", "bucket": "mlpipeline", "key": "v2/t.csv", "namespace": "", "providerInfo": "{}"}
    whole = api.http.get("/artifacts/get", params=where)
    assert (whole.content, whole.headers["x-content-type-options"]) == (b"a,b\n", "nosniff")
    assert api.http.get("/artifacts/get", params={**where, "peek": 2}).content == b"a,"
    assert api.http.get("/artifacts/minio/mlpipeline/v2/t.csv").content == b"a,b\n"
    for source, scheme in (("gcs", "gs"), ("s3", "s3")):
        api.services.blobs.write(f"{scheme}://cloud/t.csv", source.encode())
        assert api.http.get(f"/artifacts/{source}/cloud/t.csv").content == source.encode()
    page = api.http.get("/artifacts/get", params={**where, "key": f"v2/{HOSTILE}"})
    assert page.headers["content-type"] == "application/octet-stream"
    for wrong, status in (
        ({"key": "v2/../../headrace.db"}, 400),
        ({"key": "/etc/passwd"}, 400),
        ({"key": ""}, 400),
        ({"bucket": ".."}, 400),
        ({"bucket": ".incoming"}, 400),
        ({"source": "volume", "key": "etc"}, 400),
        ({"source": "https"}, 400),
        ({"key": "v2/folder/link"}, 400),
        ({"key": "v2/folder"}, 400),
        ({"key": "v2/none"}, 404),
    ):
        refused = api.http.get("/artifacts/get", params={**where, **wrong})
        assert refused.status_code == status, wrong
        assert str(api.services.home.root) not in refused.text
