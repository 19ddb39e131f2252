"""Secrets and config maps."""

from headrace.api.objects import ConfigMaps, Secrets
from headrace.api.operation import Operation
from headrace.api.route import OWN, ApiRoute
from headrace.api.services import Services
from headrace.api.wire import objects as wire
from headrace.api.wire.common import Empty
from headrace.base.json import JsonObject

_SECRET: JsonObject = {"name": "db", "string_data": {"password": "..."}}
_CONFIG_MAP: JsonObject = {"name": "settings", "data": {"log_level": "info"}}


def object_routes(services: Services) -> list[ApiRoute]:
    return [*_secret_routes(Secrets(services)), *_config_map_routes(ConfigMaps(services))]


def _secret_routes(secrets: Secrets) -> list[ApiRoute]:
    one = f"{OWN}/secrets/{{secret_name}}"
    return [
        ApiRoute(
            "POST",
            f"{OWN}/secrets",
            secrets.create,
            Operation(
                "HeadraceService_CreateSecret",
                "make a secret: `data` holds values in base64 by key, `string_data` as text; 409 where its name is "
                "taken. No answer has values",
                wire.Secret,
                takes=wire.PutSecret,
                needs=("name",),
                errors=(409,),
                example=_SECRET,
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/secrets",
            secrets.list,
            Operation("HeadraceService_ListSecrets", "list all secrets; their keys, with the sizes", wire.ListSecrets),
        ),
        ApiRoute(
            "GET",
            one,
            secrets.get,
            Operation("HeadraceService_GetSecret", "get a secret; its keys, with the sizes", wire.Secret),
        ),
        ApiRoute(
            "PUT",
            one,
            secrets.replace,
            Operation(
                "HeadraceService_ReplaceSecret",
                "replace a secret with all that was in it; it is made where there is none",
                wire.Secret,
                takes=wire.PutSecret,
            ),
        ),
        ApiRoute("DELETE", one, secrets.delete, Operation("HeadraceService_DeleteSecret", "remove a secret", Empty)),
    ]


def _config_map_routes(config_maps: ConfigMaps) -> list[ApiRoute]:
    one = f"{OWN}/configmaps/{{config_map_name}}"
    return [
        ApiRoute(
            "POST",
            f"{OWN}/configmaps",
            config_maps.create,
            Operation(
                "HeadraceService_CreateConfigMap",
                "make a config map: `data` holds values as text by key, `binary_data` in base64; 409 where its name is "
                "taken",
                wire.ConfigMap,
                takes=wire.PutConfigMap,
                needs=("name",),
                errors=(409,),
                example=_CONFIG_MAP,
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/configmaps",
            config_maps.list,
            Operation(
                "HeadraceService_ListConfigMaps",
                "list all config maps; their keys, with the sizes",
                wire.ListConfigMaps,
            ),
        ),
        ApiRoute(
            "GET",
            one,
            config_maps.get,
            Operation("HeadraceService_GetConfigMap", "get a config map, with its values", wire.ConfigMap),
        ),
        ApiRoute(
            "PUT",
            one,
            config_maps.replace,
            Operation(
                "HeadraceService_ReplaceConfigMap",
                "replace a config map with all that was in it; it is made where there is none",
                wire.ConfigMap,
                takes=wire.PutConfigMap,
            ),
        ),
        ApiRoute(
            "DELETE",
            one,
            config_maps.delete,
            Operation("HeadraceService_DeleteConfigMap", "remove a config map", Empty),
        ),
    ]
