"""`kubernetes.CreatePVC` and `DeletePVC`: how they are compiled, and what their inputs ask for."""

from typing import Any

import pytest
from tests.unit.spec.build import Json, compiled, constant, given, leaf, parameters, pipeline, task

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.model.claim import Claim
from headrace.spec import claims
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import Container, CreateClaim, DeleteClaim, Leaf

CONTEXT = RunContext("run", "name-1", "run-id", "task", "task-id", "/root", Instant(0), Instant(0), "/workspace")
ASKED: dict[str, Any] = {"access_modes": ["ReadWriteOnce"], "size": "1Gi"}
GIVES: Json = {"parameters": parameters({"name": "STRING"})}


def component(image: str, takes: dict[str, str], gives: Json) -> Leaf:
    made = compiled(
        pipeline(
            {"one": task("comp", inputs=given(**dict.fromkeys(takes, constant("x"))))},
            {"comp": leaf(takes, outputDefinitions=gives)},
            {"exec": {"container": {"image": image}}},
        )
    )
    found = made.root.tasks["one"].component
    assert isinstance(found, CreateClaim | DeleteClaim | Container)
    return found


def test_the_image_says_what_is_to_be_done() -> None:
    assert isinstance(component("argostub/createpvc", {}, GIVES), CreateClaim)
    assert isinstance(component("argostub/createpvc:v1", {}, GIVES), CreateClaim)
    assert claims.kind_of("argostub/deletepvc") is DeleteClaim
    assert claims.kind_of("argostub/deletepvc2") is None
    with pytest.raises(InvalidSpec, match="gives name") as caught:
        component("argostub/createpvc", {}, {})
    assert caught.value.where == "components.comp.outputDefinitions"
    with pytest.raises(InvalidSpec, match="gives nothing"):
        component("argostub/deletepvc", {"pvc_name": "STRING"}, GIVES)
    with pytest.raises(InvalidSpec, match="no input parameter pvc_name"):
        component("argostub/deletepvc", {}, {})


def test_all_that_may_be_asked() -> None:
    asked = {
        "pvc_name": "data",
        "access_modes": ["ReadWriteMany", "ReadOnlyMany"],
        "size": "5Gi",
        "storage_class_name": "fast",
        "volume_name": "pv",
        "annotations": {"a": "b", "n": 1},
    }
    assert claims.wanted(asked, CONTEXT, "ns") == Claim(
        uid="",
        namespace="ns",
        name="data",
        size="5Gi",
        created_at=Instant(0),
        access_modes=("ReadWriteMany", "ReadOnlyMany"),
        storage_class="fast",
        volume_name="pv",
        annotations={"a": "b", "n": "1"},
    )


def test_a_suffix_makes_a_name_of_the_runs_own() -> None:
    found = claims.wanted({**ASKED, "pvc_name_suffix": "-my-pvc", "storage_class_name": ""}, CONTEXT, "")
    assert (found.name, found.storage_class) == ("name-1-my-pvc", "standard")
    assert not claims.is_named({"pvc_name_suffix": "-my-pvc"})
    assert claims.is_named({"pvc_name": "data"})


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"pvc_name": "a", "pvc_name_suffix": "b"}, "pvc_name"),
        ({"pvc_name": "Not A Name"}, "name"),
        ({"pvc_name": 1}, "pvc_name"),
        ({"size": "much"}, "size"),
        ({"access_modes": []}, "access_modes"),
        ({"access_modes": "ReadWriteOnce"}, "access_modes"),
        ({"access_modes": ["ReadNever"]}, "access_modes"),
        ({"annotations": ["a"]}, "annotations"),
        ({"data_source": {"kind": "VolumeSnapshot", "name": "s"}}, "data_source"),
    ],
)
def test_what_cannot_be(more: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        claims.wanted({**ASKED, **more}, CONTEXT, "")
    assert caught.value.where == where


def test_what_is_deleted() -> None:
    assert claims.unwanted({"pvc_name": "data"}) == "data"
    with pytest.raises(InvalidInput, match="no claim is named"):
        claims.unwanted({"pvc_name": ""})
