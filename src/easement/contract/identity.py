"""Under which key a document stands in the estate: its name; an interface's name with its major version.

Two majors of one interface are two documents that stand side by side (``orders-api@1``, ``orders-api@2``), because
consumers move from one to the other at their own time. Everything else has one document for each name.
"""

from __future__ import annotations

from collections.abc import Iterable

from easement.contract.kinds import Document, Interface, InterfaceReference
from easement.contract.suggestion import did_you_mean


class UnknownKeyError(LookupError):
    """Nothing has that name, or several versions have it; the message says which there are."""


def interface_key(name: str, major: int) -> str:
    """``NAME@MAJOR``."""
    return f"{name}@{major}"


def document_key(document: Document) -> str:
    """The key of a document within its kind: ``NAME@MAJOR`` of an interface, the name of any other."""
    if isinstance(document, Interface):
        return interface_key(document.metadata.name, document.spec.version.major)
    return document.metadata.name


def reference_key(reference: InterfaceReference) -> str:
    """The key of the one interface version that a reference can mean: every range lies within one major."""
    return interface_key(reference.name, reference.version.major)


def bare_name(key: str) -> str:
    """The name in a key: ``orders-api`` of ``orders-api@1``."""
    return key.partition("@")[0]


def versions_of(name: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Those of ``keys`` that are versions of ``name``, lowest major first."""
    found = [key for key in keys if "@" in key and bare_name(key) == name]
    return tuple(sorted(found, key=lambda key: (len(key), key)))


def resolve_key(kind: str, written: str, keys: Iterable[str]) -> str:
    """The key that a person means by ``written``: a key, or a bare name of which there is one version.

    Raises :class:`UnknownKeyError` with what there is.
    """
    known = tuple(keys)
    if written in known:
        return written
    versions = versions_of(written, known)
    if len(versions) == 1:
        return versions[0]
    if versions:
        raise UnknownKeyError(f"{kind.lower()} {written} has several versions: name one of {', '.join(versions)}")
    hint = did_you_mean(written, known)
    raise UnknownKeyError(f"there is no {kind.lower()} named {written!r}" + (f"; {hint}" if hint else ""))
