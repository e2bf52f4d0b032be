"""Single sign-on at a whole installation: over the gateway's TLS, out to a provider and back, into the console."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import httpx

from easement.testing.installation import Installation, settings_in
from easement.testing.openid_providers import CLIENT_ID, CLIENT_SECRET, OpenIdProviderSimulator

ADA: Final = "ada@example.org"


def test_somebody_signs_in_at_the_provider_and_sees_the_console(tmp_path: Path) -> None:
    with OpenIdProviderSimulator(claims={"email": ADA}) as provider:
        settings = settings_in(tmp_path).model_copy(
            update={
                "oidc_issuer": provider.issuer,
                "oidc_client_id": CLIENT_ID,
                "oidc_client_secret": "secret://file/oidc.secret",
            }
        )
        installation = Installation(settings)
        settings.data.mkdir(mode=0o700, parents=True)
        secret = settings.data / "oidc.secret"
        secret.touch(mode=0o600)
        secret.write_text(CLIENT_SECRET)
        try:
            installation.start()
            installation.api("operator", "POST", "/people", json={"name": ADA, "roles": ["viewer"]})
            with httpx.Client(
                base_url=str(installation.control.base_url),
                verify=installation.trust(),
                follow_redirects=True,
                timeout=20,
            ) as browser:
                before = browser.get("/")
                assert (before.status_code, "Sign in at your organisation" in before.text) == (401, True)
                after = browser.get("/sign-in/sso")
                assert (after.status_code, after.url.path) == (200, "/")
                assert ADA in after.text
                assert browser.get("/api/v1/integrations").status_code == 200
        finally:
            installation.stop()
