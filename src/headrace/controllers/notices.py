"""What a delivery looks like where it arrives: our JSON, Slack's, or a mail. Takes a webhook and a delivery."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr

from headrace.base.clock import SECOND, Instant, to_rfc3339
from headrace.base.json import JsonObject, JsonValue, compact
from headrace.model.state import RUNTIME_STATE, State
from headrace.model.webhook import Delivery, Notice, Template, Webhook

_WORDS = {State.RUNNING: "has started", State.SUCCEEDED: "succeeded", State.FAILED: "failed"}
_SIGNS = {State.RUNNING: "▶️", State.SUCCEEDED: "✅", State.FAILED: "❌"}
_LONGEST = 2_500
"""Characters of a run's error that Slack is told; it refuses more than 3,000 in a block."""


def body(webhook: Webhook, delivery: Delivery) -> bytes:
    """The body of the request."""
    made = _slack(delivery.notice) if webhook.template is Template.SLACK else _plain(delivery)
    return compact(made).encode("utf-8", "replace")


def headers(webhook: Webhook, delivery: Delivery, sent: bytes, now: Instant) -> Mapping[str, str]:
    """The headers of the request. The signature is over the timestamp, a dot, and the body."""
    timestamp = str(now // SECOND)
    said = {
        "Content-Type": "application/json",
        "Headrace-Delivery": delivery.delivery_id,
        "Headrace-Timestamp": timestamp,
    }
    if webhook.secret:
        digest = hmac.new(webhook.secret.encode(), f"{timestamp}.".encode() + sent, hashlib.sha256).hexdigest()
        said["Headrace-Signature"] = f"sha256={digest}"
    return said


def mail(webhook: Webhook, delivery: Delivery, sender: str) -> EmailMessage:
    """The mail, to all recipients; the same at each try."""
    notice, message = delivery.notice, EmailMessage()
    message["From"], message["To"] = sender, ", ".join(webhook.recipients)
    message["Subject"] = f"{'[test] ' if notice.test else ''}Run {_line(notice.name)} {_word(notice)}"
    message["Date"] = datetime.fromtimestamp(delivery.created_at // SECOND, UTC)
    message["Message-ID"] = f"<{delivery.delivery_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Headrace-Delivery"] = delivery.delivery_id
    lines = [f"{label + ':':<14} {text}" for label, text in _facts(notice)]
    if notice.failure is not None:
        lines += ["", notice.failure.message]
    message.set_content("\n".join(lines).encode("utf-8", "replace").decode() + "\n")
    return message


def _plain(delivery: Delivery) -> JsonObject:
    notice = delivery.notice
    run: dict[str, JsonValue] = {
        "run_id": notice.run_id,
        "display_name": notice.name,
        "pipeline_name": notice.pipeline_name,
        "experiment_id": notice.experiment_id,
        "recurring_run_id": notice.recurring_run_id,
        "created_at": to_rfc3339(notice.created_at),
        "state": RUNTIME_STATE[notice.state],
    }
    if notice.failure is not None:
        run["error"] = {"code": notice.failure.code, "message": notice.failure.message}
    return {
        "delivery_id": delivery.delivery_id,
        "webhook_id": delivery.webhook_id,
        "event": "test" if notice.test else "run",
        "at": to_rfc3339(notice.at),
        "run": run,
    }


def _slack(notice: Notice) -> JsonObject:
    """What is drawn in the channel, and `text` for what is read out and shown in previews."""
    headline = f"{_SIGNS.get(notice.state, '⏹️')} Run {_line(notice.name)} {_word(notice)}"
    fields: list[JsonValue] = [
        {"type": "mrkdwn", "text": f"*{label}*\n{_escaped(text)}"} for label, text in _facts(notice)
    ]
    blocks: list[JsonValue] = [
        {"type": "header", "text": {"type": "plain_text", "text": headline[:150], "emoji": True}},
        {"type": "section", "fields": fields},
    ]
    if notice.failure is not None:
        said = _escaped(notice.failure.message[:_LONGEST])[:_LONGEST].replace("```", "'''")
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"```{said}```"}})
    return {"text": _escaped(headline), "blocks": blocks}


def _facts(notice: Notice) -> list[tuple[str, str]]:
    facts = [
        ("State", RUNTIME_STATE[notice.state]),
        ("Pipeline", notice.pipeline_name),
        ("Run", notice.run_id),
        ("Since", to_rfc3339(notice.at)),
        ("Created", to_rfc3339(notice.created_at)),
        ("Recurring run", notice.recurring_run_id),
    ]
    return [(label, text[:1_900]) for label, text in facts if text]


def _word(notice: Notice) -> str:
    return _WORDS.get(notice.state, "was canceled")


def _line(text: str) -> str:
    """A name as part of a line."""
    return " ".join(text.split()).encode("utf-8", "replace").decode()


def _escaped(text: str) -> str:
    """As Slack's markup wants it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
