"""Each detector: what it finds and what it leaves alone. Values are put together here; none stands in the file."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from easement.contract.credential_detectors import DETECTORS, is_placeholder
from easement.contract.literal_secrets import known_form

WORD = "aB3dE5gH7jK9mN1pQ4sT6vX8zA2cF0hL"
UPPER = "A1B2C3D4E5F6G7H8"
BAD = {
    "private-key": [
        "-----BEGIN " + "PRIVATE KEY-----",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
        "PuTTY-User-Key-" + "File-3: ssh-ed25519",
    ],
    "aws-access-key-id": ["AKIA" + UPPER, "key ASIA" + UPPER + " of the shop"],
    "aws-secret-key": [
        "aws_secret_" + "access_key = " + WORD + "1234/+ab",
        "SecretAccess" + "Key: " + WORD + "1234/+ab",
    ],
    "azure-key": ["DefaultEndpointsProtocol=https;Account" + "Key=" + WORD + WORD + "=="],
    "azure-signature": ["https://store.example/box?sv=1&" + "sig=" + WORD + "%3D"],
    "google-key": ["AIza" + (WORD + "abc")[:35], "GOCSPX-" + WORD[:28], "ya29." + WORD],
    "provider-token": [
        "ghp_" + "a1" * 18,
        "glpat-" + WORD[:20],
        "xoxb-" + "1234567890-abc",
        "npm_" + "a1" * 18,
        "hvs." + WORD,
        "dop_v1_" + "ab" * 32,
    ],
    "provider-key": ["sk_live_" + WORD, "SG." + WORD[:22] + "." + WORD, "sk-" + WORD],
    "chat-webhook": ["https://hooks.slack.com/services/" + "T00AA00AA/B00AA00AA/" + WORD[:24]],
    "signed-token": ["eyJhbGciOiJFUzI1NiJ9." + "eyJzdWIiOiJ4In0." + WORD],
    "url-password": ["postgresql://shop:" + "tr0mbone@db/orders", "https://:" + "tr0mbone@host.internal"],
    "connection-string": [
        "Server=db;Database=orders;User Id=shop;" + "Password=tr0mbone;",
        "host=db;" + "pwd=tr0mbone",
    ],
    "authorization-header": ["Authorization: Bearer " + WORD, "Basic " + base64.b64encode(b"shop:tr0mbone7").decode()],
}
GOOD = {
    "private-key": ["-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----", "send the private key by courier"],
    "aws-access-key-id": ["AKIA", "XAKIA" + UPPER, "AKIA" + UPPER + "9", "AKIA" + UPPER.lower()],
    "aws-secret-key": ["secretAccessKey: a text of forty characters", "secretAccessKey = secret://env/AWS"],
    "azure-key": ["AccountKey=secret", "AccountKey={key}"],
    "azure-signature": ["https://store.example/box?sig=valid", "signature=" + WORD],
    "google-key": ["AIza", "ya29.short"],
    "provider-token": ["ghp_short", "glpat-x", "npm_install", "xoxb-1"],
    "provider-key": ["sk_live_", "sk-learn", "SG.1.2"],
    "chat-webhook": ["https://hooks.slack.com/services/", "https://docs.slack.com/services/T1/B2/x"],
    "signed-token": ["eyJhbGciOiJFUzI1NiJ9", "header.payload.signature"],
    "url-password": ["https://shop.example:8443/v1", "mailto:shop@example.com", "https://shop@example.com/a:b@c"],
    "connection-string": ["Server=db;Database=orders;", "the password= of the user"],
    "authorization-header": ["Basic authentication is not used any more", "Bearer tokens come from the server"],
}


def cases(table: dict[str, list[str]]) -> list[Any]:
    return [
        pytest.param(name, text, id=f"{name}-{number}")
        for name, texts in table.items()
        for number, text in enumerate(texts)
    ]


def test_every_detector_has_cases_of_both_kinds() -> None:
    ids = [one.id for one in DETECTORS]
    assert len(ids) == len(set(ids))
    assert BAD.keys() == GOOD.keys() == set(ids)


@pytest.mark.parametrize(("detector", "text"), cases(BAD))
def test_a_credential_is_detected(detector: str, text: str) -> None:
    match = known_form(text)
    assert match is not None
    assert match.detector == detector
    assert match.public <= 4


@pytest.mark.parametrize(("detector", "text"), cases(GOOD))
def test_what_is_no_credential_is_not_detected(detector: str, text: str) -> None:
    assert known_form(text) is None, detector


@pytest.mark.parametrize(("detector", "text"), cases(BAD))
def test_attack_base64_does_not_hide_a_credential(detector: str, text: str) -> None:
    for encoded in (base64.b64encode(text.encode()).decode(), base64.urlsafe_b64encode(text.encode()).decode()):
        match = known_form(f"data:text/plain;base64,{encoded}")
        assert match is not None, detector
        assert match.public == 0


@pytest.mark.parametrize("detector", [one for one in DETECTORS if one.joins], ids=lambda one: one.id)
def test_attack_white_space_does_not_hide_a_credential(detector: Any) -> None:
    for text in BAD[detector.id]:
        half = len(text) // 2
        for gap in (" ", "\n", "\n  "):
            assert known_form(text[:half] + gap + text[half:]) is not None, text


def test_attack_percent_encoding_does_not_hide_a_credential() -> None:
    assert known_form("".join(f"%{ord(one):02X}" for one in "AKIA" + UPPER)) is not None


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.id)
def test_attack_no_pattern_repeats_without_a_bound(detector: Any) -> None:
    # An unbounded repetition is where a hostile text makes a search take time that grows faster than the text.
    plain = re.sub(r"\\.", "x", re.sub(r"\[[^\]]*\]", "x", detector.pattern.pattern))
    assert not re.search(r"[*+]|\{\d+,\}", plain), detector.pattern.pattern


@pytest.mark.parametrize("text", ["a" * 300_000, "eyJ" * 100_000, "a:" * 100_000, "user=x;" * 40_000, "%41" * 90_000])
def test_attack_long_texts_are_read_to_their_end(text: str) -> None:
    assert known_form(text) is None
    assert known_form(text + " AKIA" + UPPER) is not None


@pytest.mark.parametrize(
    "text", ["<token>", "{password}", "${PASSWORD}", "your-key-here", "AKIAIOSFODNN7EXAMPLE", "****"]
)
def test_placeholders_are_told_from_secrets(text: str) -> None:
    assert is_placeholder(text)
    assert not is_placeholder(WORD)
