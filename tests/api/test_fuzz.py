"""Any body, any query: an answer, and where it is a refusal, a 4xx with a message."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import V2, Api, pipeline

MANY = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["display_name", "displayName", "pipeline_spec", "runtime_config", "experiment_id", "scheduled_at", "state", "tags"]
)


def is_answer(response: Any) -> bool:
    if response.status_code == 200:
        return True
    return 400 <= response.status_code < 500 and bool(response.json()["message"])


@MANY
@given(st.binary(max_size=200))
def test_bytes_that_are_no_json(api: Api, body: bytes) -> None:
    for path in ("/runs", "/experiments", "/pipelines", "/runs/x:terminate"):
        assert is_answer(api.http.post(V2 + path, content=body))


@MANY
@given(st.dictionaries(FIELDS | st.text(max_size=5), VALUES, max_size=4))
def test_json_that_is_no_message(api: Api, body: dict[str, Any]) -> None:
    for path in ("/runs", "/experiments", "/pipelines"):
        response = api.http.post(V2 + path, json=body)
        assert is_answer(response), response.text


@MANY
@given(VALUES, st.sampled_from(["root", "components", "deploymentSpec", "pipelineInfo", "schemaVersion"]))
def test_documents_with_a_part_replaced(api: Api, value: Any, part: str) -> None:
    response = api.http.post(
        f"{V2}/runs",
        json={
            "display_name": "r",
            "pipeline_spec": {**pipeline(), part: value},
            "runtime_config": {"parameters": {"count": 3}},
        },
    )
    assert is_answer(response), response.text


@MANY
@given(st.sampled_from(["page_size", "page_token", "sort_by", "filter", "view", "experiment_id"]), st.text(max_size=30))
def test_any_query(api: Api, name: str, value: str) -> None:
    for path in ("/runs", "/experiments", "/pipelines", "/artifacts"):
        assert is_answer(api.http.get(V2 + path, params={name: value}))


@MANY
@given(st.dictionaries(st.sampled_from(["operation", "key", "string_value", "int_value", "in"]), VALUES, max_size=4))
def test_any_filter(api: Api, predicate: dict[str, Any]) -> None:
    text = json.dumps({"predicates": [predicate]})
    assert is_answer(api.http.get(f"{V2}/runs", params={"filter": text}))


@MANY
@given(st.text(min_size=1, max_size=20))
def test_any_id(api: Api, given_id: str) -> None:
    one = quote(given_id, safe="")
    for path in (f"/runs/{one}", f"/experiments/{one}", f"/pipelines/{one}/versions/{one}", f"/artifacts/{one}"):
        assert is_answer(api.http.get(V2 + path))
