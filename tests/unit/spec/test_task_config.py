"""What of its configuration a step keeps and what it is told, by the passthroughs of its component."""

from typing import Any

import pytest
from tests.unit.spec.build import Json, leaf, pipeline, plan_of, task

from headrace.model.pod import ClaimVolume, Metadata, NodeAffinity, NodeSelector, SecretVariables, Tolerations
from headrace.spec.load import document_from_json
from headrace.spec.plan import Container, Passed, Resources

ENV = [{"name": "A", "value": "b"}]
KUBERNETES = {
    "secretAsEnv": [{"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "K"}]}],
    "pvcMount": [{"constant": "p", "mountPath": "/p"}],
    "nodeSelector": {"labels": {"a": "b"}},
    "tolerations": [{"key": "t"}],
    "nodeAffinity": [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}],
    "podMetadata": {"labels": {"l": "m"}},
}
KINDS = {
    "ENV": SecretVariables,
    "KUBERNETES_VOLUMES": ClaimVolume,
    "KUBERNETES_NODE_SELECTOR": NodeSelector,
    "KUBERNETES_TOLERATIONS": Tolerations,
    "KUBERNETES_AFFINITY": NodeAffinity,
}
ALL = {*KINDS.values(), Metadata}


def container(*passthroughs: Json) -> Container:
    component = leaf({"c": {"parameterType": "TASK_CONFIG", "isOptional": True}}, taskConfigPassthroughs=passthroughs)
    made = {"container": {"image": "x", "env": ENV, "resources": {"resourceCpuLimit": "2"}}}
    spec = pipeline({"one": task("comp")}, {"comp": component}, {"exec": made})
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec": KUBERNETES}}}}}
    found = plan_of(document_from_json({"pipeline_spec": spec, "platform_spec": platform})).root.tasks["one"].component
    assert isinstance(found, Container)
    return found


def kinds(items: Any) -> set[type]:
    return {type(each.item) for each in items}


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("field", [*KINDS, "RESOURCES"])
def test_one_field(field: str, applied: bool) -> None:
    found = container({"field": field, "applyToTask": applied})
    lost = {KINDS.get(field)} - (set(KINDS.values()) if applied else set())
    assert kinds(found.pod) == ALL - lost
    assert kinds(found.passed.pod) == ({KINDS[field]} if field in KINDS else set())
    assert found.env == (() if field == "ENV" and not applied else (("A", "b"),))
    assert found.passed.env == ((("A", "b"),) if field == "ENV" else ())
    limits = Resources(cpu_limit="2")
    assert found.resources == (Resources() if field == "RESOURCES" and not applied else limits)
    assert found.passed.resources == (limits if field == "RESOURCES" else Resources())
    assert found.workspace is (field != "KUBERNETES_VOLUMES" or applied)
    assert found.passed.workspace is (field == "KUBERNETES_VOLUMES")


def test_nothing_is_passed_unless_it_is_asked_for() -> None:
    found = container({"applyToTask": True})
    assert (found.passed, kinds(found.pod), found.env) == (Passed(), ALL, (("A", "b"),))


def test_a_field_that_is_named_twice_is_kept_if_one_of_them_says_so() -> None:
    found = container({"field": "ENV", "applyToTask": True}, {"field": "ENV"})
    assert found.env == found.passed.env == (("A", "b"),)
