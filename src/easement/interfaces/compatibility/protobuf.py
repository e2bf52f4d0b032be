"""Two sets of Protobuf files held against each other: what buf found, judged by a policy, and what else differs. Pure.

``strict`` counts whatever breaks generated source code (buf's FILE rules). Every other policy counts what breaks the
encoding on the wire and in JSON (WIRE_JSON), and the loss of an RPC, service, message or enumeration; what only
generated code notices is risky. Protobuf's rules do not ask who reads, so all directions are judged alike, but for new
values of an enumeration, which only readers meet.

A field or value that is deleted is breaking, except where its number and its name are reserved: then nothing can be
read as something else, and readers get the default, which is risky. Under ``strict`` it is breaking even so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from easement.interfaces.compatibility.foreign import UnreadableSchemaError
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.protobuf_elements import Element, elements
from easement.interfaces.compatibility.verdict import ChangeClass, Comparison, Direction, Position, Verdict, comparison

MOST_FINDINGS: Final = 5_000
_BOTH: Final = (Direction.PUBLISH, Direction.SUBSCRIBE)
_CALLS: Final = (Direction.REQUEST, Direction.RESPONSE)
_QUOTED: Final = re.compile(r'"([^"]*)"')

SOURCE_RULES: Final = frozenset(
    """
    EXTENSION_NO_DELETE SERVICE_NO_DELETE ENUM_NO_DELETE FILE_NO_DELETE MESSAGE_NO_DELETE ENUM_SAME_TYPE
    FIELD_SAME_CARDINALITY FIELD_SAME_CPP_STRING_TYPE FIELD_SAME_JAVA_UTF8_VALIDATION FIELD_SAME_JSTYPE
    FIELD_SAME_UTF8_VALIDATION FILE_SAME_CC_ENABLE_ARENAS FILE_SAME_CC_GENERIC_SERVICES FILE_SAME_CSHARP_NAMESPACE
    FILE_SAME_GO_PACKAGE FILE_SAME_JAVA_GENERIC_SERVICES FILE_SAME_JAVA_MULTIPLE_FILES FILE_SAME_JAVA_OUTER_CLASSNAME
    FILE_SAME_JAVA_PACKAGE FILE_SAME_OBJC_CLASS_PREFIX FILE_SAME_OPTIMIZE_FOR FILE_SAME_PHP_CLASS_PREFIX
    FILE_SAME_PHP_METADATA_NAMESPACE FILE_SAME_PHP_NAMESPACE FILE_SAME_PY_GENERIC_SERVICES FILE_SAME_RUBY_PACKAGE
    FILE_SAME_SWIFT_PREFIX ENUM_VALUE_NO_DELETE EXTENSION_MESSAGE_NO_DELETE FIELD_NO_DELETE FIELD_SAME_TYPE
    FILE_SAME_SYNTAX MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR ONEOF_NO_DELETE
    """.split()  # noqa: SIM905 -- read as words
)
"""Rules of buf about generated source code only. Every other one, also one not known here, is breaking."""

_LEFT_FILE: Final = frozenset({"MESSAGE_NO_DELETE", "ENUM_NO_DELETE", "SERVICE_NO_DELETE"})
_SAID_BETTER: Final[Mapping[str, frozenset[str]]] = {
    "FIELD_NO_DELETE": frozenset({"FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", "FIELD_NO_DELETE_UNLESS_NAME_RESERVED"}),
    "ENUM_VALUE_NO_DELETE": frozenset(
        {"ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"}
    ),
    "FIELD_SAME_TYPE": frozenset({"FIELD_WIRE_JSON_COMPATIBLE_TYPE"}),
    "FIELD_SAME_CARDINALITY": frozenset({"FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BufFinding:
    """One line of buf's output; line and column from 1, 0 where buf names none."""

    file: str
    line: int
    column: int
    rule: str
    message: str

    @property
    def quoted(self) -> str:
        """The first thing that the message names: the number of a field, the name of a message."""
        found = _QUOTED.search(self.message)
        return found.group(1) if found else ""


