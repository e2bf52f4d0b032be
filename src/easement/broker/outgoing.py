"""One delivery, compiled: what of a message its target sees, sealed where the contract says so, under which name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from easement.broker.headers import (
    CORRELATION,
    INTEGRATION,
    MESSAGE_ID,
    ORIGIN,
    PUBLISHED_MS,
    REPLAY,
    REVISION,
    TRANSACTION,
    forwarded,
)
from easement.broker.message import Incoming, MessageRefusedError, compact_json
from easement.broker.naming import dead_letter_subject, target_stream, target_subject
from easement.interfaces.projection import apply_projection
from easement.keys.compact import JoseError
from easement.keys.jose import seal_payload
from easement.plan.model import Delivery, Notice
from easement.plan.notices import notice_headers

_CONTENT_TYPE: Final = "Content-Type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message on its way: to a target's stream or to dead letters."""

    subject: str
    data: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A message as one target receives it, with the names of the fields that were removed."""

    outgoing: Outgoing
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledDelivery:
    """A delivery with everything that does not change from message to message worked out."""

    plan: Delivery
    subject: str
    stream: str
    dead_letter_subject: str
    _fixed_headers: dict[str, str] = field(repr=False)
    notice_headers: dict[str, str]
    """``Deprecation``, ``Sunset`` and ``Link``, where the interface version is ending; empty where it is not."""
    _hash_key: bytes = field(repr=False)

    @classmethod
    def of(cls, delivery: Delivery, *, hash_key: bytes, notice: Notice | None = None) -> CompiledDelivery:
        """Compile ``delivery``. ``hash_key`` is the key under which hashed fields are hashed.

        ``notice`` is of the interface version whose events these are.
        """
        sealed = delivery.encryption_key is not None
        told = _told(notice)
        return cls(
            delivery,
            target_subject(delivery),
            target_stream(delivery.party.integration),
            dead_letter_subject(delivery),
            {
                INTEGRATION: delivery.party.integration,
                REVISION: delivery.party.revision,
                _CONTENT_TYPE: "application/jose" if sealed else "application/json",
                **told,
            },
            told,
            hash_key,
        )

    def prepare(self, message: Incoming, value: Any, *, replay: int = 0) -> Prepared:
        """Project and seal ``value``. Raises :class:`MessageRefusedError` when it cannot be sealed: it then stays here.

        The message id is the same whenever this message is prepared, so that the broker drops a second copy; each
        replay has an id of its own, because the broker would acknowledge, and drop, a repeated one.
        """
        projected, removed = apply_projection(self.plan.projection, value, hash_key=self._hash_key)
        data = compact_json(projected)
        if self.plan.encryption_key is not None:
            data = self._sealed(data, message)
        run = f"#{replay}" if replay else ""
        headers = {
            MESSAGE_ID: f"{message.transaction_id}:{self.plan.party.integration}:{message.origin}{run}",
            TRANSACTION: message.transaction_id,
            ORIGIN: message.origin,
            PUBLISHED_MS: str(message.receipt.stored_ms),
            **self._fixed_headers,
            **forwarded(message.headers),
        }
        if message.correlation_id:
            headers[CORRELATION] = message.correlation_id
        if replay:
            headers[REPLAY] = str(replay)
        return Prepared(outgoing=Outgoing(subject=self.subject, data=data, headers=headers), removed=removed)

    def _sealed(self, data: bytes, message: Incoming) -> bytes:
        key = self.plan.encryption_key
        if not key:
            raise MessageRefusedError(
                "delivery.no-key", f"{self.plan.party.target} has no encryption key in its document"
            )
        try:
            return seal_payload(
                data,
                key,
                aad_fields={
                    "integration": self.plan.party.integration,
                    "revision": self.plan.party.revision,
                    "transaction": message.transaction_id,
                },
            )
        except JoseError as error:
            raise MessageRefusedError("delivery.seal", f"the payload cannot be sealed: {error}") from error


def _told(notice: Notice | None) -> dict[str, str]:
    if notice is None:
        return {}
    successor = f"urn:easement:interface:{notice.successor}" if notice.successor else ""
    return dict(notice_headers(notice, successor=successor))
