"""The grammar of KFP's placeholders, `{{$...}}`, and the mark that tells a document's text from a user's value.

A value that a run or a step gave may look like a placeholder; only texts that were written in the pipeline are ever
expanded. Those are `Template`s, made when the plan is.
"""

import re
from collections.abc import Mapping

from headrace.base.json import JsonValue

PLACEHOLDER = re.compile(
    r"""
    \{\{\$ (?:
        \. (?P<system> pipeline_job_name | pipeline_job_resource_name | pipeline_job_uuid | pipeline_task_name
            | pipeline_task_uuid | pipeline_job_create_time_utc | pipeline_job_schedule_time_utc | pipeline_root
            | workspace_path )
      | \. (?P<output_file> outputs\.output_file | outputs\.output_metadata_uri | output_metadata_uri
            | outputMetadataUri )
      | \. (?P<side> inputs | outputs ) \. (?P<kind> parameters | artifacts )
        \['{1,2} (?P<name> [^']+ ) '{1,2}\]
        (?: \. (?P<attribute> \w+ ) (?: \['{1,2} (?P<key> [^']+ ) '{1,2}\] )? )?
    )? \}\}
    """,
    re.VERBOSE,
)
"""One placeholder; with no group set it is `{{$}}`, the whole executor input. Names are quoted once or twice."""

EXECUTOR_INPUT = "{{$}}"


class Template(str):
    """A text of the document that holds placeholders."""

    __slots__ = ()


def mark_templates(value: JsonValue) -> JsonValue:
    """The value with its texts that hold placeholders made `Template`s, keys included."""
    match value:
        case str():
            return _mark(value)
        case Mapping():
            return {_mark(key): mark_templates(item) for key, item in value.items()}
        case list() | tuple():
            return [mark_templates(item) for item in value]
    return value


def _mark(text: str) -> str:
    return Template(text) if PLACEHOLDER.search(text) else text


def has_placeholder(value: JsonValue) -> bool:
    """Whether a placeholder stands anywhere in a value of the document."""
    match value:
        case str():
            return PLACEHOLDER.search(value) is not None
        case Mapping():
            return any(has_placeholder(key) or has_placeholder(item) for key, item in value.items())
        case list() | tuple():
            return any(has_placeholder(item) for item in value)
    return False
