"""Frames: how a batch of records lies in a spool file.

* ``magic | payload bytes | count | first sequence | incarnation | previous digest | digest | payload``, big endian.
* The digest (SHA-256) covers everything before and after it, so a frame proves itself; the previous digest chains the
  frames of a recorder, so a frame proves its place.
* The payload is the records, each with its length in front.
* An incarnation is the life of one spool folder. It is part of the recorder's name in the records: a folder that was
  lost starts a new name and not a number that has been seen before.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"EZF1"
MAX_PAYLOAD_BYTES: Final = 16 * 1024 * 1024
FIRST: Final = bytes(32)
"""The previous digest of a recorder's first frame."""
_HEAD: Final = struct.Struct(">4sIIQ8s32s")
_DIGEST_BYTES: Final = 32
_LENGTH: Final = struct.Struct(">I")
HEADER_BYTES: Final = _HEAD.size + _DIGEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One batch as read. ``start`` and ``end`` are offsets in the file."""

    start: int
    end: int
    first_sequence: int
    incarnation: bytes
    previous: bytes
    digest: bytes
    records: tuple[bytes, ...]

    @property
    def next_sequence(self) -> int:
        """The number after the last record of this frame."""
        return self.first_sequence + len(self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Bytes that are no frame, between two offsets of the file."""

    start: int
    end: int


def write_frame(
    records: Sequence[bytes], *, first_sequence: int, incarnation: bytes, previous: bytes
) -> tuple[bytes, bytes]:
    """The bytes of a frame and its digest."""
    payload = b"".join([part for record in records for part in (_LENGTH.pack(len(record)), record)])
    head = _HEAD.pack(MAGIC, len(payload), len(records), first_sequence, incarnation, previous)
    digest = hashlib.sha256(head + payload).digest()
    return head + digest + payload, digest


def read_frames(data: bytes, start: int = 0) -> Iterator[Frame | Damage]:
    """The frames of ``data`` in order, with the damaged ranges between and after them.

    A range that runs to the end of ``data`` may be a frame that is still being written.
    """
    position = start
    while position < len(data):
        frame = _frame_at(data, position)
        if frame is None:
            follower = _next_frame(data, position + 1)
            yield Damage(start=position, end=follower.start if follower else len(data))
            if follower is None:
                return
            frame = follower
        yield frame
        position = frame.end


def _next_frame(data: bytes, start: int) -> Frame | None:
    position = data.find(MAGIC, start)
    while position >= 0:
        if frame := _frame_at(data, position):
            return frame
        position = data.find(MAGIC, position + 1)
    return None


def _frame_at(data: bytes, start: int) -> Frame | None:
    if len(data) - start < HEADER_BYTES:
        return None
    magic, length, count, first_sequence, incarnation, previous = _HEAD.unpack_from(data, start)
    body, end = start + HEADER_BYTES, start + HEADER_BYTES + length
    if magic != MAGIC or length > MAX_PAYLOAD_BYTES or end > len(data):
        return None
    digest = data[start + _HEAD.size : body]
    payload = data[body:end]
    if hashlib.sha256(data[start : start + _HEAD.size] + payload).digest() != digest:
        return None
    records = _records(payload)
    if len(records) != count:
        return None
    return Frame(
        start=start,
        end=end,
        first_sequence=first_sequence,
        incarnation=incarnation,
        previous=previous,
        digest=digest,
        records=records,
    )


def _records(payload: bytes) -> tuple[bytes, ...]:
    records: list[bytes] = []
    position = 0
    while position + _LENGTH.size <= len(payload):
        (length,) = _LENGTH.unpack_from(payload, position)
        position += _LENGTH.size
        records.append(payload[position : position + length])
        position += length
    return tuple(records) if position == len(payload) else ()
