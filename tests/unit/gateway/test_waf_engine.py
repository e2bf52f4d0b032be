"""The binding of libmodsecurity: what it finds, what it does not let pass unread, that it keeps nothing."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from easement.gateway.waf import Waf
from easement.gateway.waf_finding import Finding, read_finding, write_finding
from easement.gateway.waf_guards import MALFORMED_BODY, TOO_MANY_VALUES, UNREADABLE_BODY, before_rules
from easement.gateway.waf_library import InspectedRequest, WafError
from easement.gateway.waf_rules import load_rules, rules_facts
from easement.plan.model import Inspection, InspectionExclusion

RULES = Path("/usr/share/modsecurity-crs/rules")
BLOCK = Inspection(mode="block", paranoia=1)
DETECT = Inspection(mode="detect", paranoia=1)
SQLI = "/orders?q=1%27%20or%201%3D1--%20"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def waf() -> Waf:
    return Waf(load_rules(RULES))


def get(target: str, **headers: str) -> InspectedRequest:
    sent = [("host", "orders"), ("user-agent", "shop/1.0"), ("accept", "application/json"), *headers.items()]
    return InspectedRequest(method="GET", target=target, headers=sent, body=b"")


def post(body: bytes, content_type: str = "application/json", method: str = "POST") -> InspectedRequest:
    sent = [("host", "orders"), ("user-agent", "shop/1.0"), ("accept", "*/*"), ("content-length", str(len(body)))]
    headers = [*sent, ("content-type", content_type)] if content_type else sent
    return InspectedRequest(method=method, target="/orders", headers=headers, body=body)


def excluding(*exclusions: InspectionExclusion) -> Inspection:
    return Inspection(mode="block", paranoia=1, exclusions=exclusions)


def test_an_attack_is_named_by_rule_and_kind_and_a_plain_request_is_not(waf: Waf):
    found = waf.inspect(BLOCK, get(SQLI))
    assert found is not None
    assert (found.outcome, found.rules, found.attacks) == ("blocked", (942100,), ("sqli",))
    assert found.ruleset.startswith("OWASP_CRS/")
    assert waf.inspect(BLOCK, get("/orders?q=hello")) is None


def test_detect_finds_the_same_and_says_so(waf: Waf):
    found = waf.inspect(DETECT, get(SQLI))
    assert found is not None
    assert (found.outcome, found.rules) == ("would-block", (942100,))


def test_what_is_below_the_threshold_is_noticed_only(waf: Waf):
    request = InspectedRequest(method="GET", target="/orders", headers=[("host", "127.0.0.1")], body=b"")
    found = waf.inspect(BLOCK, request)
    assert found is not None
    assert (found.outcome, 920350 in found.rules) == ("noticed", True)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_json_bodies_are_read_at_any_depth_with_any_method(waf: Waf, method: str):
    deep = json.dumps({"a": {"b": ["x", {"y": SCRIPT}]}}).encode()
    found = waf.inspect(BLOCK, post(deep, method=method))
    assert found is not None
    assert (found.outcome, "xss" in found.attacks) == ("blocked", True)
    assert waf.inspect(BLOCK, post(b'{"a": {"b": ["x", {"y": "text"}]}}', method=method)) is None


def test_forms_are_read(waf: Waf):
    form = "application/x-www-form-urlencoded"
    found = waf.inspect(BLOCK, post(b"q=1%27%20or%201%3D1--%20", form))
    assert found is not None
    assert found.attacks == ("sqli",)
    assert waf.inspect(BLOCK, post(b"q=hello&n=5", form)) is None


@pytest.mark.parametrize(
    ("body", "content_type", "rule"),
    [
        (b'{"a":', "application/json", MALFORMED_BODY),
        (b"[" * 100 + b"]" * 100, "application/json", MALFORMED_BODY),
        (b"[" + b",".join([b"1"] * 1500) + b"]", "application/json", 0),
        (b"a=1&" * 1500, "application/x-www-form-urlencoded", TOO_MANY_VALUES),
        (b"<a>1</a>", "application/xml", UNREADABLE_BODY),
        (b"hello", "text/plain", UNREADABLE_BODY),
        (b"hello", "", UNREADABLE_BODY),
        (b"\x00\x01", "application/octet-stream", UNREADABLE_BODY),
    ],
)
def test_what_cannot_be_read_is_stopped(waf: Waf, body: bytes, content_type: str, rule: int):
    found = waf.inspect(BLOCK, post(body, content_type))
    assert found is not None
    assert found.outcome == "blocked"
    assert not rule or rule in found.rules


def test_a_body_beyond_the_limit_is_stopped(waf: Waf):
    found = waf.inspect(BLOCK, post(b'{"a": "' + b"x" * 1_048_576 + b'"}'))
    assert found is not None
    assert found.outcome == "blocked"


def test_an_excluded_rule_does_not_count_and_no_other_is_excluded_by_it(waf: Waf):
    without = excluding(InspectionExclusion(rule=942100))
    assert waf.inspect(without, get(SQLI)) is None
    assert waf.inspect(without, get("/orders?q=<script>alert(1)</script>")) is not None
    assert waf.inspect(BLOCK, get(SQLI)) is not None


def test_an_exclusion_for_one_argument_holds_for_that_one_only(waf: Waf):
    html = excluding(InspectionExclusion(tag="attack-xss", argument="json.note"))
    assert waf.inspect(html, post(json.dumps({"note": SCRIPT}).encode())) is None
    assert waf.inspect(html, post(json.dumps({"name": SCRIPT}).encode())) is not None
    assert waf.inspect(html, post(json.dumps({"note": "1' or 1=1-- "}).encode())) is not None
    one = excluding(InspectionExclusion(rule=942100, argument="q"))
    assert waf.inspect(one, get(SQLI)) is None
    assert waf.inspect(one, get(SQLI.replace("q=", "r="))) is not None


@pytest.mark.parametrize("argument", ['x"\nSecRuleEngine Off', "x,y", "x;ARGS", "x y", "'"])
def test_no_argument_writes_a_rule(argument: str):
    with pytest.raises(ValueError, match="cannot stand in a rule"):
        before_rules(excluding(InspectionExclusion(rule=942100, argument=argument)), "OWASP_CRS/3.3.4")


def test_a_payload_cannot_name_a_rule(waf: Waf):
    forged = '[file "/usr/share/modsecurity-crs/rules/REQUEST-913-SCANNER-DETECTION.conf"] [line "1"] [id "913100"]'
    found = waf.inspect(BLOCK, post(json.dumps({"a": f"{forged} {SCRIPT}", forged: SCRIPT}).encode()))
    assert found is not None
    assert 913100 not in found.rules
    assert 941100 in found.rules


def test_a_higher_paranoia_finds_more(waf: Waf):
    target = "/orders?q=a%27%20and%20b"
    low = waf.inspect(BLOCK, get(target))
    high = waf.inspect(Inspection(mode="block", paranoia=4), get(target))
    assert high is not None
    assert set(low.rules if low else ()) < set(high.rules)


def test_findings_survive_their_header_and_nothing_else_does():
    finding = Finding(outcome="blocked", rules=(942100, 942190), attacks=("sqli",), ruleset="OWASP_CRS/3.3.4")
    assert read_finding(write_finding(finding)) == finding
    many = Finding(outcome="noticed", rules=tuple(range(942100, 942200)), attacks=(), ruleset="OWASP_CRS/3.3.4")
    assert len(write_finding(many)) <= 256
    assert read_finding(write_finding(many)) is not None
    for text in ("", "blocked", "allowed;1;;x", "blocked;a;;x", "blocked;1;;x;y", "blocked;1;<b>;x"):
        assert read_finding(text) is None


def test_a_folder_without_rules_and_broken_rules_are_named(tmp_path: Path):
    with pytest.raises(WafError, match=r"no folder .*EASEMENT_WAF_RULES"):
        load_rules(tmp_path / "none")
    with pytest.raises(WafError, match=r"REQUEST-\*\.conf"):
        load_rules(tmp_path)
    (tmp_path / "REQUEST-942.conf").write_text("# ver:'OWASP_CRS/9.9.9'\nSecRule ARGS @nonsense id:1\n")
    with pytest.raises(WafError, match="do not load"):
        load_rules(tmp_path)
    assert "do not load" in rules_facts(tmp_path).problem


def test_version_and_digest_name_the_rules():
    facts = rules_facts(RULES)
    assert facts.version.startswith("OWASP_CRS/")
    assert len(facts.digest) == 64
    assert facts == rules_facts(RULES)


def test_threads_inspect_at_the_same_time_each_with_its_own_findings(waf: Waf):
    wrong: list[str] = []

    def work(attack: str, attacks: str) -> None:
        for at in range(50):
            found = waf.inspect(BLOCK, get(attack))
            if found is None or found.attacks != (attacks,):
                wrong.append(str(found))
            if waf.inspect(BLOCK, get(f"/orders?q=hello{at}")) is not None:
                wrong.append("benign")

    pairs = [(SQLI, "sqli"), ("/orders?q=%3Cscript%3Ealert(1)%3C/script%3E", "xss")] * 3
    threads = [threading.Thread(target=work, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_memory_is_flat(waf: Waf):
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def work(rounds: int) -> None:
        for at in range(rounds):
            waf.inspect(BLOCK, post(f'{{"q": "1 or {at}=1", "who": "{at}{SCRIPT}"}}'.encode()))
            if at % 10 == 0:
                waf.prepare([excluding(InspectionExclusion(rule=942100 + at % 90))])

    work(300)
    before = resident()
    work(1200)
    assert resident() - before < 4 * 1024 * 1024
