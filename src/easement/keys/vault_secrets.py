"""Secrets of OpenBao or HashiCorp Vault, by their HTTP API: ``secret://vault/MOUNT/PATH#KEY``.

* Key-value engines of both versions, and dynamic secrets (a database's passwords): which one a path is in is asked
  of the server, as its own command does. All values of one path come from one reading, so that a user name and its
  password belong together.
* A lease is renewed when two thirds of it have passed, and read anew when it cannot be; none is used after its end.
* We sign in by the chosen method, renew our token while that works, and sign in again when it ends or is revoked.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote

import httpx

from easement.keys.secret_stores import StoredSecret, remote_secret
from easement.keys.secrets import Secret, SecretError, SecretUnreachableError

VaultMethod = Literal["token", "approle", "jwt", "kubernetes", "cert"]
_TIMEOUT_S: Final = 5.0
_RENEW_AT: Final = 2 / 3
_MOST_BYTES: Final = 1_048_576
_SIGN_IN_AGAIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultServer:
    """Where the server is, and how we sign in.

    ``login`` gives what the method wants: the token, the secret id of an AppRole, a JWT; ``cert`` shows the client
    certificate of ``client_certificate`` (PEM of certificate chain, of key) and wants none. ``mount`` empty means the
    method's usual one. ``ca`` empty means the system's authorities.
    """

    address: str
    method: VaultMethod = "token"
    role: str = ""
    login: Callable[[], Secret] | None = None
    mount: str = ""
    namespace: str = ""
    ca: str = ""
    client_certificate: tuple[str, str] | None = None


@dataclass(slots=True)
class _Lease:
    id: str
    data: Mapping[str, object] = field(repr=False)
    end: float
    renewable: bool


@dataclass(slots=True)
class VaultSecrets:
    """A :class:`~easement.keys.secret_stores.SecretStore` over one server. Not for several threads at once."""

    server: VaultServer
    clock: Callable[[], float] = time.monotonic
    _token: Secret | None = field(default=None, repr=False)
    _token_renewal: float = 0.0
    _token_end: float = 0.0
    _token_renewable: bool = False
    _signed_in: float = float("-inf")
    _leases: dict[str, _Lease] = field(default_factory=dict, repr=False)

    def read(self, path: str) -> StoredSecret:
        """The named values under ``path``. Raises :class:`SecretError`, :class:`SecretUnreachableError`."""
        if "/" not in path or any(part in {"", ".", ".."} for part in path.split("/")):
            raise SecretError("write secret://vault/MOUNT/PATH#KEY")
        with self._http() as http:
            lease = self._leases.get(path)
            if lease is not None and (again := self._renewed(http, path, lease)) is not None:
                return again
            return self._read(http, path)

    def _read(self, http: httpx.Client, path: str) -> StoredSecret:
        mount, version = self._mount_of(http, path)
        rest = path.removeprefix(mount)
        body = self._asked(http, "GET", f"{mount}data/{rest}" if version == "2" else path)
        data = _data(body)
        if version == "2":
            inner = data.get("data")
            if not isinstance(inner, dict):
                raise SecretError("its newest version was deleted")
            return remote_secret(inner)
        lease_id, seconds = body.get("lease_id"), body.get("lease_duration")
        if not lease_id or not isinstance(seconds, int) or seconds <= 0:
            return remote_secret(data)
        lease = _Lease(str(lease_id), data, self.clock() + seconds, bool(body.get("renewable")))
        self._leases[path] = lease
        return self._of_lease(lease)

    def _renewed(self, http: httpx.Client, path: str, lease: _Lease) -> StoredSecret | None:
        """The same values for longer, or None when they have to be read anew."""
        if lease.renewable and self.clock() < lease.end:
            try:
                body = self._asked(http, "POST", "sys/leases/renew", {"lease_id": lease.id})
            except SecretUnreachableError:
                raise
            except SecretError:
                body = {}
            seconds = body.get("lease_duration")
            before = lease.end - self.clock()
            if isinstance(seconds, int) and seconds > before:  # near its longest life a renewal gives no more
                lease.end = self.clock() + seconds
                return self._of_lease(lease)
        del self._leases[path]
        return None

    def _of_lease(self, lease: _Lease) -> StoredSecret:
        left = max(0.0, lease.end - self.clock())
        return StoredSecret(value=lease.data, fresh_s=left * _RENEW_AT, usable_s=left)

    def _mount_of(self, http: httpx.Client, path: str) -> tuple[str, str]:
        """The mount a path is below, with its slash, and the version of its key-value engine (empty: another one)."""
        data = _data(self._asked(http, "GET", f"sys/internal/ui/mounts/{path}"))
        mount = str(data.get("path", ""))
        options = data.get("options")
        version = str(options.get("version", "1")) if isinstance(options, dict) and data.get("type") == "kv" else ""
        if not mount or not path.startswith(mount):
            raise SecretError("it is below no mount that we may read")
        return mount, version

    def _asked(
        self, http: httpx.Client, verb: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """One call under our token; where it is refused, once more under a new one: it may have been revoked."""
        self._sign_in(http)
        answer = self._send(http, verb, path, body)
        is_old = self.clock() - self._signed_in > _SIGN_IN_AGAIN_S
        if answer.status_code == httpx.codes.FORBIDDEN and is_old:
            self._token = None
            self._sign_in(http)
            answer = self._send(http, verb, path, body)
        return _body(answer)

    def _sign_in(self, http: httpx.Client) -> None:
        """Have a token that lives."""
        now = self.clock()
        if self._token is not None and now < self._token_renewal:
            return
        if self._token is not None and now < self._token_end and self._token_renewable:
            try:
                answer = _body(self._send(http, "POST", "auth/token/renew-self", {}))
                if self._keep(answer, self._token) > _TIMEOUT_S:
                    return
            except SecretUnreachableError:
                raise
            except SecretError:  # at the end of its longest life, or revoked
                pass
        self._token = None
        self._signed_in = now
        if self.server.method == "token":
            self._token = self._credential()
            self._keep_looked_up(http)
            return
        answer = _body(self._send(http, "POST", f"auth/{self._mount()}/login", self._login_body()))
        told = answer.get("auth")
        token = told.get("client_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise SecretError("signing in to the store gave no token")
        self._keep(answer, Secret(token))

    def _keep_looked_up(self, http: httpx.Client) -> None:
        data = _data(_body(self._send(http, "GET", "auth/token/lookup-self", None)))
        seconds = data.get("ttl")
        self._set_end(seconds if isinstance(seconds, int) else 0, renewable=bool(data.get("renewable")))

    def _keep(self, answer: Mapping[str, Any], token: Secret) -> float:
        told = answer.get("auth")
        told = told if isinstance(told, dict) else {}
        seconds = told.get("lease_duration")
        self._token = token
        self._set_end(seconds if isinstance(seconds, int) else 0, renewable=bool(told.get("renewable")))
        return self._token_end - self.clock()

    def _set_end(self, seconds: int, *, renewable: bool) -> None:
        """A life of 0 seconds is a token without an end; it is looked at again each minute, all the same."""
        life = float(seconds) if seconds else 90.0
        self._token_end = self.clock() + life
        self._token_renewal = self.clock() + life * _RENEW_AT
        self._token_renewable = renewable and bool(seconds)

    def _mount(self) -> str:
        return self.server.mount.strip("/") or self.server.method

    def _login_body(self) -> dict[str, object]:
        role = self.server.role
        if self.server.method == "approle":
            return {"role_id": role, "secret_id": self._credential().reveal()}
        if self.server.method == "cert":
            return {"name": role} if role else {}
        return {"role": role, "jwt": self._credential().reveal()}

    def _credential(self) -> Secret:
        if self.server.login is None:
            raise SecretError("EASEMENT_VAULT_LOGIN is not set: refer to what signs us in, such as secret://file/PATH")
        return self.server.login()

    def _http(self) -> httpx.Client:
        headers = {"X-Vault-Request": "true"}
        if self.server.namespace:
            headers["X-Vault-Namespace"] = self.server.namespace
        try:
            context = ssl.create_default_context(cafile=self.server.ca or None)
            if self.server.client_certificate is not None:
                context.load_cert_chain(*self.server.client_certificate)
        except OSError as error:
            raise SecretError(f"certificates for the store cannot be read: {error.strerror or error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        base = self.server.address.rstrip("/") + "/v1/"
        return httpx.Client(base_url=base, headers=headers, verify=context, timeout=_TIMEOUT_S, trust_env=False)

    def _send(self, http: httpx.Client, verb: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        headers = {"X-Vault-Token": self._token.reveal()} if self._token is not None else {}
        try:
            with http.stream(verb, quote(path, safe="/"), json=body, headers=headers) as answer:
                size = 0
                chunks = []
                for chunk in answer.iter_bytes():
                    size += len(chunk)
                    if size > _MOST_BYTES:
                        raise SecretError("the store answered with more than a megabyte")
                    chunks.append(chunk)
                return httpx.Response(answer.status_code, content=b"".join(chunks))
        except httpx.HTTPError as error:
            raise SecretUnreachableError(f"{self.server.address} does not answer ({type(error).__name__})") from error


def _body(answer: httpx.Response) -> dict[str, Any]:
    """The answer's document. What a server says of a refusal is not repeated: it may hold what was sent to it."""
    status = answer.status_code
    if status == httpx.codes.NO_CONTENT:
        return {}
    if status == httpx.codes.NOT_FOUND:
        raise SecretError("the store has nothing there")
    if status in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise SecretError(f"the store refuses it ({status}): look at role, policy and what signs us in")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        raise SecretUnreachableError(f"the store cannot answer now ({status}); a sealed one says 503")
    if status != httpx.codes.OK:
        raise SecretError(f"the store answered with {status}")
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise SecretError("the store's answer is no JSON object")
    return body


def _data(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("data")
    if not isinstance(data, dict):
        raise SecretError("the store's answer has no data")
    return data
