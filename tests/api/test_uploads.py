"""Uploads: what files are taken, under what names, and how each kind of nonsense is refused."""

import gzip
import io
import json
import tarfile
import zipfile
from typing import Any

import httpx2
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import V2, Api, pipeline

PLATFORM = {"platforms": {"kubernetes": {}}}


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pipeline.yaml", data)
    return buffer.getvalue()


def tarred(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("pipeline.yaml")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


YAML = yaml.safe_dump(pipeline()).encode()


@pytest.mark.parametrize("data", [YAML, json.dumps(pipeline()).encode(), zipped(YAML), tarred(YAML)])
def test_a_pipeline_is_kept_with_its_first_version_and_its_bytes(api: Api, data: bytes) -> None:
    answer = api.upload(data, name="p", description="d", tags='{"team": "vision"}')
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["name"], made["display_name"], made["description"]) == ("p", "p", "d")
    assert made["tags"] == {"team": "vision"}
    assert api.get(f"/pipelines/{made['pipeline_id']}") == made
    [version] = api.get(f"/pipelines/{made['pipeline_id']}/versions")["pipeline_versions"]
    assert version["name"] == "p"
    assert "pipeline_spec" not in version
    whole = api.get(f"/pipelines/any/versions/{version['pipeline_version_id']}")
    assert whole["pipeline_spec"] == pipeline()
    assert api.services.blobs.read(f"minio://mlpipeline/pipelines/{version['pipeline_version_id']}") == data


def test_names_default_to_each_other_and_to_the_file(api: Api) -> None:
    assert api.upload(YAML, filename="from-file.yaml").json()["name"] == "from-file.yaml"
    shown = api.upload(YAML, display_name="Shown").json()
    assert (shown["name"], shown["display_name"]) == ("Shown", "Shown")
    both = api.upload(YAML, name="n", display_name="D").json()
    assert (both["name"], both["display_name"]) == ("n", "D")


def test_a_platform_comes_with_the_document(api: Api) -> None:
    data = yaml.safe_dump_all([pipeline(), PLATFORM]).encode()
    made = api.upload(data, name="p").json()
    version = api.upload(data, route="upload_version", name="v2", pipelineid=made["pipeline_id"]).json()
    assert version["pipeline_spec"] == {"pipeline_spec": pipeline(), "platform_spec": PLATFORM}
    assert version["pipeline_id"] == made["pipeline_id"]


def sent(api: Api, filename: bytes) -> httpx2.Response:
    """An upload whose part names its file as `filename` has it, byte by byte."""
    head = b'--x\r\nContent-Disposition: form-data; name="uploadfile"; ' + filename
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    return api.http.post(
        f"{V2}/pipelines/upload", content=head + b"\r\n\r\n" + YAML + b"\r\n--x--\r\n", headers=boundary
    )


