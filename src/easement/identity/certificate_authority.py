"""The installation's own certificate authority: a root, an issuing authority, short-lived leaves (RFC 5280).

* The private keys of root and issuing authority are sealed by the key provider; leaf keys are 0600 files, since the
  servers that use them read files.
* Leaves live for days and are made anew when a third of their life remains: a compromised one ends by itself.
* ``ca.pem`` (the root) is what callers trust. A leaf's ``.pem`` file holds the leaf and the issuing certificate.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from easement.keys.provider import KeyProvider
from easement.keys.secrets import Secret
from easement.store.atomic_file import write_atomically

_ROOT_LIFE: Final = timedelta(days=3650)
_ISSUING_LIFE: Final = timedelta(days=365)
LEAF_LIFE: Final = timedelta(days=7)
MAX_CLIENT_LIFE: Final = timedelta(days=30)
_CLOCK_SKEW: Final = timedelta(minutes=5)
_RENEW_FRACTION: Final = 3
_SYSTEM = re.compile(r"^[a-z][a-z0-9-]{0,62}$")
_DOMAIN = re.compile(r"^(?=.{1,255}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")


class CertificateAuthorityError(RuntimeError):
    """The authority's files are damaged or incomplete, or a certificate was asked for with names it cannot carry."""

    code = "EAS-7004"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A certificate that a component needs: file name and the names in it."""

    name: str
    dns_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A client certificate chain (PEM, leaf first), its serial number (hexadecimal), private key and last moment."""

    serial_number: str
    thumbprint: str
    """base64url SHA-256 of the leaf (``x5t#S256``, RFC 8705 §3.1)."""
    chain_pem: str
    private_key: Secret
    expires: datetime


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """Issues leaves. Opened by :func:`open_authority`."""

    trust_domain: str
    root: x509.Certificate
    _issuing: _Authority = field(repr=False)

    def ensure(self, folder: Path, leaves: Sequence[Leaf], now: datetime) -> tuple[str, ...]:
        """Make ``ca.pem`` and each missing, ageing, damaged or differently named leaf in ``folder``.

        Returns the names that were made anew, so that their servers can reload. The key is written before its
        certificate: who reloads at the change of the ``.pem`` file finds the pair complete.
        """
        _write_if_changed(folder / "ca.pem", _pem(self.root))
        renewed = [leaf for leaf in leaves if not self._is_current(folder, leaf, now)]
        for leaf in renewed:
            key = ec.generate_private_key(ec.SECP256R1())
            names = [*map(x509.DNSName, leaf.dns_names), *map(_ip_name, leaf.addresses), self._component(leaf.name)]
            usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = self._prepare(leaf.name, key.public_key(), LEAF_LIFE, now)
            certificate = self._sign(builder, names, usages)
            write_atomically(folder / f"{leaf.name}.key", _private_pem(key))
            write_atomically(folder / f"{leaf.name}.pem", _pem(certificate) + _pem(self._issuing.certificate))
        return tuple(leaf.name for leaf in renewed)

    def issue_client(self, system: str, *, life: timedelta, now: datetime) -> IssuedCertificate:
        """A client certificate whose only name is ``spiffe://TRUST_DOMAIN/system/SYSTEM``, for at most 30 days."""
        if not _SYSTEM.match(system) or system.endswith("\n"):
            raise CertificateAuthorityError(f"{system!r} is not the name of a system")
        if not timedelta(0) < life <= MAX_CLIENT_LIFE:
            raise CertificateAuthorityError(f"a client certificate lives at most {MAX_CLIENT_LIFE.days} days")
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.UniformResourceIdentifier(f"spiffe://{self.trust_domain}/system/{system}")
        builder = self._prepare(system, key.public_key(), life, now)
        certificate = self._sign(builder, [name], [ExtendedKeyUsageOID.CLIENT_AUTH])
        return IssuedCertificate(
            serial_number=f"{certificate.serial_number:x}",
            thumbprint=_thumbprint(certificate),
            chain_pem=(_pem(certificate) + _pem(self._issuing.certificate)).decode(),
            private_key=Secret(_private_pem(key).decode()),
            expires=certificate.not_valid_after_utc,
        )

    def _component(self, name: str) -> x509.UniformResourceIdentifier:
        return x509.UniformResourceIdentifier(f"spiffe://{self.trust_domain}/component/{name}")

    def _prepare(
        self, common_name: str, public_key: ec.EllipticCurvePublicKey, life: timedelta, now: datetime
    ) -> x509.CertificateBuilder:
        end = min(now + life, self._issuing.certificate.not_valid_after_utc)
        return _builder(common_name, self._issuing.certificate.subject, public_key, now - _CLOCK_SKEW, end)

    def _sign(
        self,
        builder: x509.CertificateBuilder,
        names: Sequence[x509.GeneralName],
        usages: Sequence[x509.ObjectIdentifier],
    ) -> x509.Certificate:
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(_issuer_id(self._issuing.certificate), critical=False)
            .sign(self._issuing.key, hashes.SHA256())
        )

    def _is_current(self, folder: Path, leaf: Leaf, now: datetime) -> bool:
        try:
            chain = x509.load_pem_x509_certificates((folder / f"{leaf.name}.pem").read_bytes())
            key = serialization.load_pem_private_key((folder / f"{leaf.name}.key").read_bytes(), password=None)
            chain[0].verify_directly_issued_by(self._issuing.certificate)
            names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        wanted = {*leaf.dns_names, *(ipaddress.ip_address(address) for address in leaf.addresses)}
        present = {*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.IPAddress)}
        return (
            chain[1:] == [self._issuing.certificate]
            and key.public_key() == chain[0].public_key()
            and wanted == present
            and not _is_ageing(chain[0], now)
        )


