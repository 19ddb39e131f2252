"""Text to JSON values, bounded: YAML 1.1 or JSON bytes from an upload become plain dicts, lists and scalars.

Nothing that a file holds may cost more than the limits below: documents are built from parser events, so depth, the
number of values and what aliases stand for are counted before they are made. Everything wrong is an InvalidSpec.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonValue
from headrace.spec.clean import MAX_DEPTH, clean, clean_number, too_deep

MAX_BYTES = 32 << 20
MAX_VALUES = 1_000_000

_CORE = "tag:yaml.org,2002:"
_TRUE = frozenset({"yes", "true", "on"})


def parse_documents(data: bytes, max_values: int = MAX_VALUES) -> list[JsonValue]:
    """All documents of a YAML stream, or the one of a JSON text. Empty documents are None."""
    try:
        if data[:256].lstrip().startswith(b"{") and sum(map(data.count, (b",", b"{", b"["))) < max_values:
            return _json_documents(data, max_values)
        return list(_yaml_documents(data, max_values))
    except InvalidSpec as error:
        raise InvalidSpec(f"unable to decode yaml document: {error.message}", hint=error.hint) from error


def _json_documents(data: bytes, max_values: int) -> list[JsonValue]:
    try:
        value = json.loads(data, object_pairs_hook=_unique)
    except RecursionError:
        raise too_deep() from None
    except ValueError:
        return list(
            _yaml_documents(data, max_values)
        )  # It may be YAML in flow style; if not, this says where it is wrong.
    return [clean(value)]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _twice(twice)
    return found


def _twice(key: str) -> InvalidSpec:
    return InvalidSpec(f'the key "{key[:80]}" stands twice in one object')


def _yaml_documents(data: bytes, max_values: int) -> Iterator[JsonValue]:
    try:
        loader = yaml.CSafeLoader(data)
        try:
            builder = _Builder(loader, max_values)
            while (event := loader.get_event()) is not None:
                if isinstance(event, yaml.DocumentEndEvent):
                    yield builder.finish()
                else:
                    builder.take(event)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise InvalidSpec(f"{_at(error.problem_mark)}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise InvalidSpec(f"{error}", hint="Is it a YAML, JSON, zip or tar.gz file?") from error


class _Builder:
    """Puts documents together from events, one after the other. `_open` holds the collections not closed yet."""

    def __init__(self, loader: yaml.CSafeLoader, max_values: int) -> None:
        self._loader = loader
        self._max_values = max_values
        self._values = 0
        self._begin()

    def _begin(self) -> None:
        self._root: list[JsonValue] = []
        self._open: list[_Collection] = []
        self._anchors: dict[str, tuple[JsonValue, int, int]] = {}

    def finish(self) -> JsonValue:
        value = self._root[0] if self._root else None
        self._begin()
        return value

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._count(1)
                self._add(self._scalar(event), event, 1, 0)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._count(1)
                _refuse_tag(event, "map" if isinstance(event, yaml.MappingStartEvent) else "seq")
                if len(self._open) >= MAX_DEPTH:
                    raise too_deep()
                self._open.append(_Collection(event, self._values))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self._open.pop()
                self._add(done.value, done.start, self._values - done.values + 1, done.height)
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise _wrong(event, f"the alias *{event.anchor} refers to nothing before it")
                value, size, height = self._anchors[event.anchor]
                self._count(size)
                if len(self._open) + height > MAX_DEPTH:
                    raise too_deep()
                self._add(clean(value), event, size, height)

    def _count(self, more: int) -> None:
        self._values += more
        if self._values > self._max_values:
            raise InvalidSpec(f"it holds more than {self._max_values:,} values")

    def _add(self, value: JsonValue, event: yaml.NodeEvent, size: int, height: int) -> None:
        """A value is complete: `size` values in all, `height` levels below it."""
        if event.anchor:
            self._anchors[event.anchor] = (value, size, height)
        if self._open:
            self._open[-1].add(value, height, event)
        else:
            self._root.append(value)

    def _scalar(self, event: yaml.ScalarEvent) -> JsonValue:
        as_key = bool(self._open) and self._open[-1].wants_key
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        if as_key and tag == f"{_CORE}merge":
            raise _wrong(event, "merge keys (<<) are not supported")
        if as_key or tag in (f"{_CORE}str", f"{_CORE}timestamp", f"{_CORE}value"):
            return str(event.value)
        node = yaml.ScalarNode(tag, event.value)
        try:
            match str(tag).removeprefix(_CORE):
                case "null":
                    return None
                case "bool":
                    return event.value.lower() in _TRUE
                case "int":
                    return int(self._loader.construct_yaml_int(node))
                case "float":
                    return clean_number(self._loader.construct_yaml_float(node))
        except (ValueError, OverflowError) as error:
            raise _wrong(event, f"{event.value[:40]!r} is no number: {error}") from None
        raise _wrong(event, f"the tag {tag} is not supported")


class _Collection:
    """A mapping or a sequence that is being read."""

    def __init__(self, start: yaml.CollectionStartEvent, values: int) -> None:
        self.start = start
        self.values = values
        self.height = 1
        self._list: list[JsonValue] | None = None if isinstance(start, yaml.MappingStartEvent) else []
        self._dict: dict[str, JsonValue] = {}
        self._key: str | None = None

    @property
    def value(self) -> JsonValue:
        return self._dict if self._list is None else self._list

    @property
    def wants_key(self) -> bool:
        return self._list is None and self._key is None

    def add(self, value: JsonValue, height: int, event: yaml.NodeEvent) -> None:
        self.height = max(self.height, height + 1)
        if self._list is not None:
            self._list.append(value)
        elif self._key is not None:
            self._dict[self._key] = value
            self._key = None
        elif not isinstance(value, str):
            raise _wrong(event, "a key must be a text")
        elif value in self._dict:
            raise _wrong(event, _twice(value).message)
        else:
            self._key = value


def _refuse_tag(event: yaml.CollectionStartEvent, plain: str) -> None:
    if event.tag not in (None, "!", f"{_CORE}{plain}"):
        raise _wrong(event, f"the tag {event.tag} is not supported")


def _wrong(event: yaml.Event, problem: str) -> InvalidSpec:
    return InvalidSpec(f"{_at(event.start_mark)}{problem}")


def _at(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
