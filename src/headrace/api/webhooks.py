"""`/api/v1/webhooks`: who is told when runs come to certain states, and the deliveries that this led to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, proto_json, query
from headrace.api.body import reply
from headrace.api.handlers import Handlers
from headrace.api.proto_json import Timestamp, timestamp
from headrace.api.wire import webhook as wire
from headrace.api.wire.common import Empty
from headrace.base.clock import Instant
from headrace.base.egress import Egress
from headrace.base.errors import InvalidInput
from headrace.model.run import Failure
from headrace.model.state import RUNTIME_STATE, State
from headrace.model.webhook import NAME_LENGTH, TELLABLE, Delivery, DeliveryState, Notice, Scope, Template, Webhook
from headrace.store import catalog, schedules, webhooks
from headrace.store import query as lists
from headrace.store.db import Tx

MOST_RECIPIENTS = 50
LONGEST = 2_000
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")


@dataclass(frozen=True, slots=True)
class Webhooks(Handlers):
    egress: Egress

    async def create(self, request: Request) -> Response:
        """A webhook that sends JSON and is given no secret gets one, which only this answer tells."""
        asked = proto_json.read_unseen(wire.Webhook, await body.read(request))
        scope, scope_id = _scope(asked)
        made = Webhook(
            webhook_id=self.services.fresh_id(),
            name=asked.display_name,
            namespace=self.principal(request).namespace,
            scope=scope,
            scope_id=scope_id,
            states=_states(asked.states or ["FAILED"]),
            template=_template(asked.template),
            enabled=asked.enabled is not False,
            created_at=self.services.clock.now(),
            url=asked.url,
            recipients=tuple(asked.to),
            secret=asked.secret,
        )
        own = "" if made.secret or made.template is not Template.JSON else self.services.fresh_id()
        made = replace(made, secret=made.secret or own)
        _check(made)
        self._check_target(made)

        def unit(tx: Tx) -> None:
            _must_exist(tx, made)
            webhooks.create(tx, made)

        await self.write(unit)
        return reply(_message(made, secret=own))

    async def list(self, request: Request) -> Response:
        found = await self.read(lambda tx: webhooks.listed(tx, self.principal(request).namespace))
        return reply(wire.ListWebhooks(webhooks=[_message(each) for each in found]))

    async def get(self, request: Request) -> Response:
        return reply(_message(await self.read(lambda tx: self._named(tx, request))))

    async def update(self, request: Request) -> Response:
        asked = proto_json.read_unseen(wire.ChangeWebhook, await body.read(request))

        def unit(tx: Tx) -> Webhook:
            known = self._named(tx, request)
            changed = replace(
                known,
                name=known.name if asked.display_name is None else asked.display_name,
                states=known.states if asked.states is None else _states(asked.states),
                url=known.url if asked.url is None else asked.url,
                recipients=known.recipients if asked.to is None else tuple(asked.to),
                secret=known.secret if asked.secret is None else asked.secret,
                enabled=known.enabled if asked.enabled is None else asked.enabled,
            )
            _check(changed)
            if changed.target != known.target or (changed.enabled and not known.enabled):
                self._check_target(changed)  # else it was allowed once, and may still be renamed or disabled
            webhooks.change(tx, changed)
            return changed

        changed = await self.write(unit)
        self.services.notify()  # what was held may go
        return reply(_message(changed))

    async def delete(self, request: Request) -> Response:
        """What is still to be delivered is not."""
        webhook_id, namespace = query.path(request, "webhook_id"), self.principal(request).namespace
        await self.write(lambda tx: webhooks.remove(tx, namespace, webhook_id))
        return reply(Empty())

    async def test(self, request: Request) -> Response:
        """A delivery that tells of a run that there is not, on its way once this is answered."""
        now, delivery_id = self.services.clock.now(), self.services.fresh_id()

        def unit(tx: Tx) -> Delivery:
            webhook = self._named(tx, request)
            made = Delivery(delivery_id, webhook.webhook_id, webhook.namespace, _example(webhook, now), now, now, now)
            webhooks.post(tx, made)
            return made

        made = await self.write(unit)
        self.services.notify()
        return reply(_delivery(made))

    async def deliveries(self, request: Request) -> Response:
        """Newest first."""
        found = await self.read(lambda tx: webhooks.deliveries(tx, self._named(tx, request).webhook_id))
        return reply(wire.ListDeliveries(deliveries=[_delivery(each) for each in found]))

    async def resend(self, request: Request) -> Response:
        """The same delivery again, by the same id, at once."""
        now = self.services.clock.now()

        def unit(tx: Tx) -> Delivery:
            webhook = self._named(tx, request)
            found = webhooks.delivery(tx, webhook.webhook_id, query.path(request, "delivery_id"))
            return webhooks.again(tx, found, now)

        made = await self.write(unit)
        self.services.notify()
        return reply(_delivery(made))

    def _named(self, tx: Tx, request: Request) -> Webhook:
        return webhooks.get(tx, self.principal(request).namespace, query.path(request, "webhook_id"))

    def _check_target(self, webhook: Webhook) -> None:
        """Raises InvalidInput for what is not to be sent to, by what this server is told."""
        if len(webhook.url) > LONGEST:
            raise InvalidInput(f"there are more than {LONGEST} characters", where="url")
        if webhook.template is Template.EMAIL:
            _check_mail(webhook, self.services.settings.smtp_url)
        elif webhook.recipients:
            raise InvalidInput("only mails have recipients", where="to", hint='Set template to "EMAIL"')
        else:
            self.egress.check(webhook.url, "url")


def _check(webhook: Webhook) -> None:
    """Raises InvalidInput for a name or a secret."""
    if not 1 <= len(webhook.name) <= NAME_LENGTH:
        hint = f"Give 1 to {NAME_LENGTH} characters"
        raise InvalidInput("it is missing or too long", where="display_name", hint=hint)
    if len(webhook.secret) > LONGEST:
        raise InvalidInput(f"there are more than {LONGEST} characters", where="secret")


def _check_mail(webhook: Webhook, smtp_url: str) -> None:
    if webhook.url:
        raise InvalidInput("mails go to addresses", where="url", hint="Give them in `to`")
    if not 1 <= len(webhook.recipients) <= MOST_RECIPIENTS:
        hint = f"Give 1 to {MOST_RECIPIENTS} addresses"
        raise InvalidInput(f"there are {len(webhook.recipients)} addresses", where="to", hint=hint)
    for each in webhook.recipients:
        if not _ADDRESS.fullmatch(each) or not each.isascii():
            raise InvalidInput(f"{each[:80]!r} is no address", where="to", hint="Write it as name@example.org")
    if not smtp_url:
        raise InvalidInput("this server sends no mail", where="template", hint="Set smtp_url and smtp_from")


def _scope(asked: wire.Webhook) -> tuple[Scope, str]:
    named = {
        Scope.EXPERIMENT: asked.experiment_id,
        Scope.RECURRING_RUN: asked.recurring_run_id,
        Scope.RUN: asked.run_id,
    }
    given = [(scope, each) for scope, each in named.items() if each]
    if len(given) > 1:
        hint = "Give one of experiment_id, recurring_run_id and run_id, or none for all runs"
        raise InvalidInput("it is about several things", where="experiment_id, recurring_run_id, run_id", hint=hint)
    return given[0] if given else (Scope.SERVER, "")


def _must_exist(tx: Tx, webhook: Webhook) -> None:
    """Raises NotFound where the webhook is about something that there is not."""
    match webhook.scope:
        case Scope.EXPERIMENT:
            catalog.get_experiment(tx, webhook.scope_id)
        case Scope.RECURRING_RUN:
            schedules.get_schedule(tx, webhook.scope_id)
        case Scope.RUN:
            lists.get_run(tx, webhook.scope_id)
        case Scope.SERVER:
            pass


def _states(words: Sequence[str]) -> tuple[State, ...]:
    """Raises InvalidInput."""
    found = {word.strip().upper() for word in words}
    known = tuple(state for state in TELLABLE if state.value in found)
    if not known or len(known) != len(found):
        hint = f"Give some of {', '.join(state.value for state in TELLABLE)}"
        raise InvalidInput(f"{', '.join(sorted(found))[:80]!r} are no such states", where="states", hint=hint)
    return known


def _template(word: str) -> Template:
    try:
        return Template(word.upper() or "JSON")
    except ValueError as error:
        hint = f"Give one of {', '.join(Template)}"
        raise InvalidInput(f"{word[:40]!r} is no template", where="template", hint=hint) from error


def _example(webhook: Webhook, now: Instant) -> Notice:
    failure = Failure("This is a test: nothing has failed.", 9) if webhook.states[-1] is State.FAILED else None
    return Notice(
        run_id="00000000-0000-0000-0000-000000000000",
        name="example",
        pipeline_name="example",
        experiment_id=webhook.scope_id if webhook.scope is Scope.EXPERIMENT else "",
        recurring_run_id=webhook.scope_id if webhook.scope is Scope.RECURRING_RUN else "",
        created_at=now,
        state=webhook.states[-1],
        at=now,
        failure=failure,
        test=True,
    )


def _message(webhook: Webhook, secret: str = "") -> wire.Webhook:
    of = {scope: webhook.scope_id if webhook.scope is scope else "" for scope in Scope}
    return wire.Webhook(
        webhook_id=webhook.webhook_id,
        display_name=webhook.name,
        experiment_id=of[Scope.EXPERIMENT],
        recurring_run_id=of[Scope.RECURRING_RUN],
        run_id=of[Scope.RUN],
        states=[state.value for state in webhook.states],
        template=webhook.template.value,
        url=webhook.url,
        to=list(webhook.recipients),
        secret=secret,
        signed=bool(webhook.secret),
        enabled=webhook.enabled,
        created_at=timestamp(webhook.created_at),
    )


def _delivery(delivery: Delivery) -> wire.Delivery:
    pending = delivery.state is DeliveryState.PENDING
    return wire.Delivery(
        delivery_id=delivery.delivery_id,
        webhook_id=delivery.webhook_id,
        run_id=delivery.notice.run_id,
        run_state=RUNTIME_STATE[delivery.notice.state],
        test=delivery.notice.test,
        state=delivery.state.value,
        attempts=delivery.attempts,
        created_at=timestamp(delivery.created_at),
        tried_at=timestamp(delivery.tried_at) if delivery.tried_at else Timestamp(""),
        due_at=timestamp(delivery.due_at) if pending else Timestamp(""),
        answer=delivery.answer,
    )
