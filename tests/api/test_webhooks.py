"""Webhooks over HTTP: made, changed, shown without their secret, refused; their deliveries."""

from dataclasses import replace
from typing import Any

import pytest
from tests.api.conftest import Api, pipeline
from tests.api.scene import Scene

from headrace.model.run import Failure
from headrace.model.webhook import Template
from headrace.store import webhooks
from headrace.store.db import Tx

HOOKS = "/api/v1/webhooks"
GOOD = {"display_name": "ops", "url": "https://example.org/x", "secret": "s3cr3t-word"}


def made(api: Api, **fields: Any) -> Any:
    answer = api.http.post(HOOKS, json={**GOOD, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_webhook_is_made_changed_listed_and_deleted(api: Api) -> None:
    hook = made(api, states=["failed", "RUNNING"])
    assert {key: hook[key] for key in ("states", "template", "signed", "enabled")} == {
        "states": ["RUNNING", "FAILED"],
        "template": "JSON",
        "signed": True,
        "enabled": True,
    }
    one = f"{HOOKS}/{hook['webhook_id']}"
    changed = api.http.patch(one, json={"states": ["CANCELED"], "enabled": False}).json()
    assert api.woken.get_nowait() == "webhooks"
    assert changed == {**hook, "states": ["CANCELED"], "enabled": False}
    assert api.http.get(one).json() == changed
    assert api.http.get(HOOKS).json() == {"webhooks": [changed]}
    for answer in (api.http.post(HOOKS, json=GOOD), api.http.get(HOOKS), api.http.post(f"{one}:test", json={})):
        assert "s3cr3t-word" not in answer.text
    assert api.http.delete(one).status_code == 200
    assert api.http.get(one).status_code == 404


def test_a_webhook_whose_target_is_not_allowed_any_more_is_renamed_and_disabled(api: Api) -> None:
    one = f"{HOOKS}/{made(api)['webhook_id']}"
    inner, mail = "http://10.0.0.1/x", {"template": Template.EMAIL, "url": "", "recipients": ("a@example.org",)}
    for fields in ({"url": inner}, mail):

        def unit(tx: Tx, fields: dict[str, Any] = fields) -> None:
            [hook] = webhooks.listed(tx, "")
            webhooks.change(tx, replace(hook, enabled=True, **fields))

        api.services.database.submit(unit).result()
        assert api.http.patch(one, json={"display_name": "renamed"}).json()["display_name"] == "renamed"
        assert api.http.patch(one, json={"enabled": False}).status_code == 200
        assert api.http.patch(one, json={"states": ["FAILED"]}).status_code == 200
        assert api.http.patch(one, json={"enabled": True}).status_code == 400
        assert api.http.patch(one, json={"to": ["b@example.org"]}).status_code == 400
    assert api.http.patch(one, json={"display_name": ""}).status_code == 400


def test_a_secret_that_the_server_makes_is_told_once(api: Api) -> None:
    hook = made(api, secret="")
    assert len(hook["secret"]) == 36
    assert "secret" not in api.http.get(f"{HOOKS}/{hook['webhook_id']}").json()
    assert "secret" not in made(api, secret="", template="SLACK")


def test_deliveries_are_shown_and_sent_again(api: Api) -> None:
    hook = made(api)
    run = api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"]
    api.advance(run, *Scene(run).started())
    api.advance(run, *Scene(run).ended(failure=Failure("boom", 9)))
    one = f"{HOOKS}/{hook['webhook_id']}"
    [delivery] = api.http.get(f"{one}/deliveries").json()["deliveries"]
    assert (delivery["run_id"], delivery["run_state"], delivery["state"]) == (run, "FAILED", "PENDING")
    again = api.http.post(f"{one}/deliveries/{delivery['delivery_id']}:resend", json={}).json()
    assert again["due_at"] != delivery["due_at"]
    tried = api.http.post(f"{one}:test", json={}).json()
    assert tried["test"]
    assert len(api.http.get(f"{one}/deliveries").json()["deliveries"]) == 2
    assert api.http.post(f"{one}/deliveries/nope:resend", json={}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status", "where"),
    [
        ({"display_name": ""}, 400, "display_name"),
        ({"url": "ftp://example.org"}, 400, "url"),
        ({"url": "http://example.org"}, 400, "url"),
        ({"url": "https://user:word@example.org"}, 400, "url"),
        ({"states": ["DONE"]}, 400, "states"),
        ({"template": "FAX"}, 400, "template"),
        ({"to": ["a@example.org"]}, 400, "to"),
        ({"template": "EMAIL", "url": "", "to": ["no address"]}, 400, "to"),
        ({"template": "EMAIL", "url": "", "to": ["a@example.org"]}, 400, "template"),
        ({"template": "EMAIL", "url": ""}, 400, "to"),
        ({"run_id": "a", "experiment_id": "b"}, 400, "experiment_id"),
        ({"run_id": "nope"}, 404, "Run nope"),
        ({"experiment_id": "nope"}, 404, "Experiment nope"),
        ({"recurring_run_id": "nope"}, 404, ""),
        ({"color": "red"}, 400, "color"),
        ({"secret": ["s3cr3t-word"]}, 400, "secret: a string is wanted"),
    ],
)
def test_what_is_no_webhook(api: Api, fields: dict[str, Any], status: int, where: str) -> None:
    refused = api.http.post(HOOKS, json={**GOOD, **fields})
    assert refused.status_code == status, refused.text
    assert where in refused.json()["message"]
    assert GOOD["secret"] not in refused.text
