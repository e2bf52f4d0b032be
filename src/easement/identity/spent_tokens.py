"""Tokens that no longer count although they have not expired: used client assertions and revoked access tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from easement.store.database import reading, writing
from easement.store.tables import revoked_tokens, used_assertions


@dataclass(frozen=True, slots=True)
class SpentTokens:
    """Kept in the database until each would have expired, so that a restart forgets none."""

    engine: Engine

    def use_assertion(self, client_id: str, token_id: str, expires: datetime) -> bool:
        """Use a client assertion. False when it was used before (RFC 7523 §3 item 7)."""
        row = {"client_id": client_id, "jti": token_id, "expires": expires}
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(used_assertions).values(**row))
        except IntegrityError:
            return False
        return True

    def revoke(self, token_id: str, expires: datetime) -> None:
        """Remember that an access token was revoked (RFC 7009). Revoking twice is no error."""
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(revoked_tokens).values(jti=token_id, expires=expires))
        except IntegrityError:
            return

    def is_revoked(self, token_id: str) -> bool:
        """Whether an access token was revoked."""
        with reading(self.engine) as connection:
            query = select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == token_id)
            return connection.execute(query).first() is not None

    def forget_expired(self, now: datetime) -> None:
        """Drop what no verifier accepts any more: the ends that are stored include the accepted clock skew."""
        with writing(self.engine) as connection:
            connection.execute(delete(used_assertions).where(used_assertions.c.expires < now))
            connection.execute(delete(revoked_tokens).where(revoked_tokens.c.expires < now))
