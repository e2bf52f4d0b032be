"""A notice as an e-mail, sent by SMTP (RFC 5321) under TLS. Nothing that a document says can add a header."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any, Final, Literal

from easement.keys.secrets import Secret
from easement.store.notices import StoredNotice

_TIMEOUT_S: Final = 20.0
_SHOWN_CHANGES: Final = 50
MailSecurity = Literal["tls", "starttls", "none"]


class UndeliverableError(Exception):
    """The notice can never be delivered as it is: there is no point in another attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in. ``ca`` is a PEM file of the authority of its certificate, empty for the system's."""

    host: str
    port: int = 587
    security: MailSecurity = "starttls"
    user: str = ""
    sender: str = ""
    ca: str = ""


def mail_of(notice: StoredNotice, sender: str) -> EmailMessage:
    """The message. Raises :class:`UndeliverableError` when an address is not one address."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _address(sender)
        message["To"] = _address(notice.address)
        message["Subject"] = notice.subject
    except ValueError as error:
        raise UndeliverableError(f"the notice cannot be a message: {error}") from error
    message["Date"] = format_datetime(notice.created)
    message["Message-ID"] = f"<{notice.id}@{sender.rpartition('@')[2]}>" if sender else make_msgid()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(notice_lines(notice.content)) + "\n")
    return message


def send_mail(server: MailServer, password: Secret | None, message: EmailMessage) -> None:
    """Hand a message in. Raises ``OSError`` (``smtplib``'s errors are ones) when the server does not take it."""
    context = ssl.create_default_context(cafile=server.ca or None)
    if server.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
    with connection:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.user and password is not None:
            connection.login(server.user, password.reveal())
        connection.send_message(message)


def check_mail_server(server: MailServer, *, is_development: bool) -> None:
    """Raise ``ValueError`` for settings that cannot work: an unreadable authority, mail or a password in clear."""
    if server.ca and not Path(server.ca).is_file():
        raise ValueError(f"EASEMENT_SMTP_CA {server.ca} is no file")
    if server.security == "none" and (server.user or not is_development):
        raise ValueError("EASEMENT_SMTP_SECURITY none sends in clear, in development and without a user only")


def notice_lines(content: Mapping[str, Any]) -> Iterator[str]:
    """What a notice says, line by line, for reading as text."""
    yield f"Change case {content['case']}: {_line(content['subject'])}"
    yield f"For {_line(content['consumer'])}, integration {_line(content['integration'])}"
    if content["successor"]:
        yield f"Successor: {_line(content['successor'])}"
    if content["sunset"]:
        yield f"Served until: {content['sunset'][:10]}"
    yield f"Why: {_line(content['reason'])}"
    if content["documentation"]:
        yield f"Read: {_line(content['documentation'])}"
    yield ""
    yield "What changes for you:" if content["changes"] else "Nothing that you use differs in the successor."
    for change in content["changes"][:_SHOWN_CHANGES]:
        where = " ".join(_line(change.get(name, "")) for name in ("operation", "field") if change.get(name))
        yield f"  - [{_line(change['change'])}] {_line(change['explanation'])}" + (f" ({where})" if where else "")
    if len(content["changes"]) > _SHOWN_CHANGES:
        yield f"  and {len(content['changes']) - _SHOWN_CHANGES} more"
    if content["toDo"]:
        yield ""
        yield "What to do:"
        yield from (f"  - {_line(step)}" for step in content["toDo"])
    if content["link"]:
        yield ""
        yield f"{content['link']}"


def _line(value: object) -> str:
    return " ".join(str(value).split())


def _address(written: str) -> Address:
    """One plain address; two of them, or one with a line break and a header behind it, are none."""
    try:
        address = Address(addr_spec=written)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise UndeliverableError(f"{written!r} is not an e-mail address") from error
    if not address.username or "." not in f"{address.domain}." or not address.domain:
        raise UndeliverableError(f"{written!r} is not an e-mail address")
    return address
