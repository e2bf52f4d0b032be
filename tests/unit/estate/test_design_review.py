"""The five questions: answered from the documents, each fact with its place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from easement.contract.kinds import Severity, Stage
from easement.contract.values import Duration, Rate
from easement.estate.answers import Answer, AnswerVerdict, Question
from easement.estate.data_flow import data_flow
from easement.estate.design_review import design_review, joined
from easement.estate.model import Estate, LifecycleState, Registration
from easement.estate.nonfunctional import Measured, chain_behind, load_on

SHOP = "metadata: {name: shop, owner: commerce}\nspec: {location: {country: DE}}"
STORE = "spec: {location: {country: FR}, criticality: high}"
READS = "  fields: [id, lines.sku]\n"
TELLS = "  fields: {id: clear, total: mask}\n"
OPEN = "version: 1.4.0, definition: {openapi: store-api.yaml}, defaultClassification: internal"


@dataclass(frozen=True)
class Found:
    rule: str = "a-rule"
    severity: Severity = Severity.ERROR
    blocks: Stage = Stage.REVIEW
    subject: str = "integration/shop-reads"
    message: str = "it is wrong"
    waived_by: str = ""

    @property
    def at(self) -> str:
        return f"{self.subject}#/spec"


@dataclass(frozen=True)
class Advice:
    better: str = "event-notification"
    why: str = "the store tells of it anyway"


def live(estate: Estate) -> Estate:
    registrations = {
        name: Registration(id=f"INT-{number:04d}", revision="", state=LifecycleState.LIVE)
        for number, name in enumerate(sorted(estate.integrations), 1)
    }
    return dataclasses.replace(estate, registrations=registrations)


def answer_to(question: Question, estate: Estate, name: str = "shop-reads", **arguments: Any) -> Answer:
    review = design_review(estate, estate.integrations[name], arguments.pop("findings", ()), **arguments)
    return next(each for each in review.answers if each.question is question)


def texts(answer: Answer, verdict: AnswerVerdict) -> str:
    return "; ".join(f"{fact.text} @ {fact.at}" for fact in answer.facts if fact.verdict is verdict)


def test_all_five_questions_are_answered_in_order_and_every_fact_has_a_place(estate_after: Any) -> None:
    estate = estate_after()
    for name, integration in estate.integrations.items():
        review = design_review(estate, integration, ())
        assert [each.question for each in review.answers] == list(Question), name
        assert all(each.facts and fact.at and fact.text for each in review.answers for fact in each.facts)


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (Found(), "no"),
        (Found(severity=Severity.WARNING, blocks=Stage.NEVER), "attention"),
        (Found(severity=Severity.INFO, blocks=Stage.LIVE), "no"),
        (Found(waived_by="a-waiver"), "attention"),
        (Found(subject="interface/store-api@1"), "no"),
        (Found(subject="standard/house"), "no"),
        (Found(subject="system/elsewhere"), "yes"),
    ],
)
def test_standards_are_met_as_the_findings_say(estate_after: Any, finding: Found, verdict: str) -> None:
    assert answer_to(Question.STANDARDS, estate_after(), findings=[finding]).verdict == verdict


def test_the_better_pattern_is_named_with_its_reason(estate_after: Any) -> None:
    estate = estate_after()
    assert answer_to(Question.PATTERN, estate).verdict == "yes"
    advised = answer_to(Question.PATTERN, estate, advice=Advice())
    assert texts(advised, AnswerVerdict.ATTENTION).startswith(
        "event-notification would suit better than request: the store tells of it anyway"
    )


@pytest.mark.parametrize(
    ("replacement", "verdict", "says"),
    [
        ((READS, READS + "  security: {scopes: [store.read]}\n"), "attention", "no authentication on getOrder"),
        ((", defaultClassification: internal}\n---", "}\n---"), "no", "nobody classified"),
        ((OPEN, OPEN.replace("internal", "restricted")), "attention", "not bound to a certificate"),
        ((STORE, STORE.replace("high}", "high, endpoints: {production: {url: http://s}}}")), "no", "without TLS"),
        ((SHOP, SHOP.replace("country: DE}", "country: DE}, party: {organisation: Y, role: processor}")), "attention",
         "two organisations"),
    ],
)  # fmt: skip
def test_security_is_held_against_the_data(
    estate_after: Any, replacement: tuple[str, str], verdict: str, says: str
) -> None:
    found = answer_to(Question.SECURITY, estate_after(replacement))
    assert found.verdict == verdict
    assert says in texts(found, AnswerVerdict(verdict))


def test_an_api_key_does_not_carry_confidential_data(estate_after: Any) -> None:
    key = (READS, READS + "  security: {authentication: api-key}\n")
    assert answer_to(Question.SECURITY, estate_after(key)).verdict == "attention"
    grave = estate_after(key, (OPEN, OPEN.replace("internal", "confidential")))
    assert "an API key alone proves too little" in texts(answer_to(Question.SECURITY, grave), AnswerVerdict.NO)


@pytest.mark.parametrize(("level", "verdict"), [("confidential", "attention"), ("restricted", "no")])
def test_messages_at_rest_are_sealed_where_they_are_grave(estate_after: Any, level: str, verdict: str) -> None:
    grave = ("asyncapi: ./events.yaml}, defaultClassification: internal",
             f"asyncapi: ./events.yaml}}, defaultClassification: {level}")  # fmt: skip
    found = answer_to(Question.SECURITY, estate_after(grave), "store-tells")
    assert found.verdict == verdict
    sealed = estate_after(grave, (TELLS, TELLS + "  security: {encryption: payload}\n"))
    assert "sealed to its target" in texts(answer_to(Question.SECURITY, sealed, "store-tells"), AnswerVerdict.YES)


def test_what_is_unknown_is_never_adequate(estate_after: Any) -> None:
    unknown = dataclasses.replace(estate_after(), models={})
    assert answer_to(Question.SECURITY, unknown).verdict == "no"


def test_error_handling_of_messages_needs_retry_dead_letter_and_somebody_who_acts(estate_after: Any) -> None:
    bare = answer_to(Question.ERRORS, estate_after(), "store-tells")
    said = texts(bare, AnswerVerdict.NO)
    assert "no retry is declared" in said
    assert "what cannot be delivered is lost" in said
    assert "neither an on-call nor an e-mail" in said
    whole = estate_after(
        (TELLS, TELLS + "  errors: {retry: {attempts: 3}, deadLetter: {retention: P14D}}\n"),
        ("metadata: {name: commerce}", "metadata: {name: commerce}\nspec: {oncall: pager}"),
    )
    assert answer_to(Question.ERRORS, whole, "store-tells").verdict == "yes"
    short = estate_after(
        (TELLS, TELLS + "  errors: {retry: {attempts: 20, maximum: 1h}, deadLetter: {retention: 1h}}\n")
    )
    assert "shorter than the retries" in texts(answer_to(Question.ERRORS, short, "store-tells"), AnswerVerdict.NO)


def test_error_handling_of_calls(estate_after: Any) -> None:
    hasty = estate_after((READS, READS + "  sla: {latency: {p95: 2s}, timeout: 1s}\n"))
    assert "before the promised p95" in texts(answer_to(Question.ERRORS, hasty), AnswerVerdict.NO)
    repeated = estate_after(
        ("operations: [getOrder]", "operations: [getOrder, placeOrder]"),
        (READS, READS + "  errors: {retry: {attempts: 3}}\n"),
    )
    said = texts(answer_to(Question.ERRORS, repeated), AnswerVerdict.ATTENTION)
    assert "retries would repeat POST placeOrder" in said
    assert "no error answer is described for getOrder, placeOrder @ interface/store-api@1#/spec/definition" in said


def capacity(text: str) -> tuple[str, str]:
    return STORE, STORE.replace("criticality: high", f"criticality: high, capacity: {{{text}}}")


def sla(text: str) -> tuple[str, str]:
    return READS, f"{READS}  sla: {{{text}}}\n"


def test_limits_of_all_live_contracts_are_summed_against_the_capacity(estate_after: Any) -> None:
    estate = live(estate_after(capacity("throughput: 100/s"), sla("throughput: {limit: 60/s}")))
    reads = estate.integrations["shop-reads"]
    other = dataclasses.replace(reads, metadata=dataclasses.replace(reads.metadata, name="other"))
    fits = answer_to(Question.NONFUNCTIONAL, estate)
    assert "60/s of all 1 live contracts against a capacity of 100/s" in texts(fits, AnswerVerdict.YES)
    crowded = live(dataclasses.replace(estate, integrations={**estate.integrations, "other": other}))
    said = texts(answer_to(Question.NONFUNCTIONAL, crowded), AnswerVerdict.NO)
    assert "store cannot carry it: 120/s of all 2 live contracts against a capacity of 100/s, 20/s too much" in said


def test_only_what_flows_counts_and_the_asking_contract_counts_in_its_new_form(estate_after: Any) -> None:
    estate = live(estate_after(capacity("throughput: 100/s"), sla("throughput: {limit: 60/s}")))
    reads = estate.integrations["shop-reads"]
    throughput = dataclasses.replace(reads.spec.sla.throughput, limit=Rate.parse("90/s"))
    more = dataclasses.replace(
        reads, spec=dataclasses.replace(reads.spec, sla=dataclasses.replace(reads.spec.sla, throughput=throughput))
    )
    assert load_on(estate, "store", more).total == 90
    retired = dataclasses.replace(estate, registrations={})
    assert load_on(retired, "store").total == 0
    assert load_on(retired, "store", more).demand == {"shop-reads": 90}


def test_a_contract_without_a_limit_cannot_hide(estate_after: Any) -> None:
    found = answer_to(Question.NONFUNCTIONAL, live(estate_after(capacity("throughput: 100/s"))))
    assert "nothing bounds what shop-reads may send to store" in texts(found, AnswerVerdict.ATTENTION)


@pytest.mark.parametrize(
    ("promised", "offered", "verdict"), [("99.0", "99.5", "yes"), ("99.9", "99.5", "no"), ("99.9", "", "attention")]
)
def test_availability_of_the_target_bounds_the_promise(
    estate_after: Any, promised: str, offered: str, verdict: str
) -> None:
    has = f"throughput: 1/s, availability: {offered}" if offered else "throughput: 1/s"
    estate = live(estate_after(capacity(has), sla(f"availability: {promised}, throughput: {{limit: 1/m}},"
                                                   " latency: {p95: 1s}")))  # fmt: skip
    facts = [f for f in answer_to(Question.NONFUNCTIONAL, estate).facts if "promised" in f.text or "judged" in f.text]
    assert max(facts, key=lambda fact: fact.verdict.rank).verdict == (verdict if verdict == "no" else "attention")
    assert any(fact.verdict == verdict for fact in facts)


def chained(estate: Estate, *links: tuple[str, str], **figures: tuple[float, str]) -> Estate:
    """The estate with live request contracts along ``links``, and systems with availability and p95."""
    store, reads = estate.systems["store"], estate.integrations["shop-reads"]
    systems = {
        name: dataclasses.replace(
            store,
            metadata=dataclasses.replace(store.metadata, name=name),
            spec=dataclasses.replace(
                store.spec,
                capacity=dataclasses.replace(
                    store.spec.capacity,
                    availability=availability,
                    latency=dataclasses.replace(store.spec.capacity.latency, p95=Duration.parse(p95)),
                ),
            ),
        )
        for name, (availability, p95) in figures.items()
    }
    more = {
        f"{source}-{target}": dataclasses.replace(
            reads,
            metadata=dataclasses.replace(reads.metadata, name=f"{source}-{target}"),
            spec=dataclasses.replace(reads.spec, source=source, target=target),
        )
        for source, target in links
    }
    return live(
        dataclasses.replace(estate, systems={**estate.systems, **systems}, integrations={**estate.integrations, **more})
    )


def test_the_chain_is_a_product_of_availability_and_a_sum_of_latency(estate_after: Any) -> None:
    estate = chained(
        estate_after(sla("availability: 99.9, latency: {p95: 250ms}")),
        ("store", "erp"), ("store", "tax"), ("erp", "db"),
        store=(99.95, "100ms"), erp=(99.9, "80ms"), tax=(99.99, "120ms"), db=(100.0, "90ms"),
    )  # fmt: skip
    chain = chain_behind(estate, "store")
    assert chain.systems == ("store", "erp", "tax", "db")
    assert chain.longest == ("store", "erp", "db")
    assert round(chain.p95_s, 3) == 0.270
    assert round(chain.availability, 4) == 99.8401
    said = texts(answer_to(Question.NONFUNCTIONAL, estate), AnswerVerdict.ATTENTION)
    assert "99.9 % is promised, and the chain behind it offers 99.84 %" in said
    assert "250ms is promised, and the longest way takes up to 270 ms: store 100 ms + erp 80 ms + db 90 ms" in said


def test_a_circle_of_calls_ends(estate_after: Any) -> None:
    estate = chained(
        estate_after(), ("store", "erp"), ("erp", "store"), ("erp", "erp"), store=(99.0, "1s"), erp=(99.0, "1s")
    )
    assert chain_behind(estate, "store").systems == ("store", "erp")
    assert chain_behind(estate, "store").p95_s == 2.0


def test_a_chain_of_a_thousand_systems_ends(estate_after: Any) -> None:
    names = [f"s{number}" for number in range(1000)]
    estate = chained(estate_after(), *pairwise(names), **dict.fromkeys(names, (99.999, "1ms")))
    assert round(chain_behind(estate, "s0").p95_s, 3) == 1.0


@pytest.mark.parametrize(("p95", "verdict"), [(0.2, "yes"), (0.9, "no")])
def test_measured_percentiles_are_held_against_the_promise(estate_after: Any, p95: float, verdict: str) -> None:
    estate = estate_after(sla("latency: {p95: 500ms}, availability: 99.0"))
    measured = {"shop-reads": Measured(p50_s=0.05, p95_s=p95, error_rate=0.2)}
    found = answer_to(Question.NONFUNCTIONAL, estate, measured=measured)
    assert f"measured p95 is {p95 * 1000:.0f} ms (p50 50 ms)" in texts(found, AnswerVerdict(verdict))
    assert "80 % of the measured calls succeeded" in texts(found, AnswerVerdict.ATTENTION)


def test_demanding_contracts_must_document_what_they_need(estate_after: Any) -> None:
    assert answer_to(Question.NONFUNCTIONAL, estate_after()).verdict == "attention"
    vital = answer_to(Question.NONFUNCTIONAL, estate_after(sla("criticality: vital")))
    assert "no availability is documented, and its criticality is vital" in texts(vital, AnswerVerdict.NO)


def test_joined_answers_are_the_worst_and_bounded(estate_after: Any) -> None:
    estate = estate_after()
    reviews = [design_review(estate, each, [Found()] * 200) for each in estate.integrations.values()]
    whole = joined("system/store", reviews)
    assert whole.verdict == "no"
    assert all(len(each.facts) <= 50 for each in whole.answers)
    assert joined("system/new", ()).answers == ()


def test_the_picture_shows_what_goes_each_way(estate_after: Any) -> None:
    estate = estate_after()
    calls = data_flow(estate, estate.integrations["shop-reads"])
    assert calls is not None
    assert (calls.between, [leg.text for leg in calls.legs]) == (
        "gateway", ["response from store to shop: 2 fields, internal"],
    )  # fmt: skip
    tells = data_flow(estate, estate.integrations["store-tells"])
    assert tells is not None
    assert (tells.between, tells.legs[0].fields) == ("broker", ("id",))
    assert data_flow(dataclasses.replace(estate, systems={}), estate.integrations["shop-reads"]) is None
