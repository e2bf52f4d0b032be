"""A whole ledger in a folder, driven step by step with a clock that the test owns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from easement.ledger.files import read_evidence
from easement.ledger.query import LedgerReader
from easement.ledger.record import Record
from easement.ledger.service import Ledger, LedgerConfig
from easement.ledger.spool import Spool
from easement.ledger.verdict import Report
from easement.ledger.verify import verify
from easement.testing.records import MOMENT_MS, a_record


class LedgerFolder:
    """Spools and ledger below ``root``. ``now_ms`` stands still until the test moves it."""

    def __init__(self, root: Path, *, segment_rows: int = 1_000) -> None:
        self.root = root
        self.now_ms = MOMENT_MS + 1_000
        self.config = LedgerConfig(
            spool_folder=root / "spool",
            folder=root / "ledger",
            key_folder=root / "keys",
            heartbeat_folder=root,
            segment_rows=segment_rows,
        )
        self.reader = LedgerReader(self.folder)
        self._spools: dict[str, Spool] = {}
        self._ledger: Ledger | None = None

    @property
    def folder(self) -> Path:
        """The ledger's own folder."""
        return self.config.folder

    @property
    def segments(self) -> list[Path]:
        """The sealed files, oldest first."""
        return sorted((self.folder / "segments").glob("*.parquet"))

    def spool(self, recorder: str = "gateway") -> Spool:
        """The open spool of one recorder."""
        if recorder not in self._spools:
            self._spools[recorder] = Spool(self.config.spool_folder, recorder)
        return self._spools[recorder]

    def append(self, records: Sequence[Record] | int, recorder: str = "gateway") -> list[Record]:
        """Put records, or so many plausible ones, into a spool."""
        made = [a_record() for _ in range(records)] if isinstance(records, int) else list(records)
        self.spool(recorder).append(made)
        return made

    @property
    def ledger(self) -> Ledger:
        """The open ledger; it is opened on first use."""
        if self._ledger is None:
            self._ledger = Ledger(self.config, now_ms=self.now_ms)
        return self._ledger

    def settle(self) -> None:
        """Take in everything that waits."""
        while self.ledger.step(now_ms=self.now_ms):
            continue

    def seal(self, records: Sequence[Record] | int = 0) -> list[Record]:
        """Append, take in and seal."""
        made = self.append(records) if records else []
        self.settle()
        self.ledger.seal(now_ms=self.now_ms)
        return made

    def restart(self) -> None:
        """Close the ledger, so that it is opened anew."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def verify(self, *, verify_key: str = "", kept: dict[str, bytes] | None = None, max_age_ms: int = 0) -> Report:
        """Run the verifier over the files as they are."""
        evidence = read_evidence(
            self.folder, spool_folder=self.config.spool_folder, verify_key=verify_key, kept_checkpoints=kept
        )
        return verify(evidence, self.now_ms, max_age_ms=max_age_ms)

    def close(self) -> None:
        """Give everything back."""
        self.restart()
        for spool in self._spools.values():
            spool.close()
        self._spools.clear()
