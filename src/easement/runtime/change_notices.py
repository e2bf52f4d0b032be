"""The part of the control role that carries change cases on: their clock, and the notices that wait to be sent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

import structlog

from easement.governance.change_case_clock import advance_change_cases
from easement.governance.contract_use import RecordsInOrder
from easement.governance.notice_delivery import PostOffice, deliver_due
from easement.governance.notice_mail import MailServer, check_mail_server
from easement.governance.notice_webhook import WebhookPolicy
from easement.governance.registry import Registry
from easement.keys.secret_stores import SecretStores
from easement.runtime.settings import Settings

_log = structlog.get_logger()
_LOOK_EVERY_S: Final = 2.0
_ADVANCE_EVERY_S: Final = 60.0


def post_office(settings: Settings, secrets: SecretStores, source: str) -> PostOffice:
    """How notices leave this installation. Raises ``ValueError`` for settings that cannot work."""
    mail = None
    if settings.smtp_host:
        mail = MailServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user,
            sender=settings.smtp_from,
            ca=settings.smtp_ca,
        )
        check_mail_server(mail, is_development=settings.environment == "development")
    hosts = (host.strip().lower() for host in settings.webhook_private_hosts.split(","))
    return PostOffice(
        secrets=secrets,
        mail=mail,
        password=settings.smtp_password,
        webhooks=WebhookPolicy(
            is_development=settings.environment == "development",
            private_hosts=frozenset(host for host in hosts if host),
            ca=settings.webhook_ca,
        ),
        source=source,
    )


async def carry_changes_on(registry: Registry, office: PostOffice, ledger: RecordsInOrder, stop: asyncio.Event) -> None:
    """Deliver what is due and advance the cases until ``stop``; a failure is logged and tried again."""
    advanced = 0.0
    while not stop.is_set():
        try:
            if time.monotonic() - advanced >= _ADVANCE_EVERY_S or not advanced:
                advanced = time.monotonic()
                await asyncio.to_thread(advance_change_cases, registry, registry.now(), ledger)
            tried = await deliver_due(registry, office)
        except Exception:  # noqa: BLE001 - everything stays in the tables, and the next round begins anew
            _log.exception("control.changes_not_carried_on")
            tried = 0
        if not tried:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_EVERY_S)
