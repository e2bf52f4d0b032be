"""Differences that no validator sees: texts, defaults, marks, and keywords without a known meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.json_schema_node import KNOWN, Json, Node, escape, target_of
from easement.interfaces.compatibility.json_schema_value import equal
from easement.interfaces.compatibility.policy import Open, Policy
from easement.interfaces.compatibility.verdict import ChangeClass

_TEXTS: Final = ("title", "description", "summary", "examples", "example", "externalDocs", "$comment", "xml")
_MARKS: Final = {
    "default": (ChangeClass.RISKY, "the receiver may take another value where none is given"),
    "readOnly": (ChangeClass.RISKY, "it may be ignored or refused where it is sent"),
    "writeOnly": (ChangeClass.RISKY, "it may no longer be received"),
    "discriminator": (ChangeClass.RISKY, "programs that choose a type by it may choose another"),
    "contentEncoding": (ChangeClass.RISKY, "the text inside may be decoded in another way"),
    "contentMediaType": (ChangeClass.RISKY, "the text inside may be read in another way"),
    "contentSchema": (ChangeClass.RISKY, "the text inside may have to be of another form"),
    "deprecated": (ChangeClass.SAFE, "it works as before"),
    "x-easement": (ChangeClass.RISKY, "another classification may ask for other protection"),
}
_MISSING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One such difference. ``what`` names it in a rule id."""

    what: str
    keyword: str
    change: ChangeClass
    because: str
    old: Node
    new: Node
    steps: tuple[str, ...]
    before: Json
    after: Json
    has_before: bool
    has_after: bool


class Notes:
    """Walks two schemas side by side; pairs without any difference below are not walked again."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._quiet: set[tuple[Node, Node]] = set()

    def between(self, old: Node, new: Node, budget: Budget) -> list[Note]:
        """Every difference between the two and what they refer to, each pair once.

        Raises:
            BudgetSpentError: see :class:`Budget`.
        """
        found: list[Note] = []
        seen: set[tuple[Node, Node]] = set()
        waiting: list[tuple[Node, Node, tuple[str, ...]]] = [(old, new, ())]
        while waiting:
            one, other, steps = waiting.pop()
            if (one, other) in seen or (one, other) in self._quiet:
                continue
            seen.add((one, other))
            budget.spend()
            if isinstance(one.raw, Mapping) and isinstance(other.raw, Mapping):
                found.extend(self._local(one, other, steps))
            waiting.extend(_children(one, other, steps))
        if not found:
            self._quiet |= seen
        return found

    def _local(self, old: Node, new: Node, steps: tuple[str, ...]) -> Iterator[Note]:
        for keyword in sorted({*old.raw, *new.raw}, key=str):
            before, after = old.raw.get(keyword, _MISSING), new.raw.get(keyword, _MISSING)
            kind = self._kind(str(keyword), old, new)
            if kind is None or _is_equal(before, after):
                continue
            what, change, because = kind
            yield Note(
                what=f"{what}-{_verb(before, after)}",
                keyword=str(keyword),
                change=change,
                because=because,
                old=old,
                new=new,
                steps=steps,
                before=None if before is _MISSING else before,
                after=None if after is _MISSING else after,
                has_before=before is not _MISSING,
                has_after=after is not _MISSING,
            )

    def _kind(self, keyword: str, old: Node, new: Node) -> tuple[str, ChangeClass, str] | None:
        if keyword in _TEXTS:
            return keyword.lstrip("$").lower(), ChangeClass.DOCUMENTATION, "it only explains"
        if keyword in _MARKS:
            change, because = _MARKS[keyword]
            return _kebab(keyword), change, because
        if keyword in old.unknown or keyword in new.unknown:
            change = self._policy.judges(Open.UNKNOWN_KEYWORD)
            return "unknown-keyword", change, f"{keyword!r} has no meaning known here, so its effect is not known"
        if keyword.startswith("x-") and keyword not in KNOWN:
            return "extension", ChangeClass.DOCUMENTATION, "extensions ask nothing of a value"
        return None


def _verb(before: Any, after: Any) -> str:
    if before is _MISSING:
        return "added"
    return "removed" if after is _MISSING else "changed"


def _is_equal(before: Any, after: Any) -> bool:
    if before is _MISSING or after is _MISSING:
        return before is after
    return equal(before, after)


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


def _children(old: Node, new: Node, steps: tuple[str, ...]) -> Iterator[tuple[Node, Node, tuple[str, ...]]]:
    """Pairs at the same place inside, whether written there or referred to."""
    old_target, new_target = next(target_of(old), None), next(target_of(new), None)
    if old_target is not None or new_target is not None:
        yield old_target or old, new_target or new, steps
    for keyword, said in old.keywords.items():
        other = new.keywords.get(keyword)
        if other is None or keyword in {"$ref", "$dynamicRef", "dependentRequired"}:
            continue
        if isinstance(said, Node) and isinstance(other, Node):
            yield said, other, steps
        elif isinstance(said, dict) and isinstance(other, dict):
            for name, one in said.items():
                if name in other:
                    yield one, other[name], (*steps, name) if keyword == "properties" else steps
        elif isinstance(said, tuple) and isinstance(other, tuple) and keyword not in {"enum", "const"}:
            for one, another in zip(said, other, strict=False):
                yield one, another, steps


def pointer_of(node: Node, keyword: str) -> str:
    """Where a keyword of a note is written."""
    return f"{node.pointer}/{escape(keyword)}"
