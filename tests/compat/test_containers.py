"""Container components: what each placeholder, Concat and IfPresent becomes in the command that really ran."""

import json
from typing import Any

import pytest
from tests.compat.pipelines import containers
from tests.compat.pipelines.play import Back, Played, content
from tests.harness import artifacts_of, parameters_of

TEXT = "it's \"é\" $HOME `x`\n\t{{$.pipeline_job_name}} {{$.inputs.parameters['whole']}}"
MANY = [1, "b", None, {"c": 2.5, "d": 2.0}]


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    return anyone


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    return back.play(containers.containers, text=TEXT, many=MANY)


def shown(played: Played, name: str) -> list[str]:
    """The arguments that the step of that display name was given."""
    found: list[str] = parameters_of(played.displayed(name))["out"]
    return found


def made(played: Played, name: str, key: str = "data") -> dict[str, Any]:
    (artifact,) = artifacts_of(played.displayed(name))[key]
    return artifact


def test_values_as_texts(played: Played) -> None:
    many = '[1,"b",null,{"c":2.5,"d":2}]'
    assert shown(played, "values") == [TEXT, "-3", "2", "false", many, '{"k":{"é":[1.5,2]}}', f"[{TEXT}|-3]"]


def test_concat(played: Played) -> None:
    assert shown(played, "concat") == ["", "ab", f'--deep=({TEXT}=10)-[1,"b",null,{{"c":2.5,"d":2}}]']
    assert shown(played, "with part") == ["", "ab", "--deep=(t=10)+p[]"]


def test_if_present(played: Played) -> None:
    uri = made(played, "The rows")["uri"]
    assert shown(played, "present") == ["--no-text", "nothing", "--no-data", "--default=word"]
    falsy = ["--text", "", "--many", "[]", "--no-data", "false", "--default="]
    assert shown(played, "present-2") == falsy, "what is empty, zero or false is there all the same"
    assert shown(played, "present-3") == ["--text", "x", "--many", "[1]", "--data", uri, "--default=word"]
    assert shown(played, "present-4")[:3] == ["--no-text", "--only-many", '[1,"b",null,{"c":2.5,"d":2}]']


def test_where_things_are(back: Back, played: Played) -> None:
    task, data, output = played.displayed("whereabouts"), made(played, "The rows"), made(played, "whereabouts", "made")
    store = str(back.server.home / "store")
    found = shown(played, "whereabouts")
    assert found[:5] == [data["uri"], data["uri"].replace("minio:/", store), "5", "null", '{"rows":5}']
    assert found[5:7] == [output["uri"], output["uri"].replace("minio:/", store)]
    assert found[7].startswith(output["uri"].replace("minio:/", store).removesuffix("made"))
    whole = json.loads(found[8])
    assert (whole["uri"], whole["metadata"]) == (data["uri"], {"rows": 5})
    assert whole["type"] == {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}
    assert found[9:11] == ["data", f"{played.run['display_name']}|{played.run['run_id']}|whereabouts"]
    assert found[11] == "minio://mlpipeline/v2/artifacts"
    given = json.loads(found[12])
    assert given["inputs"]["artifacts"]["data"]["artifacts"][0] == whole
    assert given["outputs"]["outputFile"] == found[7]
    assert task["state"] == "SUCCEEDED"


def test_a_list_of_artifacts(played: Played) -> None:
    whole, first = shown(played, "several")
    found = json.loads(whole)
    each = [made["uri"] for task in played.named("rows-3") for made in artifacts_of(task)["data"]]
    assert [artifact["uri"] for artifact in found] == each
    assert first == each[0]


def test_files_of_every_type(played: Played) -> None:
    table = {"text": " x\n", "whole": 7, "number": 2.5, "truth": True, "many": [1, None], "table": {"a": {}}}
    assert parameters_of(played.displayed("every-file")) == table


def test_a_command_tells_by_the_executor_output(back: Back, played: Played) -> None:
    assert parameters_of(played.displayed("tells")) == {"output": "told"}
    data = made(played, "tells")
    assert (data["name"], data["metadata"], content(back, data)) == ("named", {"rows": 3}, "bytes")


def test_folders_and_nothing(back: Back, played: Played) -> None:
    folder = back.server.home / "store" / made(played, "folder")["uri"].removeprefix("minio://")
    assert sorted(each.name for each in folder.iterdir()) == ["b", "e"]
    assert made(played, "nothing")["uri"].endswith("/data")
    nothing = played.displayed("nothing")
    assert nothing["status_metadata"]["message"] == "output artifact data: the step wrote nothing to its path"
    assert nothing["state"] == "SUCCEEDED"


def test_variables_are_taken_as_they_stand(played: Played) -> None:
    assert parameters_of(played.displayed("variables")) == {"out": "a b|$A|{{x}}"}


def test_components_of_kfp_1(back: Back, played: Played) -> None:
    first, second = shown(played, "old-style"), shown(played, "old-style-2")
    assert first[:-1] == ["--text", "hello", "7", '{"a":[1]}', "true", "--not", "a7b"]
    assert second[:7] == ["--text", "there", "8", "{}", "false", "--maybe", "m"]
    data = made(played, "rows-2")["uri"].replace("minio:/", str(back.server.home / "store"))
    assert second[7:10] == ["--data", data, "a8b"]
    assert content(back, made(played, "old-style-2", "file")) == "model from the component"