def read_findings(output: bytes, *, side: str = "new") -> tuple[BufFinding, ...]:
    """Buf's output under ``--error-format json``; paths lose the folder of their side.

    Raises :class:`UnreadableSchemaError` where it is something else.
    """
    try:
        said = [json.loads(line) for line in output.splitlines() if line.strip()]
        return tuple(
            BufFinding(
                file=str(one.get("path", "")).removeprefix(f"{side}/"),
                line=int(one.get("start_line", 0)),
                column=int(one.get("start_column", 0)),
                rule=str(one["type"]),
                message=str(one["message"]).split(" See https://", maxsplit=1)[0],
            )
            for one in said
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableSchemaError("buf answered something that is not understood") from error


def compare_protobuf(
    findings: Sequence[BufFinding], old_image: Mapping[str, Any], new_image: Mapping[str, Any], *, policy: Policy
) -> Comparison:
    """Every change between two images (FileDescriptorSets in JSON), with what buf found between them."""
    old, new = list(elements(old_image)), list(elements(new_image))
    found = [verdict for one in _distinct(findings[:MOST_FINDINGS]) for verdict in _judged(one, old, new, policy)]
    if len(findings) > MOST_FINDINGS:
        found += _verdicts(
            "too-complex", ChangeClass.BREAKING, "more findings than are listed: treated as breaking", complex_=True
        )
    return comparison([*found, *_other_changes(old, new)])


def _distinct(findings: Iterable[BufFinding]) -> Iterator[BufFinding]:
    """Without those that another finding about the same thing says more exactly."""
    listed = list(findings)
    there: dict[tuple[str, int, str], set[str]] = {}
    for one in listed:
        there.setdefault((one.file, one.line, one.quoted), set()).add(one.rule)
    for one in listed:
        if not _SAID_BETTER.get(one.rule, frozenset()) & there[one.file, one.line, one.quoted]:
            yield one


def _judged(one: BufFinding, old: list[Element], new: list[Element], policy: Policy) -> list[Verdict]:
    is_strict = policy.name.removesuffix("-transitive") == "strict"
    is_source = one.rule in SOURCE_RULES and not is_strict and not _is_gone(one, old, new)
    about = _innermost(one, new)
    name = about.fullname if about else one.file
    before = _before(one, about, old)
    return _verdicts(
        one.rule.lower().replace("_", "-"),
        ChangeClass.RISKY if is_source else ChangeClass.BREAKING,
        one.message.rstrip("."),
        directions=_CALLS if one.rule.startswith("RPC_") else _BOTH,
        old=_position(before) if before else Position(file=one.file),
        new=Position(file=one.file, pointer=f"/{name}/{one.quoted}", line=one.line, column=one.column),
    )


def _is_gone(one: BufFinding, old: list[Element], new: list[Element]) -> bool:
    """Whether what left its file is in no other file either; buf misses the last enumeration of a package."""
    if one.rule not in _LEFT_FILE:
        return False
    left = [each.fullname for each in old if each.file == one.file and f".{each.fullname}".endswith(f".{one.quoted}")]
    there = {each.fullname for each in new}
    return not left or not there.issuperset(left)


def _innermost(one: BufFinding, new: list[Element]) -> Element | None:
    around = [element for element in new if element.file == one.file and element.holds(one.line, one.column)]
    return max(around, key=lambda element: element.span[:2], default=None)


def _before(one: BufFinding, about: Element | None, old: list[Element]) -> Element | None:
    """The element in the old files: the one of the same name, or the one that its owner lost."""
    if about is None:
        return next((each for each in old if each.file == one.file and each.name == one.quoted), None)
    lost = (each for each in old if each.owner == about.fullname and each.key == one.quoted)
    kept = (each for each in old if (each.owner, each.key, each.kind) == (about.owner, about.key, about.kind))
    return next(lost, None) or next(kept, None)


def _other_changes(old: list[Element], new: list[Element]) -> Iterator[Verdict]:
    """What buf does not speak of because it breaks nothing that it looks at: what is new, and comments."""
    before = {(one.kind, one.owner, one.key): one for one in old}
    owners = {one.fullname: one for one in old}
    for one in new:
        was = before.get((one.kind, one.owner, one.key))
        if was is None:
            yield from _added(one, owners.get(one.owner))
        elif was.comment != one.comment:
            said = f"the comment of {one.kind} {one.fullname} differs"
            yield from _verdicts(
                "comment-changed", ChangeClass.DOCUMENTATION, said, old=_position(was), new=_position(one)
            )


def _added(one: Element, owner: Element | None) -> Iterator[Verdict]:
    said = f"new {one.kind} {one.fullname}"
    old, new = _position(owner) if owner else Position(file=one.file), _position(one)
    if one.kind != "value" or owner is None:
        directions = _CALLS if one.kind in {"rpc", "service"} else _BOTH
        yield from _verdicts(f"{one.kind}-added", ChangeClass.SAFE, said, directions=directions, old=old, new=new)
        return
    yield from _verdicts("value-added", ChangeClass.SAFE, said, directions=(Direction.PUBLISH,), old=old, new=new)
    said += ": readers that do not know it keep a number without a name, or drop it"
    yield from _verdicts("value-added", ChangeClass.RISKY, said, directions=(Direction.SUBSCRIBE,), old=old, new=new)


def _position(one: Element) -> Position:
    return Position(file=one.file, pointer=f"/{one.fullname}", line=one.span[0], column=one.span[1])


def _verdicts(
    rule: str,
    change: ChangeClass,
    explanation: str,
    *,
    directions: tuple[Direction, ...] = _BOTH,
    old: Position = Position(),  # noqa: B008 -- a frozen value
    new: Position = Position(),  # noqa: B008 -- a frozen value
    complex_: bool = False,
) -> list[Verdict]:
    return [
        Verdict(
            rule=f"protobuf-{rule}",
            direction=direction,
            change=change,
            explanation=explanation,
            old=old,
            new=new,
            too_complex=complex_,
        )
        for direction in directions
    ]
