"""How commands reach the control plane: its address, a token, and problems turned into exit codes.

The address is ``--server``, ``EASEMENT_SERVER``, or the control plane's loopback port. The token is ``EASEMENT_TOKEN``,
or the local operator's file in the data directory, which is sent to this machine and nowhere else. No token travels
over plain HTTP to another machine.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlsplit

import httpx

from easement.cli.failure import ExitCode, fail
from easement.keys.private_file import PrivateFileError, read_private_file
from easement.keys.secrets import Secret
from easement.runtime.layout import DataDirectory
from easement.runtime.settings import load_settings

_API: Final = "/api/v1"
_TIMEOUT_S: Final = 60.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY: Final = frozenset({"policy", "not-allowed", "role-missing", "csrf"})
_TRIES: Final = 3
"""How often a change is asked for under one ``Idempotency-Key`` when the connection is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the JSON body (None for an empty one) and the entity tag."""

    body: Any
    etag: str = ""


@dataclass(frozen=True, slots=True)
class ControlClient:
    """A connection to the control plane; paths are below ``/api/v1``. A refusal ends the command with its reason."""

    http: httpx.Client = field(repr=False)

    def get(self, path: str, **parameters: str | Sequence[str]) -> Answer:
        """Read; parameters that are empty are left out."""
        return self.send("GET", path, parameters={name: value for name, value in parameters.items() if value})

    def text(self, path: str, **parameters: str | Sequence[str]) -> str:
        """Read something that is not JSON, such as CSV."""
        found = {name: value for name, value in parameters.items() if value}
        return self._sent("GET", path, parameters=found).text

    def pages(self, path: str, **parameters: str | Sequence[str]) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor = ""
        while True:
            body = self.get(path, **parameters, cursor=cursor).body
            yield from body["items"]
            cursor = str(body.get("cursor", ""))
            if not cursor:
                return

    def post(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a change. Asked again after a lost connection only where an ``Idempotency-Key`` makes that safe."""
        return self.send("POST", path, body=body, headers=headers)

    def put(self, path: str, body: Any) -> Answer:
        """Replace what is at ``path``."""
        return self.send("PUT", path, body=body)

    def delete(self, path: str) -> Answer:
        """Remove what is at ``path``."""
        return self.send("DELETE", path)

    def send(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | Sequence[str]] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its answer."""
        answer = self._sent(method, path, parameters=parameters, body=body, headers=headers)
        return Answer(body=answer.json() if answer.content else None, etag=answer.headers.get("etag", ""))

    def _sent(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | Sequence[str]] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        request = self.http.build_request(method, _API + path, params=parameters, json=body, headers=headers)
        for attempt in range(_TRIES if "Idempotency-Key" in request.headers else 1, 0, -1):
            try:
                answer = self.http.send(request)
                break
            except httpx.HTTPError as error:
                if attempt == 1:
                    fail(
                        f"the control plane at {self.http.base_url} does not answer ({type(error).__name__})",
                        code=ExitCode.UNREACHABLE,
                        hint="Is 'easement up' running? Another address is set with --server or EASEMENT_SERVER.",
                    )
                time.sleep(0.5)
        if not answer.is_success:
            _end(answer)
        return answer


def segment(name: str) -> str:
    """``name`` as one segment of a path."""
    return quote(name, safe="")


@contextmanager
def control_plane(*, server: str = "", data: Path | None = None) -> Iterator[ControlClient]:
    """The control plane of this machine, or of ``server``; closed at the end of the block."""
    try:
        settings = load_settings(data=data)
    except ValueError as error:
        fail(str(error), code=ExitCode.USAGE)
    folder = DataDirectory(settings.data)
    address = _address(server or os.environ.get("EASEMENT_SERVER", ""), settings.console_port)
    with httpx.Client(
        base_url=address,
        headers={"Authorization": f"Bearer {_token(folder, address).reveal()}"},
        timeout=_TIMEOUT_S,
        verify=_trust(folder),
        follow_redirects=False,
        trust_env=False,
    ) as http:
        yield ControlClient(http)


def _address(server: str, console_port: int) -> str:
    address = server or f"http://127.0.0.1:{console_port}"
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        fail(f"{address!r} is not an address: write https://HOST:PORT", code=ExitCode.USAGE)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        fail("a token is not sent over plain HTTP to another machine: use https://", code=ExitCode.USAGE)
    return address


def _token(folder: DataDirectory, address: str) -> Secret:
    if value := os.environ.get("EASEMENT_TOKEN", ""):
        return Secret(value.strip())
    if urlsplit(address).hostname not in _LOOPBACK:
        fail(
            f"EASEMENT_TOKEN is not set, and the operator token of this machine is not sent to {address}",
            code=ExitCode.REFUSED,
            hint="Ask an administrator of that control plane for an API token.",
        )
    path = folder.keys / "operator.token"
    if not path.exists():
        fail(
            f"there is no token: {path} does not exist and EASEMENT_TOKEN is not set",
            code=ExitCode.REFUSED,
            hint="Run 'easement up' here first, name its directory with --data, or set EASEMENT_TOKEN.",
        )
    try:
        return Secret(read_private_file(path).decode("ascii").strip())
    except (PrivateFileError, UnicodeDecodeError) as error:
        fail(str(error), code=ExitCode.REFUSED)


def _trust(folder: DataDirectory) -> ssl.SSLContext:
    """The public authorities, and our own where it is at hand."""
    context = ssl.create_default_context()
    own = folder.certificates / "ca.pem"
    if own.exists():
        context.load_verify_locations(own)
    return context


def _end(answer: httpx.Response) -> NoReturn:
    """Say what the problem document says, and end with the exit code of its kind."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    code = str(problem.get("code", ""))
    detail = str(problem.get("detail", "")) or f"the control plane answered {answer.status_code}"
    reasons = [f"\n  - {reason}" for reason in problem.get("reasons", ())]
    fail(
        f"{detail}{f' [{code}]' if code else ''}{''.join(reasons)}",
        code=_exit_code(answer.status_code, code),
        hint="Set EASEMENT_TOKEN to a live token, or name the data directory with --data."
        if answer.status_code == httpx.codes.UNAUTHORIZED
        else "",
    )


def _exit_code(status: int, code: str) -> ExitCode:
    if status in {401, 403} or code in _POLICY:
        return ExitCode.REFUSED
    if code == "invalid":
        return ExitCode.FINDINGS
    return ExitCode.UNREACHABLE if status in {502, 503, 504} else ExitCode.ERROR
