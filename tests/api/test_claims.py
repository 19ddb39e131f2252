"""Persistent volume claims over HTTP."""

from typing import Any

import pytest
from tests.api.conftest import Api

PVCS = "/api/v1/pvcs"


def test_a_claim_is_made_listed_shown_and_deleted(api: Api) -> None:
    asked = {
        "name": "data",
        "size": "5Gi",
        "access_modes": ["ReadWriteMany"],
        "storage_class_name": "fast",
        "volume_name": "pv",
        "annotations": {"a/b": "c"},
    }
    made = api.http.post(PVCS, json=asked).json()
    assert {key: made[key] for key in asked} == asked
    assert made["folder"] == str(api.services.home.volume(made["uid"]))
    assert api.http.get(PVCS).json() == {"claims": [made]}
    assert api.http.get(f"{PVCS}/data").json() == made
    taken = api.http.post(PVCS, json={"name": "data", "size": "1Gi"})
    assert (taken.status_code, "already exists" in taken.json()["message"]) == (409, True)
    assert api.http.delete(f"{PVCS}/data").json() == {}
    assert api.http.get(PVCS).json() == {}
    again = api.http.post(PVCS, json={"name": "data", "size": "1Gi"}).json()
    assert again["uid"] != made["uid"], "what was in the deleted one is not in it"
    assert (again["access_modes"], again["storage_class_name"]) == (["ReadWriteOnce"], "standard")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_none_of_that_name(api: Api, method: str) -> None:
    answer = api.http.request(method, f"{PVCS}/none")
    assert answer.status_code == 404
    assert "persistentvolumeclaims 'none' not found" in answer.json()["message"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"name": "Data"}, "name: 'Data' is no name of a claim"),
        ({"name": ""}, "name: '' is no name"),
        ({"size": ""}, "size: '' is no size"),
        ({"size": "0"}, "size: '0' is no size"),
        ({"access_modes": ["Read"]}, "access_modes: 'Read' is no access mode"),
        ({"annotations": {"a": 1}}, "annotations"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_claim(api: Api, more: dict[str, Any], told: str) -> None:
    answer = api.http.post(PVCS, json={"name": "data", "size": "1Gi", **more})
    assert answer.status_code == 400
    assert told in answer.json()["message"]
    assert api.http.get(PVCS).json() == {}
