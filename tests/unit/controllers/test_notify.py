"""Deliveries: signed, tried again, given up, kept from inner addresses; what Slack and mail servers get."""

import asyncio
import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from tests.harness import PATIENCE
from tests.receiver import Receiver

from headrace.base.clock import SECOND, Instant
from headrace.base.errors import InvalidInput
from headrace.base.settings import Settings
from headrace.controllers import notices
from headrace.controllers.mail import mail_server
from headrace.controllers.notify import EACH, GIVE_UP_SECONDS, LOOKED_AT, Notifier, build_sender, delay
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.webhook import Delivery, DeliveryState, Notice, Scope, Template, Webhook
from headrace.store import webhooks
from headrace.store.db import Database, Tx
from headrace.testing.clock import FakeClock

pytestmark = pytest.mark.anyio
NOW = Instant(1_700_000_000 * SECOND)
NOTICE = Notice("run-1", "nightly <b>", "train", "exp", "", NOW, State.FAILED, NOW, Failure("boom & bust", 9))
DELIVERY = Delivery("d1", "w1", "", NOTICE, NOW, NOW, NOW)
HOOK = Webhook("w1", "ops", "", Scope.SERVER, "", (State.FAILED,), Template.JSON, True, NOW, "", (), "word")
OPEN = Settings(webhook_allow_private=True)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path}/x.db", FakeClock(NOW), durable=False)
    yield opened
    opened.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().up() as made:
        yield made


async def tried(database: Database, settings: Settings, url: str, clock: FakeClock, turns: int = 1) -> Delivery:
    """The delivery after so many tries, each as soon as it is due."""
    notifier = Notifier(database, build_sender(settings, clock), clock)
    if not database.read(lambda tx: webhooks.listed(tx, "")):
        database.submit(lambda tx: webhooks.create(tx, replace(HOOK, url=url))).result()
        database.submit(lambda tx: webhooks.post(tx, DELIVERY)).result()
    for _ in range(turns):
        await notifier.turn()
        await notifier.idle()
        found = database.read(lambda tx: webhooks.delivery(tx, "w1", "d1"))
        clock.instant = max(found.due_at, clock.instant)
    return found


async def test_a_delivery_is_signed(database: Database, receiver: Receiver) -> None:
    done = await tried(database, OPEN, receiver.url, FakeClock(NOW))
    assert (done.state, done.attempts, done.answer) == (DeliveryState.DELIVERED, 1, "200 ok")
    headers, body = receiver.next()
    signed = hmac.new(b"word", headers["Headrace-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Headrace-Signature"] == f"sha256={signed}"
    assert headers["Headrace-Delivery"] == "d1"
    assert headers["Headrace-Timestamp"] == "1700000000"
    told = json.loads(body)
    assert told["run"]["state"] == "FAILED"
    assert told["run"]["error"] == {"code": 9, "message": "boom & bust"}
    assert (told["event"], told["delivery_id"], told["at"]) == ("run", "d1", "2023-11-14T22:13:20Z")


async def test_what_is_refused_or_redirected_is_tried_again(database: Database, receiver: Receiver) -> None:
    receiver.answers = [500, 302]
    clock = FakeClock(NOW)
    done = await tried(database, OPEN, receiver.url, clock)
    assert (done.state, done.answer, done.due_at - NOW) == (DeliveryState.PENDING, "500 ok", 10 * SECOND)
    done = await tried(database, OPEN, receiver.url, clock, turns=2)
    assert (done.state, done.attempts) == (DeliveryState.DELIVERED, 3)
    assert {receiver.next()[0]["Headrace-Delivery"] for _ in range(3)} == {"d1"}


async def test_a_dead_receiver_is_waited_for_and_given_up_after_a_day(database: Database) -> None:
    dead = Receiver()
    with dead.up():
        pass
    clock = FakeClock(NOW)
    done = await tried(database, OPEN, dead.url, clock)
    assert (done.state, done.answer) == (DeliveryState.PENDING, "url: the connection failed")
    with dead.up():
        assert (await tried(database, OPEN, dead.url, clock)).state is DeliveryState.DELIVERED
    database.submit(lambda tx: webhooks.again(tx, done, clock.now())).result()
    begun = clock.now()
    while (done := await tried(database, OPEN, dead.url, clock)).state is DeliveryState.PENDING:
        pass
    assert done.state is DeliveryState.FAILED
    assert GIVE_UP_SECONDS - 3600 <= (clock.now() - begun) / SECOND <= GIVE_UP_SECONDS


async def test_a_receiver_that_hangs_holds_up_its_own_webhook_alone(database: Database) -> None:
    answering, begun = threading.Event(), threading.Semaphore(0)

    def send(webhook: Webhook, _delivery: Delivery) -> str:
        if webhook.webhook_id == "hangs":
            begun.release()
            answering.wait()
        return "200"

    def add(tx: Tx, webhook_id: str, count: int, due: Instant) -> None:
        webhooks.create(tx, replace(HOOK, webhook_id=webhook_id))
        for number in range(count):
            name = f"{webhook_id}-{number}"
            webhooks.post(tx, replace(DELIVERY, webhook_id=webhook_id, delivery_id=name, due_at=due))

    notifier = Notifier(database, send, FakeClock(NOW))
    database.submit(lambda tx: add(tx, "hangs", LOOKED_AT, Instant(NOW - 1))).result()
    database.submit(lambda tx: add(tx, "fine", 1, NOW)).result()
    try:
        await notifier.turn()
        while not database.read(lambda tx: webhooks.delivery(tx, "fine", "fine-0").answer):
            await asyncio.sleep(0)
        for _ in range(EACH):
            assert await asyncio.to_thread(begun.acquire, timeout=PATIENCE)
        await notifier.turn()
        tries = [each.attempts for each in database.read(lambda tx: webhooks.deliveries(tx, "hangs"))]
        assert sum(tries) == EACH
    finally:
        answering.set()
        await notifier.stop()


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "http://1.1.1.1/"])
async def test_nothing_is_sent_to_inner_addresses(database: Database, url: str) -> None:
    done = await tried(database, Settings(), url, FakeClock(NOW))
    assert (done.state, done.attempts) == (DeliveryState.FAILED, 1)
    assert "webhook_allow_private" in done.answer


