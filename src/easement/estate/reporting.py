"""Problems of one assembling, each at its place in the document that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from easement.contract.identity import document_key
from easement.contract.kinds import Document, Severity
from easement.contract.loader import LoadedDocument
from easement.contract.problems import Problem
from easement.contract.suggestion import did_you_mean


@dataclass(slots=True)
class Reporter:
    """Collects problems.

    ``sources`` has the loaded document of each (kind, key); ``broken`` names those that are there but not valid, which
    the loader has reported: a reference to one of them does not dangle.
    """

    sources: Mapping[tuple[str, str], LoadedDocument]
    broken: frozenset[tuple[str, str]] = frozenset()
    problems: list[Problem] = field(default_factory=list)

    def report(
        self,
        document: Document,
        code: str,
        message: str,
        path: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a problem of ``document`` at the JSON pointer ``path``."""
        place = self.sources[document.kind, document_key(document)].place(path)
        self.problems.append(Problem(code=code, message=message, place=place, hint=hint, severity=severity))

    def unknown(self, document: Document, code: str, *, kind: str, name: str, path: str, known: Iterable[str]) -> None:
        """Report that there is no ``kind`` called ``name``, with the nearest one."""
        if (kind, name) in self.broken:
            return
        hint = did_you_mean(name, known) or f"add the {kind} document"
        self.report(document, code, f"there is no {kind.lower()} {name!r}", path, hint=hint)

    def where(self, document: Document) -> str:
        """File and line of a document, to name it in the problem of another."""
        return str(self.sources[document.kind, document_key(document)].place(""))
