"""The credentials of targets, resolved at the gateway: references of the plan in, files for Envoy out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from easement.gateway.place import GatewayPlace
from easement.gateway.render_credentials import FOLDER, credential_content, credential_file
from easement.keys.secret_stores import SecretStores
from easement.keys.secrets import Secret, SecretError
from easement.plan.model import Upstream
from easement.store.atomic_file import write_atomically

_log = structlog.get_logger()
_WRITABLE: Final = re.compile(r"[\x20-\x7E]{1,8192}")


@dataclass(slots=True)
class TargetCredentials:
    """Writes each secret once, and again when it has turned. An upstream may be shown what is its own system's."""

    place: GatewayPlace
    secrets: SecretStores
    problems: dict[str, str] = field(default_factory=dict)
    """Upstream → why it has no credential now. Requests to it are refused meanwhile."""

    def refresh(self, upstreams: Iterable[Upstream]) -> None:
        """Resolve every reference and exchange the files that changed. What cannot be resolved now stays as it was."""
        for upstream in upstreams:
            if upstream.credential is None:
                continue
            path = credential_file(self.place, upstream.name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            secret = self._secret(upstream)
            if secret is None and path.exists():
                continue  # the last good one stays, as everything does while something is away
            content = credential_content(upstream, secret)
            if not path.exists() or path.read_bytes() != content:
                write_atomically(path, content)

    def forget_others(self, upstreams: Iterable[Upstream]) -> None:
        """Remove the secrets of those that no longer have one, once nothing refers to them."""
        kept = {credential_file(self.place, one.name) for one in upstreams if one.credential is not None}
        for path in (self.place.live / FOLDER).glob("*.json"):
            if path not in kept:
                path.unlink(missing_ok=True)
                self.problems.pop(path.stem, None)

    def _secret(self, upstream: Upstream) -> Secret | None:
        wanted = upstream.credential
        if wanted is None:
            return None
        try:
            secret = _writable(wanted.secret, self.secrets.of_document(wanted.secret, upstream.name))
        except SecretError as error:
            if self.problems.get(upstream.name) != str(error):
                _log.error("gateway.credential_missing", target=upstream.name, reason=str(error))
            self.problems[upstream.name] = str(error)
            return None
        self.problems.pop(upstream.name, None)
        return secret


def _writable(reference: str, secret: Secret) -> Secret:
    if not _WRITABLE.fullmatch(secret.reveal()):
        raise SecretError(f"{reference} does not fit into a header: it has characters that are not printable ASCII")
    return secret
