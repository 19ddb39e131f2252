"""What KFP's placeholders stand for: in constants of a task's inputs, and in the command of a step.

The engine resolves inputs with `resolve_inputs`, the controllers make a command with `render`. Every text is walked
once, so what a value holds is never taken for a placeholder. One that is not known here stays as it is written.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from headrace.base.clock import Instant, to_rfc3339
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject, JsonValue, compact
from headrace.spec import workspace
from headrace.spec.arguments import expand_argument
from headrace.spec.plan import Container, Resources
from headrace.spec.templates import EXECUTOR_INPUT, PLACEHOLDER, Template, mark_templates
from headrace.spec.text import to_text


@dataclass(frozen=True, slots=True)
class RunContext:
    """What the system placeholders stand for in one task of one run."""

    run_name: str
    resource_name: str
    run_id: str
    task_name: str
    task_id: str
    pipeline_root: str
    created_at: Instant
    scheduled_at: Instant
    workspace_path: str

    def placeholder(self, name: str) -> str:
        """The value of `{{$.<name>}}`; `name` is one of the grammar's system placeholders."""
        match name:
            case "pipeline_job_name":
                return self.run_name
            case "pipeline_job_resource_name":
                return self.resource_name
            case "pipeline_job_uuid":
                return self.run_id
            case "pipeline_task_name":
                return self.task_name
            case "pipeline_task_uuid":
                return self.task_id
            case "pipeline_root":
                return self.pipeline_root
            case "workspace_path":
                return self.workspace_path
            case "pipeline_job_create_time_utc":
                return to_rfc3339(self.created_at)
            case "pipeline_job_schedule_time_utc":
                return to_rfc3339(self.scheduled_at)
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A command without placeholders, but for arguments that are exactly `{{$}}`."""

    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    image: str
    resources: Resources


def resolve_inputs(parameters: Mapping[str, JsonValue], context: RunContext) -> dict[str, JsonValue]:
    """The parameters of a task with the placeholders of its constants filled in, from the context and from each other.

    References go one level deep: what a referred constant refers to stays as it is written.
    """
    return {name: fill_templates(value, parameters, context) for name, value in parameters.items()}


def fill_templates(value: JsonValue, parameters: Mapping[str, JsonValue], context: RunContext) -> JsonValue:
    """The value with the placeholders of its `Template`s filled in; nothing else in it is touched.

    A template that is nothing but a reference to a parameter becomes the value itself, elsewhere a value is its text.
    """

    def fill(value: JsonValue) -> JsonValue:
        match value:
            case Template():
                whole = PLACEHOLDER.fullmatch(value)
                if whole is not None and _is_parameter(whole):
                    return parameters.get(whole["name"])
                return PLACEHOLDER.sub(text, value)
            case Mapping():
                return {str(fill(key)) if isinstance(key, Template) else key: fill(each) for key, each in value.items()}
            case list() | tuple():
                return [fill(each) for each in value]
        return value

    def text(match: re.Match[str]) -> str:
        if match["system"]:
            return context.placeholder(match["system"])
        if _is_parameter(match):
            return _text(parameters.get(match["name"]))
        return match[0]

    return fill(value)


def fill_text(text: str, parameters: Mapping[str, JsonValue], context: RunContext) -> str:
    """A text of the document with its placeholders filled in, but those of artifacts and outputs."""
    return _text(fill_templates(mark_templates(text), parameters, context))


def render(
    container: Container, executor_input: JsonObject, context: RunContext, local_path: Callable[[str], str]
) -> Rendered:
    """The container's command, arguments, environment, image and resources for one executor input.

    `local_path` gives the file of an artifact's uri. Raises InvalidInput where a placeholder cannot be filled in.
    """
    scope = _Scope(container, executor_input, context, local_path)
    resources = container.resources
    return Rendered(
        command=scope.arguments(container.command),
        args=scope.arguments(container.args),
        env=tuple((name, scope.fill(value)) for name, value in container.env),
        image=scope.fill(container.image),
        resources=Resources(**{each.name: scope.fill(getattr(resources, each.name)) for each in fields(resources)}),
    )


def _is_parameter(match: re.Match[str]) -> bool:
    return match["side"] == "inputs" and match["kind"] == "parameters" and match["attribute"] is None


def _text(value: Any) -> str:
    return "null" if value is None else to_text(value)


class _Scope:
    """What the placeholders of one step refer to."""

    def __init__(
        self,
        container: Container,
        executor_input: Mapping[str, Any],
        context: RunContext,
        local_path: Callable[[str], str],
    ) -> None:
        self._container = container
        self._input = executor_input
        self._context = context
        self._local_path = local_path

    def arguments(self, written: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._argument(each) for argument in written for each in expand_argument(argument, self._present))

    def fill(self, text: str) -> str:
        return PLACEHOLDER.sub(self._value, text)

    def _argument(self, text: str) -> str:
        filled = text if text == EXECUTOR_INPUT else self.fill(text)
        if filled == EXECUTOR_INPUT and text != EXECUTOR_INPUT:
            raise InvalidInput(
                f"an argument has the value {EXECUTOR_INPUT}, which means the executor input",
                where=text,
                hint="Pass another value, or put text before it",
            )
        return filled

    def _present(self, name: str) -> bool:
        inputs = self._input["inputs"]
        artifacts = inputs.get("artifacts", {}).get(name)
        return inputs.get("parameterValues", {}).get(name) is not None or bool(artifacts and artifacts["artifacts"])

    def _value(self, match: re.Match[str]) -> str:
        if match["system"]:
            return self._context.placeholder(match["system"])
        if match["output_file"]:
            return str(self._input["outputs"]["outputFile"])
        if match["side"] is None:
            return compact(self._input)
        found = self._artifact(match) if match["kind"] == "artifacts" else self._parameter(match)
        return match[0] if found is None else found

    def _parameter(self, match: re.Match[str]) -> str | None:
        name, attribute = match["name"], match["attribute"]
        if match["side"] == "inputs":
            return _text(self._input["inputs"].get("parameterValues", {}).get(name)) if attribute is None else None
        made = self._input["outputs"].get("parameters", {}).get(name)
        return str(made["outputFile"]) if made is not None and attribute == "output_file" else None

    def _artifact(self, match: re.Match[str]) -> str | None:
        side, name = match["side"], match["name"]
        held = self._input[side].get("artifacts", {}).get(name, {}).get("artifacts", [])
        interface = self._container.interface
        declared = (interface.input_artifacts if side == "inputs" else interface.output_artifacts).get(name)
        if match["attribute"] is None and declared is not None and declared.is_list:
            return compact(held)
        if not held:
            return _text(None) if declared is not None else None
        return self._attribute(held[0], match["attribute"], match["key"])

    def _attribute(self, artifact: Mapping[str, Any], attribute: str | None, key: str | None) -> str | None:
        match attribute:
            case None:
                return compact(artifact)
            case "path":
                uri = str(artifact["uri"])
                if workspace.is_there(artifact.get("metadata", {})):
                    return f"{self._context.workspace_path}/{workspace.place_of(uri)}"
                return self._local_path(uri)
            case "metadata":
                metadata = artifact.get("metadata", {})
                return _text(metadata if key is None else metadata.get(key))
            case "uri" | "name":
                return str(artifact[attribute])
        return None
