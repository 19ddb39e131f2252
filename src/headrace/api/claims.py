"""`/api/v1/pvcs`: persistent volume claims, made, listed and deleted by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, proto_json, query
from headrace.api.body import reply
from headrace.api.handlers import Handlers
from headrace.api.proto_json import timestamp
from headrace.api.wire import claims as wire
from headrace.api.wire.common import Empty
from headrace.base import ids
from headrace.model.claim import ACCESS_MODES, STORAGE_CLASS, Claim, Mount
from headrace.store import claims
from headrace.store.db import Tx


@dataclass(frozen=True, slots=True)
class Claims(Handlers):
    """A claim is a folder here, which is made when the first step mounts it."""

    async def create(self, request: Request) -> Response:
        asked = proto_json.read(wire.CreateClaim, await body.read(request))
        claim = Claim(
            uid=ids.fresh(),
            namespace=self.principal(request).namespace,
            name=asked.name,
            size=asked.size,
            created_at=self.services.clock.now(),
            access_modes=tuple(asked.access_modes) or ACCESS_MODES[:1],
            storage_class=asked.storage_class_name or STORAGE_CLASS,
            volume_name=asked.volume_name,
            annotations=asked.annotations,
        )
        return reply(self._told(await self.write(lambda tx: claims.create(tx, claim))))

    async def list(self, request: Request) -> Response:
        namespace = self.principal(request).namespace
        found = await self.read(lambda tx: claims.listed(tx, namespace))
        return reply(wire.ListClaims(claims=[self._told(each) for each in found]))

    async def get(self, request: Request) -> Response:
        namespace, name = self.principal(request).namespace, query.path(request, "pvc_name")

        def look(tx: Tx) -> tuple[Claim, list[Mount]]:
            found = claims.get(tx, namespace, name)
            return found, claims.mounts(tx, found.uid)

        return reply(self._told(*await self.read(look)))

    async def delete(self, request: Request) -> Response:
        """Its name is free at once; steps that have it mounted keep it."""
        namespace, name = self.principal(request).namespace, query.path(request, "pvc_name")
        await self.write(lambda tx: claims.remove(tx, namespace, name))
        return reply(Empty())

    def _told(self, claim: Claim, mounts: Sequence[Mount] = ()) -> wire.Claim:
        return wire.Claim(
            uid=claim.uid,
            name=claim.name,
            size=claim.size,
            access_modes=list(claim.access_modes),
            storage_class_name=claim.storage_class,
            volume_name=claim.volume_name,
            annotations=dict(claim.annotations),
            created_at=timestamp(claim.created_at),
            run_id=claim.run_id,
            task_id=claim.task_id,
            folder=str(self.services.home.volume(claim.uid)),
            mounts=[
                wire.ClaimMount(run_id=each.run_id, run_name=each.run_name, scope_path=each.path) for each in mounts
            ],
        )
