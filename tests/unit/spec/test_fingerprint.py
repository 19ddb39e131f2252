"""Cache keys: what changes them, what does not, and that the part that differs can be named."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from headrace.base.settings import ImageSetting
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.fingerprint import Difference, differences, fingerprint
from headrace.spec.plan import ArtifactSpec, Caching, Container, Interface, ParameterSpec, ParameterType, Resources

ON = Caching(enabled=True)
DATA = Artifact("id", "d", "system.Dataset", "minio://b/d", {"rows": 3}, digest="sha256:1")
INPUTS = Bindings({"n": 1}, {"data": (DATA,)})
COMPONENT = Container(
    "comp",
    Interface(
        output_parameters={"out": ParameterSpec(ParameterType.STRING)},
        output_artifacts={"model": ArtifactSpec("system.Model")},
    ),
    "alpine",
    ("sh", "-c"),
    ("{{$}}",),
    env=(("A", "1"),),
)


def with_data(**changes: Any) -> Bindings:
    return replace(INPUTS, artifacts={"data": (replace(DATA, **changes),)})


@pytest.mark.parametrize(
    ("part", "component", "inputs", "name"),
    [
        ("pipeline", COMPONENT, INPUTS, "other"),
        ("image", replace(COMPONENT, image="debian"), INPUTS, "p"),
        ("command", replace(COMPONENT, args=("x",)), INPUTS, "p"),
        ("command", replace(COMPONENT, command=("sh",), args=("-c", "{{$}}")), INPUTS, "p"),
        ("env", replace(COMPONENT, env=(("A", "2"),)), INPUTS, "p"),
        ("parameters", COMPONENT, replace(INPUTS, parameters={"n": 2}), "p"),
        ("parameters", COMPONENT, replace(INPUTS, parameters={"n": "1"}), "p"),
        ("artifacts", COMPONENT, with_data(digest="sha256:2"), "p"),
        ("artifacts", COMPONENT, with_data(metadata={}), "p"),
        ("artifacts", COMPONENT, with_data(type="system.Model"), "p"),
        ("artifacts", COMPONENT, replace(INPUTS, artifacts={}), "p"),
        ("outputs", replace(COMPONENT, interface=Interface()), INPUTS, "p"),
    ],
)
def test_what_changes_the_key(part: str, component: Container, inputs: Bindings, name: str) -> None:
    one = fingerprint(COMPONENT, INPUTS, ON, "p")
    other = fingerprint(component, inputs, ON, name)
    assert one.digest != other.digest
    assert [each for each in one.parts if one.parts[each] != other.parts[each]] == [part]


@pytest.mark.parametrize(
    ("component", "inputs"),
    [
        (replace(COMPONENT, resources=Resources(cpu_limit="2")), INPUTS),
        (replace(COMPONENT, label="exec-2", component="comp-2"), INPUTS),
        (COMPONENT, with_data(uri="minio://elsewhere", artifact_id="another", name="n")),
    ],
)
def test_what_does_not_change_the_key(component: Container, inputs: Bindings) -> None:
    assert fingerprint(component, inputs, ON, "p") == fingerprint(COMPONENT, INPUTS, ON, "p")


def test_an_artifact_whose_bytes_are_not_known_is_its_place() -> None:
    one, other = (fingerprint(COMPONENT, with_data(digest="", uri=uri), ON, "p") for uri in ("s3://a", "s3://b"))
    assert one.digest != other.digest


def test_the_order_of_names_does_not_matter() -> None:
    one = fingerprint(COMPONENT, Bindings({"a": 1, "b": 2}), ON, "p")
    assert one.digest == fingerprint(COMPONENT, Bindings({"b": 2, "a": 1}), ON, "p").digest


def test_a_key_of_the_users_own_replaces_the_rest() -> None:
    caching = Caching(enabled=True, key="mine")
    one = fingerprint(COMPONENT, INPUTS, caching, "p")
    assert one == fingerprint(replace(COMPONENT, image="debian"), Bindings(), caching, "q")
    assert one.digest != fingerprint(replace(COMPONENT, component="comp-2"), INPUTS, caching, "p").digest
    assert one.digest.startswith("sha256:")


def test_the_differences_of_two_keys_are_named_part_by_part() -> None:
    before = fingerprint(COMPONENT, INPUTS, ON, "p").parts
    changed = replace(with_data(digest="sha256:2"), parameters={"m": 1})
    now = fingerprint(replace(COMPONENT, image="debian"), changed, ON, "p").parts
    found = {each.part: each for each in differences(before, now)}
    assert list(found) == ["artifacts.data", "image", "parameters.m", "parameters.n"]
    assert found["image"] == Difference("image", "alpine", "debian")
    assert (found["parameters.m"].before, found["parameters.n"].now) == ("", "")
    assert differences(before, before) == ()


def test_a_key_of_the_users_own_is_spelled_as_kfp_does() -> None:
    own = fingerprint(COMPONENT, INPUTS, Caching(enabled=True, key="mine"), "p")
    assert own.digest == f"sha256:{hashlib.sha256(b'comp' + bytes(1) + b'mine').hexdigest()}"


def test_what_stands_for_the_image_changes_the_key() -> None:
    plain = fingerprint(COMPONENT, INPUTS, ON, "p")
    one = fingerprint(COMPONENT, INPUTS, ON, "p", ImageSetting(packages=("numpy==2",)))
    other = fingerprint(COMPONENT, INPUTS, ON, "p", ImageSetting(packages=("numpy==1",)))
    assert len({plain.digest, one.digest, other.digest}) == 3
    assert [each.part for each in differences(one.parts, other.parts)] == ["environment"]


def test_the_claims_that_it_mounts_change_the_key() -> None:
    plain = fingerprint(COMPONENT, INPUTS, ON, "p")
    one = fingerprint(COMPONENT, INPUTS, ON, "p", claims=["a", "b"])
    assert one == fingerprint(COMPONENT, INPUTS, ON, "p", claims=["b", "a"])
    assert [each.part for each in differences(plain.parts, one.parts)] == ["claims"]


def test_the_sources_that_the_image_is_mapped_to_change_the_key_and_none_leave_it_as_it_was() -> None:
    plain = fingerprint(COMPONENT, INPUTS, ON, "p")
    assert plain == fingerprint(COMPONENT, INPUTS, ON, "p", sources="")
    one, other = (fingerprint(COMPONENT, INPUTS, ON, "p", sources=digest * 64) for digest in "ab")
    assert len({plain.digest, one.digest, other.digest}) == 3
    assert differences(one.parts, other.parts) == (Difference("sources", "a" * 64, "b" * 64),)
    assert differences(plain.parts, one.parts) == (Difference("sources", "", "a" * 64),)
