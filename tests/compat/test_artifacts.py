"""Artifacts in every way that the SDK has of making them: where they are, what is in them, what a consumer sees."""

from typing import Any

import pytest
from tests.compat.pipelines import artifacts
from tests.compat.pipelines.play import Back, Played, compiled, content, message
from tests.harness import artifacts_of, parameters_of

WORDS = "words"


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    return anyone


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    return back.play(artifacts.makers, text=WORDS)


def seen(played: Played, name: str) -> dict[str, Any]:
    """What the consumer of that display name saw of its artifact."""
    found: dict[str, Any] = parameters_of(played.displayed(name))["Output"]
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a return", {"class": "Dataset", "name": "Output", "metadata": {"rows": 1}, "content": WORDS}),
        (
            "in a folder",
            {"class": "Model", "name": "my model", "metadata": {"framework": "none"}, "content": ["weights"]},
        ),
        ("a payload", {"class": "Dataset", "metadata": {}, "content": WORDS}),
        ("tuple", {"class": "Model", "name": "model", "metadata": {"kind": "m"}, "content": f"Model {WORDS}"}),
        ("own data", {"name": "data", "content": "a,b"}),
        ("own model", {"class": "Model", "content": ["w"]}),
        ("own tree", {"class": "Artifact", "content": []}),
        ("elsewhere data", {"content": "chosen"}),
        ("elsewhere suffixed", {"content": "suffixed"}),
        ("elsewhere renamed", {"name": "best", "content": "renamed"}),
        ("an empty file", {"content": ""}),
        ("empty folder", {"content": []}),
        ("report", {"content": "report"}),
    ],
)
def test_what_a_consumer_sees(played: Played, name: str, expected: dict[str, Any]) -> None:
    assert seen(played, name).items() >= expected.items()


def test_uris_are_where_the_step_put_them(played: Played) -> None:
    assert seen(played, "a return")["uri"].endswith("/Output")
    assert seen(played, "in a folder")["uri"].endswith("/deep/er")
    assert seen(played, "elsewhere data")["uri"].endswith("/chosen/data.txt")
    assert seen(played, "elsewhere suffixed")["uri"].endswith("/suffixed.parquet")
    assert seen(played, "own data")["uri"].endswith("/data"), "a custom path is the step's own business"
    site = artifacts_of(played.displayed("elsewhere"))["site"][0]
    assert (site["uri"], site["metadata"]) == ("https://example.org/data?x=1#y", {"licence": "free"})


def test_a_tuple_has_parameters_too(played: Played) -> None:
    assert parameters_of(played.displayed("tuple-of-all")) == {"size": 5, "note": WORDS}


def test_paths_of_kfp_1(played: Played) -> None:
    assert played.outputs("read-paths") == [["by path"] * 3]
    kinds = {key: each[0]["type"] for key, each in artifacts_of(played.displayed("by-paths")).items()}
    assert kinds == {"data_path": "Dataset", "model_path": "Model", "old_path": "Artifact"}


def test_metadata_without_a_file(played: Played) -> None:
    told = {"accuracy": 0.5, "tags": ["a", {"b": None}], "deep": {"x": {"y": 1}}, "flag": True, "none": None}
    assert seen(played, "only metadata").items() >= {"metadata": told, "content": None}.items()
    assert not message(played.displayed("only-metadata"))


def test_what_was_forgotten_is_told(played: Played) -> None:
    absent = played.displayed("absent-path")
    assert message(absent) == "output artifact data: there is nothing at its custom path /nowhere/at-all"
    assert absent["state"] == "SUCCEEDED"
    quiet = [each for each in played.tasks.values() if each is not absent]
    assert not any(map(message, quiet))


