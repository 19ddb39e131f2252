"""Every shape of error, and that an unexpected one tells the client no more than where to look."""

import logging
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from tests.api.conftest import V2, Api, pipeline

from headrace.api.errors import answer
from headrace.base import errors

STATUS = {"code", "message", "details"}


def test_gateway_errors_are_a_google_rpc_status(api: Api) -> None:
    response = api.http.get(f"{V2}/runs/nope")
    body = response.json()
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert body == {
        "code": 5,
        "message": "Run nope not found",
        "details": [{"@type": "type.googleapis.com/google.rpc.Status", "code": 5, "message": "Run nope not found"}],
    }


def test_uploads_logs_and_downloads_have_the_plain_shape(api: Api) -> None:
    for response in (
        api.http.post(f"{V2}/pipelines/upload", content=b"x"),
        api.http.post(f"{V2}/pipelines/upload_version"),
        api.http.get("/apis/v1beta1/runs/r/nodes/n/log"),
        api.http.get("/api/v1/artifacts/nope/content"),
    ):
        assert response.status_code in (400, 404)
        assert set(response.json()) == {"error_message", "error_details"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, 5),
        ("GET", "/apis/v2beta1/nope", 404, 5),
        ("GET", "/apis/v2beta1/runs/", 404, 5),
        ("POST", "/apis/v2beta1/runs/x:dance", 501, 12),
        ("PUT", "/apis/v2beta1/runs", 501, 12),
        ("PATCH", "/apis/v2beta1/runs/x", 501, 12),
        ("DELETE", "/apis/v2beta1/healthz", 501, 12),
        ("GET", "/apis/v2beta1/runs/a%00b", 400, 3),
        ("GET", "/apis/v2beta1/runs?page_size=x", 400, 3),
        ("GET", "/apis/v2beta1/runs?filter=%00", 400, 3),
        ("GET", "/apis/v2beta1/runs/x?view=SIDEWAYS", 400, 3),
        ("DELETE", "/apis/v2beta1/pipelines/x?cascade=perhaps", 400, 3),
        ("GET", "/apis/v2beta1/experiments/nope", 404, 5),
        ("GET", "/apis/v2beta1/pipelines/nope", 404, 5),
        ("GET", "/apis/v2beta1/pipelines/names/nope", 404, 5),
        ("GET", "/apis/v2beta1/pipelines/p/versions/nope", 404, 5),
        ("GET", "/apis/v2beta1/artifacts/nope", 404, 5),
        ("GET", "/apis/v2beta1/runs/nope/tasks", 404, 5),
        ("POST", "/apis/v2beta1/runs/nope:terminate", 404, 5),
        ("POST", "/apis/v2beta1/experiments/nope:archive", 404, 5),
    ],
)
def test_every_way_to_be_wrong_has_its_code(api: Api, method: str, path: str, status: int, code: int) -> None:
    response = api.http.request(method, path)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.json()["message"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidInput("m"), 400, 3),
        (errors.InvalidSpec("m"), 400, 3),
        (errors.NotFound("m"), 404, 5),
        (errors.AlreadyExists("m"), 409, 6),
        (errors.PermissionDenied("m"), 403, 7),
        (errors.FailedPrecondition("m"), 400, 9),
        (errors.Conflict("m"), 409, 10),
        (errors.Unimplemented("m"), 501, 12),
        (errors.Unavailable("m"), 503, 14),
        (HTTPException(404), 404, 5),
        (HTTPException(405), 501, 12),
        (HTTPException(400, "m"), 400, 3),
    ],
)
def test_the_tree_of_errors_as_http(error: Exception, status: int, code: int) -> None:
    told = answer(error)
    assert (told.status, told.code) == (status, code)


LONG = "x" * 1_000_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pipelines", {"name": "n", "tags": {LONG: "v"}}),
        ("pipelines", {"name": "n", "tags": {LONG: 1}}),
        ("pipelines", {LONG: "n"}),
        ("runs", {"display_name": "r", "pipeline_spec": pipeline(), "runtime_config": {"parameters": {LONG: 1}}}),
        ("runs", {"display_name": "r", "pipeline_version_id": LONG}),
        ("runs", {"display_name": "r", "pipeline_spec": {**pipeline(), LONG: 1}}),
        ("runs", {"display_name": "r", "pipeline_spec": pipeline(LONG)}),
        ("recurringruns", {"display_name": "r", "mode": LONG}),
        ("recurringruns", {"display_name": "r", "max_concurrency": LONG}),
    ],
)
def test_what_a_client_sent_is_quoted_in_part(api: Api, path: str, body: Any) -> None:
    response = api.http.post(f"{V2}/{path}", json=body)
    assert response.status_code in (400, 404)
    assert len(response.content) < 5_000


def test_a_long_sentence_keeps_its_beginning_its_end_and_its_hint() -> None:
    told = answer(errors.NotFound(f"Pipeline {LONG} not found", where="pipeline_id", hint="Look again"))
    assert told.message.startswith("pipeline_id: Pipeline xxx")
    assert told.message.endswith("xxx not found. Look again")
    assert len(told.message) < 2_000


def test_an_unexpected_error_is_told_by_a_request_id_only(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("SELECT secret FROM /etc/passwd")

    for name in ("get_run", "run_versions", "get_tasks"):
        monkeypatch.setattr(f"headrace.store.query.{name}", broken)
    with caplog.at_level(logging.ERROR):
        for path in (f"{V2}/runs/x", f"{V2}/runs/x/nodes/n/log"):
            response = api.http.get(path)
            assert response.status_code == 500
            assert "secret" not in response.text
            assert "Traceback" not in response.text
            body = response.json()
            message = body.get("message") or body["error_message"]
            request_id = message.split("request ")[1].split(".")[0]
            assert request_id in caplog.text
    assert "SELECT secret" in caplog.text
    assert api.get("/runs") == {}


def test_bodies_are_bounded(api: Api) -> None:
    large = b'{"display_name": "' + b"x" * (33 * 1024 * 1024) + b'"}'
    announced = api.http.post(f"{V2}/experiments", content=large)
    assert (announced.status_code, announced.json()["code"]) == (413, 3)
    assert "32 MiB" in announced.json()["message"]
    chunked = api.http.post(f"{V2}/experiments", content=iter([large[: 1024 * 1024]] * 33))
    assert chunked.status_code == 413
    assert api.get("/experiments") == {}