def refused(response: httpx2.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error_message", "error_details"}
    message: str = response.json()["error_message"]
    return message


def test_a_name_that_is_taken_leaves_nothing_behind(api: Api) -> None:
    api.upload(YAML, name="p")
    assert "already exists" in refused(api.upload(YAML, name="p"), 409)
    [pipeline_id] = [each["pipeline_id"] for each in api.get("/pipelines")["pipelines"]]
    packages = api.services.blobs.root / "mlpipeline" / "pipelines"
    assert len(list(packages.iterdir())) == 1
    assert "already exists" in refused(api.upload(YAML, route="upload_version", name="p", pipelineid=pipeline_id), 409)
    assert len(list(packages.iterdir())) == 1


def test_what_is_missing_or_wrong_is_said(api: Api) -> None:
    assert "pipelineid" in refused(api.upload(YAML, route="upload_version", name="v"))
    assert "nope not found" in refused(api.upload(YAML, route="upload_version", name="v", pipelineid="nope"))
    assert "tags" in refused(api.upload(YAML, tags="[]"))
    assert "tags" in refused(api.upload(YAML, tags="{"))
    assert "tags" in refused(api.upload(YAML, tags='{"a": 1}'))
    assert "tags" in refused(api.upload(YAML, tags='{"a.b": "c"}'))
    assert "tags: one of its keys holds a NUL" in refused(api.upload(YAML, tags='{"a\\u0000b": "c"}'))
    assert "tags.a: the text holds a NUL" in refused(api.upload(YAML, tags='{"a": "b\\u0000c"}'))
    assert "uploadfile: the file's name holds a NUL" in refused(sent(api, b'filename="a\0b.yaml"'))
    nul = YAML.replace(b"name: say", b'name: "a\\0b"')
    assert "root.dag.tasks.say.taskInfo.name: " in refused(api.upload(nul, name="p"))
    assert "characters" in refused(api.upload(YAML, name="n" * 129))
    assert "no multipart form" in refused(api.http.post(f"{V2}/pipelines/upload", content=YAML))
    assert "uploadfile" in refused(api.http.post(f"{V2}/pipelines/upload", files={"file": ("p.yaml", YAML)}))
    assert "uploadfile" in refused(api.http.post(f"{V2}/pipelines/upload", files={"uploadfile": (None, "text")}))
    assert "empty" in refused(api.upload(b""))
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    assert refused(api.http.post(f"{V2}/pipelines/upload", content=b"--y\r\nnonsense", headers=boundary))
    assert refused(
        api.http.post(f"{V2}/pipelines/upload", content=b"", headers={"Content-Type": "multipart/form-data"})
    )
    assert api.get("/pipelines") == {}


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%b]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(ord("b"), ord("m"))
)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02" * 100,
        b"{",
        b"a: [1, 2",
        b"- just\n- a list\n",
        b"hello",
        b"[" * 100_000,
        BOMB,
        b"PK\x03\x04 no zip",
        b"\x1f\x8b no gzip",
        gzip.compress(b"\0" * 50_000_000),
        zipped(b"\0" * 50_000_000),
        YAML[: len(YAML) // 2],
        YAML.replace(b"2.1.0", b"9.9.9"),
        YAML.replace(b"pipelineInfo", b"pipelineInfos"),
        yaml.safe_dump({**pipeline(), "root": 7}).encode(),
        yaml.safe_dump({**pipeline(), "root": None}).encode(),
        b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n",
    ],
    ids=range(17),
)
def test_hostile_files_get_a_sentence(api: Api, data: bytes) -> None:
    assert len(refused(api.upload(data, name="p"))) > 20
    assert api.get("/pipelines") == {}


def test_a_file_over_32_mebibytes_is_refused(api: Api) -> None:
    assert "32 MiB" in refused(api.upload(b"x" * (40 * 1024 * 1024)), 413)
    assert "32 MiB" in refused(api.upload(b"x" * (32 * 1024 * 1024 + 1)), 413)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(YAML) - 1), st.binary(min_size=1, max_size=8)))
def test_any_damage_is_a_4xx_with_a_message(api: Api, damage: bytes | tuple[int, bytes]) -> None:
    data = damage if isinstance(damage, bytes) else YAML[: damage[0]] + damage[1] + YAML[damage[0] + len(damage[1]) :]
    answer = api.upload(data, name="p")
    if answer.status_code == 200:
        api.delete(f"/pipelines/{answer.json()['pipeline_id']}", cascade="true")
    else:
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["error_message"]


def test_pipelines_and_versions_are_changed_and_deleted(api: Api) -> None:
    made = api.upload(YAML, name="p", tags='{"a": "b"}').json()
    one = f"/pipelines/{made['pipeline_id']}"

    def patch(path: str, body: Any) -> Any:
        response = api.http.patch(V2 + path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    assert patch(one, {"display_name": "New"})["tags"] == {"a": "b"}
    assert "tags" not in patch(one, {"tags": {}})
    assert api.get(one)["display_name"] == "New"
    [version] = api.get(f"{one}/versions")["pipeline_versions"]
    changed = patch(f"{one}/versions/{version['pipeline_version_id']}", {"displayName": "V", "tags": {"x": "y"}})
    assert (changed["display_name"], changed["tags"]) == ("V", {"x": "y"})
    assert api.get("/pipelines/names/p")["pipeline_id"] == made["pipeline_id"]
    kept = api.http.delete(V2 + one)
    assert kept.status_code == 400
    assert "cascade=true" in kept.json()["message"]
    assert api.delete(f"{one}/versions/{version['pipeline_version_id']}") == {}
    assert api.delete(one) == {}
    again = api.upload(YAML, name="p").json()
    assert api.delete(f"/pipelines/{again['pipeline_id']}", cascade="true") == {}
    assert api.get("/pipelines") == {}


def test_a_pipeline_may_be_made_without_a_version(api: Api) -> None:
    made = api.post("/pipelines", {"name": "bare", "tags": {"a": "b"}})
    assert made["display_name"] == "bare"
    assert api.get(f"/pipelines/{made['pipeline_id']}/versions") == {}
    response = api.http.post(f"{V2}/pipelines", json={"name": "bare"})
    assert (response.status_code, response.json()["code"]) == (409, 6)
