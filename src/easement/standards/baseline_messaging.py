"""Baseline rules on events: dead letters and how long messages are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Pattern, Severity, Stage
from easement.estate.flows import is_event
from easement.standards.facts import IntegrationFacts
from easement.standards.model import Found, Rule


def _stores_messages(facts: IntegrationFacts) -> bool:
    return is_event(facts.integration) or facts.integration.spec.pattern is not Pattern.REQUEST


def _no_dead_letters(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.errors.dead_letter is None:
        yield Found(path="/spec/errors", message="nothing says where messages go that cannot be delivered")


def _no_dead_letter_owner(facts: IntegrationFacts) -> Iterable[Found]:
    dead_letter = facts.integration.spec.errors.dead_letter
    if dead_letter is not None and not dead_letter.owner:
        yield Found(path="/spec/errors/deadLetter", message="nobody owns the dead letters")


def _no_retention(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.retention.messages is None:
        yield Found(path="/spec/retention", message="nothing says how long messages are kept")


def _dead_letters_outlive(facts: IntegrationFacts) -> Iterable[Found]:
    dead_letter, messages = facts.integration.spec.errors.dead_letter, facts.integration.spec.retention.messages
    if dead_letter is not None and messages is not None and dead_letter.retention.milliseconds > messages.milliseconds:
        yield Found(
            path="/spec/errors/deadLetter/retention",
            message=f"dead letters are kept {dead_letter.retention}, messages only {messages}",
        )


MESSAGING_RULES: Final[tuple[Rule[IntegrationFacts], ...]] = (
    Rule(
        about=IntegrationFacts,
        id="event-without-dead-letters",
        title="Every event flow has a dead-letter policy",
        rationale="A message that cannot be delivered must go somewhere, or it is lost without a trace.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that store and forward messages",
        applies=_stores_messages,
        check=_no_dead_letters,
        remedy="Add spec.errors.deadLetter: {retention: P14D, owner: TEAM}.",
        source="NIST SP 800-53 SI-11; 45 CFR 164.312(c)(1)",
        bad="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {errors: {deadLetter: null}}""",
        good="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {errors: {deadLetter: {retention: P7D, owner: shopkeepers}}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="dead-letters-without-owner",
        title="Someone owns the dead letters",
        rationale="A dead letter that nobody looks at is a lost message.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations with a dead-letter policy",
        applies=_stores_messages,
        check=_no_dead_letter_owner,
        remedy="Name a team in spec.errors.deadLetter.owner.",
        source="NIST SP 800-53 IR-4",
        bad="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {errors: {deadLetter: {owner: null}}}""",
        good="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {errors: {deadLetter: {owner: shopkeepers}}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="flow-without-retention",
        title="Messages are kept for a stated time",
        rationale="Data is kept no longer than its purpose needs; what names no time is kept for ever.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that store and forward messages",
        applies=_stores_messages,
        check=_no_retention,
        remedy="Set spec.retention.messages, such as P7D.",
        source="GDPR Art. 5(1)(e); PCI DSS 4.0.1 req. 3.2.1",
        bad="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {retention: {messages: null}}""",
        good="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {retention: {messages: P7D}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="dead-letters-outlive-messages",
        title="Dead letters are not kept longer than messages",
        rationale="A dead letter is a copy of the message; keeping it longer keeps the data longer than was promised.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations with a dead-letter policy",
        applies=_stores_messages,
        check=_dead_letters_outlive,
        remedy="Shorten spec.errors.deadLetter.retention, or lengthen spec.retention.messages on purpose.",
        source="GDPR Art. 5(1)(e)",
        bad="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {errors: {deadLetter: {retention: P90D}}, retention: {messages: P7D}}""",
        good="""\
kind: Integration
metadata: {name: orders-to-shop}
spec: {errors: {deadLetter: {retention: P7D}}, retention: {messages: P7D}}""",
    ),
)
