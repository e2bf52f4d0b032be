"""Names of files and columns in a ledger folder."""

from __future__ import annotations

from typing import Final

LOG_FILE: Final = "log.jsonl"
CHECKPOINT_FILE: Final = "checkpoint"
VERIFY_KEY_FILE: Final = "ledger.vkey"
HOT_FILE: Final = "hot.db"
INDEX_FILE: Final = "index.db"
SEGMENTS_FOLDER: Final = "segments"
SEAL_REQUEST_FILE: Final = "seal.request"
SEARCH_COLUMNS: Final = (
    "id", "transaction_id", "correlation_id", "kind", "step", "status", "time_ms", "source", "target", "message_type",
    "account", "integration", "error_code", "bytes_in", "bytes_out", "latency_us", "retention_class", "recorder",
    "sequence",
)  # fmt: skip
"""Fields of a record that are columns of their own, hot and sealed."""
LAST_HOT_TABLE: Final = "heads"
LAST_INDEX_TABLE: Final = "places"
"""The tables that are made last in each file: where they are, all are."""
NUMBER_COLUMNS: Final = frozenset({"time_ms", "bytes_in", "bytes_out", "latency_us", "sequence"})
