"""Keywords about objects, and whether the source implies them.

Names without a schema of their own fall into classes: one for each pattern of names, and one for names that nothing
knows. A class counts as possible unless it is shown that it is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from easement.interfaces.compatibility.json_schema_facts import Evaluated, Facts, evaluated, is_never
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Node
from easement.interfaces.compatibility.json_schema_pattern import Texts
from easement.interfaces.compatibility.json_schema_proof import Proof
from easement.interfaces.compatibility.json_schema_scalars import shortest
from easement.interfaces.compatibility.json_schema_value import finds, fits
from easement.interfaces.compatibility.policy import Open


def object_failures(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    """What of the keywords of objects is not implied."""
    said = part.keywords
    for name in sorted(said.get("required", frozenset()) - facts.required):
        yield Failure(keyword="required", target=part, source=facts, steps=(name,), detail=name)
    for name, node in said.get("properties", {}).items():
        yield from _property(proof, facts, part, name, node)
    for pattern, node in said.get("patternProperties", {}).items():
        yield from _pattern(proof, facts, part, pattern, node)
    if "additionalProperties" in said:
        known = Evaluated(
            names=frozenset(said.get("properties", ())),
            patterns=frozenset(said.get("patternProperties", ())),
            everything=False,
        )
        yield from _Rest(proof, facts, part, "additionalProperties", known).failures()
    if "unevaluatedProperties" in said:
        yield from _Rest(proof, facts, part, "unevaluatedProperties", evaluated(part, all_cases=False)).failures()
    if "propertyNames" in said:
        yield from _names(proof, facts, part)
    yield from _counts(facts, part)
    yield from _dependencies(proof, facts, part)


def _property(proof: Proof, facts: Facts, part: Node, name: str, node: Node) -> Iterator[Failure]:
    proof.budget.spend(facts.weight)
    if not node.keywords and not node.opaque:
        return
    if facts.admits_name(name, proof.budget) is False:
        return
    source = Facts.of(facts.member(name))
    if source.parts and proof.impossible_below(source):
        return
    found = list(proof.below(source, node, name, ("property", name)))
    if found and not any(part.keywords for part in source.parts) and name not in facts.named:
        yield Failure(
            keyword="properties",
            target=part,
            source=facts,
            steps=(name,),
            trail=(("property", name),),
            detail=name,
            question=Open.UNNAMED_BECAME_NAMED,
        )
        return
    yield from found


def _pattern(proof: Proof, facts: Facts, part: Node, pattern: str, node: Node) -> Iterator[Failure]:
    for name in sorted(facts.names if facts.names is not None else facts.named):
        if finds(pattern, name) is not False and facts.admits_name(name, proof.budget) is not False:
            yield from _below(proof, facts.member(name), node, name)
    if facts.names is not None:
        return
    covering = [one for one in facts.patterns if one == pattern or _is_covered(proof, pattern, [one])]
    base = tuple(node for one in covering for node in facts.under(one))
    if not covering:
        found = list(_below(proof, facts.unnamed, node, None, pattern))
        if found and not facts.unnamed:
            yield Failure(
                keyword="patternProperties", target=part, source=facts, detail=pattern,
                question=Open.UNNAMED_BECAME_NAMED,
            )  # fmt: skip
        else:
            yield from found
    else:
        yield from _below(proof, base, node, None, pattern)
    for other in facts.patterns:
        if other not in covering and _may_overlap(proof, pattern, other):
            yield from _below(proof, (*base, *facts.under(other)), node, None, other)


def _below(
    proof: Proof, nodes: Collection[Node], target: Node, name: str | None, pattern: str = ""
) -> Iterator[Failure]:
    source = Facts.of(nodes)
    if not (source.parts and proof.impossible_below(source)):
        yield from proof.below(source, target, name, ("property", name) if name is not None else ("pattern", pattern))


def _is_covered(proof: Proof, pattern: str, by: Collection[str]) -> bool:
    """Whether each text that fits ``pattern`` fits one of the others."""
    found = Texts(patterns=(pattern,), others=tuple(by))
    return bool(by) and found.is_readable() and shortest(found, proof) is None


def _covers_all(proof: Proof, patterns: Collection[str]) -> bool:
    found = Texts(others=tuple(patterns))
    return bool(patterns) and found.is_readable() and shortest(found, proof) is None


def _may_overlap(proof: Proof, one: str, other: str) -> bool:
    found = Texts(patterns=(one, other))
    return not found.is_readable() or shortest(found, proof) is not None


@dataclass(frozen=True, slots=True)
class _Rest:
    """additionalProperties or unevaluatedProperties: what holds for names that the target does not know."""

    proof: Proof
    facts: Facts
    part: Node
    keyword: str
    known: Evaluated

    def failures(self) -> Iterator[Failure]:
        node = self.part.keywords[self.keyword]
        if self.known.everything or (not node.keywords and not node.opaque):
            return
        names = self.facts.names
        for name in sorted(names if names is not None else self.facts.named):
            if not self._is_known(name) and self.facts.admits_name(name, self.proof.budget) is not False:
                yield from self._named(name, node)
        if names is not None or _covers_all(self.proof, self.known.patterns):
            return
        for pattern in self.facts.patterns:
            if pattern not in self.known.patterns and not _is_covered(self.proof, pattern, self.known.patterns):
                yield from _below(self.proof, self.facts.under(pattern), node, None, pattern)
        if not _covers_all(self.proof, self.facts.patterns):
            yield from self._unnamed(node)

    def _is_known(self, name: str) -> bool:
        return name in self.known.names or any(finds(pattern, name) for pattern in self.known.patterns)

    def _named(self, name: str, node: Node) -> Iterator[Failure]:
        source = Facts.of(self.facts.member(name))
        if source.parts and self.proof.impossible_below(source):
            return
        if is_never(node):
            question = Open.UNKNOWN_TO_READER if self.proof.reads else None
            yield Failure(
                keyword=self.keyword, target=self.part, source=self.facts, steps=(name,), detail=name,
                trail=(("property", name),), question=question,
            )  # fmt: skip
            return
        yield from self.proof.below(source, node, name, ("property", name))

    def _unnamed(self, node: Node) -> Iterator[Failure]:
        source = Facts.of(self.facts.unnamed)
        if source.parts and self.proof.impossible_below(source):
            return
        if not any(one.keywords for one in source.parts):
            question = Open.UNKNOWN_TO_READER if self.proof.reads else Open.OPEN_BECAME_CLOSED
            if is_never(node) or list(self.proof.below(source, node, None, ("property", None))):
                yield Failure(keyword=self.keyword, target=self.part, source=self.facts, question=question)
            return
        yield from self.proof.below(source, node, None, ("property", None))


def _names(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    wanted = part.keywords["propertyNames"]
    refused = []
    for name in sorted(facts.names if facts.names is not None else facts.named):
        if facts.admits_name(name, proof.budget) is False:
            continue
        source = Facts.of(facts.member(name))
        if fits(wanted, name, proof.budget) is not True and not (source.parts and proof.impossible_below(source)):
            refused.append(name)
    if refused:
        yield Failure(keyword="propertyNames", target=part, source=facts, detail=refused)
        return
    if facts.names is not None:
        return
    known = Facts.of([proof.stated("type", "string"), *facts.said("propertyNames")])
    if not proof.within(known, wanted) and not _all_names_within(proof, facts, known, wanted):
        yield Failure(keyword="propertyNames", target=part, source=facts, is_sure=False)


def _all_names_within(proof: Proof, facts: Facts, known: Facts, wanted: Node) -> bool:
    """Whether every name outside the patterns is refused anyhow, and those of each pattern are wanted."""
    if not facts.patterns or not any(map(is_never, facts.unnamed)):
        return False
    return all(proof.within(known.and_(proof.stated("pattern", one)), wanted) for one in facts.patterns)


def _counts(facts: Facts, part: Node) -> Iterator[Failure]:
    said = part.keywords
    if "minProperties" in said and facts.least("minProperties") < said["minProperties"]:
        yield Failure(keyword="minProperties", target=part, source=facts)
    most = facts.most("maxProperties")
    if "maxProperties" in said and (most is None or most > said["maxProperties"]):
        yield Failure(keyword="maxProperties", target=part, source=facts)


def _dependencies(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    said = part.keywords
    for name, needed in said.get("dependentRequired", {}).items():
        if _is_absent(proof, facts, name) or proof.impossible(facts.and_(proof.stated("required", name))):
            continue
        if missing := needed - facts.and_(proof.stated("required", name)).required:
            yield Failure(
                keyword="dependentRequired", target=part, source=facts, steps=(name,), detail=[name, *sorted(missing)]
            )
    for name, schema in said.get("dependentSchemas", {}).items():
        if not _is_absent(proof, facts, name):
            yield from proof.contained(facts.and_(proof.stated("required", name)), schema)


def _is_absent(proof: Proof, facts: Facts, name: str) -> bool:
    if facts.admits_name(name, proof.budget) is False:
        return True
    source = Facts.of(facts.member(name))
    return bool(source.parts) and proof.impossible_below(source)


def is_object_impossible(proof: Proof, facts: Facts) -> bool:
    """Whether no object exists."""
    most = facts.most("maxProperties")
    if most is not None and facts.least("minProperties") > most:
        return True
    for name in facts.required:
        proof.budget.spend(facts.weight)
        if facts.admits_name(name, proof.budget) is False:
            return True
        source = Facts.of(facts.member(name))
        if source.parts and proof.impossible_below(source):
            return True
    return False
