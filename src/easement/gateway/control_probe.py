"""Trying the controls of live integrations at the running gateway: requests to the probe-safe copy, and what came back.

A probe takes nothing for granted: a case holds only when status, answer, and what the target has seen are all as they
must be. Cases run one after another, so that what the target saw belongs to the case.
"""

from __future__ import annotations

import asyncio
import http.client
import secrets
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from easement.gateway.control_case import ControlCase, Expectation, Owasp, ProbeRequest
from easement.gateway.control_cases import control_cases
from easement.gateway.envoy_admin import EnvoyAdmin, NotTakenError
from easement.gateway.files import LiveFiles
from easement.gateway.place import GatewayPlace
from easement.gateway.probe_identity import ProbeIdentity
from easement.gateway.probe_report import THE_GATEWAY, CaseResult, Outcome, left_out
from easement.gateway.probe_target import ProbeTarget
from easement.gateway.render_probe import ProbeCopy, probe_cluster, probe_listeners
from easement.gateway.reserved_ports import reserved_ports
from easement.plan.model import API_KEY, Plan, Route

_log = structlog.get_logger()
_BATCH: Final = 40
"""Interfaces whose routes stand in the copy at a time."""
_TIMEOUT_S: Final = 10.0
_LISTENS_S: Final = 10.0
_ALERT: Final = 0x15
_SAID: Final = 200

Results = Mapping[str, list[CaseResult]]


