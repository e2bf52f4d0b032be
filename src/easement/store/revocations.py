"""What no longer counts although it has not expired: the control plane's list, as the nodes follow and keep it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocations:
    """``tokens`` are revoked access tokens (``jti``) with their accounts.

    ``accounts`` says until which second (since the epoch, that second included) the tokens of an account were issued
    that are all revoked.
    """

    tokens: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)

    def covers(self, *, token_id: str, client_id: str, issued_at: int) -> bool:
        """Whether a token is revoked."""
        return token_id in self.tokens or issued_at <= self.accounts.get(client_id, -1)

    def accounts_hit_since(self, before: Revocations) -> frozenset[str]:
        """The accounts of which something is revoked here that was not yet in ``before``."""
        tokens = {client for token, client in self.tokens.items() if token not in before.tokens}
        cut = {client for client, second in self.accounts.items() if second > before.accounts.get(client, -1)}
        return frozenset(tokens | cut)


NOTHING_REVOKED = Revocations()


def encode_revocations(revocations: Revocations) -> bytes:
    """Canonical JSON: equal lists give equal bytes."""
    tree = {"accounts": dict(revocations.accounts), "tokens": dict(revocations.tokens)}
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()


def decode_revocations(data: bytes) -> Revocations:
    """Read what :func:`encode_revocations` wrote. Raises ``ValueError`` when it is damaged."""
    tree: Any = json.loads(data)
    if not isinstance(tree, dict) or tree.keys() != {"accounts", "tokens"}:
        raise ValueError("not a list of revocations")
    tokens, accounts = tree["tokens"], tree["accounts"]
    if not isinstance(tokens, dict) or not all(isinstance(client, str) for client in tokens.values()):
        raise ValueError("tokens are not names by id")
    if not isinstance(accounts, dict) or not all(type(second) is int for second in accounts.values()):
        raise ValueError("accounts are not seconds by name")
    return Revocations(tokens=tokens, accounts=accounts)
