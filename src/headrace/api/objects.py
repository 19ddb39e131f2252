"""`/api/v1/secrets` and `/api/v1/configmaps`: made, replaced, listed and deleted by name."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, object_values, proto_json, query
from headrace.api.body import MEGABYTE, reply
from headrace.api.handlers import Handlers
from headrace.api.proto_json import timestamp
from headrace.api.wire import objects as wire
from headrace.api.wire.common import Empty
from headrace.base.errors import InvalidInput
from headrace.model.objects import KeyedObject, ObjectKind
from headrace.store import objects
from headrace.store.db import Tx

MOST = 8 * MEGABYTE
"""Of a body: base64, and JSON's escapes, are longer than what they stand for."""


@dataclass(frozen=True, slots=True)
class Secrets(Handlers):
    """Values come in, and only a step gets them out."""

    async def create(self, request: Request) -> Response:
        asked = proto_json.read_unseen(wire.PutSecret, await body.read(request, MOST))
        return await self._put(request, asked.name, asked, replace=False)

    async def replace(self, request: Request) -> Response:
        """All of it; it is made where there is none."""
        asked = proto_json.read_unseen(wire.PutSecret, await body.read(request, MOST))
        return await self._put(request, _name(request, "secret_name", asked.name), asked, replace=True)

    async def list(self, request: Request) -> Response:
        namespace = self.principal(request).namespace
        found = await self.read(lambda tx: objects.listed(tx, ObjectKind.SECRET, namespace))
        return reply(wire.ListSecrets(secrets=[_secret(each) for each in found]))

    async def get(self, request: Request) -> Response:
        namespace, name = self.principal(request).namespace, query.path(request, "secret_name")
        return reply(_secret(await self.read(lambda tx: objects.get(tx, ObjectKind.SECRET, namespace, name))))

    async def delete(self, request: Request) -> Response:
        namespace, name = self.principal(request).namespace, query.path(request, "secret_name")
        await self.write(lambda tx: objects.remove(tx, ObjectKind.SECRET, namespace, name))
        return reply(Empty())

    async def _put(self, request: Request, name: str, asked: wire.PutSecret, *, replace: bool) -> Response:
        """A key is made only where no secret was sealed with another one: so this is looked at first, too."""
        object_values.check_name(name)
        values = object_values.values(asked.string_data, asked.data, ("string_data", "data"))
        namespace, now, vault = self.principal(request).namespace, self.services.clock.now(), self.services.vault
        await self.read(lambda tx: objects.must_fit(tx, vault, vault.key_id(), namespace, name))
        sealed = await asyncio.to_thread(vault.seal, namespace, name, values)
        return reply(_secret(await self.write(lambda tx: objects.put_secret(tx, vault, sealed, now, replace=replace))))


@dataclass(frozen=True, slots=True)
class ConfigMaps(Handlers):
    """As secrets, but that values are shown."""

    async def create(self, request: Request) -> Response:
        asked = proto_json.read(wire.PutConfigMap, await body.read(request, MOST))
        return await self._put(request, asked.name, asked, replace=False)

    async def replace(self, request: Request) -> Response:
        """All of it; it is made where there is none."""
        asked = proto_json.read(wire.PutConfigMap, await body.read(request, MOST))
        return await self._put(request, _name(request, "config_map_name", asked.name), asked, replace=True)

    async def list(self, request: Request) -> Response:
        namespace = self.principal(request).namespace
        found = await self.read(lambda tx: objects.listed(tx, ObjectKind.CONFIG_MAP, namespace))
        return reply(wire.ListConfigMaps(config_maps=[_config_map(each) for each in found]))

    async def get(self, request: Request) -> Response:
        namespace, name = self.principal(request).namespace, query.path(request, "config_map_name")

        def look(tx: Tx) -> tuple[KeyedObject, Mapping[str, bytes]]:
            found = objects.get(tx, ObjectKind.CONFIG_MAP, namespace, name)
            return found, objects.config_map(tx, namespace, name) or {}

        return reply(_config_map(*await self.read(look)))

    async def delete(self, request: Request) -> Response:
        namespace, name = self.principal(request).namespace, query.path(request, "config_map_name")
        await self.write(lambda tx: objects.remove(tx, ObjectKind.CONFIG_MAP, namespace, name))
        return reply(Empty())

    async def _put(self, request: Request, name: str, asked: wire.PutConfigMap, *, replace: bool) -> Response:
        object_values.check_name(name)
        values = object_values.values(asked.data, asked.binary_data, ("data", "binary_data"))
        namespace, now = self.principal(request).namespace, self.services.clock.now()
        made = await self.write(lambda tx: objects.put_config_map(tx, namespace, name, values, now, replace=replace))
        return reply(_config_map(made, values))


def _name(request: Request, parameter: str, given: str) -> str:
    """The name in the path, which the body may say again. Raises InvalidInput."""
    name = query.path(request, parameter)
    if given not in ("", name):
        raise InvalidInput("it is not the name in the path", where="name", hint="Leave it out")
    return name


def _keys(sizes: Mapping[str, int]) -> list[wire.Key]:
    return [wire.Key(key=key, size=size) for key, size in sorted(sizes.items())]


def _secret(found: KeyedObject) -> wire.Secret:
    return wire.Secret(
        name=found.name,
        keys=_keys(found.sizes),
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
    )


def _config_map(found: KeyedObject, values: Mapping[str, bytes] | None = None) -> wire.ConfigMap:
    texts, packed = object_values.split(values or {})
    return wire.ConfigMap(
        name=found.name,
        keys=_keys(found.sizes),
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
        data=texts,
        binary_data=packed,
    )
