"""The `filter` of a list, as the client writes it."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Int64, Message, ProtoEnum, Timestamp


class FilterOperation(ProtoEnum):
    """4 was never given out."""

    OPERATION_UNSPECIFIED = "OPERATION_UNSPECIFIED"
    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT_EQUALS"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_EQUALS = "GREATER_THAN_EQUALS"
    LESS_THAN = "LESS_THAN"
    LESS_THAN_EQUALS = "LESS_THAN_EQUALS"
    IN = "IN"
    IS_SUBSTRING = "IS_SUBSTRING"

    @classmethod
    def numbers(cls) -> "dict[int, FilterOperation]":
        return dict(zip((0, 1, 2, 3, 5, 6, 7, 8, 9), cls, strict=True))


class IntValues(Message):
    values: list[int] = []


class LongValues(Message):
    values: list[Int64] = []


class StringValues(Message):
    values: list[str] = []


class FilterPredicate(Message):
    """Exactly one of the values is given."""

    operation: FilterOperation = FilterOperation.OPERATION_UNSPECIFIED
    key: str = ""
    int_value: int | None = None
    long_value: Int64 | None = None
    string_value: str | None = None
    timestamp_value: Timestamp | None = None
    int_values: IntValues | None = None
    long_values: LongValues | None = None
    string_values: StringValues | None = None


class Filter(Message):
    predicates: list[FilterPredicate] = []
