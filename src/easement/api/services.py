"""What the control plane's API is made of. The composition root fills this; the routers only read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from easement.api.access import AccessControl
from easement.governance.catalogue import Catalogue
from easement.governance.registry import Registry
from easement.governance.scorecards import Scorecards
from easement.keys.secrets import Secret
from easement.ledger.query import LedgerReader
from easement.store.api_key_hashes import ApiKeyHashes
from easement.store.revocations import Revocations
from easement.store.used_quotas import UsedQuotas


class HealthReader(Protocol):
    """Where the health of integrations comes from."""

    def integration_health(self, now: datetime) -> Sequence[Any]:
        """One dataclass for each integration."""

    def accounts_in_several_places(self, now: datetime) -> Mapping[str, Sequence[str]]:
        """The source addresses of each account that was let in from more than one of late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlServices:
    """The services and the few values that the API needs.

    ``jwks`` gives the public token keys, ``revocations`` what nodes must refuse, ``api_keys`` which keys count,
    ``used_quotas`` which integrations have had their calls of the day; ``roles`` gives, for each process, whether it is
    ready; ``allowed_hosts`` are the names under which this server may be called (a browser on another name is an
    attack).
    """

    registry: Registry
    ledger: LedgerReader
    health: HealthReader
    access: AccessControl
    node_token: Secret
    jwks: Callable[[], dict[str, Any]]
    revocations: Callable[[], Revocations]
    api_keys: Callable[[], ApiKeyHashes]
    roles: Callable[[], Mapping[str, bool]]
    used_quotas: Callable[[], UsedQuotas] = dict
    single_sign_on: bool = False
    """Whether there is an OpenID provider."""
    allowed_hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    max_bundle_bytes: int = 64 * 1024 * 1024
    max_body_bytes: int = 256 * 1024
    catalogue: Catalogue = field(init=False, repr=False)
    """The registry to search and to draw, worked out once for each of its states."""

    scorecards: Scorecards = field(init=False, repr=False)
    """The scores, worked out once for each state of the registry and of its health."""

    def __post_init__(self) -> None:
        """One catalogue and one set of scorecards for all routers and pages."""
        object.__setattr__(self, "catalogue", Catalogue(registry=self.registry))
        object.__setattr__(self, "scorecards", Scorecards(registry=self.registry, health=self.health))
