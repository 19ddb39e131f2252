"""Lists: pages, sorting and filters, as clients spell them."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest
from tests.api.conftest import V2, Api


@pytest.fixture
def names(api: Api) -> list[str]:
    """25 experiments, in the order in which they were made."""
    made = [f"exp-{number:02}" for number in range(25)]
    for name in made:
        api.post("/experiments", {"display_name": name})
    return made


def shown(page: Any) -> list[str]:
    return [each["display_name"] for each in page.get("experiments", [])]


def filtered(*predicates: dict[str, Any]) -> str:
    return json.dumps({"predicates": predicates})


def test_pages_follow_each_other_to_the_end(api: Api, names: list[str]) -> None:
    seen: list[str] = []
    token = ""
    sizes: list[int] = []
    while True:
        page = api.get("/experiments", page_size=10, page_token=token, sort_by="", filter="", namespace="")
        assert page["total_size"] == 25
        seen += shown(page)
        sizes.append(len(shown(page)))
        token = page.get("next_page_token", "")
        if not token:
            break
    assert seen == names
    assert sizes == [10, 10, 5]


@pytest.mark.usefixtures("names")
def test_a_token_carries_the_sorting_and_the_filter(api: Api) -> None:
    wanted = filtered({"operation": "IS_SUBSTRING", "key": "name", "string_value": "EXP-1"})
    first = api.get("/experiments", page_size=3, sort_by="name desc", filter=wanted)
    assert shown(first) == ["exp-19", "exp-18", "exp-17"]
    assert first["total_size"] == 10
    token = first["next_page_token"]
    bare = api.get("/experiments", page_size=3, page_token=token)
    same = api.get("/experiments", page_size=3, page_token=token, sort_by="name desc", filter=wanted)
    assert shown(bare) == shown(same) == ["exp-16", "exp-15", "exp-14"]
    spelled = {"sort_by": "NAME DESC", "filter": quote(wanted.replace(": ", ":"))}
    assert shown(api.get("/experiments", page_size=3, page_token=token, **spelled)) == shown(bare)
    for other in ({"sort_by": "name asc"}, {"filter": filtered()}):
        response = api.http.get(f"{V2}/experiments", params={"page_token": token, **other})
        assert (response.status_code, response.json()["code"]) == (400, 3)
        assert "page_token" in response.json()["message"]
    elsewhere = api.http.get(f"{V2}/runs", params={"page_token": token})
    assert "list of Experiment" in elsewhere.json()["message"]


@pytest.mark.parametrize("token", ["x", "eyJ9", "!!!", "e30=", quote("é"), "A" * 5000, "W10="])
def test_a_damaged_token_is_refused(api: Api, token: str) -> None:
    response = api.http.get(f"{V2}/experiments", params={"page_token": token})
    assert (response.status_code, response.json()["code"]) == (400, 3)


@pytest.mark.parametrize(
    ("sort", "last"),
    [
        ("created_at asc", [2**70, "x"]),
        ("created_at asc", ["x", "x"]),
        ("created_at asc", [None, "x"]),
        ("created_at sideways", [1, "x"]),
        ("name asc", [1, "x"]),
    ],
)
def test_a_token_that_was_tampered_with_is_refused(api: Api, sort: str, last: list[object]) -> None:
    token = {"kind": "Experiment", "sort": sort, "filter": "", "after": last}
    packed = urlsafe_b64encode(json.dumps(token).encode()).decode()
    response = api.http.get(f"{V2}/experiments", params={"page_token": packed})
    assert (response.status_code, response.json()["code"]) == (400, 3), response.text


@pytest.mark.usefixtures("names")
def test_page_sizes_are_defaulted_and_clamped(api: Api) -> None:
    assert len(shown(api.get("/experiments"))) == 20
    assert len(shown(api.get("/experiments", page_size=0))) == 20
    assert len(shown(api.get("/experiments", page_size=10_000))) == 25
    assert len(shown(api.get("/experiments", pageSize=2))) == 2
    for wrong in ("-1", "x", "1.5", "9" * 5000):
        assert api.http.get(f"{V2}/experiments", params={"page_size": wrong}).status_code == 400


@pytest.mark.usefixtures("names")
def test_sorting(api: Api) -> None:
    assert shown(api.get("/experiments", sort_by="created_at DESC", page_size=2)) == ["exp-24", "exp-23"]
    assert shown(api.get("/experiments", sort_by="Name", page_size=2)) == ["exp-00", "exp-01"]
    for wrong in ("size", "name sideways", "name asc desc"):
        response = api.http.get(f"{V2}/experiments", params={"sort_by": wrong})
        assert response.status_code == 400
        assert "Invalid sorting field" in response.json()["message"]


@pytest.mark.parametrize(
    ("predicate", "count"),
    [
        ({"operation": "EQUALS", "key": "name", "string_value": "exp-03"}, 1),
        ({"operation": 1, "key": "display_name", "stringValue": "exp-03"}, 1),
        ({"operation": "NOT_EQUALS", "key": "name", "string_value": "exp-03"}, 24),
        ({"operation": "GREATER_THAN", "key": "name", "string_value": "exp-20"}, 4),
        ({"operation": "IN", "key": "name", "string_values": {"values": ["exp-01", "exp-02", "no"]}}, 2),
        ({"operation": "NOT_EQUALS", "key": "storage_state", "string_value": "ARCHIVED"}, 25),
        ({"operation": "LESS_THAN", "key": "created_at", "timestamp_value": "2030-01-01T00:00:00Z"}, 25),
        ({"operation": "GREATER_THAN", "key": "created_at", "timestampValue": "2030-01-01T00:00:00Z"}, 0),
        ({"operation": "LESS_THAN", "key": "created_at", "long_value": "1893456000"}, 25),
        ({"operation": "GREATER_THAN_EQUALS", "key": "created_at", "int_value": 1893456000}, 0),
        ({"operation": "IN", "key": "created_at", "longValues": {"values": [1, "2"]}}, 0),
    ],
)
@pytest.mark.usefixtures("names")
def test_filters(api: Api, predicate: dict[str, Any], count: int) -> None:
    for text in (filtered(predicate), quote(filtered(predicate))):
        assert api.get("/experiments", filter=text).get("total_size", 0) == count


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{",
        '{"predicate": []}',
        filtered({"operation": "EQUALS", "key": "name"}),
        filtered({"operation": "EQUALS", "key": "name", "string_value": "x", "int_value": 1}),
        filtered({"operation": "IN", "key": "name", "string_value": "x"}),
        filtered({"operation": "EQUALS", "key": "name", "string_values": {"values": ["x"]}}),
        filtered({"operation": "IS_SUBSTRING", "key": "name", "int_value": 1}),
        filtered({"operation": "EQUALS", "key": "", "string_value": "x"}),
        filtered({"operation": "EQUALS", "key": "colour", "string_value": "x"}),
        filtered({"key": "name", "string_value": "x"}),
        filtered({"operation": "LIKE", "key": "name", "string_value": "x"}),
        filtered({"operation": 4, "key": "name", "string_value": "x"}),
        filtered({"operation": "EQUALS", "key": "created_at", "timestamp_value": "yesterday"}),
        filtered({"operation": "EQUALS", "key": "name", "long_value": "x"}),
        "[" * 1000,
    ],
)
def test_a_filter_that_is_none_is_refused(api: Api, text: str) -> None:
    response = api.http.get(f"{V2}/experiments", params={"filter": text})
    assert (response.status_code, response.json()["code"]) == (400, 3), response.text


def test_tags_filter_pipelines(api: Api) -> None:
    for team in ("vision", "speech"):
        api.post("/pipelines", {"name": team, "tags": {"team": team}})
    wanted = filtered({"operation": "EQUALS", "key": "tags.team", "string_value": "speech"})
    assert [each["name"] for each in api.get("/pipelines", filter=wanted)["pipelines"]] == ["speech"]


def test_runs_of_one_experiment_and_their_full_view(api: Api, document: dict[str, Any]) -> None:
    experiment_id = api.post("/experiments", {"display_name": "e"})["experiment_id"]
    config = {"parameters": {"count": 3}}
    run = api.run(document, runtime_config=config, experiment_id=experiment_id)
    api.run(document, runtime_config=config)
    assert api.get("/runs")["total_size"] == 2
    page = api.get("/runs", experiment_id=experiment_id)
    assert [each["run_id"] for each in page["runs"]] == [run["run_id"]]
    assert "pipeline_spec" not in page["runs"][0]
    full = api.get("/runs", experiment_id=experiment_id, view="FULL")
    assert full["runs"][0]["pipeline_spec"] == document
    by_metric = api.get("/runs", sort_by="metric:Accuracy desc")
    assert by_metric["total_size"] == 2
