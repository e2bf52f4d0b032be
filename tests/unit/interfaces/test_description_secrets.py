"""Credentials in interface descriptions, wherever they stand, by file, line and column."""

from __future__ import annotations

import json

import pytest

from easement.interfaces.description_secrets import secrets_in_description

KEY = "AKIA" + "A1B2C3D4E5F6G7H8"
RANDOM = "9f4Kq2LwZ7" + "pTxB3mVh8R"
HEAD = "openapi: 3.1.0\ninfo: {title: Shop, version: 1.0.0}\n"


def found(text: str) -> list[tuple[str, int, int, bool]]:
    secrets = secrets_in_description((("api.yaml", (HEAD + text).encode()),))
    return [(one.path, one.place.line, one.place.column, one.is_known) for one in secrets]


@pytest.mark.parametrize(
    ("text", "path", "line", "column"),
    [
        (f"servers: [{{url: 'https://shop:{RANDOM}@api.internal'}}]", "/servers/0/url", 3, 17),
        (f"x:\n  example: {KEY}", "/x/example", 4, 12),
        (f"x:\n  default: {KEY}", "/x/default", 4, 12),
        (f"x:\n  headers:\n    X-Key: {KEY}", "/x/headers/X-Key", 5, 12),
        (f"x:\n  enum: [a, {KEY}]", "/x/enum/1", 4, 13),
        (f"x:\n  description: call it with {KEY}", "/x/description", 4, 16),
    ],
)
def test_a_credential_is_found_at_its_place(text: str, path: str, line: int, column: int) -> None:
    assert found(text) == [(path, line, column, True)]


@pytest.mark.parametrize(
    "text",
    [
        f"x: {{apiKey: {RANDOM}}}",
        f"x: {{properties: {{apiKey: {{type: string, example: {RANDOM}}}}}}}",
        f"x: {{properties: {{apiKey: {{type: string, examples: [{RANDOM}]}}}}}}",
        f"x: {{name: X-Api-Key, in: header, example: {RANDOM}}}",
        f"x: {{name: X-Api-Key, in: header, schema: {{default: {RANDOM}}}}}",
        f"x: {{name: token, in: query, examples: {{one: {{value: {RANDOM}}}}}}}",
        f"x: {{examples: {{login: {{value: {{clientSecret: {RANDOM}}}}}}}}}",
    ],
)
def test_a_random_value_under_a_name_that_says_secret_is_found(text: str) -> None:
    (one,) = found(text)
    assert not one[3]


@pytest.mark.parametrize(
    "text",
    [
        "x: {apiKey: <api-key>}",
        "x: {password: string}",
        "x: {password: correct horse battery staple 1}",
        "x: {token: 3fa85f64-5717-4562-b3fc-2c963f66afa6}",
        f"x: {{nextPageToken: {RANDOM}}}",
        f"x: {{etag: {RANDOM}}}",
        f"x: {{idempotencyKey: {RANDOM}}}",
        "x: {properties: {password: {type: string, minLength: 12}}}",
        "servers: [{url: 'https://{user}:{password}@api.internal'}]",
        "servers: [{url: 'https://user:password@api.internal'}]",
        "x: {example: AKIAIOSFODNN7EXAMPLE}",
        "x: {kty: EC, x: A_fmuzQRnR_h9E5pV-OYoIbf8JzPfmhgR4kS_9FBtk0, kid: one}",
        "x: {tokenUrl: 'https://issuer.example.com/oauth2/v2/token', authorizationUrl: 'https://a.example/x'}",
    ],
)
def test_what_only_stands_for_a_secret_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_the_private_members_of_a_key_are_found() -> None:
    jwk = {"kty": "EC", "x": "A_fmuzQRnR_h9E5pV-OYoIbf8JzPfmhgR4kS_9FBtk0", "d": RANDOM * 2}
    assert [one[0] for one in found(f"x: {{example: {json.dumps(jwk)}}}")] == ["/x/example/d"]


def test_what_is_said_of_a_credential_is_not_the_credential() -> None:
    text = f"x: {{a: {KEY}, {KEY}: {{b: {KEY}}}, apiKey: {RANDOM}}}"
    secrets = secrets_in_description((("api.yaml", (HEAD + text).encode()),))
    assert len(secrets) == 4
    said = " ".join(f"{one.what} {one.path}" for one in secrets)
    assert KEY[4:] not in said
    assert RANDOM not in said
    assert "an AWS access key id (AKIA..., 20 characters)" in said
    assert "/x/[not shown]/b" in said


def test_files_that_a_description_refers_to_are_looked_at() -> None:
    secrets = secrets_in_description(
        (("apis/api.yaml", HEAD.encode()), ("apis/parts/order.json", json.dumps({"a": {"example": KEY}}).encode()))
    )
    assert [(one.path, str(one.place)) for one in secrets] == [
        ("/parts~1order.json/a/example", "apis/parts/order.json:1:19")
    ]


def test_an_asyncapi_description_is_looked_at() -> None:
    text = f"asyncapi: 3.0.0\nservers:\n  main:\n    host: broker.example\n    x-login: 'nats://shop:{RANDOM}@broker'\n"
    (one,) = secrets_in_description((("events.yaml", text.encode()),))
    assert str(one.place) == "events.yaml:5:14"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"{", b"- [", b"a: &a [*a]"])
def test_what_cannot_be_read_says_nothing_here(data: bytes) -> None:
    assert secrets_in_description((("api.yaml", data),)) == ()
    assert secrets_in_description(()) == ()
