"""How calls are refused: gRPC's codes, the sentences of HTTP, and nothing done that was not understood."""

from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from tests.api.conftest import V2, Api
from tests.rpc.conftest import Client, said

from headrace.rpc.methods import descriptors
from headrace.rpc.proto import experiment_pb2, health_pb2, run_pb2

INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("name", "fields", "path"),
    [
        ("GetRun", {"run_id": "nope"}, "/runs/nope"),
        ("ListRuns", {"page_size": -1}, "/runs?page_size=-1"),
        ("ListRuns", {"sort_by": "x"}, "/runs?sort_by=x"),
        ("ListExperiments", {"filter": "{"}, "/experiments?filter={"),
        ("GetPipelineByName", {"name": "a b/c"}, "/pipelines/names/a b/c"),
        ("ReadArtifact", {"run_id": "r", "node_id": "n", "artifact_name": "é"}, "/runs/r/nodes/n/artifacts/é:read"),
    ],
)
def test_the_sentence_is_the_one_of_http(
    api: Api, client: Client, name: str, fields: dict[str, Any], path: str
) -> None:
    code, message = client.refused(name, **fields)
    told = api.http.get(V2 + path).json()
    assert (code.value[0], message) == (told["code"], told["message"])


def test_what_exists_and_what_may_not_be(client: Client) -> None:
    client.call("CreatePipeline", pipeline={"name": "p"})
    assert client.refused("CreatePipeline", pipeline={"name": "p"})[0] is grpc.StatusCode.ALREADY_EXISTS
    code, message = client.refused("CreateExperiment", experiment={"display_name": "x" * 200})
    assert (code, "display_name" in message) == (INVALID, True)
    assert client.refused("CreateRun", run=run_pb2.Run(state=77))[0] is INVALID


@pytest.mark.parametrize(("run_id", "what"), [("", "empty"), ("a/tasks", "slash")])
def test_an_id_is_one_part_of_a_path(client: Client, run_id: str, what: str) -> None:
    code, message = client.refused("GetRun", run_id=run_id)
    assert (code, message.startswith("run_id: "), what in message) == (INVALID, True, True)


def test_a_field_that_is_not_known_is_refused_wherever_it_is(api: Api, client: Client) -> None:
    """A message of a newer client: nothing is made that is not all that was asked for."""
    method = next(each for each in descriptors() if each.name == "CreateExperiment")
    inner = experiment_pb2.Experiment(display_name="x").SerializeToString() + bytes([15 << 3, 1])
    for data in (bytes([1 << 3 | 2, len(inner)]) + inner, bytes([15 << 3, 1])):
        with pytest.raises(grpc.RpcError) as caught:
            client.ask(method, experiment_pb2.CreateExperimentRequest.FromString(data))
        code, message = said(caught.value)
        assert (code, "field 15 of" in message) == (INVALID, True)
    assert "x" not in str(api.get("/experiments"))


def test_what_is_no_message_is_refused(client: Client) -> None:
    path = f"/{run_pb2.DESCRIPTOR.services_by_name['RunService'].full_name}/GetRun"
    with pytest.raises(grpc.RpcError) as caught:
        client.channel.unary_unary(path)(b"\xff\xff", timeout=60)
    code, message = said(caught.value)
    assert (code, "GetRunRequest" in message) == (INVALID, True)


def test_numbers_that_json_has_not_are_refused(client: Client) -> None:
    values = {"count": struct_pb2.Value(number_value=float("nan"))}
    code, message = client.refused(
        "CreateRun", run=run_pb2.Run(display_name="r", runtime_config={"parameters": values})
    )
    assert (code, "JSON" in message) == (INVALID, True)


def test_an_answer_that_protobuf_cannot_hold_names_the_other_way(
    api: Api, client: Client, document: dict[str, Any]
) -> None:
    deep: Any = 1
    for _ in range(90):
        deep = [deep]
    document["root"]["inputDefinitions"]["parameters"]["deep"] = {"parameterType": "LIST"}
    run_id = api.run(document, runtime_config={"parameters": {"count": 3, "deep": deep}})["run_id"]
    code, message = client.refused("GetRun", run_id=run_id)
    assert (code, "over HTTP" in message) == (grpc.StatusCode.UNIMPLEMENTED, True)


def test_a_method_that_is_not_there(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.channel.unary_unary("/kubeflow.pipelines.backend.api.v2beta1.RunService/Fly")(b"", timeout=60)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_long_sentence_fits_the_metadata(client: Client) -> None:
    code, message = client.refused("GetPipelineByName", name="é" * 3_000)
    assert (code, len(message.encode()) < 8_000) == (grpc.StatusCode.NOT_FOUND, True)


def test_metadata_is_passed_on_and_guarded(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.call("GetHealthz", metadata=[("origin", "http://evil.example")])
    assert said(caught.value)[0] is grpc.StatusCode.PERMISSION_DENIED
    client.call("GetHealthz", metadata=[("authorization", "Bearer x"), ("trace-bin", b"\0"), ("host", "elsewhere")])


def test_health_checks(client: Client) -> None:
    check = client.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    for service in ("", "kubeflow.pipelines.backend.api.v2beta1.RunService"):
        answered = check(health_pb2.HealthCheckRequest(service=service), timeout=60)
        assert answered.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        check(health_pb2.HealthCheckRequest(service="x"), timeout=60)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_message_may_be_as_large_as_a_request_over_http(client: Client) -> None:
    for size, expected in ((33, INVALID), (65, grpc.StatusCode.RESOURCE_EXHAUSTED)):
        with pytest.raises(grpc.RpcError) as caught:
            client.call("CreateExperiment", experiment={"display_name": "x", "description": "x" * (size << 20)})
        assert caught.value.code() is expected
