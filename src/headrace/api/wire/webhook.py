"""Webhooks and their deliveries, a feature of our own."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Message, Timestamp


class Webhook(Message):
    """`enabled` is absent for true in a request, and always said in an answer. `secret` is in the answer that tells
    of a secret that the server made, and nowhere else."""

    webhook_id: str = ""
    display_name: str = ""
    experiment_id: str = ""
    recurring_run_id: str = ""
    run_id: str = ""
    states: list[str] = []
    template: str = ""
    url: str = ""
    to: list[str] = []
    secret: str = ""
    signed: bool = False
    enabled: bool | None = None
    created_at: Timestamp = Timestamp("")


class ChangeWebhook(Message):
    """What is absent stays as it is."""

    display_name: str | None = None
    states: list[str] | None = None
    url: str | None = None
    to: list[str] | None = None
    secret: str | None = None
    enabled: bool | None = None


class ListWebhooks(Message):
    webhooks: list[Webhook] = []


class Delivery(Message):
    delivery_id: str = ""
    webhook_id: str = ""
    run_id: str = ""
    run_state: str = ""
    test: bool = False
    state: str = ""
    attempts: int = 0
    created_at: Timestamp = Timestamp("")
    tried_at: Timestamp = Timestamp("")
    due_at: Timestamp = Timestamp("")
    answer: str = ""


class ListDeliveries(Message):
    deliveries: list[Delivery] = []
