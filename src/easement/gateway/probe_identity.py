"""The credentials of a probe: throw-away keys that only the probe-safe copy of a route trusts.

Nothing here opens the data plane: its listener knows neither the key that signs these tokens, nor the authority of
these certificates, nor the API keys. All of it lives as long as one run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from easement.gateway.control_case import Credential
from easement.keys.jose import SigningKey, generate_signing_key, sign_jwt
from easement.store.api_key_hashes import ApiKeyHashes
from easement.store.atomic_file import write_atomically

_LIFE: Final = timedelta(hours=6)
_TOKEN_LIFE_S: Final = 300
_OTHER: Final = "easement-probe-other"
_TIMES: Final = ("iat", "nbf", "exp")


@dataclass(slots=True)
class ProbeIdentity:
    """Keys, certificates and API keys of one run, with files below ``folder`` for what needs files."""

    folder: Path
    issuer: str
    authority: Path
    """The root that servers of this installation have their certificates from."""
    trusted: SigningKey = field(default_factory=generate_signing_key, init=False)
    _foreign: SigningKey = field(default_factory=generate_signing_key, init=False, repr=False)
    _key: ec.EllipticCurvePrivateKey = field(init=False, repr=False)
    _root: x509.Certificate = field(init=False, repr=False)
    _api_keys: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _certificates: dict[str, tuple[Path, str]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the run's own root."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = _certificate("easement probe", self._key, self._key, None, None)

    def trust(self) -> Path:
        """The authorities of the copy: those of the installation, and the run's own."""
        path = self.folder / "trusted.pem"
        own = self._root.public_bytes(serialization.Encoding.PEM)
        write_atomically(path, self.authority.read_bytes() + b"\n" + own, durable=False)
        return path

    def api_keys(self, clients: set[str]) -> ApiKeyHashes:
        """A key for each client, as the copy knows it."""
        for client in clients - self._api_keys.keys():
            self._api_keys[client] = "eak_" + secrets.token_urlsafe(32)
        until = int(time.time() + _LIFE.total_seconds())
        return {hashlib.sha256(key.encode()).hexdigest(): (name, until) for name, key in self._api_keys.items()}

    def headers(self, credential: Credential) -> dict[str, str]:
        """The headers that show a credential."""
        if credential.place == "query" or credential.kind == "none":
            return {}
        if credential.kind == "api-key":
            return {"x-api-key": self._api_key(credential)}
        return {"authorization": f"Bearer {self._token(credential)}"}

    def query(self, credential: Credential) -> str:
        """The query that shows a credential where it must not be read."""
        if credential.place != "query":
            return ""
        if credential.kind == "api-key":
            return f"x-api-key={self._api_key(credential)}&api_key={self._api_key(credential)}"
        return f"access_token={self._token(credential)}"

    def tls(self, credential: Credential) -> ssl.SSLContext:
        """The context of a caller who shows the certificate, if any, and verifies the server."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.check_hostname = False  # the copy stands on a loopback address; its certificate is the gateway's own
        if credential.certificate:
            name = credential.system if credential.certificate == "own" else _OTHER
            context.load_cert_chain(self._certificate_of(name)[0])
        return context

    def shown(self, system: str) -> ssl.SSLContext:
        """The context of a caller with a certificate of the run's own authority, whatever the server trusts."""
        return self.tls(Credential(certificate="own", system=system))

    def _api_key(self, credential: Credential) -> str:
        live = self._api_keys.get(credential.system, "") if credential.is_live else ""
        return live or "eak_" + secrets.token_urlsafe(32)

    def _token(self, credential: Credential) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "iat": now, "nbf": now, "exp": now + _TOKEN_LIFE_S, "jti": secrets.token_hex(8),
        }  # fmt: skip
        claims |= {name: now + value if name in _TIMES else value for name, value in credential.claims.items()}
        if credential.is_bound:
            claims["cnf"] = {"x5t#S256": self._certificate_of(credential.system)[1]}
        if credential.key == "unsigned":
            header = {"alg": "none", "typ": credential.header_type}
            return f"{_part(header)}.{_part(claims)}."
        key = self.trusted if credential.key == "trusted" else self._foreign
        return sign_jwt(claims, key, type=credential.header_type)

    def _certificate_of(self, system: str) -> tuple[Path, str]:
        """The file of a system's certificate and key, and the certificate's thumbprint (RFC 8705 §3.1)."""
        if system not in self._certificates:
            key = ec.generate_private_key(ec.SECP256R1())
            made = _certificate(system, key, self._key, self._root, f"spiffe://probe.easement.internal/system/{system}")
            private = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            path = self.folder / f"{system}.pem"
            write_atomically(path, made.public_bytes(serialization.Encoding.PEM) + private, durable=False)
            path.chmod(0o600)
            digest = hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).digest()
            self._certificates[system] = (path, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
        return self._certificates[system]


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    uri: str | None,
) -> x509.Certificate:
    """A root (without ``issuer``) or a client's certificate with its SPIFFE id."""
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
        .add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if uri:
        alternative = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(signer, hashes.SHA256())
