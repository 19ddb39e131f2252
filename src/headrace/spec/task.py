"""A task of a checked dag to a `TaskPlan`: where its inputs come from, when it runs, how often. Raises InvalidSpec."""

import math

from headrace.base.errors import InvalidSpec
from headrace.spec.condition import compile_condition
from headrace.spec.interface import constant_of
from headrace.spec.ir import InputArtifact, InputParameter, PipelineTask, RetryPolicy
from headrace.spec.loop import compile_loop
from headrace.spec.order import dependencies
from headrace.spec.plan import (
    ArtifactSource,
    Caching,
    Constant,
    Dag,
    FinalStatus,
    FromParent,
    FromTask,
    Leaf,
    ParameterBinding,
    ParameterSource,
    Retry,
    TaskPlan,
    Trigger,
)
from headrace.spec.selector import parse_selector

_FACTOR = 2.0
_LONGEST_PAUSE = 3600.0
"""What holds where a retry policy does not say."""


def compile_task(name: str, task: PipelineTask, component: Leaf | Dag, where: str) -> TaskPlan:
    """The plan of the task `name`, which is at `where` in the document."""
    condition = task.trigger_policy.condition
    return TaskPlan(
        name=name,
        display_name=task.task_info.name or name,
        component=component,
        parameters={
            key: _binding(task, source, f"{where}.inputs.parameters.{key}")
            for key, source in task.inputs.parameters.items()
        },
        artifacts={key: _artifact(source) for key, source in task.inputs.artifacts.items()},
        depends_on=dependencies(task),
        trigger=task.trigger_policy.strategy or Trigger.ALL_SUCCEEDED,
        caching=Caching(task.caching_options.enable_cache, task.caching_options.cache_key),
        condition=compile_condition(condition, f"{where}.triggerPolicy.condition") if condition else None,
        loop=compile_loop(task, where),
        retry=_retry(task.retry_policy, f"{where}.retryPolicy"),
    )


def _binding(task: PipelineTask, source: InputParameter, where: str) -> ParameterBinding:
    selector = source.parameter_expression_selector
    keys = parse_selector(selector, f"{where}.parameterExpressionSelector") if selector else ()
    return ParameterBinding(_source(task, source), keys)


def _source(task: PipelineTask, source: InputParameter) -> ParameterSource:
    if source.task_output_parameter is not None:
        return FromTask(source.task_output_parameter.producer_task, source.task_output_parameter.output_parameter_key)
    if source.component_input_parameter is not None:
        return FromParent(source.component_input_parameter)
    if source.task_final_status is not None:
        return FinalStatus(source.task_final_status.producer_task or task.dependent_tasks[0])
    return Constant(constant_of(source.runtime_value))


def _artifact(source: InputArtifact) -> ArtifactSource:
    made = source.task_output_artifact
    if made is not None:
        return FromTask(made.producer_task, made.output_artifact_key)
    return FromParent(source.component_input_artifact or "")


def _retry(policy: RetryPolicy, where: str) -> Retry | None:
    numbers = (policy.max_retry_count, policy.backoff_duration, policy.backoff_factor, policy.backoff_max_duration)
    if not all(math.isfinite(each) and each >= 0 for each in numbers):
        raise InvalidSpec("a number is negative or not finite", where=where, hint="Leave it out for the default")
    if not policy.max_retry_count:
        return None
    return Retry(
        max_retries=policy.max_retry_count,
        backoff=policy.backoff_duration,
        factor=policy.backoff_factor or _FACTOR,
        longest=policy.backoff_max_duration or _LONGEST_PAUSE,
    )
