"""Secrets and config maps over HTTP: made, replaced, shown without values, refused without values."""

import base64
import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import Api, pipeline

from headrace.store import objects

SECRETS, MAPS = "/api/v1/secrets", "/api/v1/configmaps"
WORD = "hunter2-c0rrect"
PACKED = base64.b64encode(WORD.encode()).decode()
BYTES = bytes(range(256))
MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def opened(api: Api, name: str) -> Any:
    return api.services.database.read(lambda tx: objects.secret(tx, api.services.vault, "", name))


def test_a_secret_is_made_replaced_listed_and_deleted_and_no_answer_has_its_values(api: Api) -> None:
    both = {"string_data": {"password": WORD}, "data": {"raw": base64.b64encode(BYTES).decode(), "empty": ""}}
    answers = [
        api.http.post(SECRETS, json={"name": "db", **both}),
        api.http.post(SECRETS, json={"name": "db", "stringData": {"password": WORD}}),
        api.http.get(SECRETS),
        api.http.get(f"{SECRETS}/db"),
        api.http.put(f"{SECRETS}/db", json={"string_data": {"token": WORD}}),
        api.http.put(f"{SECRETS}/new", json={"name": "new", "data": {"token": PACKED}}),
    ]
    assert [each.status_code for each in answers] == [200, 409, 200, 200, 200, 200]
    made, taken, listed, got, replaced, _ = (each.json() for each in answers)
    keys = [{"key": "empty"}, {"key": "password", "size": len(WORD)}, {"key": "raw", "size": 256}]
    assert (made["name"], made["keys"]) == ("db", keys)
    assert got == made
    assert listed == {"secrets": [made]}
    assert "Replace or delete it" in taken["message"]
    assert replaced["created_at"] == made["created_at"] < replaced["updated_at"]
    assert opened(api, "db") == opened(api, "new") == {"token": WORD.encode()}
    assert not any(held in each.text for each in answers for held in (WORD, PACKED))
    assert api.http.delete(f"{SECRETS}/db").json() == {}
    for method in ("GET", "DELETE"):
        assert api.http.request(method, f"{SECRETS}/db").status_code == 404


