"""Webhooks, and the outbox of their deliveries.

A delivery is written in the transaction that brings its run to the state, so none is lost; whoever takes one moves its
due time into the future first, so one server tries it at a time, and another does where that one is gone.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.model.run import Failure, Run, StateChange
from headrace.model.state import State
from headrace.model.webhook import TELLABLE, Delivery, DeliveryState, Notice, Scope, Template, Webhook
from headrace.store import tables as t
from headrace.store.rows import Values, from_json, to_json

LISTED = 200
"""How many deliveries of a webhook are listed, the newest."""

_W, _D = t.webhooks.c, t.deliveries.c
_CONCERNED = select(_W.webhook_id, _W.states).where(
    _W.namespace == bindparam("namespace"), _W.enabled == 1, _W.scope_id.in_(bindparam("scopes", expanding=True))
)
_ADD = insert(t.deliveries)
_WAITING = _D.state == DeliveryState.PENDING.value
_ENABLED = _D.webhook_id.in_(select(_W.webhook_id).where(_W.enabled == 1))
"""Those of a webhook that is not are held until it is."""
_OWNED = _D.webhook_id.in_(select(_W.webhook_id))
"""Its webhook may be deleted by a transaction that does not see the delivery yet."""


def create(tx: Connection, webhook: Webhook) -> None:
    tx.execute(insert(t.webhooks), {"webhook_id": webhook.webhook_id, **_values(webhook)})


def change(tx: Connection, webhook: Webhook) -> None:
    """Write it as it is now."""
    tx.execute(update(t.webhooks).where(_W.webhook_id == webhook.webhook_id).values(_values(webhook)))


def remove(tx: Connection, namespace: str, webhook_id: str) -> None:
    """With its deliveries. Raises NotFound."""
    get(tx, namespace, webhook_id)
    tx.execute(delete(t.webhooks).where(_W.webhook_id == webhook_id))
    tx.execute(delete(t.deliveries).where(_D.webhook_id == webhook_id))


def get(tx: Connection, namespace: str, webhook_id: str) -> Webhook:
    """Raises NotFound."""
    row = tx.execute(select(t.webhooks).where(_W.webhook_id == webhook_id, _W.namespace == namespace)).first()
    if row is None:
        raise NotFound(f"Webhook {webhook_id} not found")
    return _webhook(row)


def listed(tx: Connection, namespace: str) -> list[Webhook]:
    """All of them, oldest first."""
    order = _W.created_at, _W.webhook_id
    return [_webhook(row) for row in tx.execute(select(t.webhooks).where(_W.namespace == namespace).order_by(*order))]


def queue(tx: Connection, run: Run, moves: Sequence[StateChange], keys: Sequence[int]) -> None:
    """Write a delivery of each of these moves to each webhook that asked for it; `keys` tell the moves apart."""
    told = [(move, key) for move, key in zip(moves, keys, strict=True) if move.state in TELLABLE]
    if not told:
        return
    scopes = list({"", run.experiment_id, run.recurring_run_id, run.run_id})
    for row in tx.execute(_CONCERNED, {"namespace": run.namespace, "scopes": scopes}).all():
        states = from_json(row.states)
        for move, key in told:
            if move.state.value in states:
                delivery_id = ids.derived(row.webhook_id, "delivery", run.run_id, key)
                notice = _notice(run, move)
                post(tx, Delivery(delivery_id, row.webhook_id, run.namespace, notice, move.at, move.at, move.at))


def post(tx: Connection, delivery: Delivery) -> None:
    """Write a new delivery."""
    tx.execute(_ADD, {**_delivery_values(delivery), "notice": _notice_json(delivery.notice)})


def deliveries(tx: Connection, webhook_id: str) -> list[Delivery]:
    """Of a webhook, newest first, at most LISTED."""
    order = _D.created_at.desc(), _D.delivery_id.desc()
    found = select(t.deliveries).where(_D.webhook_id == webhook_id).order_by(*order).limit(LISTED)
    return [_delivery(row) for row in tx.execute(found)]


def delivery(tx: Connection, webhook_id: str, delivery_id: str) -> Delivery:
    """Raises NotFound."""
    which = _D.delivery_id == delivery_id, _D.webhook_id == webhook_id
    row = tx.execute(select(t.deliveries).where(*which)).first()
    if row is None:
        raise NotFound(f"Delivery {delivery_id} not found")
    return _delivery(row)


def again(tx: Connection, delivery: Delivery, now: Instant) -> Delivery:
    """Try it again from now on, as if it were new."""
    fresh = replace(delivery, state=DeliveryState.PENDING, since=now, due_at=now)
    tx.execute(update(t.deliveries).where(_D.delivery_id == delivery.delivery_id).values(_delivery_values(fresh)))
    return fresh


def due(tx: Connection, now: Instant, limit: int, full: Collection[str] = ()) -> list[tuple[Delivery, Webhook]]:
    """The deliveries that are due, the longest due first, with their webhooks; none of those that are full."""
    which = _WAITING, _ENABLED, _D.due_at <= now, _D.webhook_id.not_in(full)
    found = select(t.deliveries).where(*which).order_by(_D.due_at, _D.delivery_id)
    waiting = [_delivery(row) for row in tx.execute(found.limit(limit))]
    if not waiting:
        return []
    rows = tx.execute(select(t.webhooks).where(_W.webhook_id.in_({each.webhook_id for each in waiting})))
    webhooks = {row.webhook_id: _webhook(row) for row in rows}
    return [(each, webhooks[each.webhook_id]) for each in waiting]


def soonest(tx: Connection, now: Instant) -> Instant:
    """When the next delivery after now is due, 0 for none."""
    return Instant(tx.execute(select(func.min(_D.due_at)).where(_WAITING, _ENABLED, _D.due_at > now)).scalar() or 0)


def take(tx: Connection, delivery: Delivery, until: Instant, now: Instant) -> bool:
    """Try it until then, unless somebody else has taken it, or it is over or held. Counts the try."""
    which = _D.delivery_id == delivery.delivery_id, _WAITING, _ENABLED, _D.due_at == delivery.due_at
    values = {"due_at": until, "tried_at": now, "attempts": delivery.attempts + 1}
    return tx.execute(update(t.deliveries).where(*which).values(values)).rowcount == 1


def settle(tx: Connection, delivery: Delivery, until: Instant) -> None:
    """Write how the try went that was taken until then; not if it was taken over meanwhile."""
    which = _D.delivery_id == delivery.delivery_id, _D.due_at == until, _WAITING
    tx.execute(update(t.deliveries).where(*which).values(_delivery_values(delivery)))


def prune(tx: Connection, before: Instant) -> None:
    """Forget deliveries that were over by then, and those whose webhook was deleted while they were written."""
    tx.execute(delete(t.deliveries).where(~_WAITING, _D.due_at < before))
    tx.execute(delete(t.deliveries).where(~_OWNED))


def _values(webhook: Webhook) -> Values:
    return {
        "namespace": webhook.namespace,
        "name": webhook.name,
        "scope": webhook.scope.value,
        "scope_id": webhook.scope_id,
        "template": webhook.template.value,
        "enabled": int(webhook.enabled),
        "created_at": webhook.created_at,
        "states": to_json([state.value for state in webhook.states]),
        "url": webhook.url,
        "recipients": to_json(webhook.recipients),
        "secret": webhook.secret,
    }


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        webhook_id=row.webhook_id,
        name=row.name,
        namespace=row.namespace,
        scope=Scope(row.scope),
        scope_id=row.scope_id,
        states=tuple(map(State, from_json(row.states))),
        template=Template(row.template),
        enabled=bool(row.enabled),
        created_at=Instant(row.created_at),
        url=row.url,
        recipients=tuple(from_json(row.recipients)),
        secret=row.secret,
    )


def _delivery_values(delivery: Delivery) -> Values:
    return {
        "delivery_id": delivery.delivery_id,
        "webhook_id": delivery.webhook_id,
        "namespace": delivery.namespace,
        "state": delivery.state.value,
        "created_at": delivery.created_at,
        "since": delivery.since,
        "due_at": delivery.due_at,
        "tried_at": delivery.tried_at,
        "attempts": delivery.attempts,
        "answer": delivery.answer,
    }


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        delivery_id=row.delivery_id,
        webhook_id=row.webhook_id,
        namespace=row.namespace,
        notice=_notice_of(from_json(row.notice)),
        created_at=Instant(row.created_at),
        since=Instant(row.since),
        due_at=Instant(row.due_at),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        tried_at=Instant(row.tried_at),
        answer=row.answer,
    )


def _notice(run: Run, move: StateChange) -> Notice:
    return Notice(
        run_id=run.run_id,
        name=run.name,
        pipeline_name=run.pipeline_name,
        experiment_id=run.experiment_id,
        recurring_run_id=run.recurring_run_id,
        created_at=run.created_at,
        state=move.state,
        at=move.at,
        failure=move.failure,
    )


def _notice_json(notice: Notice) -> str:
    failure = None if notice.failure is None else [notice.failure.message, notice.failure.code]
    return to_json(
        {
            "run_id": notice.run_id,
            "name": notice.name,
            "pipeline_name": notice.pipeline_name,
            "experiment_id": notice.experiment_id,
            "recurring_run_id": notice.recurring_run_id,
            "created_at": notice.created_at,
            "state": notice.state.value,
            "at": notice.at,
            "failure": failure,
            "test": notice.test,
        }
    )


def _notice_of(value: Any) -> Notice:
    failure = Failure(*value.pop("failure")) if value["failure"] else value.pop("failure")
    return Notice(**{**value, "state": State(value["state"])}, failure=failure)
