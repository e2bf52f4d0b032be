"""Attacks on signed tokens and sealed payloads (RFC 8725 §2), each against the strict wrapper."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from easement.identity.tokens import TokenError, TokenVerifier, issue_access_token
from easement.keys.jose import (
    JoseError,
    generate_signing_key,
    open_payload,
    seal_payload,
    sign_jwt,
    thumbprint,
    verification_key,
    verify_jwt,
)

NOW = 1_800_000_000.0
KEY = generate_signing_key()
KEYS = {KEY.kid: verification_key(KEY.public_jwk())}
CLAIMS = {"sub": "warehouse", "iat": int(NOW), "exp": int(NOW) + 300}
TYPES = {"at+jwt"}


def b64(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def verify(token: str, **options: Any) -> dict[str, Any]:
    return verify_jwt(token, options.pop("keys", KEYS), types=TYPES, now=options.pop("now", NOW), **options)


def signed(header: dict[str, Any], claims: dict[str, Any] | bytes = CLAIMS) -> str:
    """A token with any header, truly signed by our key."""
    body = f"{b64(header)}.{b64(claims)}"
    return f"{body}.{b64(raw_signature(body))}"


def raw_signature(body: str) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    der = KEY.key.private_key.sign(body.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}


def test_true_token_passes() -> None:
    assert verify(signed(HEADER)) == CLAIMS
    assert verify(sign_jwt(CLAIMS, KEY, type="at+jwt"))["sub"] == "warehouse"


def public_pem() -> bytes:
    return KEY.key.public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def hs256_with_the_public_key() -> str:
    body = f"{b64({'alg': 'HS256', 'typ': 'at+jwt', 'kid': KEY.kid})}.{b64(CLAIMS)}"
    return f"{body}.{b64(hmac.digest(public_pem(), body.encode(), hashlib.sha256))}"


def weak_rsa() -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    return {"kty": "RSA", "alg": "RS256", "e": "AQAB", "n": b64(numbers.n.to_bytes(128, "big"))}


def by_a_stranger(**header: Any) -> str:
    stranger = ECKey.generate_key("P-256", private=True)
    registry = jws.JWSRegistry(strict_check_header=False)
    return jws.serialize_compact({**HEADER, **header}, json.dumps(CLAIMS), stranger, registry=registry)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(f"{b64({**HEADER, 'alg': 'none'})}.{b64(CLAIMS)}.", "algorithm", id="alg-none"),
        pytest.param(f"{b64({**HEADER, 'alg': 'NONE'})}.{b64(CLAIMS)}.", "algorithm", id="alg-none-in-capitals"),
        pytest.param(hs256_with_the_public_key(), "algorithm", id="hs256-with-public-key"),
        pytest.param(signed({**HEADER, "alg": "ES384"}), "algorithm", id="alg-of-another-curve"),
        pytest.param(signed({"typ": "at+jwt", "kid": KEY.kid}), "algorithm", id="alg-missing"),
        pytest.param(by_a_stranger(), "signature", id="strangers-signature-under-our-kid"),
        pytest.param(by_a_stranger(kid="strange"), "key", id="unknown-kid"),
        pytest.param(by_a_stranger(kid="../../dev/null"), "key", id="kid-path-traversal"),
        pytest.param(by_a_stranger(kid="' OR 1=1 --"), "key", id="kid-injection"),
        pytest.param(signed({**HEADER, "kid": ["a"]}), "header", id="kid-not-text"),
        pytest.param(signed({**HEADER, "jwk": KEY.public_jwk()}), "header", id="key-in-the-token"),
        pytest.param(signed({**HEADER, "jku": "https://evil.example/jwks"}), "header", id="jku"),
        pytest.param(signed({**HEADER, "x5u": "https://evil.example/x"}), "header", id="x5u"),
        pytest.param(signed({**HEADER, "x5c": []}), "header", id="x5c"),
        pytest.param(signed({**HEADER, "crit": ["exp"], "exp": 1}), "header", id="crit"),
        pytest.param(signed({**HEADER, "b64": False}), "header", id="b64-false"),
        pytest.param(signed({**HEADER, "zip": "DEF"}, zlib.compress(b"{}")), "header", id="zip"),
        pytest.param(signed({**HEADER, "typ": "JWT"}), "type", id="wrong-typ"),
        pytest.param(signed({"alg": "ES256", "kid": KEY.kid}), "type", id="no-typ"),
        pytest.param(signed(HEADER) + "=", "malformed", id="padding"),
        pytest.param(signed(HEADER).replace(".", "=.", 1), "malformed", id="padding-in-header"),
        pytest.param(signed(HEADER) + "\n", "malformed", id="line-break"),
        pytest.param(" " + signed(HEADER), "malformed", id="space"),
        pytest.param(signed(HEADER) + ".x", "malformed", id="four-parts"),
        pytest.param(signed(HEADER).rpartition(".")[0], "malformed", id="two-parts"),
        pytest.param(signed(HEADER).rpartition(".")[0] + ".", "signature", id="empty-signature"),
        pytest.param(f"{signed(HEADER).rpartition('.')[0]}.{b64(bytes(64))}", "signature", id="psychic-zero-signature"),
        pytest.param(signed(HEADER, b'{"exp":1900000000,"exp":1900000001}'), "malformed", id="repeated-claim"),
        pytest.param(signed(HEADER, b'{"exp":NaN}'), "malformed", id="nan"),
        pytest.param(signed(HEADER, b'{"exp":1e999}'), "claims", id="infinite-exp"),
        pytest.param(signed(HEADER, b"[]"), "malformed", id="claims-not-an-object"),
        pytest.param(signed(HEADER, b"[" * 3000), "malformed", id="depth-bomb"),
        pytest.param(signed(HEADER, b"\xff{}"), "malformed", id="not-utf8"),
        pytest.param(signed(HEADER, {**CLAIMS, "x": "a" * 9000}), "oversize", id="oversize"),
        pytest.param(signed(HEADER, {"sub": "x"}), "claims", id="no-exp"),
        pytest.param(signed(HEADER, {**CLAIMS, "exp": True}), "claims", id="boolean-exp"),
        pytest.param(signed(HEADER, {**CLAIMS, "exp": "1900000000"}), "claims", id="text-exp"),
        pytest.param(signed(HEADER, {**CLAIMS, "exp": NOW - 6}), "expired", id="expired"),
        pytest.param(signed(HEADER, {**CLAIMS, "nbf": NOW + 60}), "early", id="future-nbf"),
        pytest.param(signed(HEADER, {**CLAIMS, "iat": NOW + 60}), "early", id="future-iat"),
        pytest.param(signed(HEADER, {**CLAIMS, "nbf": None}), "claims", id="null-nbf"),
    ],
)
def test_hostile_token_is_refused_for_the_right_reason(token: str, reason: str) -> None:
    with pytest.raises(JoseError) as refusal:
        verify(token)
    assert refusal.value.reason == reason


def test_noncanonical_base64_of_a_true_signature_is_refused() -> None:
    token = signed(HEADER)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    with pytest.raises(JoseError, match="canonical"):
        verify(twin)


def test_any_changed_character_breaks_the_token() -> None:
    token = signed(HEADER)
    for position in range(0, len(token), 7):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        with pytest.raises(JoseError):
            verify(changed)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(OctKey.generate_key(256, private=True).as_dict(private=True), id="symmetric"),
        pytest.param(KEY.private_jwk(), id="private"),
        pytest.param(weak_rsa(), id="weak-rsa"),
        pytest.param(RSAKey.generate_key(2048, private=True).as_dict(private=False), id="rsa-without-alg"),
        pytest.param({**KEY.public_jwk(), "alg": "HS256"}, id="another-algorithm"),
        pytest.param({**KEY.public_jwk(), "use": "enc"}, id="encryption-key"),
        pytest.param({**KEY.public_jwk(), "y": KEY.public_jwk()["x"]}, id="not-on-the-curve"),
        pytest.param({**KEY.public_jwk(), "kid": "k" * 200}, id="long-kid"),
        pytest.param({}, id="empty"),
        pytest.param({"kty": "EC", "crv": "P-256"}, id="no-point"),
    ],
)
def test_unfit_public_key_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(JoseError) as refusal:
        verification_key(bad)
    assert refusal.value.reason == "key"


def test_rfc7638_3_1_thumbprint_of_its_own_example_in_another_library() -> None:
    import jwt as pyjwt

    assert thumbprint(KEY.public_jwk()) == KEY.kid
    assert pyjwt.PyJWK(KEY.public_jwk()).key_type == "EC"
    members = {name: KEY.public_jwk()[name] for name in ("crv", "kty", "x", "y")}
    expected = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    assert KEY.kid == b64(expected)


def access_token(**changes: Any) -> str:
    header = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}
    claims = {
        "iss": "https://as", "sub": "a", "client_id": "a", "aud": ["urn:x"], "scope": "s", "iat": int(NOW),
        "nbf": int(NOW), "exp": int(NOW) + 300, "jti": "1", "attributes": {}, **changes,
    }  # fmt: skip
    return signed(header, {name: value for name, value in claims.items() if value is not ...})


VERIFIER = TokenVerifier({"keys": [KEY.public_jwk()]}, "https://as")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other"},
        {"iss": ["https://as"]},
        {"aud": "urn:x"},
        {"aud": []},
        {"aud": [1]},
        {"sub": ""},
        {"client_id": ...},
        {"jti": ...},
        {"iat": ...},
        {"scope": ["s"]},
        {"attributes": {"region": 1}},
        {"attributes": []},
        {"cnf": {"jkt": "x"}},
        {"exp": 1.9e9},
    ],
    ids=str,
)
def test_access_token_with_wrong_claims_is_refused(changes: dict[str, Any]) -> None:
    assert VERIFIER.verify(access_token(), NOW).client_id == "a"
    with pytest.raises(TokenError):
        VERIFIER.verify(access_token(**changes), NOW)


def test_client_assertion_is_no_access_token() -> None:
    with pytest.raises(TokenError) as refusal:
        VERIFIER.verify(sign_jwt({**CLAIMS, "iss": "https://as"}, KEY, type="JWT"), NOW)
    assert refusal.value.reason == "type"


def test_binding_to_a_certificate_travels_in_cnf() -> None:
    token, claims = issue_access_token(
        KEY, issuer="https://as", client_id="a", audiences=("urn:x",), scopes=(), attributes={}, now=NOW,
        lifetime_s=300, certificate_thumbprint="t" * 43,
    )  # fmt: skip
    assert VERIFIER.verify(token, NOW) == claims
    assert claims.certificate_thumbprint == "t" * 43


# --- sealed payloads ---

RECIPIENT = ECKey.generate_key("P-256", private=True)
PUBLIC = RECIPIENT.as_dict(private=False)
PRIVATE = RECIPIENT.as_dict(private=True)
AAD = {"contract": "orders-to-warehouse", "revision": "abc"}


def test_sealed_payload_opens_for_its_recipient_and_its_contract_only() -> None:
    sealed = seal_payload(b"secret", PUBLIC, aad_fields=AAD)
    assert b"secret" not in sealed
    assert open_payload(sealed, PRIVATE, aad_fields=AAD) == b"secret"
    assert open_payload(seal_payload(b"", PUBLIC, aad_fields=AAD), PRIVATE, aad_fields=AAD) == b""
    with pytest.raises(JoseError):
        open_payload(sealed, PRIVATE, aad_fields={**AAD, "revision": "other"})
    stranger = ECKey.generate_key("P-256", private=True).as_dict(private=True)
    with pytest.raises(JoseError):
        open_payload(sealed, stranger, aad_fields=AAD)


def test_any_changed_character_of_a_sealed_payload_is_noticed() -> None:
    sealed = seal_payload(b"secret", PUBLIC, aad_fields=AAD)
    for position in range(0, len(sealed), 11):
        changed = bytearray(sealed)
        changed[position] = ord("A") if changed[position] != ord("A") else ord("B")
        with pytest.raises(JoseError):
            open_payload(bytes(changed), PRIVATE, aad_fields=AAD)


@pytest.mark.parametrize("extra", [{"zip": "DEF"}, {"crit": ["zip"]}, {"alg": "ECDH-ES+A128KW"}, {"enc": "A128GCM"}])
def test_sealed_payload_with_another_header_is_refused(extra: dict[str, Any]) -> None:
    header = {
        "alg": "ECDH-ES+A256KW", "enc": "A256GCM", "typ": "easement+jwe", "kid": RECIPIENT.thumbprint(),
        "easement": AAD, **extra,
    }  # fmt: skip
    if "crit" in extra:
        sealed = seal_payload(b"x", PUBLIC, aad_fields=AAD).split(b".")
        sealed[0] = b64(header).encode()
        forged = b".".join(sealed)
    else:
        registry = jwe.JWERegistry(
            algorithms=["ECDH-ES+A256KW", "ECDH-ES+A128KW", "A256GCM", "A128GCM", "DEF"], strict_check_header=False
        )
        forged = jwe.encrypt_compact(header, b"x" * 100_000, RECIPIENT, registry=registry).encode()
    with pytest.raises(JoseError):
        open_payload(forged, PRIVATE, aad_fields=AAD)


def test_payload_is_never_sealed_to_a_private_or_signing_key() -> None:
    for jwk in (PRIVATE, {**PUBLIC, "use": "sig"}, {**PUBLIC, "y": PUBLIC["x"]}, {"kty": "oct", "k": "AAAA"}, {}):
        with pytest.raises(JoseError):
            seal_payload(b"x", jwk, aad_fields={})
