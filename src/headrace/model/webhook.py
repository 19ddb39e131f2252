"""Webhooks: who is told, and how, when runs come to certain states; and the deliveries that this leads to."""

from dataclasses import dataclass
from enum import StrEnum

from headrace.base.clock import Instant
from headrace.model.run import Failure
from headrace.model.state import State

NAME_LENGTH = 128
TELLABLE = (State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELED)
"""The states of a run that a webhook may be told of; RUNNING is that it began."""


class Scope(StrEnum):
    """Whose runs a webhook is about."""

    SERVER = "SERVER"
    EXPERIMENT = "EXPERIMENT"
    RECURRING_RUN = "RECURRING_RUN"
    RUN = "RUN"


class Template(StrEnum):
    """What is sent: our JSON, what Slack's incoming webhooks take, or a mail."""

    JSON = "JSON"
    SLACK = "SLACK"
    EMAIL = "EMAIL"


@dataclass(frozen=True, slots=True)
class Webhook:
    """`scope_id` is the experiment, recurring run or run, "" for the server. Of `url` and `recipients` one is used, by
    the template. `secret` signs what is sent; it is not shown again."""

    webhook_id: str
    name: str
    namespace: str
    scope: Scope
    scope_id: str
    states: tuple[State, ...]
    template: Template
    enabled: bool
    created_at: Instant
    url: str = ""
    recipients: tuple[str, ...] = ()
    secret: str = ""

    @property
    def target(self) -> tuple[str, tuple[str, ...]]:
        """Where it sends to."""
        return self.url, self.recipients


@dataclass(frozen=True, slots=True)
class Notice:
    """What a delivery tells: the run as it was when it came to the state."""

    run_id: str
    name: str
    pipeline_name: str
    experiment_id: str
    recurring_run_id: str
    created_at: Instant
    state: State
    at: Instant
    failure: Failure | None = None
    test: bool = False


class DeliveryState(StrEnum):
    """PENDING → DELIVERED, or FAILED once it was tried for long enough."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way. `since` is when the tries began, `due_at` when the next is due, `answer` what the last
    one brought."""

    delivery_id: str
    webhook_id: str
    namespace: str
    notice: Notice
    created_at: Instant
    since: Instant
    due_at: Instant
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    tried_at: Instant = Instant(0)
    answer: str = ""
