"""What of a step's configuration is its own, and what it is told: `taskConfigPassthroughs` of its component. Pure.

Takes a container with all that its task sets, gives it divided: what is passed is told by a `dsl.TaskConfig`, for what
the step starts elsewhere, and is the step's own only where `applyToTask` says so.
"""

from collections.abc import Iterable
from dataclasses import replace

from headrace.model.pod import Item, NodeAffinity, NodeSelector, Tolerations, Variables, Volume
from headrace.spec.ir import TaskConfigField, TaskConfigPassthrough
from headrace.spec.plan import Container, Passed, Resources

_ENV, _RESOURCES, _VOLUMES = TaskConfigField.ENV, TaskConfigField.RESOURCES, TaskConfigField.KUBERNETES_VOLUMES


def divide(whole: Container, passthroughs: Iterable[TaskConfigPassthrough]) -> Container:
    """The container with what it keeps; what it is told is in `passed`."""
    given = [each for each in passthroughs if each.field is not None]
    told = {each.field for each in given}
    lost = told - {each.field for each in given if each.apply_to_task}
    if not told:
        return whole
    return replace(
        whole,
        env=() if _ENV in lost else whole.env,
        resources=Resources() if _RESOURCES in lost else whole.resources,
        pod=tuple(each for each in whole.pod if _field(each.item) not in lost),
        workspace=whole.workspace and _VOLUMES not in lost,
        passed=Passed(
            env=whole.env if _ENV in told else (),
            resources=whole.resources if _RESOURCES in told else Resources(),
            pod=tuple(each for each in whole.pod if _field(each.item) in told),
            workspace=_VOLUMES in told,
        ),
    )


def _field(item: Item) -> TaskConfigField | None:
    """What the item belongs to; None where that is never passed."""
    if isinstance(item, Variables):
        return _ENV
    if isinstance(item, Volume):
        return _VOLUMES
    match item:
        case NodeAffinity():
            return TaskConfigField.KUBERNETES_AFFINITY
        case Tolerations():
            return TaskConfigField.KUBERNETES_TOLERATIONS
        case NodeSelector():
            return TaskConfigField.KUBERNETES_NODE_SELECTOR
    return None
