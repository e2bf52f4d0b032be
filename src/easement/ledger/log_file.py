"""The ledger's log on disk: ``log.jsonl`` and the ``checkpoint`` that signs it.

* Order of writing: entry, fsync, checkpoint. What no checkpoint covers has not happened: it is cut off at the next
  start and done again from the hot store, which still has the rows.
* A log that does not fit its checkpoint is never written to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import structlog

from easement.ledger.checkpoint import Checkpoint, CheckpointVerifier, Signer
from easement.ledger.entries import LogState, Seal, Tombstone, decode_entry, encode_entry, log_state
from easement.ledger.errors import LedgerDamagedError
from easement.ledger.layout import CHECKPOINT_FILE, LOG_FILE, SEGMENTS_FOLDER, VERIFY_KEY_FILE
from easement.ledger.merkle import GrowingRoot, leaf_hash
from easement.store.atomic_file import write_atomically

_log = structlog.get_logger()


class LedgerLog:
    """The log of one ledger folder, opened for writing by the one ledger process."""

    def __init__(self, folder: Path, signer: Signer, *, now_ms: int) -> None:
        """Open, or begin where there is nothing yet. Raises :class:`LedgerDamagedError`."""
        self._folder, self._signer = folder, signer
        self._entries: tuple[Seal | Tombstone, ...] = ()
        self._tree = GrowingRoot()
        self._signed_bytes = 0
        write_atomically(folder / VERIFY_KEY_FILE, (signer.verify_key + "\n").encode(), mode=0o644)
        if not (folder / CHECKPOINT_FILE).exists():
            self._begin(now_ms)
        else:
            self._load()
        self.state: LogState = log_state(self._entries)

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that holds now."""
        return self._checkpoint

    def append(self, entry: Seal | Tombstone, *, now_ms: int) -> None:
        """Write and sign one entry. When this returns, it has happened."""
        line = encode_entry(entry)
        self._write_line(line)
        tree = self._tree.copy()
        tree.add(leaf_hash(line))
        self._sign(tree, now_ms)
        self._tree = tree
        self._signed_bytes += len(line) + 1
        self._entries = (*self._entries, entry)
        self.state = log_state(self._entries)

    def refresh(self, *, now_ms: int) -> None:
        """Sign the same content anew, so that a reader sees that the ledger lives."""
        self._sign(self._tree, now_ms)

    def _write_line(self, line: bytes) -> None:
        """Write after the last signed line, over what an earlier failure may have left there."""
        with (self._folder / LOG_FILE).open("ab") as file:
            os.fchmod(file.fileno(), 0o600)
            file.truncate(self._signed_bytes)
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _sign(self, tree: GrowingRoot, now_ms: int) -> None:
        checkpoint = Checkpoint(origin=self._signer.name, size=tree.size, root=tree.root(), time_ms=now_ms)
        write_atomically(self._folder / CHECKPOINT_FILE, self._signer.sign(checkpoint), mode=0o644)
        self._checkpoint = checkpoint

    def _begin(self, now_ms: int) -> None:
        remains = [path.name for path in (self._folder / SEGMENTS_FOLDER).glob("*.parquet")]
        if (self._folder / LOG_FILE).exists() or remains:
            raise LedgerDamagedError(
                f"{self._folder} holds a ledger without its checkpoint: restore `checkpoint` from a copy, or move the "
                "folder aside as evidence and start with an empty one"
            )
        self._sign(self._tree, now_ms)

    def _load(self) -> None:
        verifier = CheckpointVerifier.from_text(self._signer.verify_key)
        try:
            self._checkpoint = verifier.open((self._folder / CHECKPOINT_FILE).read_bytes())
        except LedgerDamagedError as error:
            raise LedgerDamagedError(f"{self._folder / CHECKPOINT_FILE}: {error}; {_NEXT_STEP}") from error
        data = (self._folder / LOG_FILE).read_bytes() if (self._folder / LOG_FILE).exists() else b""
        lines = data.split(b"\n")[:-1][: self._checkpoint.size]
        self._tree = GrowingRoot(map(leaf_hash, lines))
        if self._tree.size != self._checkpoint.size or self._tree.root() != self._checkpoint.root:
            raise LedgerDamagedError(f"{self._folder / LOG_FILE} does not fit its checkpoint; {_NEXT_STEP}")
        self._entries = tuple(map(decode_entry, lines))
        self._signed_bytes = sum(len(line) + 1 for line in lines)
        if len(data) > self._signed_bytes:
            _log.warning("ledger.unsigned_entries_cut", bytes=len(data) - self._signed_bytes)
            os.truncate(self._folder / LOG_FILE, self._signed_bytes)


_NEXT_STEP: Final = "run `easement audit verify` to see what changed and restore that file from a copy"
