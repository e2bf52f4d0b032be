"""How fast the ledger is on this machine: append, ingest, seal, verify, look up.

Run: ``python bench/ledger.py [RECORDS]``. Prints one line for each figure.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from easement.ledger.query import Search
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import MOMENT_MS, a_record

BATCH = 1_000


def rate(label: str, count: int, seconds: float) -> None:
    print(f"{label:<42}{count / seconds:>12,.0f} records/s")


def spent(label: str, times: list[float]) -> None:
    print(f"{label:<42}{statistics.median(times) * 1e6:>12,.0f} us median of {len(times)}")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = LedgerFolder(Path(name), segment_rows=10_000_000)
        records = [a_record(time_ms=MOMENT_MS + number) for number in range(count)]
        spool = folder.spool()
        begin = time.perf_counter()
        for start in range(0, count, BATCH):
            spool.append(records[start : start + BATCH])
        rate(f"append, fsync each {BATCH:,}", count, time.perf_counter() - begin)
        begin = time.perf_counter()
        folder.settle()
        rate("ingest into the hot store", count, time.perf_counter() - begin)
        asked = [record.transaction_id for record in records[:: max(1, count // 200)]]
        spent("trace by id, hot", [timed(lambda one=one: folder.reader.trace(one)) for one in asked])
        begin = time.perf_counter()
        folder.seal()
        rate("seal (Parquet, Merkle, sign, index, forget)", count, time.perf_counter() - begin)
        spent("trace by id, sealed", [timed(lambda one=one: folder.reader.trace(one)) for one in asked])
        spent("search newest 100", [timed(lambda: folder.reader.search(Search())) for _ in range(20)])
        begin = time.perf_counter()
        report = folder.verify()
        rate("verify sealed", count, time.perf_counter() - begin)
        if report.has_failed or report.sealed_records != count:
            raise SystemExit(f"the ledger does not hold: {report}")
        size = sum(path.stat().st_size for path in folder.segments)
        print(f"{'sealed size':<42}{size / count:>12.0f} bytes a record")
        folder.close()


def timed(call: object) -> float:
    begin = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
