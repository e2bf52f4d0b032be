"""Access tokens per second of one core: client authentication, the account's grants, the signature. No HTTP.

Run ``python bench/tokens.py``. It prints tokens per second of CPU time for a client secret, and for a client assertion
(whose single use is written to disk each time).
"""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from easement.identity.authorization_server import AuthorizationServer, authorization_server
from easement.identity.credentials import CredentialStore
from easement.identity.oauth_messages import OAuthRequest
from easement.identity.signing_keys import KeyRing
from easement.identity.spent_tokens import SpentTokens
from easement.keys.jose import generate_signing_key, sign_jwt
from easement.keys.local import open_local_keys
from easement.ledger.record import Record
from easement.plan.model import Account
from easement.store.database import open_engine, sqlite_url
from easement.store.tables import METADATA

ISSUER = "https://localhost:9443"
ACCOUNT = Account(
    client_id="warehouse",
    system="warehouse",
    scopes=("orders.read",),
    audiences=("urn:easement:interface:orders",),
    attributes={"region": "eu"},
    authentication=("oauth2",),
)


def ignore(_records: Sequence[Record]) -> None:
    """The ledger is measured elsewhere."""


def per_second(ask: Callable[[], OAuthRequest], server: AuthorizationServer, rounds: int) -> float:
    now = datetime.now(UTC)
    requests = [ask() for _ in range(rounds)]
    begin = time.process_time()
    for request in requests:
        if server.token(request, now).status != 200:
            raise SystemExit("a token was refused")
    return rounds / (time.process_time() - begin)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, now = Path(name), datetime.now(UTC)
        engine = open_engine(sqlite_url(folder / "control.db"))
        METADATA.create_all(engine)
        keys = KeyRing(engine, open_local_keys(folder), ignore)
        keys.advance(now)
        credentials = CredentialStore(engine, ignore)
        server = authorization_server(
            issuer=ISSUER,
            accounts={"warehouse": ACCOUNT}.get,
            credentials=credentials,
            keys=keys,
            spent=SpentTokens(engine),
            record=ignore,
        )
        secret = credentials.issue_secret("warehouse", actor="bench", now=now).secret.reveal()
        login = "Basic " + base64.b64encode(f"warehouse:{secret}".encode()).decode()
        key = generate_signing_key()
        credentials.register_key("warehouse", key.public_jwk(), actor="bench", now=now)
        numbers = count()

        def with_secret() -> OAuthRequest:
            return OAuthRequest(form={"grant_type": ("client_credentials",)}, authorization=login)

        def with_assertion() -> OAuthRequest:
            claims = {"iss": "warehouse", "sub": "warehouse", "aud": ISSUER, "exp": int(time.time()) + 200}
            text = sign_jwt({**claims, "jti": str(next(numbers))}, key, type="JWT")
            form = {
                "grant_type": ("client_credentials",),
                "client_assertion_type": ("urn:ietf:params:oauth:client-assertion-type:jwt-bearer",),
                "client_assertion": (text,),
            }
            return OAuthRequest(form=form)

        per_second(with_secret, server, 200)
        print(f"client secret     {per_second(with_secret, server, 6000):7.0f} tokens/s of one core")
        print(f"client assertion  {per_second(with_assertion, server, 1500):7.0f} tokens/s of one core")
        engine.dispose()


if __name__ == "__main__":
    main()
