"""What a step asks of the platform, resolved: its plan's items to a `Pod`. Pure.

Takes the state, where names of objects come from, and the step's own inputs, which placeholders refer to. Gives the
same again as long as the task's inputs and what it depends on stand. Raises InvalidInput, which names the item.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, assert_never

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject, JsonValue
from headrace.engine.inputs import context, value_of
from headrace.engine.state import RunState
from headrace.model.pod import (
    InitContainer,
    Item,
    Metadata,
    Named,
    NodeAffinity,
    NodeSelector,
    Placement,
    Placing,
    Pod,
    PullPolicy,
    PullSecret,
    Security,
    Structured,
    Tolerations,
    Variables,
    Volume,
)
from headrace.model.task import Task
from headrace.spec.placeholders import RunContext, fill_templates
from headrace.spec.plan import Container, FromTask, PodItem
from headrace.spec.pod import check_volumes
from headrace.spec.text import describe, to_text


def pod_of(state: RunState, task: Task, component: Container) -> Pod:
    """What the task, whose component that is, asks for."""
    run = state.run
    workspace = state.plan.workspace and component.workspace
    pod = Pod(namespace=run.namespace, service_account=run.service_account, workspace=workspace)
    return resolved(state, task, component.pod, pod)


def resolved(state: RunState, task: Task, items: Sequence[PodItem], pod: Pod) -> Pod:
    """The pod with the items, which the task's component has."""
    if not items:
        return pod
    parent = task.parent if task.iteration < 0 else task.parent.rpartition(".")[0]
    names = context(state, task.path, task.name)
    for item in items:
        for found in _resolved(state, parent, item, task.inputs.parameters, names):
            pod = _with(pod, found, item.where)
    check_volumes(pod.volumes, task.path)
    _check_user(pod.security)
    return pod


def _resolved(
    state: RunState, parent: str, planned: PodItem, inputs: Mapping[str, JsonValue], names: RunContext
) -> Iterator[Item]:
    """The item, filled in; nothing where what names it has no value."""
    item, binding = _filled(planned.item, inputs, names), planned.binding
    if binding is None:
        yield item
        return
    value = fill_templates(value_of(state, parent, binding, planned.where), inputs, names)
    if value is None:
        if isinstance(binding.source, FromTask):
            raise InvalidInput(
                f"task {binding.source.task!r} gave no {binding.source.key!r}, which names what the step asks for",
                where=planned.where,
                hint="Make sure that the task writes it",
            )
        return
    if isinstance(item, Structured):
        yield replace(item, value=value)
        return
    assert isinstance(item, Named)  # spec.pod binds nothing else
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise InvalidInput(
            f"the object's name is {describe(value)}", where=planned.where, hint="Give the name as a string"
        )
    yield replace(item, name=to_text(value))


def _filled(item: Item, inputs: Mapping[str, JsonValue], names: RunContext) -> Item:
    """The item with its placeholders filled in."""
    filled: dict[str, Any] = {}
    for each in fields(item):
        value = getattr(item, each.name)
        if isinstance(value, str | Mapping):
            found = fill_templates(value, inputs, names)
            if found is not value and found != value:
                filled[each.name] = to_text(found) if isinstance(value, str) else found
    return replace(item, **filled) if filled else item


def _with(pod: Pod, item: Item, where: str) -> Pod:
    """The pod that also has the item."""
    match item:
        case Metadata(labels, annotations):
            return replace(
                pod, labels={**pod.labels, **_texts(labels)}, annotations={**pod.annotations, **_texts(annotations)}
            )
        case Security():
            return replace(pod, security=item)
        case InitContainer():
            return replace(pod, init=(*pod.init, item))
        case NodeSelector() | Tolerations() | NodeAffinity() | PullSecret() | PullPolicy():
            return replace(pod, placement=_placed(pod.placement, item, where))
    if isinstance(item, Variables):
        return replace(pod, variables=(*pod.variables, item))
    if isinstance(item, Volume):
        return replace(pod, volumes=(*pod.volumes, item))
    assert_never(item)


def _placed(placement: Placement, item: Placing, where: str) -> Placement:
    match item:
        case NodeSelector(value):
            return replace(placement, node_selector={**placement.node_selector, **_texts(_object(value, where))})
        case Tolerations(value):
            given = value if isinstance(value, list | tuple) else [value]
            found = (_object(each, where) for each in given)
            return replace(placement, tolerations=(*placement.tolerations, *(each for each in found if each)))
        case NodeAffinity(value):
            return replace(placement, node_affinity=_merged(placement.node_affinity, _object(value, where)))
        case PullSecret(name):
            return replace(placement, pull_secrets=(*placement.pull_secrets, name))
        case PullPolicy(policy):
            return replace(placement, pull_policy=policy)
    assert_never(item)


def _merged(one: JsonObject, other: JsonObject) -> JsonObject:
    """Both node affinities as one: their terms, one after the other."""
    found: dict[str, Any] = dict(one)
    for key, value in other.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[key] = _merged(before, value)
        elif isinstance(before, list | tuple) and isinstance(value, list | tuple):
            found[key] = [*before, *value]
        else:
            found[key] = value
    return found


def _object(value: JsonValue, where: str) -> JsonObject:
    if isinstance(value, Mapping):
        return value
    raise InvalidInput(f"{describe(value)} is no JSON object", where=where, hint="Give a dict, as Kubernetes has it")


def _texts(given: JsonObject) -> dict[str, str]:
    return {key: to_text(value) for key, value in given.items()}


def _check_user(security: Security) -> None:
    """A pod that must not run as root and is told to is never started."""
    if security.non_root and security.user == 0:
        raise InvalidInput(
            "container's runAsUser breaks non-root policy: runAsNonRoot is set, and runAsUser is 0",
            where="securityContext",
            hint="Give another runAsUser, or leave runAsNonRoot out",
        )