def test_a_config_map_shows_its_values_where_it_is_asked_for(api: Api) -> None:
    body = {"data": {"a": "x", "t": "é"}, "binary_data": {"b": base64.b64encode(BYTES).decode(), "plain": "cGxhaW4="}}
    made = api.http.post(MAPS, json={"name": "m", **body}).json()
    assert made["data"] == {"a": "x", "t": "é", "plain": "plain"}
    assert made["binary_data"] == {"b": base64.b64encode(BYTES).decode()}
    assert api.http.get(f"{MAPS}/m").json() == made
    assert api.http.post(MAPS, json={"name": "m"}).status_code == 409
    replaced = api.http.put(f"{MAPS}/m", json={"data": {"c": "3"}}).json()
    assert replaced["keys"] == [{"key": "c", "size": 1}]
    [listed] = api.http.get(MAPS).json()["config_maps"]
    assert listed == {key: value for key, value in replaced.items() if key != "data"}
    assert api.http.get(SECRETS).json() == {}
    assert api.http.delete(f"{MAPS}/m").status_code == 200
    assert api.http.get(f"{MAPS}/m").status_code == 404


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"string_data": {"k": WORD}}, "name: it is missing"),
        ({"name": "Capital", "string_data": {"k": WORD}}, "name: it is missing or no name"),
        ({"name": "x" * 254, "string_data": {"k": WORD}}, "name: it is missing or no name"),
        ({"name": "a..b", "string_data": {"k": WORD}}, "no name"),
        ({"name": {"x": WORD}}, "name: a string is wanted"),
        ({"name": "db", "string_data": {"": WORD}}, "string_data: one of its keys is none"),
        ({"name": "db", "string_data": {"a/b": WORD}}, "string_data: one of its keys is none"),
        ({"name": "db", "string_data": {"..": WORD}}, "string_data: one of its keys is none"),
        ({"name": "db", "string_data": {"k" * 254: WORD}}, "string_data: one of its keys is none"),
        ({"name": "db", "data": {"k": WORD}}, "data.k: it is not base64"),
        ({"name": "db", "data": {"k": f"{PACKED}\n"}}, "data.k: it is not base64"),
        ({"name": "db", "data": {"k": "é" + WORD}}, "data.k: it is not base64"),
        ({"name": "db", "data": {"k": PACKED}, "string_data": {"k": WORD}}, "data.k: the key is given twice"),
        ({"name": "db", "string_data": WORD}, "string_data: an object is wanted"),
        ({"name": "db", "string_data": [WORD]}, "string_data: an object is wanted"),
        ({"name": "db", "string_data": {"k": [WORD]}}, "string_data.k: a string is wanted"),
        ({"name": "db", "string_data": {"k": {"x": WORD}}}, "string_data.k: a string is wanted"),
        ({"name": "db", "string_data": {"k": f"{WORD}\0"}}, "string_data.k: the text holds a NUL"),
        ({"name": "db", "strings": {"k": WORD}}, 'unknown field "strings"'),
        ({"name": "db", "string_data": {}, "stringData": {"k": WORD}}, "given twice"),
        ({"name": "db", "string_data": {"k": WORD + "x" * 1024 * 1024}}, "Give 1048576 at most"),
        (WORD, "PutSecret: an object is wanted"),
        ([{"k": WORD}], "PutSecret: an object is wanted"),
        (f'{{"name": "db", "string_data": {{"k": "{WORD}'.encode(), "not JSON"),
        (f'{{"name": "db", "string_data": {{"k": {WORD}}}}}'.encode(), "not JSON"),
        (b"\xff" + WORD.encode(), "not JSON"),
        (b'{"name": "db", "string_data": {"k": "' + WORD.encode() + b'\xff"}}', "it is not UTF-8"),
        (b'{"name": "db", "string_data": {"k": "' + WORD.encode() + b'\\ud800"}}', "not JSON"),
        (WORD.encode(), "not JSON"),
        (b"[" * 200 + WORD.encode(), "not JSON"),
    ],
)
def test_what_is_no_secret_is_refused_without_telling_a_value(
    api: Api, caplog: pytest.LogCaptureFixture, body: Any, told: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with caplog.at_level(logging.DEBUG):
        refused = api.http.post(SECRETS, content=content)
        assert refused.status_code == 400, refused.text
        assert told in refused.json()["message"]
        answers = [refused]
        if not told.startswith("name: it is missing"):  # in the path it is not
            answers.append(api.http.put(f"{SECRETS}/db", content=content))
    assert {each.status_code for each in answers} == {400}
    assert not any(WORD in text for text in (caplog.text, *(each.text for each in answers)))
    assert not api.services.home.secret_key.exists()


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    body = {"name": "db", "string_data": {"k": WORD * 1024 * 1024}}
    refused = api.http.post(SECRETS, json=body)
    assert refused.status_code == 413
    assert WORD not in refused.text
    largest = {"name": "db", "string_data": {"k": "\1" * 1024 * 1024}}
    assert api.http.post(SECRETS, json=largest).status_code == 200, "each character takes six in JSON"


def test_an_error_of_the_server_tells_no_value(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the client nor the log gets one, even where the database is in trouble."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr(objects, "put_secret", broken)
    with caplog.at_level(logging.DEBUG):
        refused = api.http.post(SECRETS, json={"name": "db", "string_data": {"k": WORD}})
    assert refused.status_code == 500
    assert "nobody expected this" in caplog.text
    assert not any(held in text for text in (refused.text, caplog.text) for held in (WORD, PACKED))


def test_a_server_with_another_key_says_what_to_do(api: Api) -> None:
    api.http.post(SECRETS, json={"name": "db", "string_data": {"k": WORD}})
    key = api.services.home.secret_key
    lost = key.read_bytes()
    key.unlink()
    refused = api.http.post(SECRETS, json={"name": "other", "string_data": {"k": WORD}})
    assert (refused.status_code, refused.json()["code"]) == (400, 9)
    assert "secret db: it was sealed with the key" in refused.json()["message"]
    assert not key.exists(), "no second key is made beside a lost one"
    assert api.http.get(SECRETS).status_code == 200
    key.write_bytes(lost)
    assert api.http.post(SECRETS, json={"name": "other", "string_data": {"k": WORD}}).status_code == 200
    key.unlink()
    for name in ("db", "other"):
        assert api.http.delete(f"{SECRETS}/{name}").status_code == 200
    assert api.http.post(SECRETS, json={"name": "db", "string_data": {"k": "new"}}).status_code == 200
    assert opened(api, "db") == {"k": b"new"}


def test_no_other_answer_of_the_server_has_the_value(api: Api) -> None:
    api.http.post(SECRETS, json={"name": "db", "string_data": {"password": WORD}})
    run = api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"]
    key = api.services.home.secret_key.read_text().strip()
    for path in ("/openapi.json", "/docs", "/metrics", "/api/v1/server", "/", f"/apis/v2beta1/runs/{run}?view=FULL"):
        answer = api.http.get(path)
        assert answer.status_code == 200, path
        assert not any(held in answer.text for held in (WORD, PACKED, key)), path


TEXTS = st.text(max_size=12) | st.sampled_from(["a", "A_b.c-d", "..", ".", "a/b", "k" * 253, "K" * 254])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


@MANY
@given(name=TEXTS, data=st.dictionaries(TEXTS, VALUES, max_size=3), string_data=st.dictionaries(TEXTS, VALUES))
def test_any_names_keys_and_values(api: Api, name: str, data: Any, string_data: Any) -> None:
    """Whatever was sent is refused, or kept exactly."""
    for path in (SECRETS, MAPS):
        fields = ("data", "string_data") if path == SECRETS else ("binary_data", "data")
        sent = api.http.post(path, json={"name": name, fields[0]: data, fields[1]: string_data})
        assert sent.status_code in (200, 400, 409), sent.text
        if sent.status_code != 200:
            assert sent.json()["message"]
            continue
        packed = {key: base64.b64decode(value) for key, value in data.items()}
        wanted = packed | {key: value.encode() for key, value in string_data.items()}
        assert {each["key"]: each.get("size", 0) for each in sent.json().get("keys", ())} == {
            key: len(value) for key, value in wanted.items()
        }
        if path == SECRETS:
            assert opened(api, name) == wanted
        assert api.http.delete(f"{path}/{name}").status_code == 200


@MANY
@given(st.binary(max_size=60))
def test_any_bytes(api: Api, body: bytes) -> None:
    for method, path in (("POST", SECRETS), ("PUT", f"{SECRETS}/x"), ("POST", MAPS), ("PUT", f"{MAPS}/x")):
        answer = api.http.request(method, path, content=body)
        assert answer.status_code in (200, 400), answer.text
