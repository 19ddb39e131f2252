"""Verbs: their body may be empty, or the whole request with what the path says already; and the path counts."""

from typing import Any

import pytest
from tests.api.conftest import V2, Api

V1 = "/apis/v1beta1"
OWN = "/api/v1"
RUN = {"run_id": "other", "experiment_id": "e"}
VERBS = [
    *((f"{V2}/runs/nope:{verb}", RUN) for verb in ("archive", "unarchive", "terminate", "retry")),
    *((f"{V2}/experiments/nope:{verb}", {"experimentId": "other"}) for verb in ("archive", "unarchive")),
    *((f"{V2}/recurringruns/nope:{verb}", {"recurring_run_id": "other"}) for verb in ("enable", "disable")),
    *((f"{V1}/runs/nope{verb}", {"run_id": "other"}) for verb in (":archive", ":unarchive", "/terminate", "/retry")),
    *((f"{V1}/experiments/nope:{verb}", {"id": "other"}) for verb in ("archive", "unarchive")),
    *((f"{V1}/jobs/nope/{verb}", {"id": "other"}) for verb in ("enable", "disable")),
    *((f"{OWN}/runs/nope:{verb}", RUN) for verb in ("pin", "unpin")),
]


@pytest.mark.parametrize(("path", "whole"), VERBS)
def test_the_body_is_empty_or_the_whole_request(api: Api, path: str, whole: dict[str, Any]) -> None:
    for sent in ({}, {"json": {}}, {"json": whole}):
        response = api.http.post(path, **sent)
        assert (response.status_code, "nope not found" in response.json()["message"]) == (404, True), response.text
    response = api.http.post(path, json={"colour": "red"})
    assert (response.status_code, response.json()["code"]) == (400, 3)
    assert 'unknown field "colour" in ' in response.json()["message"]
    assert response.json()["message"].endswith(f"Its fields are: {', '.join(fields(path))}")


@pytest.mark.parametrize(
    "path", ["webhooks/nope:test", "webhooks/nope/deliveries/d:resend", "recurringruns/r/backfills/b:stop"]
)
def test_a_message_without_fields_says_so(api: Api, path: str) -> None:
    response = api.http.post(f"{OWN}/{path}", json={"colour": "red"})
    assert response.status_code == 400
    assert response.json()["message"] == 'unknown field "colour" in Verb. It has no fields'


def fields(path: str) -> tuple[str, ...]:
    if "/runs/" in path:
        return ("experiment_id", "run_id")
    if path.startswith(V1):
        return ("id",)
    return ("experiment_id",) if "/experiments/" in path else ("recurring_run_id",)
