"""Every refusal that KFP's contract knows of experiments, pipelines and runs: its status, its code, what it names; and
that no refusal tells what is behind the server."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from tests.api.conftest import V2, Api, pipeline
from tests.api.scene import AT, Scene

from headrace.engine.decision import RunMoved
from headrace.model.event import TerminateRequested
from headrace.model.state import State

COUNT = {"parameters": {"count": 3}}
SECRETS = (
    "Traceback",
    "sqlalchemy",
    "sqlite",
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "IntegrityError",
    "site-packages",
    ".py",
)


@dataclass(frozen=True)
class Place:
    """What there is to be refused something about."""

    api: Api
    archived: str
    default: str
    pipeline_id: str
    version_id: str
    live: str
    ended: str

    def refused(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, int, str]:
        response = self.api.http.request(method, V2 + path, json=body, params=params)
        told = response.json()
        assert told["details"][0]["message"] == told["message"]
        assert not any(secret in response.text for secret in (*SECRETS, str(self.api.services.home.root))), told
        return response.status_code, told["code"], told["message"]


@pytest.fixture
def place(api: Api, document: dict[str, Any]) -> Place:
    archived = api.post("/experiments", {"display_name": "archived"})["experiment_id"]
    in_archive = api.run(document, runtime_config=COUNT, experiment_id=archived)["run_id"]
    api.advance(in_archive, *Scene(in_archive).started())
    api.advance(in_archive, [TerminateRequested(AT)], [RunMoved(AT, State.CANCELED)])
    api.post(f"/experiments/{archived}:archive")
    live = api.run(document, runtime_config=COUNT)
    made = api.upload(json.dumps(document).encode(), name="taken").json()
    pipeline_id = made["pipeline_id"]
    [version] = api.get(f"/pipelines/{pipeline_id}/versions")["pipeline_versions"]
    version_id = version["pipeline_version_id"]
    return Place(api, archived, live["experiment_id"], pipeline_id, version_id, live["run_id"], in_archive)


def run_of(**fields: Any) -> dict[str, Any]:
    return {"display_name": "r", "pipeline_spec": pipeline(), "runtime_config": COUNT, **fields}


def reference(**ids: str) -> dict[str, Any]:
    return {"display_name": "r", "pipeline_version_reference": ids}


def renamed(name: str) -> dict[str, Any]:
    document = pipeline()
    document["root"]["dag"]["tasks"]["say"]["taskInfo"]["name"] = name
    return document


def literal() -> dict[str, Any]:
    """A pipeline whose parameter `word` takes two values only, and whose `state` is none to be given."""
    document = pipeline()
    parameters = document["root"]["inputDefinitions"]["parameters"]
    parameters["word"] = {"parameterType": "STRING", "literals": ["a", "b"], "isOptional": True}
    parameters["state"] = {"parameterType": "TASK_FINAL_STATUS", "isOptional": True}
    return document


def test_experiments(place: Place) -> None:
    for body, message in (
        ({}, "display_name: a name is missing"),
        ({"display_name": "n" * 129}, "display_name: it has 129 characters. Give 1 to 128"),
        ({"display_name": "x", "colour": "red"}, 'unknown field "colour" in Experiment'),
        ({"display_name": 5}, "display_name: a string is wanted"),
    ):
        status, code, told = place.refused("POST", "/experiments", body)
        assert (status, code, message in told) == (400, 3, True), told
    status, code, told = place.refused("POST", "/experiments", {"display_name": "archived"})
    assert (status, code, "display_name: Experiment archived already exists" in told) == (409, 6, True)
    assert "Give another name" in told
    status, code, told = place.refused("DELETE", f"/experiments/{place.default}")
    assert (status, code, "Default experiment" in told) == (409, 10, True)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", ":archive"), ("POST", ":unarchive")):
        assert place.refused(method, f"/experiments/nope{path}")[:2] == (404, 5)


def test_pipelines(place: Place) -> None:
    tags = {f"k{number}": "v" for number in range(21)}
    for body, message in (
        ({}, "name: a name is missing"),
        ({"name": "n" * 129}, "name: it has 129 characters. Give 1 to 128"),
        ({"name": "n", "display_name": "   "}, "display_name: a name is missing"),
        ({"name": "n", "display_name": "d" * 256}, "display_name: it has 256 characters"),
        ({"name": "n", "tags": tags}, "tags: 21 tags are more than 20"),
        ({"name": "n", "tags": {"a.b": "c"}}, "A key has 1 to 63 characters and no dot"),
        ({"name": "n", "tags": {"": "c"}}, "A key has 1 to 63 characters and no dot"),
        ({"name": "n", "tags": {"k" * 64: "c"}}, "A key has 1 to 63 characters and no dot"),
        ({"name": "n", "tags": {"a": "v" * 64}}, "tags.a: the value is longer than 63 characters"),
        ({"name": "n", "tags": {"a\0b": "c"}}, "tags: one of its keys holds a NUL character. Remove it"),
        ({"name": "n", "tags": {"a": 1}}, "tags.a: a string is wanted"),
    ):
        status, code, told = place.refused("POST", "/pipelines", body)
        assert (status, code, message in told) == (400, 3, True), told
    status, code, told = place.refused("POST", "/pipelines", {"name": "taken"})
    assert (status, code, "name: Pipeline taken already exists" in told) == (409, 6, True)
    status, code, told = place.refused("DELETE", f"/pipelines/{place.pipeline_id}")
    assert (status, code, "cascade=true" in told) == (400, 9, True)
    for method, path in (
        ("GET", "/pipelines/nope"),
        ("PATCH", "/pipelines/nope"),
        ("DELETE", "/pipelines/nope"),
        ("GET", "/pipelines/names/nope"),
        ("GET", f"/pipelines/{place.pipeline_id}/versions/nope"),
        ("PATCH", f"/pipelines/{place.pipeline_id}/versions/nope"),
        ("DELETE", f"/pipelines/{place.pipeline_id}/versions/nope"),
    ):
        assert place.refused(method, path)[:2] == (404, 5), path


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "pipeline requiring input has no parameter(s) provided"),
        ({}, "parameter count is not optional, yet has neither default value nor user provided value"),
        ({"count": 1, "x": 2}, "parameter(s) provided are not required by pipeline: x"),
        ({"count": "1"}, "input parameter count requires type double or integer, but"),
        ({"count": True}, "input parameter count requires type double or integer, but"),
        ({"count": 1, "word": 5}, "input parameter word requires type string, but"),
        ({"count": 1, "word": "c"}, 'runtime_config.parameters.word: the string "c" is not one of its literals: a, b'),
        ({"count": 1, "state": {}}, "requires type TASK_FINAL_STATUS, which is invalid for root component"),
    ],
)
def test_parameters(place: Place, config: dict[str, Any] | None, message: str) -> None:
    body = run_of(pipeline_spec=literal())
    if config is None:
        del body["runtime_config"]
    else:
        body["runtime_config"] = {"parameters": config}
    status, code, told = place.refused("POST", "/runs", body)
    assert (status, code, message in told) == (400, 3, True), told
    assert "runtime_config" in told


@pytest.mark.parametrize(
    ("declared", "wrong", "wanted"),
    [
        ("BOOLEAN", "true", "bool"),
        ("LIST", {}, "list"),
        ("STRUCT", [], "struct"),
        ("NUMBER_DOUBLE", "1.5", "double or integer"),
        ("STRING", 1, "string"),
    ],
)
def test_types_of_parameters(place: Place, declared: str, wrong: Any, wanted: str) -> None:
    document = pipeline()
    document["root"]["inputDefinitions"]["parameters"]["word"] = {"parameterType": declared}
    body = run_of(pipeline_spec=document, runtime_config={"parameters": {"count": 1, "word": wrong}})
    status, code, told = place.refused("POST", "/runs", body)
    assert (status, code) == (400, 3)
    assert f"input parameter word requires type {wanted}, but" in told


def test_runs(place: Place) -> None:
    for body, expected in (
        (run_of(display_name=""), (400, 3, "display_name: a name is missing")),
        (run_of(experiment_id="nope"), (404, 5, "experiment_id: Experiment nope not found")),
        (run_of(plugins_output={"x": {}}), (409, 10, "plugins_output")),
        (run_of(pipeline_version_id="x"), (400, 3, "Give one of pipeline_spec, pipeline_version_reference")),
        ({"display_name": "r", "pipeline_version_id": "x"}, (404, 5, "pipeline_version_id: Pipeline version x not")),
        (
            reference(pipeline_id="nope"),
            (404, 5, "pipeline_version_reference.pipeline_id: Pipeline nope not found. GET .../pipelines lists them"),
        ),
        (
            reference(pipeline_id=place.pipeline_id, pipeline_version_id="x"),
            (
                404,
                5,
                "pipeline_version_reference.pipeline_version_id: Pipeline version x not found. GET .../pipelines/",
            ),
        ),
        (
            reference(pipeline_id="nope", pipeline_version_id=place.version_id),
            (404, 5, f"pipeline_version_id: Pipeline version {place.version_id} is not one of pipeline nope"),
        ),
        (
            run_of(recurring_run_id="nope"),
            (404, 5, "recurring_run_id: Recurring run nope not found. GET .../recurringruns lists them"),
        ),
        (
            reference(),
            (400, 3, "pipeline_version_reference.pipeline_id: the pipeline is missing"),
        ),
        (run_of(pipeline_spec=renamed("a\0b")), (400, 3, "root.dag.tasks.say.taskInfo.name: ")),
        (run_of(plugins_input={"a\0b": {}}), (400, 3, "plugins_input: one of its keys holds a NUL character")),
        (run_of(runtime_config={"parameters": {"a\0b": 1}}), (400, 3, "runtime_config.parameters: one of its keys")),
        (run_of(scheduled_at="tomorrow"), (400, 3, "scheduled_at")),
        (
            run_of(runtime_config={**COUNT, "pipeline_root": "file:///tmp/x"}),
            (400, 3, 'runtime_config.pipeline_root: "file:///tmp/x" is no object\'s uri. Write it as minio://BUCKET/'),
        ),
    ):
        status, code, told = place.refused("POST", "/runs", body)
        assert (status, code, expected[2] in told) == (*expected[:2], True), told
    for path, expected in (
        (f"/runs/{place.ended}:terminate", (400, 9, "Failed to terminate a run")),
        (f"/runs/{place.ended}:unarchive", (400, 9, "Unarchive that first")),
        (f"/runs/{place.live}:retry", (409, 10, "not in a terminal state")),
    ):
        status, code, told = place.refused("POST", path)
        assert (status, code, expected[2] in told) == (*expected[:2], True), told
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        *(("POST", f":{verb}") for verb in ("terminate", "retry", "archive", "unarchive")),
    ):
        status, code, told = place.refused(method, f"/runs/nope{path}")
        assert (status, code, told) == (404, 5, "Run nope not found")


def test_lists(place: Place) -> None:
    def filtered(**predicate: Any) -> str:
        return json.dumps({"predicates": [predicate]})

    for params, message in (
        ({"page_size": -1}, "page_size: -1 is negative"),
        ({"page_size": "x"}, "page_size"),
        ({"page_token": "x"}, "page_token"),
        ({"sort_by": "x"}, 'Invalid sorting field: "x" on listable type Run'),
        ({"sort_by": "metric:"}, "Invalid sorting field"),
        ({"filter": "x"}, "filter: the filter is not JSON"),
        (
            {"filter": r'{"predicates": "\ud800"}'},
            "filter: the filter is not JSON: a text holds half of a surrogate pair",
        ),
        ({"filter": filtered(operation="EQUALS", key="x", string_value="y")}, 'Invalid filter key: "x"'),
        ({"filter": filtered(operation="IN", key="name", string_value="y")}, "IN takes a list of values"),
        ({"filter": filtered(operation="EQUALS", key="name", string_values={"values": ["y"]})}, "takes a single value"),
        ({"filter": filtered(operation="IS_SUBSTRING", key="name", long_value=1)}, "IS_SUBSTRING takes a string_value"),
        ({"filter": filtered(op="EQUALS", key="name", string_value="y")}, 'unknown field "op"'),
        ({"view": "x"}, "view"),
    ):
        status, code, told = place.refused("GET", "/runs", **params)
        assert (status, code, message in told) == (400, 3, True), told
    tags = filtered(operation="IS_SUBSTRING", key="tags.a", string_value="y")
    status, code, told = place.refused("GET", "/pipelines", filter=tags)
    assert (status, code, "tags.a can be compared by EQUALS only" in told) == (400, 3, True)
