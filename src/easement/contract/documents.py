"""Documents as JSON trees and back. What people write, what is stored and what the API answers is one form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from easement.contract.kinds import API_VERSION, KINDS, Document
from easement.contract.places import pointer
from easement.contract.problems import Place, Problem
from easement.contract.validation import complaints


class DocumentError(ValueError):
    """A tree that is no document. ``problems`` says all that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@cache
def adapter(kind: str) -> TypeAdapter[Any]:
    """The validator of a kind. Raises ``KeyError`` when there is no such kind."""
    return TypeAdapter(KINDS[kind])


def validate(kind: str, tree: Any) -> Document:
    """A document of ``kind`` from plain values; camelCase keys only, no value is converted from another type.

    Raises ``pydantic.ValidationError``.
    """
    document: Document = adapter(kind).validate_json(json.dumps(tree), strict=True, by_alias=True, by_name=False)
    return document


def to_json(document: Document) -> dict[str, Any]:
    """The document as a tree of plain values: camelCase keys, defaults left out, ``apiVersion`` and ``kind`` first."""
    tree = adapter(document.kind).dump_python(document, mode="json", by_alias=True, exclude_defaults=True)
    return {"apiVersion": document.api_version, "kind": document.kind, **tree}


def from_json(tree: Mapping[str, Any]) -> Document:
    """The document that :func:`to_json` wrote. Raises :class:`DocumentError` on anything else."""
    kind = tree.get("kind")
    if tree.get("apiVersion") != API_VERSION or not isinstance(kind, str) or kind not in KINDS:
        message = f"not a document of {API_VERSION}: apiVersion or kind is missing or unknown"
        raise DocumentError((Problem(code="EAS-1101", message=message, place=Place()),))
    try:
        return validate(kind, dict(tree))
    except ValidationError as error:
        found = complaints(error, dict(tree), kind)
    except (TypeError, ValueError, RecursionError):
        problem = Problem(code="EAS-1002", message="not a tree of JSON values", place=Place())
        raise DocumentError((problem,)) from None
    raise DocumentError(
        tuple(Problem(code=c.code, message=c.message, place=Place(path=pointer(c.tokens)), hint=c.hint) for c in found)
    )
