"""Tokens that no longer count although they have not expired: used client assertions and revoked access tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from easement.identity.tokens import Claims
from easement.store.database import reading, writing
from easement.store.revocations import Revocations
from easement.store.tables import revoked_accounts, revoked_tokens, used_assertions

MAX_TOKENS: Final = 500
"""Single tokens that nodes look at for each request. Beyond that, accounts with many lose all they have."""


def _tell_nobody() -> None:
    return


@dataclass(frozen=True, slots=True)
class SpentTokens:
    """Kept in the database until each would have expired, so that a restart forgets none.

    ``changed`` is called after each revocation, so that the nodes hear of it at once. ``token_life`` is the longest
    that a token lives, accepted clock skew included.
    """

    engine: Engine
    changed: Callable[[], None] = _tell_nobody
    token_life: timedelta = timedelta(hours=1)

    def use_assertion(self, client_id: str, token_id: str, expires: datetime) -> bool:
        """Use a client assertion. False when it was used before (RFC 7523 §3 item 7)."""
        row = {"client_id": client_id, "jti": token_id, "expires": expires}
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(used_assertions).values(**row))
        except IntegrityError:
            return False
        return True

    def revoke(self, token_id: str, expires: datetime, *, client_id: str = "", now: datetime | None = None) -> None:
        """Remember that an access token was revoked (RFC 7009). Revoking twice is no error."""
        row = {"jti": token_id, "expires": expires, "client_id": client_id, "revoked": now}
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(revoked_tokens).values(**row))
        except IntegrityError:
            return
        self.changed()

    def revoke_account(self, client_id: str, now: datetime) -> None:
        """Revoke every token of an account that was issued until ``now``, the running second included."""
        row = {"until": now, "expires": now + self.token_life}
        with writing(self.engine) as connection:
            known = connection.execute(
                update(revoked_accounts).where(revoked_accounts.c.client_id == client_id).values(**row)
            )
            if not known.rowcount:
                connection.execute(insert(revoked_accounts).values(client_id=client_id, **row))
        self.changed()

    def is_revoked(self, claims: Claims) -> bool:
        """Whether an access token was revoked, by itself or with its account."""
        with reading(self.engine) as connection:
            token = select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == claims.token_id)
            if connection.execute(token).first() is not None:
                return True
            account = select(revoked_accounts.c.until).where(revoked_accounts.c.client_id == claims.client_id)
            until = connection.execute(account).scalar()
        return until is not None and claims.issued_at <= int(until.timestamp())

    def revocations(self) -> Revocations:
        """All that the nodes must know. Equal until something is revoked or expires."""
        with reading(self.engine) as connection:
            tokens = connection.execute(select(revoked_tokens)).all()
            accounts = connection.execute(select(revoked_accounts)).all()
        cut = {row.client_id: int(row.until.timestamp()) for row in accounts}
        by_account: dict[str, list[tuple[str, datetime | None]]] = defaultdict(list)
        for row in tokens:
            by_account[row.client_id or ""].append((row.jti, row.revoked))
        left = sum(map(len, by_account.values()))
        for client, revoked in sorted(by_account.items(), key=lambda item: -len(item[1])):
            moments = [moment for _, moment in revoked if moment is not None]
            if left <= MAX_TOKENS or not client or not moments:
                continue
            cut[client] = max(cut.get(client, 0), int(max(moments).timestamp()))
            left -= len(by_account.pop(client))
        single = {token: client for client, revoked in by_account.items() for token, _ in revoked}
        return Revocations(tokens=single, accounts=cut)

    def forget_expired(self, now: datetime) -> None:
        """Drop what no verifier accepts any more: the ends that are stored include the accepted clock skew."""
        with writing(self.engine) as connection:
            for table in (used_assertions, revoked_tokens, revoked_accounts):
                connection.execute(delete(table).where(table.c.expires < now))