class ProbeError(RuntimeError):
    """The copy could not be made, or went away while it was tried: the run says nothing about the controls."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str
    """Headers and body, in lower case."""


@dataclass(slots=True, kw_only=True)
class ControlProbe:
    """One run over the plan that is in force."""

    plan: Plan
    plan_hash: str
    jwks: Mapping[str, Any]
    place: GatewayPlace
    live: LiveFiles
    admin: EnvoyAdmin
    is_in_force: Callable[[], bool]
    """Whether the plan still is; when a new one came the copy is gone, and what is found then says nothing."""
    _identity: ProbeIdentity = field(init=False, repr=False)
    _target: ProbeTarget = field(init=False, repr=False)
    _ports: tuple[int, int] = field(default=(0, 0), init=False)

    async def run(self, wanted: frozenset[str]) -> Results:
        """Try all cases of the ``wanted`` integrations (empty: all of them).

        Returns results by integration; those under :data:`THE_GATEWAY` are about the gateway as a whole. Raises
        :class:`ProbeError`.
        """
        folder = self.place.folder / "probe"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        results: dict[str, list[CaseResult]] = {THE_GATEWAY: await asyncio.to_thread(lambda: list(self._handshakes()))}
        try:
            self._identity = ProbeIdentity(folder, self.place.issuer, self.place.certificates / "ca.pem")
            with ProbeTarget() as self._target:
                for part in _parts(self.plan, wanted):
                    for name, found in (await self._try_part(part, wanted)).items():
                        results.setdefault(name, []).extend(found)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return results

    async def _try_part(self, part: Plan, wanted: frozenset[str]) -> Results:
        keyed = {grant.client_id for route in part.routes for grant in route.grants if grant.authentication == API_KEY}
        with reserved_ports(2) as ports:
            self._ports = (ports[0], ports[1])
        trusted = [*self.jwks["keys"], self._identity.trusted.public_jwk()]
        copy = ProbeCopy(
            place=self.place, plan_hash=self.plan_hash, jwks={"keys": trusted}, port=self._ports[0],
            limited_port=self._ports[1], target_port=self._target.port,
            trust=self._identity.trust() if self.place.tls else self.place.folder,
            api_keys=self._identity.api_keys(keyed),
        )  # fmt: skip
        try:
            await self.live.add(probe_listeners(part, copy), [probe_cluster(copy)], self.admin)
            try:
                await self._until_listening()
                return await asyncio.to_thread(self._try_routes, part, wanted)
            finally:
                await self.live.take_away(self.admin)
        except (NotTakenError, ValueError) as error:
            raise ProbeError(f"the copy cannot be made: {error}") from error

    async def _until_listening(self) -> None:
        end = asyncio.get_running_loop().time() + _LISTENS_S
        while any(not _is_open(port) for port in self._ports):
            if asyncio.get_running_loop().time() > end:
                raise ProbeError("the copy does not listen")
            await asyncio.sleep(0.05)

    def _try_routes(self, part: Plan, wanted: frozenset[str]) -> Results:
        results: dict[str, list[CaseResult]] = {}
        for route in part.routes:
            for grant in route.grants:
                name = grant.party.integration
                if wanted and name not in wanted:
                    continue
                for case in control_cases(self.plan, route, grant):
                    results.setdefault(name, []).append(self._try(case, route))
                    if not self.is_in_force():
                        raise ProbeError("a new plan came into force meanwhile")
        return results

    def _try(self, case: ControlCase, route: Route) -> CaseResult:
        if case.request is None:
            return left_out(case, route.operation)
        self._target.answer = case.answer
        self._target.seen.clear()
        try:
            answers = [self._send(case.request) for _ in range(case.request.times)]
        except (OSError, http.client.HTTPException) as error:
            outcome, said = Outcome.FAILED, f"no answer: {type(error).__name__}"
        else:
            faults = _faults(case.expects, answers, "\n".join(self._target.seen).lower())
            outcome = Outcome.FAILED if faults else Outcome.HELD
            said = "; ".join(faults)[:_SAID] or f"answered {_told(answers)}"
        return CaseResult(
            operation=route.operation, case=case.id, item=case.item, what=case.what, outcome=outcome, said=said
        )

    def _send(self, request: ProbeRequest) -> _Answer:
        port = self._ports[1] if request.is_limited else self._ports[0]
        credential = request.credential
        connection = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=_TIMEOUT_S, context=self._identity.tls(credential))
            if self.place.tls
            else http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
        )
        path = request.path
        if query := self._identity.query(credential):
            path += ("&" if "?" in path else "?") + query
        try:
            connection.putrequest(request.method, path, skip_accept_encoding=True)
            for name, value in (*request.headers, *self._identity.headers(credential).items()):
                connection.putheader(name, value)
            if request.body is not None:
                connection.putheader("content-length", str(len(request.body)))
            connection.endheaders(request.body)
            answer = connection.getresponse()
            headers = "".join(f"{name}: {value}\n" for name, value in answer.getheaders())
            return _Answer(answer.status, (headers + answer.read().decode(errors="replace")).lower())
        except BrokenPipeError:
            return _early(connection)
        finally:
            connection.close()

    def _handshakes(self) -> Iterator[CaseResult]:
        """At the data plane's own listener: none of these gets as far as a request."""
        host = self.place.host if self.place.host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104 - compared
        tried: Sequence[tuple[str, str, Owasp, Callable[[str, int], str]]] = (
            ("plain-http", "a request without TLS gets no answer", Owasp.MISCONFIGURATION, _plain_http),
            ("tls-1.0", "TLS 1.0 is refused", Owasp.MISCONFIGURATION, lambda h, p: _old_tls(h, p, 1)),
            ("tls-1.1", "TLS 1.1 is refused", Owasp.MISCONFIGURATION, lambda h, p: _old_tls(h, p, 2)),
            ("foreign-certificate", "a certificate of another authority is refused", Owasp.AUTHENTICATION,
             lambda h, p: _foreign_certificate(h, p, self.place)),
        )  # fmt: skip
        for case, what, item, attempt in tried:
            if not self.place.tls:
                outcome, said = Outcome.NOT_APPLICABLE, "the gateway speaks without TLS"
            else:
                try:
                    fault = attempt(host, self.place.port)
                except OSError as error:
                    fault = f"not reached: {type(error).__name__}"
                outcome, said = (Outcome.FAILED, fault) if fault else (Outcome.HELD, "refused in the handshake")
            yield CaseResult(operation="", case=case, item=item, what=what, outcome=outcome, said=said)


