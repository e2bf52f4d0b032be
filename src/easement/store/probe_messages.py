"""What control plane and gateway tell each other about probes: what is to be tried, and what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_COUNTS: Final = frozenset({"held", "failed", "not tried", "not applicable"})
_REPORT: Final = frozenset({"run", "integration", "revision", "plan", "counts", "items"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequested:
    """The run that a gateway is to do; no ``run``: nothing. ``integrations`` empty means all."""

    run: str
    integrations: tuple[str, ...] = ()


NOTHING_TO_PROBE: Final = ProbeRequested(run="")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeMessage:
    """A ``report`` about one integration, or, without one, that the run is over; ``problem`` if it says nothing."""

    run: str
    plan: str = ""
    problem: str = ""
    report: Mapping[str, Any] | None = None


def encode_probe_request(requested: ProbeRequested) -> bytes:
    """Canonical JSON."""
    tree = {"run": requested.run, "integrations": list(requested.integrations)}
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()


def decode_probe_request(data: bytes) -> ProbeRequested:
    """Read what :func:`encode_probe_request` wrote. Raises ``ValueError`` when it is damaged."""
    tree: Any = json.loads(data)
    if not isinstance(tree, dict) or not isinstance(tree.get("run"), str):
        raise ValueError("not a request to probe")  # noqa: TRY004 - what is read is a damaged document
    names = tree.get("integrations")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("integrations are not names")
    return ProbeRequested(run=tree["run"], integrations=tuple(names))


def encode_probe_message(message: ProbeMessage) -> bytes:
    """JSON."""
    tree = {"run": message.run, "plan": message.plan, "problem": message.problem, "report": message.report}
    return json.dumps(tree, separators=(",", ":")).encode()


def decode_probe_message(data: bytes) -> ProbeMessage:
    """Read what :func:`encode_probe_message` wrote. Raises ``ValueError`` when it is damaged."""
    tree: Any = json.loads(data)
    if not isinstance(tree, dict) or not all(isinstance(tree.get(name), str) for name in ("run", "plan", "problem")):
        raise ValueError("not a message about a probe")
    report = tree.get("report")
    if report is not None:
        if not isinstance(report, dict) or not report.keys() >= _REPORT or report["run"] != tree["run"]:
            raise ValueError("not a report of the run")
        counts = report["counts"]
        if not isinstance(counts, dict) or counts.keys() != _COUNTS or not all(type(n) is int for n in counts.values()):
            raise ValueError("the counts are not whole")
    return ProbeMessage(run=tree["run"], plan=tree["plan"], problem=tree["problem"], report=report)
