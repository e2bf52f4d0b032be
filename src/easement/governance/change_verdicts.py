"""Verdicts as JSON: as change cases keep them, notices tell them and the API answers them. Pure."""

from __future__ import annotations

from typing import Any

from easement.interfaces.compatibility.consumers import ConsumerVerdict, Hit
from easement.interfaces.compatibility.verdict import Position, Verdict

Json = dict[str, Any]


def verdict_json(verdict: Verdict) -> Json:
    """One verdict. ``before`` and ``after`` are missing where there was or is nothing."""
    found: Json = {
        "rule": verdict.rule,
        "change": str(verdict.change),
        "direction": str(verdict.direction),
        "operation": verdict.operation,
        "field": verdict.field_path,
        "explanation": verdict.explanation,
        "old": _place(verdict.old),
        "new": _place(verdict.new),
    }
    if verdict.has_before:
        found["before"] = verdict.before
    if verdict.has_after:
        found["after"] = verdict.after
    if verdict.counter_example is not None:
        found["counterExample"] = verdict.counter_example.instance
    return found


def hit_json(hit: Hit) -> Json:
    """A verdict with the reason why it reaches a consumer."""
    return verdict_json(hit.verdict) | {"why": hit.why}


def consumer_json(consumer: ConsumerVerdict) -> Json:
    """What a change means to one consumer."""
    return {
        "integration": consumer.use.integration,
        "consumer": consumer.use.consumer,
        "breaks": consumer.breaks,
        "hits": [hit_json(hit) for hit in consumer.hits],
    }


def _place(position: Position) -> Json:
    return {
        "file": position.file,
        "pointer": position.pointer,
        "line": position.line,
        "column": position.column,
    }
