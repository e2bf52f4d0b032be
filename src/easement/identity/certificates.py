"""Facts about certificates: thumbprints (RFC 8705) and the identities in them."""

from __future__ import annotations

import base64
import hmac

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from easement.identity.tokens import Claims


def certificate_thumbprint(certificate_pem: str) -> str:
    """``x5t#S256`` of the first certificate in ``certificate_pem``. Raises ``ValueError`` when it is none."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


def is_bound_to(claims: Claims, certificate_pem: str) -> bool:
    """Whether the token is bound to this certificate. A bearer token is bound to none."""
    thumbprint = certificate_thumbprint(certificate_pem)
    return bool(claims.certificate_thumbprint) and hmac.compare_digest(claims.certificate_thumbprint, thumbprint)


def system_of(certificate_pem: str, *, trust_domain: str) -> str | None:
    """The system named by the one SPIFFE id in a client certificate, or None."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    identities = names.get_values_for_type(x509.UniformResourceIdentifier)
    prefix = f"spiffe://{trust_domain}/system/"
    if len(identities) != 1 or not identities[0].startswith(prefix):
        return None
    return identities[0].removeprefix(prefix)
