"""Persistent volume claims."""

from headrace.api.claims import Claims
from headrace.api.operation import Operation
from headrace.api.route import OWN, ApiRoute
from headrace.api.services import Services
from headrace.api.wire import claims as wire
from headrace.api.wire.common import Empty
from headrace.base.json import JsonObject

_CLAIM: JsonObject = {"name": "data", "size": "5Gi"}


def claim_routes(services: Services) -> list[ApiRoute]:
    claims, one = Claims(services), f"{OWN}/pvcs/{{pvc_name}}"
    return [
        ApiRoute(
            "POST",
            f"{OWN}/pvcs",
            claims.create,
            Operation(
                "HeadraceService_CreatePersistentVolumeClaim",
                "make a persistent volume claim of a `size`; `access_modes` (`ReadWriteOnce` unless given), "
                "`storage_class_name`, `volume_name` and `annotations` are written down; 409 where its name is taken",
                wire.Claim,
                takes=wire.CreateClaim,
                needs=("name", "size"),
                errors=(409,),
                example=_CLAIM,
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/pvcs",
            claims.list,
            Operation(
                "HeadraceService_ListPersistentVolumeClaims", "list all persistent volume claims", wire.ListClaims
            ),
        ),
        ApiRoute(
            "GET",
            one,
            claims.get,
            Operation(
                "HeadraceService_GetPersistentVolumeClaim",
                "get a persistent volume claim, with its `folder` on the server's machine and the steps that mount it",
                wire.Claim,
            ),
        ),
        ApiRoute(
            "DELETE",
            one,
            claims.delete,
            Operation(
                "HeadraceService_DeletePersistentVolumeClaim",
                "remove a persistent volume claim; steps that mount it keep it until they end",
                Empty,
            ),
        ),
    ]