def _parts(plan: Plan, wanted: frozenset[str]) -> Iterator[Plan]:
    """The interfaces that the wanted integrations call, whole, so many at a time."""
    called = sorted({
        route.interface_key
        for route in plan.routes
        for grant in route.grants
        if not wanted or grant.party.integration in wanted
    })  # fmt: skip
    for start in range(0, len(called), _BATCH):
        some = frozenset(called[start : start + _BATCH])
        yield replace(plan, routes=tuple(route for route in plan.routes if route.interface_key in some))


def _faults(expects: Expectation, answers: Sequence[_Answer], seen: str) -> list[str]:
    """What is not as it must be; nothing when the case holds."""
    faults = []
    wanted = expects.statuses or frozenset(range(200, 300))
    if not any(answer.status in wanted for answer in answers):
        faults.append(f"answered {_told(answers)}, must be {_named(expects.statuses)}")
    if expects.reaches is not None and bool(seen) != expects.reaches:
        faults.append("the target was reached" if seen else "the target was not reached")
    text = answers[-1].text if answers else ""
    faults += [f"{word} is in the answer" for word in expects.absent if _has(text, word.lower())]
    faults += [f"{word} reached the target" for word in expects.misses if word and word.lower() in seen]
    return faults


def _has(text: str, word: str) -> bool:
    """As the name of a header, or anywhere in what is no name of a header of ours."""
    return any(line.startswith(f"{word}:") for line in text.splitlines()) or (
        word.startswith("easement") and word in text
    )


def _told(answers: Sequence[_Answer]) -> str:
    return ", ".join(str(status) for status in dict.fromkeys(answer.status for answer in answers))


def _named(statuses: frozenset[int]) -> str:
    return " or ".join(str(status) for status in sorted(statuses)) or "2xx"


def _early(connection: http.client.HTTPConnection) -> _Answer:
    """The gateway answered and closed before it had read the whole request."""
    answer = connection.response_class(connection.sock, method="POST")
    answer.begin()
    return _Answer(answer.status, answer.read().decode(errors="replace").lower())


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _plain_http(host: str, port: int) -> str:
    said = _said(host, port, b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    return "answered without TLS" if said.startswith(b"HTTP/") else ""


def _old_tls(host: str, port: int, minor: int) -> str:
    """A ClientHello of an older version (RFC 4346 §7.4.1.2): a server that takes it answers with a handshake."""
    said = _said(host, port, _client_hello(minor))
    return "the handshake goes on" if said and said[0] != _ALERT else ""


def _client_hello(minor: int) -> bytes:
    suites = bytes.fromhex("c013c014c009c00a002f0035")
    extensions = bytes.fromhex("000a00080006001d00170018000b0002010000170000")  # fmt: skip
    body = bytes([3, minor]) + secrets.token_bytes(32) + b"\0"
    body += len(suites).to_bytes(2) + suites + b"\x01\0" + len(extensions).to_bytes(2) + extensions
    hello = b"\x01" + len(body).to_bytes(3) + body
    return b"\x16\x03\x01" + len(hello).to_bytes(2) + hello


def _said(host: str, port: int, data: bytes) -> bytes:
    with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
        connection.sendall(data)
        try:
            return connection.recv(4096)
        except ConnectionResetError:
            return b""


def _foreign_certificate(host: str, port: int, place: GatewayPlace) -> str:
    """TLS 1.3 tells the client of the refusal with its first read after the handshake."""
    folder = place.folder / "probe"
    foreign = ProbeIdentity(folder, place.issuer, place.certificates / "ca.pem")
    context = foreign.shown("easement-probe-other")
    try:
        with (
            socket.create_connection((host, port), timeout=_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            return "the certificate was accepted" if connection.recv(4096) else ""
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return ""
