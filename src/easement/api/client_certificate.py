"""The client certificate of a request, as our own Envoy says that it has verified it (``x-forwarded-client-cert``).

Envoy replaces the header on the listener of the control plane, so a caller cannot write it. Who reaches the loopback
port behind it can; what they gain is a token that is bound to a certificate, which is less than one that is not. To
authenticate by a certificate the request must also show that it came through the gateway (``x-easement-gateway``).
"""

from __future__ import annotations

import base64
import re
from typing import Final

from easement.identity.oauth_messages import PresentedCertificate

CLIENT_CERTIFICATE_HEADER: Final = "x-forwarded-client-cert"
_HASH: Final = re.compile(r"(?:^|;)Hash=([0-9a-f]{64})(?:;|$)")
_URI: Final = re.compile(r"(?:^|;)URI=([^;,\"\s]{1,300})(?:;|$)")


GATEWAY_HEADER: Final = "x-easement-gateway"


def presented_certificate(values: list[str], *, is_vouched: bool = False) -> PresentedCertificate | None:
    """Thumbprint and identity of the one certificate in the header; None where there is none, or not exactly one."""
    if len(values) != 1 or "," in values[0]:
        return None
    digest, names = _HASH.search(values[0]), _URI.findall(values[0])
    if digest is None:
        return None
    thumbprint = base64.urlsafe_b64encode(bytes.fromhex(digest.group(1))).rstrip(b"=").decode()
    return PresentedCertificate(
        thumbprint=thumbprint, identity=names[0] if len(names) == 1 else "", is_vouched=is_vouched
    )