def test_inputs_that_are_lists_or_left_out(played: Played) -> None:
    assert played.outputs("maybe") == ["None None"]
    assert played.outputs("look-pythonic") == [["Dataset", WORDS, ["x", "y"]]]
    assert played.outputs("read-all") == [[["Output", {"rows": 1}, "x"], ["Output", {"rows": 1}, "y"]]]
    whole = artifacts_of(played.tasks["root"])
    assert [len(whole["kept"]), len(whole["many"])] == [1, 2]


def test_metrics_and_pages(back: Back, played: Played) -> None:
    made = artifacts_of(played.displayed("scores"))
    assert {each["name"]: each["number_value"] for each in made["metrics"]} == {"accuracy": 0.5, "count": 3}
    points = [(each["confidenceThreshold"], each["recall"], each["falsePositiveRate"])
              for each in made["classes"][0]["metadata"]["confidenceMetrics"]]  # fmt: skip
    assert points == [(1, 0, 0), (0.5, 0.75, 0.5), (0, 1, 1)]
    assert made["classes"][0]["metadata"]["confusionMatrix"] == {
        "annotationSpecs": [{"displayName": "cat"}, {"displayName": "dog"}],
        "rows": [{"row": [9, 4]}, {"row": [2, 8]}],
    }
    (slice_,) = made["slices"][0]["metadata"]["evaluationSlices"]
    assert slice_["slice"] == "young"
    assert slice_["sliceClassificationMetrics"]["confusionMatrix"]["rows"] == [{"row": [1, 0]}, {"row": [0, 0]}]
    kinds = [made[key][0]["type"] for key in ("classes", "slices", "page", "text")]
    assert kinds == ["ClassificationMetric", "SlicedClassificationMetric", "HTML", "Markdown"]
    assert [content(back, made[key][0]) for key in ("page", "text")] == ["<b>page</b>", "# Title\n\n- é"]


def test_types_of_google(played: Played) -> None:
    (model,) = artifacts_of(played.displayed("of-google"))["model"]
    assert (model["type"], model["uri"]) == ("Artifact", "https://x.googleapis.com/v1/models/1")
    assert model["metadata"] == {"resourceName": "models/1", "_kfp_schema_title": "google.VertexModel"}


@pytest.mark.parametrize("count", [3, 0])
def test_a_step_that_gives_a_list(back: Back, count: int) -> None:
    spec = compiled(artifacts.lists)
    components = spec["components"]
    components["comp-shards"]["outputDefinitions"]["artifacts"]["data"]["isArtifactList"] = True
    components["comp-take"]["inputDefinitions"]["artifacts"]["data"]["isArtifactList"] = True
    found = back.end(back.server.submit(spec, count=count))
    taken = parameters_of(found.displayed("take"))["out"]
    assert [(each["name"], each["metadata"]["n"]) for each in taken] == [(f"s{n}", n) for n in range(1, count + 1)]
    shards = artifacts_of(found.displayed("shards")).get("data", [])
    assert [content(back, each) for each in shards] == [f"shard {n}" for n in range(1, count + 1)]


def test_numbers_that_json_has_not_are_refused_by_their_place(back: Back) -> None:
    found = back.play(artifacts.odd_numbers, "FAILED")
    place = "artifacts.classes.artifacts[0].metadata.confidenceMetrics[0].confidenceThreshold: inf is not a JSON number"
    assert place in found.message("infinite")
    assert "metadata.loss: nan is not a JSON number" in found.message("not-a-number")


def test_metadata_go_on_to_consumers_as_they_were_logged(back: Back) -> None:
    point = {"confidenceThreshold": 0.3, "recall": 0.2, "falsePositiveRate": 0.1}
    assert back.play(artifacts.descriptions).outputs("reads-descriptions") == [
        [
            ["Metrics", {"accuracy": 0.5, "note": "text"}],
            ["ClassificationMetrics", {"confidenceMetrics": [point]}],
            ["Dataset", {"deep": {"many": [1, 2.5, True, None, "s"]}, "more": [1]}],
            [{"n": 1}, {"n": 2}],
        ]
    ]
