"""Webhooks, and the deliveries that they led to."""

from headrace.api.operation import Operation
from headrace.api.route import OWN, ApiRoute
from headrace.api.services import Services
from headrace.api.webhooks import Webhooks
from headrace.api.wire import webhook as wire
from headrace.api.wire.common import Empty
from headrace.api.wire.verbs import Verb
from headrace.base.egress import Egress
from headrace.base.json import JsonObject
from headrace.controllers.notify import rules

_WEBHOOK: JsonObject = {"display_name": "ops", "url": "https://hooks.example.org/runs", "states": ["FAILED"]}


def webhook_routes(services: Services) -> list[ApiRoute]:
    webhooks = Webhooks(services, Egress(rules(services.settings)))
    one = f"{OWN}/webhooks/{{webhook_id}}"
    return [
        ApiRoute(
            "POST",
            f"{OWN}/webhooks",
            webhooks.create,
            Operation(
                "HeadraceService_CreateWebhook",
                "make a webhook: `states` (`FAILED` unless given); `template` (`JSON`, `SLACK`, `EMAIL`); `url`, or "
                "for mails `to`, a list of addresses; at most one of `experiment_id`, `recurring_run_id`, `run_id`. "
                "Where JSON is sent and no `secret` is given, this answer tells the one that was made; no other does",
                wire.Webhook,
                takes=wire.Webhook,
                needs=("display_name",),
                errors=(404,),
                example=_WEBHOOK,
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/webhooks",
            webhooks.list,
            Operation(
                "HeadraceService_ListWebhooks",
                "list all webhooks; `signed` says that there is a secret",
                wire.ListWebhooks,
            ),
        ),
        ApiRoute("GET", one, webhooks.get, Operation("HeadraceService_GetWebhook", "get a webhook", wire.Webhook)),
        ApiRoute(
            "PATCH",
            one,
            webhooks.update,
            Operation(
                "HeadraceService_UpdateWebhook",
                "change a webhook: `display_name`, `states`, `url`, `to`, `secret`, `enabled`; what is absent stays",
                wire.Webhook,
                takes=wire.ChangeWebhook,
            ),
        ),
        ApiRoute(
            "DELETE",
            one,
            webhooks.delete,
            Operation("HeadraceService_DeleteWebhook", "remove a webhook, and what it was still to be told", Empty),
        ),
        ApiRoute(
            "POST",
            f"{one}:test",
            webhooks.test,
            Operation(
                "HeadraceService_TestWebhook",
                "test a webhook: send an example; gives its delivery",
                wire.Delivery,
                takes=Verb,
            ),
        ),
        ApiRoute(
            "GET",
            f"{one}/deliveries",
            webhooks.deliveries,
            Operation(
                "HeadraceService_ListDeliveries",
                "list a webhook's newest 200 deliveries: `state` (`PENDING`, `DELIVERED`, `FAILED`), `attempts`, "
                "`tried_at`, `due_at` of the next try, `answer` of the last",
                wire.ListDeliveries,
            ),
        ),
        ApiRoute(
            "POST",
            f"{one}/deliveries/{{delivery_id}}:resend",
            webhooks.resend,
            Operation(
                "HeadraceService_ResendDelivery",
                "resend a delivery: try it from now on, by the same id",
                wire.Delivery,
                takes=Verb,
            ),
        ),
    ]
