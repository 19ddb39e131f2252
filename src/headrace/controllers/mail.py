"""Mail over SMTP: takes the setting `smtp_url` and a message; the operator's own server, so it may be anywhere."""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from headrace.base.errors import InvalidInput, Unavailable

_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """`smtps` is encrypted from the first byte; `smtp` is as soon as the server offers it."""

    host: str
    port: int
    encrypted: bool
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, message: EmailMessage, seconds: float) -> str:
        """What the server made of the message. Blocks. Raises Unavailable without what could be a secret."""
        try:
            with self._connect(seconds) as smtp:
                smtp.ehlo()
                if not self.encrypted and smtp.has_extn("starttls"):
                    smtp.starttls(context=ssl.create_default_context())
                    smtp.ehlo()
                if self.user:
                    smtp.login(self.user, self.password)
                refused = smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise Unavailable("the mail server refused all recipients") from error
        except smtplib.SMTPResponseException as error:
            raise Unavailable(f"the mail server answered {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"the mail server cannot be used: {type(error).__name__}") from error
        return f"accepted, but for {', '.join(refused)}" if refused else "accepted"

    def _connect(self, seconds: float) -> smtplib.SMTP:
        if self.encrypted:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=seconds, context=ssl.create_default_context())
        return smtplib.SMTP(self.host, self.port, timeout=seconds)


def mail_server(url: str) -> MailServer | None:
    """The server that the setting names, None for none. Raises InvalidInput."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in _PORTS or not host:
        hint = "Write it as smtp://USER:PASSWORD@HOST:PORT, or smtps://..."
        raise InvalidInput("it is no URL of a mail server", where="smtp_url", hint=hint)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(host, port or _PORTS[parts.scheme], parts.scheme == "smtps", user, password)
