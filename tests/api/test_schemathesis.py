"""The server does what its OpenAPI document says: schemathesis makes requests of it, right ones and wrong ones.

Most ids in them are of what is there. The requests are the same in each run of the tests.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from requests import Session
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.conftest import Api, pipeline, start
from tests.api.scene import Scene, artifact

from headrace.base.settings import Settings
from headrace.model.artifact import Bindings

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

FEW = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


RECURRING = {
    "display_name": "hourly",
    "trigger": {"cron_schedule": {"cron": "0 0 * * * *"}},
    "max_concurrency": "1",
    "runtime_config": {"parameters": {"count": 1}},
}


ENDLESS = {"GET /api/v1/events"}

HARD = {
    *ENDLESS,
    "GET /apis/v2beta1/artifact_tasks",
    "GET /artifacts/get",
    "GET /api/v1/artifacts/{artifact_id}/content",
    "GET /api/v1/runs/{run_id}/logs",
    "GET /api/v1/runs/{run_id}/tasks/{node}/log",
    *(f"GET /apis/{version}/runs/{{run_id}}/nodes/{{node}}/log" for version in ("v1alpha1", "v1beta1", "v2beta1")),
    "GET /apis/v1beta1/pipeline_versions",
}
"""What has to be asked for in words that a guess does not find; its own tests do."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One server for all of them."""
    api = start(tmp_path_factory.mktemp("home"), Settings())
    try:
        yield api
    finally:
        api.http.close()
        api.stop()


@pytest.fixture(scope="module")
def known(served: Api) -> dict[str, str]:
    """What is there, by the names of path parameters: a run that has ended, with a file, and more."""
    run = served.run(pipeline(), runtime_config={"parameters": {"count": 3}})
    scene = Scene(run["run_id"])
    model = artifact()
    served.services.blobs.write(model.uri, b"weights")
    served.advance(scene.run_id, *scene.started())
    served.advance(scene.run_id, *scene.ended(Bindings({}, {"model": (model,)})))
    log = served.services.home.log(scene.attempt_id)
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\n")
    made = served.upload(json.dumps(pipeline("uploaded")).encode()).json()
    version = served.get(f"/pipelines/{made['pipeline_id']}/versions")["pipeline_versions"][0]
    recurring = served.post("/recurringruns", RECURRING | {"pipeline_spec": pipeline("due")})
    backfill = served.http.post(
        f"/api/v1/recurringruns/{recurring['recurring_run_id']}/backfills", json={"start_time": "2023-11-14T00:00:00Z"}
    ).json()
    for each in ("secrets", "configmaps"):
        served.http.post(f"/api/v1/{each}", json={"name": "known", "data": {"word": "aGk="}})
    served.http.post("/api/v1/pvcs", json={"name": "known", "size": "1Gi"})
    return {
        "run_id": scene.run_id,
        "task_id": scene.task_id(),
        "node": "say",
        "experiment_id": run["experiment_id"],
        "artifact_id": model.artifact_id,
        "pipeline_id": made["pipeline_id"],
        "version_id": version["pipeline_version_id"],
        "recurring_run_id": recurring["recurring_run_id"],
        "backfill_id": backfill["backfill_id"],
        "secret_name": "known",
        "config_map_name": "known",
        "pvc_name": "known",
        "source": "minio",
        "bucket": "mlpipeline",
        "key": "v2/model",
    }


@pytest.fixture(scope="module")
def described(served: Api) -> Any:
    return served.http.get("/openapi.json").json()


def cases(described: Any, mode: GenerationMode, known: dict[str, str]) -> Iterator[st.SearchStrategy[Case]]:
    """The cases of each operation; those that remove something come last."""
    schema = schemathesis.openapi.from_dict(described)
    found = [each.ok() for each in schema.get_all_operations()]
    for operation in sorted(found, key=_spoils):
        if operation.label in ENDLESS or (mode is GenerationMode.NEGATIVE and not (operation.query or operation.body)):
            continue  # any text is an id
        drawn = operation.as_strategy(generation_mode=mode)
        yield st.builds(placed, drawn, st.just(known), st.sampled_from([True, True, True, False]))


def _spoils(operation: Any) -> bool:
    """Whether it leaves the known run gone, or live where no controller will end it: those come last."""
    return operation.method == "delete" or operation.label.endswith(("retry", "resume"))


def placed(case: Case, known: dict[str, str], at: bool) -> Case:
    """The case, on what is there if `at` says so."""
    if at and case.method != "DELETE":
        case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
    return case


def loosened(described: Any) -> Any:
    """The document with what protobuf's JSON takes beside what it gives: null, and numbers as texts or the reverse.

    In the query an enum may be its number, too.
    """
    loose = copy.deepcopy(described)
    for schema in loose["components"]["schemas"].values():
        if "enum" in schema:
            del schema["enum"]
            schema["type"] = ["string", "integer", "null"]
        schema["properties"] = {name: loosely(held) for name, held in schema.get("properties", {}).items()}
    for item in loose["paths"].values():
        for told in item.values():
            for each in told.get("parameters", ()):
                if "enum" in each["schema"]:
                    each["schema"] = {"anyOf": [{"enum": [*each["schema"]["enum"], ""]}, {"type": "integer"}]}
    return loose


def loosely(schema: Any) -> Any:
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kind, inside = schema.get("type"), dict(schema)
    for key in ("items", "additionalProperties"):
        if key in inside:
            inside[key] = loosely(inside[key])
    if kind in ("integer", "number") or schema.get("format") == "int64":
        return {"type": ["integer", "number", "string", "null"]}
    return {**inside, "type": [kind, "null"]} if kind else inside


def ask(served: Api, described: Any, known: dict[str, str], mode: GenerationMode, checks: list[Any]) -> set[str]:
    """Make the requests; which operations answered one of them with 200."""
    answered = set()
    with Session() as session:
        for strategy in cases(described, mode, known):

            @FEW
            @given(case=strategy)
            def asked(case: Case) -> None:
                response = case.call(base_url=served.url, session=session)
                sent = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
                assume(
                    mode is GenerationMode.POSITIVE or all(value for _, value in sent)
                )  # nothing is as good as absent
                if response.status_code == 200:
                    answered.add(case.operation.label)
                case.validate_response(response, checks=checks)

            asked()
    return answered


def test_right_requests(served: Api, described: Any, known: dict[str, str]) -> None:
    """What has no parameters that a guess cannot know is answered well, so that its answer was checked."""
    answered = ask(served, described, known, GenerationMode.POSITIVE, CHECKS)
    easy = {
        f"GET {path}"
        for path, item in described["paths"].items()
        if "get" in item and set(re.findall(r"{(\w+)}", path)) <= known.keys()
    }
    assert easy - answered <= HARD


def test_wrong_requests(served: Api, described: Any, known: dict[str, str]) -> None:
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, negative_data_rejection]
    ask(served, loosened(described), known, GenerationMode.NEGATIVE, checks)
