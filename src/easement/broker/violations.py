"""Attempts beyond the permissions, read from the server's log: the broker tells nobody else who tried what."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from easement.broker.naming import CLIENT_ACCOUNT
from easement.broker.records import RecordWriter, refused
from easement.ledger.record import Record, Step
from easement.store.atomic_file import write_atomically

_log = structlog.get_logger()
_POLL_S: Final = 0.2
_CHUNK: Final = 1024 * 1024
_MAX_LINE: Final = 16_384
_SUBJECT_LENGTH: Final = 200
# Names that a client chose stand earlier in the line, with their quotes escaped: the account is the last quoted word
# before the verdict, and its opening quote is never escaped.
_LINE: Final = re.compile(
    r'^\[\d+\] .* - cid:(?P<cid>\d+) - .*(?<!\\)"' + CLIENT_ACCOUNT + r'/user:(?P<account>[a-z0-9-]{1,63})"'
    r' - (?P<verb>Publish|Subscription) Violation - (?P<what>Subject|Reply) "(?P<subject>[^"\s]*)"(?:, SID .*)?$'
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One attempt: ``account`` tried to publish or subscribe."""

    account: str
    verb: str
    subject: str


def read_violation(line: str) -> Violation | None:
    """The attempt that a log line tells of, or None for any other line. Pure."""
    match = _LINE.match(line)
    if match is None:
        return None
    verb = "publish" if match["verb"] == "Publish" else "subscribe"
    return Violation(
        match["account"], "reply" if match["what"] == "Reply" else verb, match["subject"][:_SUBJECT_LENGTH]
    )


def record_of(violation: Violation, *, plan: str, now_ms: int) -> Record:
    """The attempt as a record."""
    return refused(
        step=Step.PUBLISHED if violation.verb != "subscribe" else Step.CONNECTED,
        account=violation.account,
        code=f"broker.{violation.verb}-not-granted",
        message=f"no contract lets {violation.account} {violation.verb} there",
        plan=plan,
        now_ms=now_ms,
        message_type=violation.subject,
        detail={"subject": violation.subject, "action": violation.verb},
    )


@dataclass(slots=True)
class ViolationLog:
    """Follows the server's log over rotation and restarts; the place it has reached is kept in ``state``."""

    path: Path
    state: Path
    records: RecordWriter
    plan_hash: Callable[[], str]
    _file: BinaryIO | None = None
    _rest: bytes = b""

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            while True:
                data = await asyncio.to_thread(self._read)
                if data:
                    await self._take(data)
                    await asyncio.to_thread(self._save)
                else:
                    await asyncio.sleep(_POLL_S)
        finally:
            if self._file is not None:
                self._file.close()

    async def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_MAX_LINE:]
        for line in lines:
            violation = read_violation(line[:_MAX_LINE].decode("utf-8", "replace"))
            if violation is not None:
                now_ms = int(time.time() * 1000)
                await self.records.write(record_of(violation, plan=self.plan_hash(), now_ms=now_ms))

    def _read(self) -> bytes:
        """What came since the last look; goes over to the new file once the old one is read to its end."""
        if self._file is None and not self._open():
            return b""
        if self._file is None:
            return b""
        data = self._file.read(_CHUNK)
        if not data and self._was_rotated():
            self._file.close()
            self._file, self._rest = None, b""
        return data

    def _open(self) -> bool:
        try:
            self._file = self.path.open("rb")
        except FileNotFoundError:
            return False
        status = os.fstat(self._file.fileno())
        offset = self._saved_offset(status.st_ino)
        self._file.seek(offset if offset <= status.st_size else 0)
        return True

    def _was_rotated(self) -> bool:
        if self._file is None:
            return False
        try:
            return self.path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return False

    def _saved_offset(self, inode: int) -> int:
        try:
            saved = json.loads(self.state.read_bytes())
            return int(saved["offset"]) if saved["inode"] == inode else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _save(self) -> None:
        if self._file is None:
            return
        place = {
            "inode": os.fstat(self._file.fileno()).st_ino,
            "offset": self._file.tell() - len(self._rest),
        }  # fmt: skip
        write_atomically(self.state, json.dumps(place).encode(), durable=False)
