"""Literal secrets: found where they stand, and nothing that is none."""

from __future__ import annotations

import pytest

from easement.contract.literal_secrets import find_secrets, line_may_hold_secret, may_be_secret

RANDOM = "hT2kQ9vLx7Rp4Zs8Wm3Yb6Nc1Jd5Fg0a"


@pytest.mark.parametrize(
    "tree",
    [
        {"password": "x"},
        {"spec": {"settings": {"clientSecret": "x"}}},
        {"a": {"API_KEY": "x"}},
        {"a": {"api-token": "x"}},
        {"a": {"private_key": "x"}},
        {"passwords": ["x"]},
        {"a": ["-----BEGIN PRIVATE KEY-----\nx"]},
        {"a": "postgresql://user:word@host/db"},
        {"a": f"Authorization: Bearer {RANDOM}"},
        {"a": RANDOM},
        {"a": "AKIA" + "A1B2C3D4E5F6G7H8"},
        {"a": "ghp_" + "a1" * 18},
        {"a": "xoxb-1234567890-abc"},
        {"a": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."},
        {"ghp_" + "a1" * 18: "a"},
        {"spec": {"encryptionKey": {"kty": "oct", "k": "abc"}}},
    ],
    ids=str,
)
def test_a_secret_is_found(tree):
    assert list(find_secrets(tree))


@pytest.mark.parametrize(
    "tree",
    [
        {"password": ""},
        {"password": "secret://env/PASSWORD"},
        {"password": None},
        {"spec": {"fields": {"user.password": "drop"}}},
        {"spec": {"fields": ["user.token"]}},
        {"spec": {"encryptionKey": {"kty": "EC", "x": RANDOM, "y": RANDOM, "kid": RANDOM}}},
        {"document": {"sha256": "4f1c" * 16}},
        {"id": "0198f3c2-7b1a-7c3e-9d2f-5a6b7c8d9e0f"},
        {"a": "getCustomerOrdersByIdentifierV2Version10Beta3"},
        {"a": "urn:easement:interface:orders-api"},
        {"a": "https://shop.example:8443/v1/orders"},
        {"a": "Basic authentication is not used any more"},
        {"a": "Bearer tokens come from the authorisation server"},
        {"a": "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ0123"},
        {"security": {"authentication": "api-key"}},
        {"monkey": "x", "keyboard": "y", "tokenLifetime": 5},
    ],
    ids=str,
)
def test_what_is_no_secret_is_left_alone(tree):
    assert list(find_secrets(tree)) == []


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("  password: hunter2", True),
        ('{"client_secret": "hunter2"}', True),
        (f"  x: {RANDOM}", True),
        ("  url: https://a:b@c.example", True),
        ("  secret: secret://env/HOOK", False),
        ("  purpose: essential.service", False),
    ],
)
def test_lines_that_may_hold_a_secret_are_told_apart(line, hidden):
    assert line_may_hold_secret(line) is hidden


def test_short_text_is_no_secret():
    assert not may_be_secret("abc")
