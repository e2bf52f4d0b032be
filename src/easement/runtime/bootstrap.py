"""The composition root of the control plane: the one place where real things are chosen and joined."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI
from sqlalchemy import Engine

from easement.api.access import AccessControl
from easement.api.accounts import accounts_router
from easement.api.app import create_api
from easement.api.expiry_routes import expiry_router
from easement.api.metrics_routes import metrics_router
from easement.api.oauth import oauth_router
from easement.api.people import people_router
from easement.api.quota_routes import quota_router
from easement.api.services import ControlServices
from easement.api.session_cookie import SessionCookie
from easement.api.sign_in import SSO_CALLBACK, sign_in_router
from easement.api.signing_keys import signing_keys_router
from easement.console.routes import console_router
from easement.governance.compilation import compile_current, current_plan, enforced_estate
from easement.governance.control_validation import request_when_due
from easement.governance.notice_delivery import PostOffice
from easement.governance.registry import Registry
from easement.governance.review_times import review_metrics, review_times
from easement.governance.scorecards import Scorecards
from easement.identity.authorization_server import accounts_by_client, authorization_server
from easement.identity.certificate_authority import CertificateAuthority, Leaf, open_authority
from easement.identity.credentials import CredentialStore
from easement.identity.expiries import Expiry, certificate_expiries, credential_expiries, expiry_metrics
from easement.identity.first_run import ensure_node_token, prepare_people
from easement.identity.openid import OpenIdClient, OpenIdSignIn
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.identity.signing_keys import KeyRing
from easement.identity.spent_tokens import SpentTokens
from easement.keys.local import open_local_keys
from easement.keys.secret_stores import SecretStores
from easement.keys.secrets import Secret
from easement.ledger.query import LedgerReader
from easement.ledger.spool import Spool
from easement.monitoring.expectations import write_expectations
from easement.monitoring.metrics import exposition
from easement.monitoring.quotas import QuotaReader, QuotaUse, quota_metrics, used_up
from easement.monitoring.reader import MonitoringReader
from easement.plan.codec import decode_plan
from easement.plan.model import Account
from easement.runtime.change_notices import post_office
from easement.runtime.layout import DataDirectory
from easement.runtime.opened_registry import open_registry
from easement.runtime.roles import issuer_of
from easement.runtime.secret_stores import secret_stores
from easement.runtime.settings import Settings
from easement.store.database import open_engine, sqlite_url
from easement.store.heartbeat import read_heartbeat
from easement.store.migrate import upgrade

OTHER_ROLES: Final = ("ledger", "broker", "decider", "gateway", "relay", "monitor")
_BEAT_FRESH_MS: Final = 10_000
_REVIEWED: Final = timedelta(days=30)
_TOKEN_MARGIN: Final = timedelta(minutes=5)
"""Over the life of a token: accepted clock skew, and nodes whose clocks differ."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """The control plane, ready to serve."""

    app: FastAPI
    registry: Registry
    keys: KeyRing
    spent: SpentTokens
    authority: CertificateAuthority
    leaves: tuple[Leaf, ...]
    data: DataDirectory
    spool: Spool
    ledger: LedgerReader
    office: PostOffice
    scorecards: Scorecards
    probe_every: timedelta
    """How often all controls are probed without being asked; zero means never."""
    started: datetime
    _programmed: list[str] = field(default_factory=list)

    def tend(self, now: datetime) -> None:
        """What has to be done now and then: turn keys and certificates over, compile again (agreements run out)."""
        if self.keys.advance(now):
            self.registry.feed.publish()
        self.authority.ensure(self.data.certificates, self.leaves, now)
        self.spent.forget_expired(now)
        digest = compile_current(self.registry)
        if self._programmed != [digest]:
            write_expectations(self.data.monitor, enforced_estate(self.registry))
            self._programmed[:] = [digest]
            self.registry.feed.publish()  # another process may have made the plan
        self.scorecards.keep_today()
        if self.probe_every:
            request_when_due(self.registry, self.probe_every, since=self.started)

    def close(self) -> None:
        """Let go of the database and the spool."""
        self.registry.engine.dispose()
        self.spool.close()


@dataclass(slots=True)
class PlanAccounts:
    """The service accounts of the current plan, decoded once for each plan."""

    registry: Registry
    _hash: str = ""
    _accounts: Mapping[str, Account] = field(default_factory=dict)
    _looked: float = 0.0

    def __call__(self, client_id: str) -> Account | None:
        """The account of a client, or None when no live contract names it."""
        if time.monotonic() - self._looked > 0.5:  # a plan change reaches tokens within half a second
            stored = current_plan(self.registry)
            if stored is not None and stored.hash != self._hash:
                self._accounts = accounts_by_client(decode_plan(stored.content).accounts)
                self._hash = stored.hash
            self._looked = time.monotonic()
        return self._accounts.get(client_id)


def build_control_plane(settings: Settings, *, now: datetime | None = None) -> ControlPlane:
    """Open or make everything that the control plane stands on, and join it.

    The first run makes keys, the certificate authority, the administrator, and a one-time link in a file that
    ``easement up`` prints and removes. Raises ``OSError``, ``RuntimeError`` or ``ValueError`` when something is
    unusable, naming it.
    """
    now = now or datetime.now(UTC)
    data = DataDirectory(settings.data.resolve())
    data.create()
    secrets = secret_stores(settings, data)
    provider = open_local_keys(data.keys)
    engine = open_engine(settings.database_url or sqlite_url(data.database))
    upgrade(engine)
    spool = Spool(data.spool, "control")
    record = spool.append
    registry = open_registry(settings, data, engine, record)
    authority = open_authority(
        certificates=data.certificates,
        keys=data.keys,
        provider=provider,
        trust_domain=settings.public_host.lower(),
        now=now,
    )
    people = People(engine, record)
    sign_in = SignIn(engine, people, record)
    first = prepare_people(people, sign_in, operator_token=data.keys / "operator.token", now=now)
    if first.link_code is not None:
        _leave_link(data, registry.console_url, first.link_code)
    keys = KeyRing(engine, provider, record)
    keys.advance(now)
    longest = timedelta(seconds=settings.token_lifetime_s) + _TOKEN_MARGIN
    spent = SpentTokens(engine, changed=registry.feed.publish, token_life=longest)
    credentials = CredentialStore(engine, record)
    expiries = partial(_expiries, credentials, data.certificates)
    cookie = SessionCookie(allow_plain=settings.environment == "development")
    access = AccessControl(authenticator=sign_in, cookie=cookie, record=record)
    monitoring = MonitoringReader(data.monitor)
    quotas = partial(_quota_uses, registry, QuotaReader(data.monitor))
    services = ControlServices(
        registry=registry,
        ledger=LedgerReader(data.ledger),
        health=monitoring,
        access=access,
        node_token=ensure_node_token(data.node_token),
        jwks=keys.jwks,
        revocations=spent.revocations,
        api_keys=lambda: credentials.api_key_hashes(registry.now()),
        used_quotas=lambda: used_up(quotas(registry.now())),
        single_sign_on=bool(settings.oidc_issuer),
        roles=lambda: roles_ready(data, int(time.time() * 1000)),
        allowed_hosts=frozenset({"localhost", "127.0.0.1", "[::1]", settings.public_host}),
    )
    oauth = authorization_server(
        issuer=issuer_of(settings),
        accounts=PlanAccounts(registry),
        credentials=credentials,
        keys=keys,
        spent=spent,
        record=record,
        token_lifetime_s=settings.token_lifetime_s,
    )
    app = create_api(
        services,
        (
            oauth_router(oauth, services.node_token),
            sign_in_router(sign_in, cookie, _single_sign_on(settings, secrets, engine)),
            accounts_router(credentials, authority, spent, is_system=_is_system(registry), guard=access.guard),
            signing_keys_router(keys, on_changed=registry.feed.publish, guard=access.guard),
            people_router(sign_in, console_url=registry.console_url, guard=access.guard),
            console_router(services, monitoring),
            metrics_router(access, partial(_metrics, data.monitor, registry, expiries, quotas), registry.now),
            expiry_router(expiries, registry.now, guard=access.guard),
            quota_router(quotas, registry.now, guard=access.guard),
        ),
    )
    return ControlPlane(
        app=app,
        registry=registry,
        keys=keys,
        spent=spent,
        authority=authority,
        leaves=leaves_of(settings),
        data=data,
        spool=spool,
        ledger=services.ledger,
        office=post_office(settings, secrets, registry.console_url),
        scorecards=services.scorecards,
        probe_every=timedelta(hours=settings.probe_hours),
        started=registry.now(),
    )


def _single_sign_on(settings: Settings, secrets: SecretStores, engine: Engine) -> OpenIdSignIn | None:
    """Raises ``ValueError`` for settings that cannot work."""
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        raise ValueError("EASEMENT_OIDC_ISSUER is set: set EASEMENT_OIDC_CLIENT_ID, too")
    reference = settings.oidc_client_secret
    client = OpenIdClient(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        secret=partial(secrets.of_operator, reference) if reference else None,
        claim=settings.oidc_claim,
        redirect_uri=issuer_of(settings) + SSO_CALLBACK,
        ca=settings.oidc_ca,
        allow_plain=settings.environment == "development",
    )
    return OpenIdSignIn(client, engine)


def leaves_of(settings: Settings) -> tuple[Leaf, ...]:
    """The certificates that our own servers and clients need."""
    names = tuple(dict.fromkeys((settings.public_host, "localhost")))
    addresses = ("127.0.0.1", "::1")
    return tuple(Leaf(name=name, dns_names=names, addresses=addresses) for name in ("gateway", "broker", "relay"))


def roles_ready(data: DataDirectory, now_ms: int) -> dict[str, bool]:
    """Which of the other processes say that they are ready, and have said so just now."""
    found: dict[str, bool] = {}
    for role in OTHER_ROLES:
        beat = read_heartbeat(data.run, role)
        found[role] = beat is not None and bool(beat["ready"]) and now_ms - int(beat["time_ms"]) < _BEAT_FRESH_MS
    return found


def _metrics(
    folder: Path,
    registry: Registry,
    expiries: Callable[[datetime], Iterable[Expiry]],
    quotas: Callable[[datetime], Iterable[QuotaUse]],
    now: datetime,
) -> bytes:
    """What flows, what of quotas is used, how reviews go, and what ends."""
    reviews = review_metrics(review_times(registry, now - _REVIEWED, now))
    return exposition(folder, now) + quota_metrics(quotas(now)) + reviews + expiry_metrics(expiries(now))


def _quota_uses(registry: Registry, reader: QuotaReader, now: datetime) -> Iterable[QuotaUse]:
    stored = current_plan(registry)
    return reader.uses(stored.hash, stored.content, int(now.timestamp())) if stored else ()


def _expiries(credentials: CredentialStore, certificates: Path, now: datetime) -> Iterable[Expiry]:
    yield from credential_expiries(credentials.live_with_an_end(now))
    yield from certificate_expiries(certificates, now)


def _is_system(registry: Registry) -> Callable[[str], bool]:
    def known(name: str) -> bool:
        return ("System", name) in registry.snapshot().registered

    return known


def _leave_link(data: DataDirectory, console_url: str, code: Secret) -> None:
    path = data.first_sign_in
    path.touch(mode=0o600)
    path.write_text(f"{console_url}/sign-in/{code.reveal()}\n")
