"""Where secrets are: environment, files, Vault or OpenBao, AWS Secrets Manager, Azure Key Vault.

References in *settings* are the operator's own and may name anything. References in *documents* are written by the
teams of an estate, who also say where the value is sent to; so a document may only name what was laid down for its
owner (:class:`DocumentSecrets`), or any author could have another team's secret, or ours, sent to a host of theirs.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from easement.keys.secrets import (
    Secret,
    SecretError,
    SecretReference,
    SecretUnreachableError,
    read_reference,
)

_log = structlog.get_logger()
DEFAULT_DOCUMENT_SECRETS: Final = (
    "env/SECRET_*",
    "file/secrets/**",
    "vault/*/easement/{owner}",
    "vault/*/easement/{owner}/**",
    "aws/easement/{owner}",
    "aws/easement/{owner}/**",
    "azure/easement-{owner}",
)
REMOTE_KEPT_S: Final = 30.0
"""How long a value of a remote store counts before it is asked for again: a turned secret counts within it."""
_OUTAGE_S: Final = 3600.0
_ASK_AGAIN_S: Final = 5.0
_MOST_KEPT: Final = 10_000
_MOST_CHARACTERS: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """What a store has under a path: one text, or named values.

    ``fresh_s`` says for how many seconds it counts without asking again; ``usable_s`` for how many it may go on being
    used while the store does not answer. Both count from when it was read.
    """

    value: str | Mapping[str, object] = field(repr=False)
    fresh_s: float = 0.0
    usable_s: float = 0.0


def remote_secret(value: str | Mapping[str, object]) -> StoredSecret:
    """A value of a store across the network that has no lease of its own."""
    return StoredSecret(value=value, fresh_s=REMOTE_KEPT_S, usable_s=_OUTAGE_S)


class SecretStore(Protocol):
    """One place where secrets are."""

    def read(self, path: str) -> StoredSecret:
        """What is under ``path``. Raises :class:`SecretError`, :class:`SecretUnreachableError` for an outage."""


@dataclass(frozen=True, slots=True)
class DocumentSecrets:
    """Which references documents may name: patterns ``STORE/PATH``, in which ``{owner}`` is the document's owner.

    ``*`` stands for anything within one part of a path, ``**`` for at least one part more.
    """

    patterns: tuple[str, ...] = DEFAULT_DOCUMENT_SECRETS

    def permits(self, reference: SecretReference, owner: str) -> bool:
        """Whether a document of ``owner`` (the name of a system or of a team) may name this."""
        written = f"{reference.store}/{reference.path}"
        if not owner or any(part in {"", ".", ".."} for part in written.split("/")):
            return False
        return any(_expression(pattern, owner).fullmatch(written) for pattern in self.patterns)


def _expression(pattern: str, owner: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*|\{owner\})", pattern)
    meaning = {"**": ".+", "*": "[^/]*", "{owner}": re.escape(owner)}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts))


@dataclass(slots=True)
class _Kept:
    stored: StoredSecret
    read: float


@dataclass(slots=True)
class SecretStores:
    """Resolves references. Safe to use from several threads; a store is asked by one of them at a time."""

    stores: Mapping[str, SecretStore]
    documents: DocumentSecrets = field(default_factory=DocumentSecrets)
    clock: Callable[[], float] = time.monotonic
    _kept: dict[tuple[str, str], _Kept] = field(default_factory=dict, repr=False)
    _silent: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False)
    """Store → when it is asked again, and what its silence was."""
    _locks: dict[str, threading.Lock] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._locks = {name: threading.Lock() for name in self.stores}

    def of_operator(self, reference: str) -> Secret:
        """The secret that a setting names.

        Raises :class:`SecretError` when the reference is malformed, names a store that is unknown or not set up, or is
        missing or empty there; :class:`SecretUnreachableError` when the store does not answer and never has.
        """
        return self._resolve(read_reference(reference))

    def of_document(self, reference: str, owner: str) -> Secret:
        """The secret that a document of ``owner`` names. Raises as :meth:`of_operator`, or where it may not."""
        parsed = read_reference(reference)
        if not self.documents.permits(parsed, owner):
            raise SecretError(
                f"{parsed}: documents of {owner!r} may not name it; EASEMENT_DOCUMENT_SECRETS lays down which they may"
            )
        return self._resolve(parsed)

    def _resolve(self, reference: SecretReference) -> Secret:
        store = self.stores.get(reference.store)
        if store is None:
            known = ", ".join(sorted(self.stores))
            raise SecretError(f"{reference}: the secret store {reference.store!r} is not set up here; there is {known}")
        with self._locks[reference.store]:
            stored = self._current(reference, store)
        value = stored.value if isinstance(stored.value, str) and not reference.key else _member(reference, stored)
        if not value:
            raise SecretError(f"{reference} is empty")
        if len(value) > _MOST_CHARACTERS:
            raise SecretError(f"{reference} has more than {_MOST_CHARACTERS:,} characters")
        return Secret(value)

    def _current(self, reference: SecretReference, store: SecretStore) -> StoredSecret:
        """The value kept while it is fresh, else read anew; the kept one once more while the store does not answer."""
        now = self.clock()
        name = (reference.store, reference.path)
        kept = self._kept.get(name)
        if kept is not None and now < kept.read + kept.stored.fresh_s:
            return kept.stored
        try:
            stored = self._ask(reference, store)
        except SecretUnreachableError as error:
            if kept is None or now >= kept.read + kept.stored.usable_s:
                self._kept.pop(name, None)
                raise SecretUnreachableError(f"{reference}: {error}") from error
            return kept.stored
        except SecretError as error:  # it is gone, or no longer ours to read: what was kept must not go on
            self._kept.pop(name, None)
            raise SecretError(f"{reference}: {error}") from error
        self._kept.pop(name, None)
        if stored.fresh_s > 0:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[name] = _Kept(stored, now)
        return stored

    def _ask(self, reference: SecretReference, store: SecretStore) -> StoredSecret:
        """Read, but leave a store that did not answer in peace for some seconds: each reference would wait for it."""
        again, why = self._silent.get(reference.store, (0.0, ""))
        if why and self.clock() < again:
            raise SecretUnreachableError(why)
        try:
            stored = store.read(reference.path)
        except SecretUnreachableError as error:
            if not why:
                _log.warning("secrets.store_unreachable", store=reference.store, reason=str(error))
            self._silent[reference.store] = (self.clock() + _ASK_AGAIN_S, str(error))
            raise
        if self._silent.pop(reference.store, None):
            _log.info("secrets.store_answers_again", store=reference.store)
        return stored


def _member(reference: SecretReference, stored: StoredSecret) -> str:
    body: object = stored.value
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise SecretError(f"{reference}: with #{reference.key} it must be a JSON object")
    if not isinstance(body, Mapping):
        raise SecretError(f"{reference}: it has no named values")
    if not reference.key:
        raise SecretError(f"{reference}: say which value is meant, as in {reference}#KEY")
    value = body.get(reference.key)
    if not isinstance(value, str):
        raise SecretError(f"{reference}: it has no text member {reference.key!r}")
    return value
