"""The tamper-evident log: records, spool, hot store, sealed segments, checkpoints, verifier."""