def test_what_slack_gets() -> None:
    made = json.loads(notices.body(replace(HOOK, template=Template.SLACK), DELIVERY))
    assert made["text"] == "❌ Run nightly &lt;b&gt; failed"
    header, facts, error = made["blocks"]
    assert header == {
        "type": "header",
        "text": {"type": "plain_text", "text": "❌ Run nightly <b> failed", "emoji": True},
    }
    assert {"type": "mrkdwn", "text": "*Pipeline*\ntrain"} in facts["fields"]
    assert error == {"type": "section", "text": {"type": "mrkdwn", "text": "```boom &amp; bust```"}}
    endless = replace(DELIVERY, notice=replace(NOTICE, name="n" * 500, failure=Failure("&" * 9_000, 9)))
    made = json.loads(notices.body(replace(HOOK, template=Template.SLACK), endless))
    assert len(made["blocks"][0]["text"]["text"]) <= 150
    assert len(made["blocks"][2]["text"]["text"]) <= 3_000


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                kept = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.kept.append(kept)  # type: ignore[attr-defined]
            if verb == b"RCPT" and b"nobody@" in line:
                self.wfile.write(b"550 secret words\r\n")
            else:
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")
            if verb == b"QUIT":
                return


def test_a_mail_is_sent() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Post) as server:
        server.kept = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings = Settings(
            smtp_url=f"smtp://127.0.0.1:{server.server_address[1]}", smtp_from="Headrace <headrace@example.org>"
        )
        send = build_sender(settings, FakeClock(NOW))
        hook = replace(HOOK, template=Template.EMAIL, recipients=("a@example.org", "b@example.org"))
        try:
            assert send(hook, replace(DELIVERY, notice=replace(NOTICE, name="line\nbreak"))) == "accepted"
            with pytest.raises(Exception, match="refused all recipients"):
                send(replace(hook, recipients=("nobody@example.org",)), DELIVERY)
        finally:
            server.shutdown()
            thread.join()
        message = message_from_bytes(server.kept[0], policy=policy.default)  # type: ignore[attr-defined]
    assert message["Subject"] == "Run line break failed"
    assert (message["From"], message["To"]) == ("Headrace <headrace@example.org>", "a@example.org, b@example.org")
    assert message["Date"].datetime == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert message["Message-ID"] == "<d1@example.org>"
    assert "boom & bust" in message.get_content()


def test_a_mail_server_is_named_by_its_url() -> None:
    server = mail_server("smtps://me:p%40ss@mail.example.org")
    assert server is not None
    assert (server.port, server.encrypted, server.password) == (465, True, "p@ss")
    assert "p@ss" not in repr(server)
    with pytest.raises(InvalidInput):
        mail_server("mail.example.org")
    with pytest.raises(InvalidInput, match="smtp_from"):
        build_sender(Settings(smtp_url="smtp://mail.example.org"), FakeClock(NOW))


def test_the_time_between_tries_doubles_up_to_an_hour() -> None:
    assert [delay(tries) for tries in (1, 2, 3, 30)] == [10, 20, 40, 3600]
