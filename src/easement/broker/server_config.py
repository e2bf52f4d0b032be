"""Settings to the text of a nats-server configuration. Pure.

* Clients live in an account of their own that reaches the bus through three named services only. In one account with
  JetStream a client could name another subject as the *reply* of a message it may send, and the server itself would
  publish there, or call the JetStream API, with its own rights (seen with nats-server 2.15; attack tests hold this).
* TLS first: a client that waits for the server's greeting gets it after 50 ms and upgrades, others never see it.
* ``verify`` asks every client for a certificate: nats-server cannot make it optional per client.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from easement.broker.credentials import CALLOUT, OPERATOR, RELAY, STEWARD, SYSTEM, BrokerKeys
from easement.broker.naming import BUS_ACCOUNT, CLIENT_ACCOUNT, inbox_prefix

CLIENT_SERVICES: tuple[tuple[str, str], ...] = (
    ("in.>", "singleton"),
    ("$JS.API.CONSUMER.MSG.NEXT.>", "stream"),
    ("$JS.ACK.>", "singleton"),
)
"""What clients reach of the bus, with how many answers one request may get."""
DEAD_LETTER_SERVICE = "easement.dead-letters"

_CIPHER_SUITES: Final = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
_CURVES: Final = ("X25519", "CurveP256", "CurveP384")
"""Mozilla's server side TLS, "intermediate": forward secrecy and authenticated encryption only. They bind TLS 1.2; the
suites of 1.3 are all of that kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens and keeps things. Sizes are bytes."""

    host: str
    port: int
    monitor_port: int
    store: Path
    log_file: Path
    certificate: Path
    private_key: Path
    authority: Path
    name: str = "easement"
    client_certificates: bool = False
    max_payload_bytes: int = 8_388_608
    max_store_bytes: int = 10 * 1024**3
    max_log_bytes: int = 64 * 1024**2
    sync_interval: str = "always"
    """When the server flushes to disk: ``always`` before each acknowledgement, or an interval such as ``1s``."""
    keys: BrokerKeys = field(repr=False)


def render(settings: ServerSettings) -> str:
    """The configuration. It holds the storage key: write it with mode 0600. Otherwise public keys only."""
    keys = settings.keys
    document: dict[str, Any] = {
        "listen": f"{_host(settings.host)}:{settings.port}",
        "http": f"127.0.0.1:{settings.monitor_port}",
        "server_name": settings.name,
        "log_file": str(settings.log_file),
        "logfile_size_limit": settings.max_log_bytes,
        "logfile_max_num": 4,
        "max_payload": settings.max_payload_bytes,
        "max_control_line": 4096,
        "max_connections": 10_000,
        "max_subscriptions": 100,
        "write_deadline": "5s",
        "ping_interval": "20s",
        "tls": {
            "cert_file": str(settings.certificate),
            "key_file": str(settings.private_key),
            "ca_file": str(settings.authority),
            "verify": settings.client_certificates,
            "min_version": "1.2",
            "cipher_suites": list(_CIPHER_SUITES),
            "curve_preferences": list(_CURVES),
            "handshake_first": "auto",
            "timeout": 5,
        },
        "jetstream": {
            "store_dir": str(settings.store),
            "max_file_store": settings.max_store_bytes,
            "max_memory_store": 67_108_864,
            "cipher": "aes",
            "key": keys.storage.reveal(),
            "sync_interval": settings.sync_interval,
        },
        "accounts": _accounts(keys),
        "system_account": "SYS",
        "authorization": {
            "timeout": 3,
            "auth_callout": {
                "issuer": keys.issuer.public_key.decode(),
                "account": "AUTH",
                "auth_users": sorted(keys.public(role) for role in keys.users),
            },
        },
    }
    return f"# Written by easement; changes are lost.\n{_block(document)}"


def _accounts(keys: BrokerKeys) -> dict[str, Any]:
    return {
        "AUTH": {"users": [{"nkey": keys.public(CALLOUT)}]},
        "SYS": {"users": [{"nkey": keys.public(SYSTEM)}]},
        BUS_ACCOUNT: {
            "jetstream": "enabled",
            "users": [
                {"nkey": keys.public(STEWARD), "permissions": _steward_rights()},
                {"nkey": keys.public(RELAY), "permissions": _relay_rights()},
                {"nkey": keys.public(OPERATOR), "permissions": _operator_rights()},
            ],
            "exports": [{"service": subject, "response_type": kind} for subject, kind in CLIENT_SERVICES],
        },
        CLIENT_ACCOUNT: {
            "imports": [{"service": {"account": BUS_ACCOUNT, "subject": subject}} for subject, _kind in CLIENT_SERVICES]
        },
    }


def _steward_rights() -> dict[str, Any]:
    return {"publish": ["$JS.API.>"], "subscribe": [f"{inbox_prefix(STEWARD)}.>"]}


def _relay_rights() -> dict[str, Any]:
    return {
        "publish": [
            "out.>",
            "dlq.>",
            "$JS.ACK.>",
            "$JS.API.STREAM.NAMES",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.MSG.GET.*",
            "$JS.API.STREAM.MSG.DELETE.*",
            "$JS.API.CONSUMER.INFO.*.*",
            "$JS.API.CONSUMER.MSG.NEXT.*.*",
            f"{inbox_prefix(OPERATOR)}.>",
        ],
        "subscribe": [f"{inbox_prefix(RELAY)}.>", f"{DEAD_LETTER_SERVICE}.*"],
    }


def _operator_rights() -> dict[str, Any]:
    return {"publish": [f"{DEAD_LETTER_SERVICE}.*"], "subscribe": [f"{inbox_prefix(OPERATOR)}.>"]}


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _block(values: dict[str, Any]) -> str:
    """Top-level members a line each; values as JSON, which is a subset of the configuration language once quoted."""
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())
