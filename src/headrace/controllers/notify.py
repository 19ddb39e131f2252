"""The loop that delivers what webhooks are to be told: takes what is due, sends it, writes what came back.

Deliveries are rows, written with what they tell. A server takes one by moving its due time ahead; if it dies, the
delivery is due again then. So each arrives once or more, with the same id.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from headrace.base.clock import SECOND, Clock, Instant
from headrace.base.egress import Egress, Rules
from headrace.base.errors import HeadraceError, InvalidInput, Unavailable
from headrace.base.settings import Settings
from headrace.controllers import notices
from headrace.controllers.mail import MailServer, mail_server
from headrace.model.webhook import Delivery, DeliveryState, Template, Webhook
from headrace.store import webhooks
from headrace.store.db import Database, Tx

log = logging.getLogger(__name__)

AT_ONCE = 32
EACH = 2
"""So many of them a webhook may have: one whose receiver hangs does not hold up the others."""
LOOKED_AT = 2 * AT_ONCE
"""So many due deliveries are read at once: more than are being sent."""
TIMEOUT_SECONDS = 10.0
TAKEN_SECONDS = 60
"""After so long a delivery that was taken is due again: longer than any try."""

FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 10, 3600
GIVE_UP_SECONDS = 24 * 3600
KEPT_SECONDS = 7 * 24 * 3600
"""How long what became of a delivery is kept."""

PAUSE_SECONDS = 0.1
CLOCK_SECONDS = 2.0
DATABASE_SECONDS = 60.0


def rules(settings: Settings) -> Rules:
    """Where webhooks may send to."""
    hint = "Only a server with webhook_allow_private sends there"
    return Rules(validate=not settings.webhook_allow_private, any_host=True, http_hint=hint, private_hint=hint)


@dataclass(frozen=True, slots=True)
class Sender:
    """How one delivery is sent, in a thread. `mails` is None where the server has no mail server."""

    egress: Egress
    mails: MailServer | None
    sender: str
    clock: Clock

    def __call__(self, webhook: Webhook, delivery: Delivery) -> str:
        """What was answered. Raises Unavailable where it did not arrive, InvalidInput where it must not be sent."""
        if webhook.template is Template.EMAIL:
            if self.mails is None:
                raise Unavailable("the server has no mail server: set smtp_url and smtp_from")
            return self.mails.send(notices.mail(webhook, delivery, self.sender), TIMEOUT_SECONDS)
        body = notices.body(webhook, delivery)
        headers = notices.headers(webhook, delivery, body, self.clock.now())
        answer = self.egress.post(webhook.url, body, headers, seconds=TIMEOUT_SECONDS, where="url")
        said = f"{answer.status} {answer.body.decode(errors='replace')}".strip()
        if not 200 <= answer.status < 300:
            raise Unavailable(said)
        return said


def build_sender(settings: Settings, clock: Clock) -> Sender:
    """Raises InvalidInput for a setting that makes no sense."""
    if settings.smtp_url and not settings.smtp_from:
        raise InvalidInput("it is missing", where="smtp_from", hint="Give the address that mails come from")
    return Sender(Egress(rules(settings)), mail_server(settings.smtp_url), settings.smtp_from, clock)


class Notifier:
    """Lives on the event loop. Sends in threads of its own, so that receivers that hang hold up nothing else."""

    def __init__(self, database: Database, send: Callable[[Webhook, Delivery], str], clock: Clock) -> None:
        self._database = database
        self._send = send
        self._clock = clock
        self._news = asyncio.Event()
        self._threads = ThreadPoolExecutor(AT_ONCE, "webhooks")
        self._sending: dict[tuple[str, str], asyncio.Task[None]] = {}  # by the ids of webhook and delivery
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on with what an earlier server left."""
        self._task = asyncio.get_running_loop().create_task(self._live(), name="webhooks")

    async def stop(self) -> None:
        """What is being sent is sent again by the next server, unless that was quicker."""
        tasks = [*self._sending.values(), *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """There may be a new delivery. Called after the commit."""
        self._news.set()

    async def turn(self) -> Instant:
        """Begin to send what is due, AT_ONCE at a time, EACH of a webhook; gives when the next is due, 0 for none."""
        while len(self._sending) < AT_ONCE:
            look = partial(_look, now=self._clock.now(), full=self._full())
            found, soonest = await asyncio.to_thread(self._database.read, look)
            for delivery, webhook in found:
                self._begin(delivery, webhook)
            if len(found) < LOOKED_AT:
                return soonest
        return Instant(0)  # The end of any of them is news.

    def _full(self) -> list[str]:
        """The webhooks of which no more is to be sent for now."""
        return [each for each, count in Counter(webhook_id for webhook_id, _ in self._sending).items() if count >= EACH]

    def _begin(self, delivery: Delivery, webhook: Webhook) -> None:
        """Send it, unless that has begun or there is no room."""
        key = webhook.webhook_id, delivery.delivery_id
        if key not in self._sending and len(self._sending) < AT_ONCE and webhook.webhook_id not in self._full():
            self._sending[key] = asyncio.get_running_loop().create_task(self._deliver(delivery, webhook))

    async def idle(self) -> None:
        """Until nothing is being sent."""
        while self._sending:
            await asyncio.wait(self._sending.values())

    async def _deliver(self, delivery: Delivery, webhook: Webhook) -> None:
        """Take it, send it, write what came of it."""
        try:
            now = self._clock.now()
            until = Instant(now + TAKEN_SECONDS * SECOND)
            taken = await asyncio.wrap_future(self._database.submit(lambda tx: webhooks.take(tx, delivery, until, now)))
            if taken:
                tried = replace(delivery, attempts=delivery.attempts + 1, tried_at=now)
                done = await self._try(tried, webhook)
                await asyncio.wrap_future(self._database.submit(lambda tx: webhooks.settle(tx, done, until)))
        except HeadraceError as error:
            log.warning("delivery %s will be tried again: %s", delivery.delivery_id, error)
        finally:
            del self._sending[webhook.webhook_id, delivery.delivery_id]
            self._news.set()

    async def _try(self, delivery: Delivery, webhook: Webhook) -> Delivery:
        """The delivery as the try leaves it."""
        try:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._threads, self._send, webhook, delivery)
        except InvalidInput as error:
            return self._over(delivery, DeliveryState.FAILED, str(error))
        except HeadraceError as error:
            due = Instant(self._clock.now() + delay(delivery.attempts) * SECOND)
            if due > delivery.since + GIVE_UP_SECONDS * SECOND:
                return self._over(delivery, DeliveryState.FAILED, str(error))
            return replace(delivery, due_at=due, answer=str(error))
        except Exception as error:
            log.exception("delivery %s cannot be sent", delivery.delivery_id)
            return self._over(delivery, DeliveryState.FAILED, f"internal error: {type(error).__name__}")
        return self._over(delivery, DeliveryState.DELIVERED, answer)

    def _over(self, delivery: Delivery, state: DeliveryState, answer: str) -> Delivery:
        if state is DeliveryState.FAILED:
            log.warning("delivery %s of webhook %s failed: %s", delivery.delivery_id, delivery.webhook_id, answer)
        return replace(delivery, state=state, due_at=self._clock.now(), answer=answer)

    async def _live(self) -> None:
        """The loop top. What goes wrong is said, and tried again."""
        pruned = Instant(0)
        while True:
            self._news.clear()
            try:
                if self._clock.now() - pruned > GIVE_UP_SECONDS * SECOND:
                    pruned = self._clock.now()
                    await self._prune(Instant(pruned - KEPT_SECONDS * SECOND))
                soonest = await self.turn()
            except Exception as error:
                if not isinstance(error, Unavailable):  # That the writer has said.
                    log.exception("webhooks cannot be told; trying again")
                await asyncio.sleep(CLOCK_SECONDS)
            else:
                await self._sleep(soonest)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _prune(self, before: Instant) -> None:
        await asyncio.wrap_future(self._database.submit(lambda tx: webhooks.prune(tx, before)))

    async def _sleep(self, until: Instant) -> None:
        """Until that instant by the clock, wherever it jumps meanwhile, or until there is news."""
        look = asyncio.get_running_loop().time() + DATABASE_SECONDS
        while not self._news.is_set():
            left = look - asyncio.get_running_loop().time()
            if until:
                left = min(left, (until - self._clock.now()) / SECOND)
            if left <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, CLOCK_SECONDS) if until else left):
                    await self._news.wait()


def _look(tx: Tx, now: Instant, full: Collection[str]) -> tuple[list[tuple[Delivery, Webhook]], Instant]:
    """What is due of other webhooks than the full ones, and when the next delivery is."""
    return webhooks.due(tx, now, LOOKED_AT, full), webhooks.soonest(tx, now)


def delay(attempts: int) -> int:
    """Seconds from a try to the next."""
    return min(FIRST_DELAY_SECONDS << min(attempts - 1, 20), LONGEST_DELAY_SECONDS)
