"""The cache over HTTP: its entries, what a step's key is made of, and dropping."""

from typing import Any

import pytest
from tests.api.conftest import Api
from tests.api.test_why import LATER, caching, execute

ROUTE = "/api/v1/cache"


def entries(api: Api, **query: str) -> list[dict[str, Any]]:
    answer = api.http.get(ROUTE, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def test_entries_are_listed_narrowed_and_paged(api: Api) -> None:
    first = execute(api, caching(), 1)
    second = execute(api, caching(), 2, LATER)
    assert [each["run_id"] for each in entries(api, sort_by="created_at desc")] == [second, first]
    (only,) = entries(api, run_id=first)
    assert only["path"] == "root.say"
    assert only["created_at"] == "2023-11-14T22:21:40Z"
    assert (only["pipeline"], only["taken"], only["size"]) == ("hello", 0, 0)
    assert entries(api, fingerprint=only["fingerprint"], pipeline="hello", task="say") == [only]
    assert entries(api, ended_before="2023-11-14T22:21:40Z") == [only]
    page = api.http.get(ROUTE, params={"page_size": "1"}).json()
    rest = entries(api, page_size="1", page_token=page["next_page_token"])
    assert {each["run_id"] for each in [*page["entries"], *rest]} == {first, second}
    assert page["total_size"] == 2


def test_a_drop_says_what_goes_and_takes_it_away(api: Api) -> None:
    execute(api, caching(), 1)
    second = execute(api, caching(), 2)
    (entry,) = entries(api, run_id=second)
    said = {"dry_run": True, "count": 1, "fingerprints": [entry["fingerprint"]]}
    assert api.http.delete(ROUTE, params={"run_id": second, "dry_run": "true"}).json() == said
    assert len(entries(api)) == 2
    assert api.http.delete(ROUTE, params={"run_id": second}).json() == {**said, "dry_run": False}
    assert entry not in entries(api)
    assert api.http.delete(ROUTE, params={"all": "true"}).json()["count"] == 1
    assert entries(api) == []
    assert api.http.get(f"/apis/v2beta1/runs/{second}").status_code == 200


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "it is not said what to drop"),
        ({"dry_run": "true"}, "it is not said what to drop"),
        ({"all": "perhaps"}, "is not a boolean"),
        ({"ended_before": "yesterday"}, "is no time"),
    ],
)
def test_a_drop_of_nothing_in_particular_is_refused(api: Api, query: dict[str, str], said: str) -> None:
    answer = api.http.delete(ROUTE, params=query)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_step_tells_what_its_key_is_made_of_and_what_differs(api: Api) -> None:
    before = execute(api, caching(), 1)
    run_id = execute(api, caching(), 2, LATER)
    said = api.http.get(f"{ROUTE}/runs/{run_id}/tasks/say").json()
    assert said["fingerprint"].startswith("sha256:")
    assert set(said["parts"]) == {"pipeline", "image", "command", "env", "parameters", "artifacts", "outputs"}
    details = {each["label"]: each["text"] for each in said["details"]}
    assert before in details["cache"]
    assert details["parameter count"] == "was 1, is 2"
    assert api.http.get(f"{ROUTE}/runs/{run_id}/tasks/other").status_code == 404
    assert api.http.get(f"{ROUTE}/runs/{run_id}/tasks/root").status_code == 400
