"""Everything of identity, opened once for a process: what the composition root asks for.

``keep_current`` is the clockwork: signing keys move along, certificates are renewed, spent tokens are forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from easement.identity.acts import RecordSink
from easement.identity.authorization_server import AccountLookup, AuthorizationServer, authorization_server
from easement.identity.certificate_authority import CertificateAuthority, Leaf, open_authority
from easement.identity.credentials import CredentialStore
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.identity.signing_keys import KeyRing
from easement.identity.spent_tokens import SpentTokens
from easement.keys.local import open_local_keys

_EVERY_S: Final = 60.0
_SKEW: Final = timedelta(seconds=30)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConfig:
    """Where keys and certificates lie, by which name tokens are issued, and which leaves the installation needs.

    ``issuer`` is ``https://HOST:PORT`` without a path. ``trust_domain`` is the authority of the SPIFFE ids.
    """

    keys: Path
    certificates: Path
    issuer: str
    trust_domain: str
    token_lifetime_s: int = 300
    leaves: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The opened services."""

    config: IdentityConfig
    credentials: CredentialStore
    keys: KeyRing
    server: AuthorizationServer
    people: People
    sign_in: SignIn
    authority: CertificateAuthority

    def advance(self, now: datetime) -> bool:
        """One turn of the clockwork. Returns whether the token keys changed, and so have to reach the nodes."""
        changed = self.keys.advance(now)
        for name in self.authority.ensure(self.config.certificates, self.config.leaves, now):
            _log.info("identity.certificate_renewed", certificate=name)
        self.server.spent.forget_expired(now - _SKEW)
        return changed


def open_identity(
    config: IdentityConfig, *, engine: Engine, accounts: AccountLookup, record: RecordSink, now: datetime
) -> Identity:
    """Open the services; the first run makes keys and the certificate authority.

    ``engine`` has its tables. Raises ``KeyProviderError`` or ``CertificateAuthorityError`` with the file to mend.
    """
    provider = open_local_keys(config.keys)
    credentials = CredentialStore(engine, record)
    keys = KeyRing(engine, provider, record)
    people = People(engine, record)
    identity = Identity(
        config=config,
        credentials=credentials,
        keys=keys,
        server=authorization_server(
            issuer=config.issuer,
            accounts=accounts,
            credentials=credentials,
            keys=keys,
            spent=SpentTokens(engine),
            record=record,
            token_lifetime_s=config.token_lifetime_s,
        ),
        people=people,
        sign_in=SignIn(engine, people, record),
        authority=open_authority(
            certificates=config.certificates,
            keys=config.keys,
            provider=provider,
            trust_domain=config.trust_domain,
            now=now,
        ),
    )
    identity.advance(now)
    return identity


def component_leaves(names: Sequence[str], *, public_host: str) -> tuple[Leaf, ...]:
    """Leaves for components that are reached by ``public_host``, and on this machine by ``localhost``."""
    dns_names = tuple(dict.fromkeys(("localhost", public_host)))
    return tuple(Leaf(name=name, dns_names=dns_names, addresses=("127.0.0.1", "::1")) for name in names)


async def keep_current(identity: Identity, on_keys_changed: Callable[[], None], stop: asyncio.Event) -> None:
    """Turn the clockwork every minute until ``stop`` is set. A turn that fails is tried again; the old keys go on."""
    while not stop.is_set():
        try:
            if await asyncio.to_thread(identity.advance, datetime.now(UTC)):
                on_keys_changed()
        except Exception as error:  # noqa: BLE001 - whatever fails now (disk, database) must not end the rotation for ever
            _log.error("identity.advance_failed", error=type(error).__name__, reason=str(error))
        try:
            await asyncio.wait_for(stop.wait(), _EVERY_S)
        except TimeoutError:
            continue
