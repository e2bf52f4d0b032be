"""Keywords about arrays, and whether the source implies them."""

from __future__ import annotations

from collections.abc import Iterator

from easement.interfaces.compatibility.json_schema_facts import Facts, least_items
from easement.interfaces.compatibility.json_schema_failure import Failure
from easement.interfaces.compatibility.json_schema_node import Node
from easement.interfaces.compatibility.json_schema_proof import Proof


def array_failures(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    """What of the keywords of arrays is not implied."""
    said = part.keywords
    most = facts.most("maxItems")
    if "minItems" in said and facts.least("minItems") < said["minItems"]:
        yield Failure(keyword="minItems", target=part, source=facts)
    if "maxItems" in said and (most is None or most > said["maxItems"]):
        yield Failure(keyword="maxItems", target=part, source=facts)
    if said.get("uniqueItems") and not any(facts.said("uniqueItems")) and (most is None or most > 1):
        yield Failure(keyword="uniqueItems", target=part, source=facts)
    prefix = said.get("prefixItems", ())
    for place, node in enumerate(prefix):
        if most is None or place < most:
            yield from _item(proof, facts, node, place)
    if "items" in said:
        yield from _rest(proof, facts, said["items"], len(prefix))
    if "unevaluatedItems" in said and (start := least_items(part)) is not None:
        yield from _rest(proof, facts, said["unevaluatedItems"], start)
    if "contains" in said:
        yield from _contains(proof, facts, part)


def _item(proof: Proof, facts: Facts, node: Node, place: int) -> Iterator[Failure]:
    source = Facts.of(facts.item(place))
    if not proof.impossible_below(source):
        yield from proof.below(source, node, None, ("item", place))


def _rest(proof: Proof, facts: Facts, node: Node, start: int) -> Iterator[Failure]:
    """Each item from ``start`` on that the source may have."""
    most = facts.most("maxItems")
    last = max(start, facts.prefix)
    for place in range(start, last + 1):
        proof.budget.spend()
        if most is None or place < most:
            yield from _item(proof, facts, node, place)


def _contains(proof: Proof, facts: Facts, part: Node) -> Iterator[Failure]:
    wanted, least = part.keywords["contains"], part.keywords.get("minContains", 1)
    if least > 0 and not _surely_contains(proof, facts, wanted, least):
        yield Failure(keyword="contains", target=part, source=facts, is_sure=False)
    most = part.keywords.get("maxContains")
    if most is not None and not _surely_contains_few(proof, facts, wanted, most):
        yield Failure(keyword="maxContains", target=part, source=facts, is_sure=False)


def _surely_contains(proof: Proof, facts: Facts, wanted: Node, least: int) -> bool:
    for one in facts.parts:
        known = one.keywords.get("contains")
        if (
            known is not None
            and one.keywords.get("minContains", 1) >= least
            and proof.within(Facts.of([known]), wanted)
        ):
            return True
    if facts.least("minItems") < least:
        return False
    return all(proof.within(Facts.of(facts.item(place)), wanted) for place in range(facts.prefix + 1))


def _surely_contains_few(proof: Proof, facts: Facts, wanted: Node, most: int) -> bool:
    limit = facts.most("maxItems")
    if limit is not None and limit <= most:
        return True
    for one in facts.parts:
        known, allowed = one.keywords.get("contains"), one.keywords.get("maxContains")
        if known is not None and allowed is not None and allowed <= most and proof.within(Facts.of([wanted]), known):
            return True
    return False


def is_array_impossible(proof: Proof, facts: Facts) -> bool:
    """Whether no array exists."""
    least, most = facts.least("minItems"), facts.most("maxItems")
    if most is not None and least > most:
        return True
    places = range(min(least, facts.prefix + 1))
    if any(proof.impossible_below(Facts.of(facts.item(place))) for place in places):
        return True
    return any(
        part.keywords.get("minContains", 1) > 0 and proof.impossible_below(Facts.of([part.keywords["contains"]]))
        for part in facts.parts
        if "contains" in part.keywords
    )