def open_authority(
    *, certificates: Path, keys: Path, provider: KeyProvider, trust_domain: str, now: datetime
) -> CertificateAuthority:
    """Open the authority, or make it on the first run; the issuing certificate is renewed when it ages.

    ``keys`` holds the sealed private keys, ``certificates`` the public halves. Raises
    :class:`CertificateAuthorityError` when one half is there without the other: nothing is silently replaced.
    """
    if not _DOMAIN.match(trust_domain) or trust_domain.endswith("\n"):
        raise CertificateAuthorityError(f"{trust_domain!r} is not a trust domain: use lower-case letters, digits, dots")
    files = _AuthorityFiles(certificates, keys, provider)
    root = files.load("root-ca") or files.save("root-ca", _make_root(trust_domain, now))
    issuing = files.load("issuing-ca")
    if issuing is None or _is_ageing(issuing.certificate, now):
        issuing = files.save("issuing-ca", _make_issuing(root, trust_domain, now))
    try:
        issuing.certificate.verify_directly_issued_by(root.certificate)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise CertificateAuthorityError(
            f"issuing-ca.pem in {certificates} was not issued by root-ca.pem: restore both from one backup"
        ) from error
    return CertificateAuthority(trust_domain, root.certificate, issuing)


@dataclass(frozen=True, slots=True)
class _AuthorityFiles:
    """``NAME.pem`` in ``certificates`` and ``NAME.sealed`` in ``keys``."""

    certificates: Path
    keys: Path
    provider: KeyProvider

    def load(self, name: str) -> _Authority | None:
        public, sealed = self.certificates / f"{name}.pem", self.keys / f"{name}.sealed"
        if not sealed.exists() and not public.exists():
            return None
        try:
            certificate = x509.load_pem_x509_certificate(public.read_bytes())
            der = self.provider.open(sealed.read_bytes(), _aad(name))
            key = serialization.load_der_private_key(der, password=None)
        except (OSError, ValueError) as error:
            raise CertificateAuthorityError(
                f"{public} or {sealed} is missing or damaged: restore both from a backup"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise CertificateAuthorityError(f"{sealed} is not the key of {public}: restore both from one backup")
        return _Authority(certificate, key)

    def save(self, name: str, authority: _Authority) -> _Authority:
        der = authority.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_atomically(self.keys / f"{name}.sealed", self.provider.seal(der, _aad(name)))
        write_atomically(self.certificates / f"{name}.pem", _pem(authority.certificate))
        return authority


def _aad(name: str) -> bytes:
    return f"certificate-authority:{name}".encode()


def _make_root(trust_domain: str, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    common_name = f"Easement root for {trust_domain}"[:64]
    subject = _name(common_name)
    builder = _builder(common_name, subject, key.public_key(), now - _CLOCK_SKEW, now + _ROOT_LIFE)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Authority(certificate, key)


def _make_issuing(root: _Authority, trust_domain: str, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + _ISSUING_LIFE, root.certificate.not_valid_after_utc)
    common_name = f"Easement issuing for {trust_domain}"[:64]
    builder = _builder(common_name, root.certificate.subject, key.public_key(), now - _CLOCK_SKEW, end)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(_issuer_id(root.certificate), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    return _Authority(certificate, key)


def _builder(
    common_name: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _issuer_id(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _ip_name(address: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_address(address))


def _is_ageing(certificate: x509.Certificate, now: datetime) -> bool:
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_after_utc - now <= life / _RENEW_FRACTION


def _thumbprint(certificate: x509.Certificate) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_if_changed(path: Path, data: bytes) -> None:
    if not path.exists() or path.read_bytes() != data:
        write_atomically(path, data, mode=0o644)
