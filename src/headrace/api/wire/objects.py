"""Secrets and config maps, with Kubernetes' words for what is in them. No answer has a secret's values."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Message, Timestamp


class Key(Message):
    """A key, and how many bytes are under it."""

    key: str = ""
    size: int = 0


class PutSecret(Message):
    """`data` holds values in base64, `string_data` as text."""

    name: str = ""
    data: dict[str, str] = {}
    string_data: dict[str, str] = {}


class Secret(Message):
    """A secret, but for its values."""

    name: str = ""
    keys: list[Key] = []
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")


class ListSecrets(Message):
    secrets: list[Secret] = []


class PutConfigMap(Message):
    """`data` holds values as text, `binary_data` in base64."""

    name: str = ""
    data: dict[str, str] = {}
    binary_data: dict[str, str] = {}


class ConfigMap(Message):
    """A config map; `data` and `binary_data` are given where it is asked for by name."""

    name: str = ""
    keys: list[Key] = []
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    data: dict[str, str] = {}
    binary_data: dict[str, str] = {}


class ListConfigMaps(Message):
    config_maps: list[ConfigMap] = []
