"""Webhooks and their outbox, on every database."""

from dataclasses import replace

import pytest
from tests.store.build import a_run, do, make_run

from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.engine.decision import RunMoved
from headrace.model.event import TerminateRequested
from headrace.model.run import Failure, Run
from headrace.model.state import State
from headrace.model.webhook import DeliveryState, Scope, Template, Webhook
from headrace.store import runs, webhooks
from headrace.store.db import Database


def hook(database: Database, name: str, *states: State, scope: Scope = Scope.SERVER, of: str = "") -> Webhook:
    made = Webhook(
        name, name, "", scope, of, states, Template.JSON, True, Instant(1), f"https://example.org/{name}", secret="s"
    )
    do(database, lambda tx: webhooks.create(tx, made))
    return made


def end(database: Database, run: Run, *states: State) -> None:
    moved = [RunMoved(Instant(5), state, Failure("x", 9) if state is State.FAILED else None) for state in states]
    do(database, lambda tx: runs.write(tx, run, 0, (TerminateRequested(Instant(5)),), moved))


def told(database: Database, webhook: Webhook) -> list[tuple[str, State]]:
    found = database.read(lambda tx: webhooks.deliveries(tx, webhook.webhook_id))
    return sorted((each.notice.name, each.notice.state) for each in found)


def test_who_asked_for_it_is_told(database: Database) -> None:
    run = make_run(database, replace(a_run(), recurring_run_id="daily"))
    everything = hook(database, "all", State.RUNNING, State.FAILED)
    ended = hook(database, "ended", State.SUCCEEDED)
    daily = hook(database, "daily", State.FAILED, scope=Scope.RECURRING_RUN, of="daily")
    single = hook(database, "single", State.FAILED, scope=Scope.RUN, of=run.run_id)
    other = hook(database, "other", State.FAILED, scope=Scope.EXPERIMENT, of="nobody's")
    off = replace(hook(database, "off", State.FAILED), enabled=False)
    do(database, lambda tx: webhooks.change(tx, off))
    end(database, run, State.RUNNING, State.FAILED)
    assert told(database, everything) == [("r", State.FAILED), ("r", State.RUNNING)]
    assert [told(database, each) for each in (ended, other, off)] == [[], [], []]
    assert [told(database, each) for each in (daily, single)] == [[("r", State.FAILED)]] * 2
    found = database.read(lambda tx: webhooks.deliveries(tx, daily.webhook_id))
    assert found[0].notice.failure == Failure("x", 9)


def test_one_server_tries_a_delivery_and_its_outcome_is_kept(database: Database) -> None:
    webhook = hook(database, "all", State.FAILED)
    end(database, make_run(database), State.FAILED)
    [(delivery, found)] = database.read(lambda tx: webhooks.due(tx, Instant(9), 10))
    assert found == webhook
    assert database.read(lambda tx: webhooks.due(tx, Instant(4), 10)) == []
    assert database.read(lambda tx: webhooks.soonest(tx, Instant(4))) == 5
    takes = [do(database, lambda tx: webhooks.take(tx, delivery, Instant(69), Instant(9))) for _ in range(2)]
    assert takes == [True, False]
    assert database.read(lambda tx: webhooks.due(tx, Instant(9), 10)) == []
    [(again, _)] = database.read(lambda tx: webhooks.due(tx, Instant(70), 10))
    assert (again.attempts, again.tried_at) == (1, 9), "who took it is gone"
    do(database, lambda tx: webhooks.take(tx, again, Instant(130), Instant(70)))
    late = replace(again, state=DeliveryState.FAILED, answer="late", due_at=Instant(71))
    do(database, lambda tx: webhooks.settle(tx, late, Instant(69)))
    assert database.read(lambda tx: webhooks.delivery(tx, "all", delivery.delivery_id)).answer == ""
    done = replace(again, state=DeliveryState.DELIVERED, answer="200", attempts=2, due_at=Instant(72))
    do(database, lambda tx: webhooks.settle(tx, done, Instant(130)))
    assert database.read(lambda tx: webhooks.delivery(tx, "all", delivery.delivery_id)) == done
    do(database, lambda tx: webhooks.prune(tx, Instant(72)))
    assert told(database, webhook) == [("r", State.FAILED)]
    do(database, lambda tx: webhooks.again(tx, done, Instant(100)))
    assert [each.attempts for each, _ in database.read(lambda tx: webhooks.due(tx, Instant(100), 10))] == [2]
    do(database, lambda tx: webhooks.settle(tx, done, Instant(100)))
    do(database, lambda tx: webhooks.prune(tx, Instant(73)))
    assert told(database, webhook) == []


def test_what_a_disabled_webhook_was_to_be_told_is_held(database: Database) -> None:
    webhook = hook(database, "all", State.FAILED)
    end(database, make_run(database), State.FAILED)
    [(delivery, _)] = database.read(lambda tx: webhooks.due(tx, Instant(9), 10))
    do(database, lambda tx: webhooks.change(tx, replace(webhook, enabled=False)))
    assert database.read(lambda tx: webhooks.due(tx, Instant(9), 10)) == []
    assert database.read(lambda tx: webhooks.soonest(tx, Instant(4))) == 0
    assert not do(database, lambda tx: webhooks.take(tx, delivery, Instant(69), Instant(9)))
    do(database, lambda tx: webhooks.prune(tx, Instant(2**60)))
    do(database, lambda tx: webhooks.change(tx, webhook))
    assert [each for each, _ in database.read(lambda tx: webhooks.due(tx, Instant(9), 10))] == [delivery]


def test_a_deleted_webhook_is_told_nothing(database: Database) -> None:
    webhook = hook(database, "all", State.FAILED)
    end(database, make_run(database), State.FAILED)
    do(database, lambda tx: webhooks.remove(tx, "", "all"))
    assert told(database, webhook) == []
    with pytest.raises(NotFound):
        database.read(lambda tx: webhooks.get(tx, "", "all"))
