"""One published message as the relay reads it: identity, origin, strict JSON. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from easement.broker.headers import correlation_of, lowered

_SHORT_TOKENS: Final = 9
_LONG_TOKENS: Final = 11
_48_BITS: Final = (1 << 48) - 1
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")


class MessageRefusedError(Exception):
    """A message that breaks its contract. ``code`` is stable; the message names places, never values."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where JetStream says a message comes from: ``deliveries`` counts hand-outs from 1."""

    stream: str
    consumer: str
    deliveries: int
    sequence: int
    stored_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message of an ingress stream. ``headers`` have lower-case names; times are milliseconds since the epoch."""

    subject: str
    data: bytes
    headers: Mapping[str, str]
    receipt: Receipt
    transaction_id: str
    correlation_id: str
    message_id: str
    fetched_ms: int

    @property
    def origin(self) -> str:
        """``STREAM:SEQUENCE``: the message's name on the bus, the same each time it is handed out."""
        return f"{self.receipt.stream}:{self.receipt.sequence}"


def read_receipt(reply: str) -> Receipt:
    """Read the acknowledgement subject (ADR-15, both forms). Raises ``ValueError`` on anything else."""
    tokens = reply.split(".")
    if tokens[:2] != ["$JS", "ACK"] or (len(tokens) != _SHORT_TOKENS and len(tokens) < _LONG_TOKENS):
        raise ValueError("not a JetStream message")
    start = 2 if len(tokens) == _SHORT_TOKENS else 4
    stream, consumer, deliveries, sequence, _consumer_sequence, stored = tokens[start : start + 6]
    return Receipt(
        stream=stream,
        consumer=consumer,
        deliveries=int(deliveries),
        sequence=int(sequence),
        stored_ms=int(stored) // 1_000_000,
    )


def read_incoming(subject: str, reply: str, data: bytes, headers: Mapping[str, str] | None, *, now_ms: int) -> Incoming:
    """A fetched message with its ids. Raises ``ValueError`` when it did not come from a consumer.

    The transaction id is the producer's ``Nats-Msg-Id`` where that is a UUID, else a UUIDv7 that is derived from the
    place of the message, so that a message keeps its id when it is handed out again.
    """
    receipt = read_receipt(reply)
    lower = lowered(headers)
    message_id = lower.get("nats-msg-id", "")
    return Incoming(
        subject=subject,
        data=data,
        headers=lower,
        receipt=receipt,
        transaction_id=message_id.lower() if _UUID.fullmatch(message_id) else _derived_id(receipt),
        correlation_id=correlation_of(lower),
        message_id=message_id if _ID.fullmatch(message_id) else "",
        fetched_ms=now_ms,
    )


def _derived_id(receipt: Receipt) -> str:
    """A UUIDv7 (RFC 9562 §5.7): the time the message was stored, and a digest of its place instead of chance."""
    digest = hashlib.sha256(f"{receipt.stream}:{receipt.sequence}:{receipt.stored_ms}".encode()).hexdigest()
    time = f"{receipt.stored_ms & _48_BITS:012x}"
    variant = "89ab"[int(digest[3], 16) & 3]
    return f"{time[:8]}-{time[8:]}-7{digest[:3]}-{variant}{digest[4:7]}-{digest[7:19]}"


def strict_json(data: bytes) -> Any:
    """The one value that ``data`` says: UTF-8, no duplicate keys, no NaN (RFC 8259 §4, RFC 7493 §2).

    Raises :class:`MessageRefusedError`. Readers differ on what is refused here, so it could smuggle data past a check.
    """
    try:
        return _DECODER.decode(data.decode("utf-8"))
    except MessageRefusedError:
        raise
    except UnicodeDecodeError as error:
        raise MessageRefusedError("event.not-json", "the payload is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise MessageRefusedError("event.not-json", f"the payload is not JSON at byte {error.pos}") from error
    except RecursionError as error:
        raise MessageRefusedError("event.not-json", "the payload is nested too deeply") from error
    except ValueError as error:
        raise MessageRefusedError("event.not-json", "the payload holds a number that is too long") from error


def compact_json(value: Any) -> bytes:
    """``value`` as JSON without spaces, UTF-8. Raises :class:`MessageRefusedError` for text that has no UTF-8 form."""
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except (UnicodeEncodeError, ValueError) as error:
        raise MessageRefusedError("event.not-json", "the payload holds text or a number without a JSON form") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MessageRefusedError("event.duplicate-key", "an object of the payload names a key twice")
    return value


def _no_constant(_name: str) -> NoReturn:
    raise MessageRefusedError("event.not-json", "the payload holds NaN or Infinity")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
