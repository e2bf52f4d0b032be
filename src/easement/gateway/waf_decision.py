"""Inspection inside the decider: which grant wants which rules, a bounded number at a time, and no answer without one.

Envoy names the inspection in the path, by content: ``/inspect/SHA256/...``, with the whole request. A grant that is
not known, rules that are not there, too many at a time, one that takes too long: refused, also where the contract says
``detect``, for what was not inspected must not look as if it had been.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from easement.contract.codes import CATALOGUE
from easement.gateway.inspection_key import INSPECT_PREFIX, KEY_LENGTH, inspection_key
from easement.gateway.verdict import Verdict
from easement.gateway.waf import Waf
from easement.gateway.waf_finding import Finding, write_finding
from easement.gateway.waf_library import InspectedRequest, WafError
from easement.gateway.waf_rules import load_rules
from easement.plan.model import Inspection, Plan

_log = structlog.get_logger()
_BLOCKED: Final = "EAS-5420"
_UNAVAILABLE: Final = "EAS-5505"
_TIMEOUT_S: Final = 2.0
_MAX_WAITING: Final = 64
_THREADS: Final = min(4, os.cpu_count() or 1)
_TRUNCATED: Final = 200
_GATEWAYS_OWN: Final = frozenset(
    {"authorization", "connection", "content-length", "expect", "host", "te", "transfer-encoding", "x-request-id",
     "x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-proto", "x-transaction-id"}
)  # fmt: skip
"""Headers that the gateway writes or verifies itself; callers' own of these names never reach the target."""
_OWN_PREFIXES: Final = ("x-easement-", "x-envoy-")
_HOST: Final = ("host", "easement")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})

_Wanted = Mapping[str, Inspection | None]


class RefusedInspectionError(Exception):
    """The request cannot be inspected. The text is a word for the record."""


@dataclass(slots=True)
class Inspections:
    """The inspections of the current plan and of the one before it, whose requests may be under way."""

    folder: Path
    timeout_s: float = _TIMEOUT_S
    max_waiting: int = _MAX_WAITING
    problem: str = field(default="", init=False)
    _waf: Waf | None = field(default=None, init=False)
    _current: Mapping[str, _Wanted] = field(default_factory=dict, init=False)
    _former: Mapping[str, _Wanted] = field(default_factory=dict, init=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)
    _waiting: set[Future[Finding | None]] = field(default_factory=set, init=False)

    @property
    def version(self) -> str:
        """The rules that are loaded, or an empty text."""
        return self._waf.loaded.facts.version if self._waf else ""

    def take(self, plan: Plan) -> None:
        """Have the rules that a plan asks for. Blocking. What cannot be had is refused when it is asked for."""
        wanted = {
            inspection_key(route): {grant.integration: grant.inspection for grant in route.grants}
            for route in plan.routes
            if route.is_inspected
        }
        if wanted:
            self._prepare([*wanted.values(), *self._current.values()])
            self._compare(plan)
        self._former, self._current = self._current, wanted

    async def decide(self, path: str, grant: str, request: InspectedRequest, transaction: str) -> Verdict:
        """Whether a request passes. ``grant`` is the integration that let it in."""
        try:
            inspection = self._wanted(path, grant)
            if inspection is None:
                return Verdict(status=200)
            finding = await self._inspected(inspection, request)
        except RefusedInspectionError as refusal:
            return _refusal(503, _UNAVAILABLE, transaction, "waf-unavailable", reason=f"waf {refusal}")
        if finding is None:
            return Verdict(status=200)
        written = write_finding(finding)
        if finding.outcome != "blocked":
            return Verdict(status=200, finding=written)
        reason = f"waf {','.join(finding.attacks)}".strip()
        return _refusal(403, _BLOCKED, transaction, "waf", reason=reason, finding=written)

    def close(self) -> None:
        """Let go of the threads; what is under way ends by itself."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _prepare(self, wanted: Iterable[_Wanted]) -> None:
        try:
            if self._waf is None:
                self._waf = Waf(load_rules(self.folder))
                _log.info("decider.waf_rules_loaded", version=self.version, digest=self._waf.loaded.facts.digest)
        except (WafError, OSError) as error:
            self.problem = str(error)[:_TRUNCATED]
            _log.error("decider.waf_unavailable", reason=self.problem)
            return
        self.problem = ""
        self._waf.prepare(one for grants in wanted for one in grants.values() if one is not None)

    def _compare(self, plan: Plan) -> None:
        if self._waf is not None and plan.inspection is not None and plan.inspection != self._waf.loaded.facts:
            planned, here = plan.inspection, self._waf.loaded.facts
            _log.warning(
                "decider.waf_rules_differ", planned=planned.version, loaded=here.version, digest=here.digest[:12]
            )

    def _wanted(self, path: str, grant: str) -> Inspection | None:
        key = path.removeprefix(INSPECT_PREFIX)[:KEY_LENGTH]
        grants = self._current.get(key) or self._former.get(key)
        if grants is None:
            raise RefusedInspectionError("unknown-inspection")
        if grant not in grants:
            raise RefusedInspectionError("unknown-grant")
        return grants[grant]

    async def _inspected(self, inspection: Inspection, request: InspectedRequest) -> Finding | None:
        if self._waf is None:
            raise RefusedInspectionError("no-rules")
        if len(self._waiting) >= self.max_waiting:
            raise RefusedInspectionError("overloaded")
        self._pool = self._pool or ThreadPoolExecutor(_THREADS, thread_name_prefix="waf")
        running = self._pool.submit(self._waf.inspect, inspection, request)
        self._waiting.add(running)
        running.add_done_callback(self._waiting.discard)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(running), self.timeout_s)
        except TimeoutError as error:
            raise RefusedInspectionError("timeout") from error


def inspected_request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> InspectedRequest:
    """The request as its target will get it: without what the gateway writes itself, with a host that says nothing."""
    told = [(name, value) for name, value in headers if _is_callers_own(name.lower())]
    length = [("content-length", str(len(body)))] if body or method in _WITH_BODY else []
    return InspectedRequest(method=method, target=target, headers=[_HOST, *told, *length], body=body)


def _is_callers_own(name: str) -> bool:
    return name not in _GATEWAYS_OWN and not name.startswith(_OWN_PREFIXES)


def _refusal(status: int, code: str, transaction: str, word: str, *, reason: str, finding: str = "") -> Verdict:
    document = {
        "type": f"urn:easement:problem:{code}",
        "title": CATALOGUE[code].title,
        "status": status,
        "code": code,
        "reason": word,
        "detail": _SAID[code],
        "instance": f"urn:uuid:{transaction}",
    }
    return Verdict(
        status=status, code=code, document=json.dumps(document).encode(), reason=reason[:_TRUNCATED], finding=finding
    )


_SAID: Final = {
    _BLOCKED: "The request looks like an attack; the record of this transaction names the rules.",
    _UNAVAILABLE: "The inspection of this operation is not available; nothing passes without it.",
}
