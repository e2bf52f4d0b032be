"""Requests through the real Envoy: who may, what passes, what is said where it does not."""

from __future__ import annotations

import json
import uuid

import pytest

from easement.testing.gateways import GatewaySimulator
from easement.testing.upstreams import Answer, UpstreamSimulator


def test_a_granted_call_sees_the_fields_of_its_contract_and_no_other(
    gateway: GatewaySimulator, target: UpstreamSimulator
):
    reply = gateway.ask("GET", "/orders/12", token=gateway.token())
    assert reply.status == 200
    assert reply.json() == {"id": "1", "lines": [{"sku": "a"}, {"sku": "b"}], "total": "***"}


def test_two_consumers_of_one_operation_see_different_fields(gateway: GatewaySimulator, target: UpstreamSimulator):
    assert gateway.ask("GET", "/orders/12", token=gateway.token("web")).json() == {"id": "1"}


def test_the_target_gets_the_path_and_the_transaction_and_not_the_token(
    gateway: GatewaySimulator, target: UpstreamSimulator
):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"traceparent": trace, "accept-encoding": "gzip", "range": "bytes=0-3"}
    reply = gateway.ask("GET", "/orders/12", token=gateway.token(), headers=headers)
    (asked,) = target.asked
    assert asked.path == "/orders/12"
    assert asked.headers["traceparent"] == trace
    assert asked.headers["x-transaction-id"] == reply.headers["x-transaction-id"]
    assert uuid.UUID(reply.headers["x-transaction-id"])
    assert not {"authorization", "accept-encoding", "range"} & set(asked.headers)


@pytest.mark.parametrize(
    "refusal",
    [
        ("no token", "GET", "/orders/1", None, 401, "EAS-5401"),
        ("no token on an unknown path", "GET", "//nothing", None, 401, "EAS-5401"),
        ("garbage", "GET", "/orders/1", "garbage", 401, "EAS-5402"),
        ("expired", "GET", "/orders/1", {"life_s": -60}, 401, "EAS-5402"),
        ("another issuer", "GET", "/orders/1", {"iss": "https://evil.example"}, 401, "EAS-5402"),
        ("a stranger", "GET", "/orders/1", {"client": "spy", "scopes": ["orders-api:getOrder"]}, 403, "EAS-5403"),
        ("another scope", "GET", "/orders/1", {"scopes": ["orders-api:latest"]}, 403, "EAS-5403"),
        ("a longer scope", "GET", "/orders/1", {"scopes": ["orders-api:getOrderX"]}, 403, "EAS-5403"),
        ("another audience", "GET", "/orders/1", {"audience": ["urn:easement:interface:x"]}, 403, "EAS-5403"),
        ("an ID token", "GET", "/orders/1", {"kind": "JWT"}, 403, "EAS-5403"),
        ("a bound token", "GET", "/orders/1", {"cnf": {"x5t#S256": "a"}}, 403, "EAS-5403"),
        ("not granted", "GET", "/ungranted", {}, 403, "EAS-5403"),
        ("granted to another", "GET", "/limited", {"client": "web"}, 403, "EAS-5403"),
        ("unknown path", "GET", "//nothing/here?secret=1", {}, 404, "EAS-5404"),
        ("unknown path of an interface", "GET", "/nothing", {}, 404, "EAS-5404"),
        ("the bare prefix", "GET", "", {}, 404, "EAS-5404"),
        ("unknown method", "DELETE", "/orders/1", {}, 405, "EAS-5405"),
        ("undeclared query", "GET", "/ping?x=1", {}, 400, "EAS-5406"),
        ("escaped slash", "GET", "/orders/1%2f2", {}, 400, "EAS-5407"),
        ("target down", "GET", "/down", {}, 503, "EAS-5503"),
        ("decider down", "POST", "/full", {}, 503, "EAS-5505"),
    ],
    ids=lambda refusal: refusal[0],
)  # fmt: skip
def test_refusals_are_problem_documents_with_a_code(
    gateway: GatewaySimulator, target: UpstreamSimulator, refusal: tuple
):
    what, method, path, token, status, code = refusal
    bearer = token if isinstance(token, str) else gateway.token(**token) if token is not None else ""
    reply = gateway.ask(method, path, token=bearer, body=b'{"code": "A"}' if method == "POST" else None)
    assert (reply.status, reply.code) == (status, code), what
    document = reply.json()
    assert reply.headers["content-type"] == "application/problem+json"
    assert document["code"] == code
    assert document["status"] == status
    assert document["instance"] == f"urn:uuid:{reply.headers['x-transaction-id']}"
    assert ("www-authenticate" in reply.headers) is (status == 401)
    assert target.asked == []
    assert gateway.log_line(reply)["code"] == code


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b'{"item": "a", "quantity": 2}', 200, ""),
        (b'{"item": "a", "quantity": 1.0}', 200, ""),
        (b'{"item": "\\u00e9\\ud83d\\ude00bc"}', 200, ""),
        (b'{"item": "a", "lines": [{"sku": "b"}, {}]}', 200, ""),
        (b'{"item": "a", "is_admin": true}', 400, "/is_admin"),
        (b'{"item": "a", "lines": [{"sku": "b"}, {"price": 1}]}', 400, "/lines/1/price"),
        (b'{"item": "a", "\\u0069tem": "b"}', 400, "/item"),
        (b'{"quantity": 2}', 400, "/item"),
        (b'{"item": "abcdef"}', 400, "/item"),
        (b'{"item": 5}', 400, "/item"),
        (b'{"item": "a", "quantity": 1.5}', 400, "/quantity"),
        (b'{"item": "a", "quantity": 0}', 400, "/quantity"),
        (b'{"item": "a", "quantity": 1e999}', 400, "/quantity"),
        (b'{"item": "a", "lines": [{}, {}, {}, {}]}', 400, "/lines"),
        (b"[]", 400, ""),
        (b"", 400, ""),
    ],
)
def test_bodies_are_held_to_their_contract(
    gateway: GatewaySimulator, target: UpstreamSimulator, body: bytes, status: int, path: str
):
    reply = gateway.ask("POST", "/orders", token=gateway.token(), body=body)
    assert reply.status == status
    if status == 200:
        assert target.asked[0].body == body
    else:
        assert target.asked == []
        assert reply.code == "EAS-5400"
        assert reply.json()["errors"][0]["path"] == path


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ("text/plain", 415),
        ("application/json; charset=utf-16", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_content_types_are_those_of_the_contract(
    gateway: GatewaySimulator, target: UpstreamSimulator, content_type: str, status: int
):
    reply = gateway.ask(
        "POST", "/orders", token=gateway.token(), body=b'{"item": "a"}', headers={"content-type": content_type}
    )
    assert reply.status == status


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("state=open", 200),
        ("state=open&limit=5&tag=a&tag=b", 200),
        ("state=%6fpen", 200),
        ("", 400),
        ("state=shut", 400),
        ("state=open&state=closed", 400),
        ("state=open&limit=0", 400),
        ("state=open&limit=5.5", 400),
        ("state=open&limit=%225%22", 400),
        ("state=open&limit=5&other=1", 400),
        ("state=open&tag=a&tag=b&tag=c", 400),
        ("state=open&tag=abcde", 400),
        ("state=open&tag=%", 400),
        ("state=open&tag=%zz", 400),
        ("state=open&tag=%ff", 400),
        ("state=open&tag=%00", 400),
    ],
)
def test_query_parameters_are_those_of_the_contract(
    gateway: GatewaySimulator, target: UpstreamSimulator, query: str, status: int
):
    assert gateway.ask("GET", f"/search?{query}", token=gateway.token()).status == status


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("state=open&limit=0", "/limit"),
        ("state=open&limit=101", "/limit"),
        ("state=open&limit=x", "/limit"),
        ("state=shut", "/state"),
        ("limit=5", "/state"),
        ("state=open&tag=abcde", "/tag/0"),
        ("state=open&other=1", "/other"),
    ],
)
def test_a_refused_parameter_is_named(gateway: GatewaySimulator, target: UpstreamSimulator, query: str, path: str):
    reply = gateway.ask("GET", f"/search?{query}", token=gateway.token())
    assert reply.json()["errors"][0]["path"] == path
    assert gateway.log_line(reply)["runtime"]["verdict"].endswith(f" {path}")


@pytest.mark.parametrize(("value", "status"), [("3", 200), ("x", 400)])
def test_header_parameters_are_those_of_the_contract(
    gateway: GatewaySimulator, target: UpstreamSimulator, value: str, status: int
):
    headers = {"x-trace-level": value}
    assert gateway.ask("GET", "/search?state=open", token=gateway.token(), headers=headers).status == status


def test_path_parameters_are_those_of_the_contract(gateway: GatewaySimulator, target: UpstreamSimulator):
    assert gateway.ask("GET", "/orders/12345678", token=gateway.token()).status == 200
    assert gateway.ask("GET", "/orders/123456789", token=gateway.token()).status == 400
    assert (
        gateway.ask("GET", "/orders/%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9", token=gateway.token()).status
        == 200
    )


def test_a_literal_path_wins_over_a_template(gateway: GatewaySimulator, target: UpstreamSimulator):
    reply = gateway.ask("GET", "/orders/latest", token=gateway.token())
    assert gateway.log_line(reply)["route"] == f"{gateway.hash}/orders-api@1.latest"


def test_conditions_hold_for_the_verified_principal(gateway: GatewaySimulator, target: UpstreamSimulator):
    token = gateway.token(attributes={"tenant": "eu"})
    assert gateway.ask("GET", "/tenants/eu/x", token=token).status == 200
    assert gateway.ask("GET", "/tenants/us/x", token=token).status == 403
    assert gateway.ask("GET", "/tenants/eu/x", token=gateway.token()).status == 403


def test_over_the_limit_of_the_contract(gateway: GatewaySimulator, target: UpstreamSimulator):
    token = gateway.token("limited")
    replies = [gateway.ask("GET", "/limited", token=token) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].code == "EAS-5429"
    assert int(replies[2].headers["retry-after"]) == 30
    told = [(reply.headers["x-ratelimit-limit"], reply.headers["x-ratelimit-remaining"]) for reply in replies]
    assert [(limit.split(",")[0], left) for limit, left in told] == [("2", "1"), ("2", "0"), ("2", "0")]
    assert 0 < int(replies[2].headers["x-ratelimit-reset"]) <= 60


def test_operations_share_the_budget_of_their_contract_and_have_limits_of_their_own(
    gateway: GatewaySimulator, target: UpstreamSimulator
):
    token = gateway.token("spender")
    first = [gateway.ask("GET", "/spends", token=token).status for _ in range(3)]
    assert first == [200, 200, 429], "two of this operation"
    second = [gateway.ask("GET", "/spends-too", token=token) for _ in range(2)]
    assert [reply.status for reply in second] == [200, 429], "three of all; what one operation refused cost nothing"
    assert second[1].code == "EAS-5429"
    line = gateway.log_line(second[1])
    assert (line["grant"], line["code"]) == ("spender-to-orders", "EAS-5429")


def test_who_has_no_limit_is_told_of_none(gateway: GatewaySimulator, target: UpstreamSimulator):
    reply = gateway.ask("GET", "/orders/latest", token=gateway.token())
    assert reply.status == 200
    assert not [name for name in reply.headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_size_of_the_contract(gateway: GatewaySimulator, target: UpstreamSimulator, chunked: bool):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", gateway.place.port, timeout=10)
    pieces = [b'{"item": "', *[b"a" * 10_000] * 8, b'"}']
    headers = {"authorization": f"Bearer {gateway.token()}", "content-type": "application/json"}
    connection.request(
        "POST", "/orders-api/v1/orders", iter(pieces) if chunked else b"".join(pieces), headers, encode_chunked=chunked
    )
    reply = connection.getresponse()
    assert reply.status == 413
    assert json.loads(reply.read())["code"] == "EAS-5413"
    connection.close()
    assert target.asked == []


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (Answer(status=500, body=b"<html>stack trace</html>", headers={"content-type": "text/html"}), 500, "EAS-5599"),
        (Answer(status=404, body=b'{"secret": 1}'), 404, "EAS-5599"),
        (Answer(status=302, body=b"x", headers={"location": "http://evil.example"}), 302, "EAS-5599"),
        (Answer(status=500, body=b"", headers={}), 500, "EAS-5599"),
        (Answer(body=b"<html>", headers={"content-type": "text/html"}), 502, "EAS-5502"),
        (Answer(body=b"{}", headers={}), 502, "EAS-5502"),
        (Answer(body=b'{"id":'), 502, "EAS-5502"),
        (Answer(body=b'{"id": 1} x'), 502, "EAS-5502"),
        (Answer(body=b'{"id": 1, "id": 2}'), 502, "EAS-5502"),
        (Answer(body=b'{"id": "\xff"}'), 502, "EAS-5502"),
        (Answer(body=b"[" * 1000), 502, "EAS-5502"),
        (Answer(body=b"z", headers={"content-type": "application/json", "content-encoding": "gzip"}), 502, "EAS-5502"),
        (Answer(body=b'{"id": "' + b"a" * 9_000_000 + b'"}'), 502, "EAS-5502"),
    ],
)  # fmt: skip
def test_a_target_that_breaks_its_contract_is_not_passed_on(
    gateway: GatewaySimulator, target: UpstreamSimulator, answer: Answer, status: int, code: str
):
    target.answer = answer
    reply = gateway.ask("GET", "/orders/12", token=gateway.token())
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert b"secret" not in reply.body
    assert b"stack trace" not in reply.body


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (Answer(status=204, body=b""), 204, b""),
        (Answer(status=202, body=b"", headers={}), 202, b""),
        (Answer(status=304, body=b""), 304, b""),
        (Answer(body=b'{"id": 1}'), 200, b'{"id": 1}'),
        (Answer(body=b'[{"id": 1, "x": 2}, 5, null]'), 200, b'[{"id": 1},null]'),
        (Answer(body=b"5"), 200, b"null"),
        (Answer(body=b'{"x": {"id": 1}}'), 200, b"{}"),
        (Answer(body=b'{"id": 1}', headers={"content-type": "application/hal+json"}), 200, b'{"id": 1}'),
    ],
)
def test_answers_that_keep_the_contract(
    gateway: GatewaySimulator, target: UpstreamSimulator, answer: Answer, status: int, body: bytes
):
    target.answer = answer
    reply = gateway.ask("GET", "/orders/12", token=gateway.token("web"))
    assert (reply.status, reply.body) == (status, body)


def test_an_operation_without_an_answer_lets_none_through(gateway: GatewaySimulator, target: UpstreamSimulator):
    assert gateway.ask("GET", "/ping", token=gateway.token()).json() == {}
    target.answer = Answer(status=200, body=b"", headers={})
    assert gateway.ask("GET", "/ping", token=gateway.token()).status == 200
    target.answer = Answer(body=b"id,name", headers={"content-type": "text/csv"})
    assert gateway.ask("GET", "/ping", token=gateway.token()).status == 502


def test_head_has_no_body(gateway: GatewaySimulator, target: UpstreamSimulator):
    reply = gateway.ask("HEAD", "/head", token=gateway.token())
    assert (reply.status, reply.body) == (200, b"")


def test_a_slow_target_ends_in_a_time_out(gateway: GatewaySimulator, target: UpstreamSimulator):
    target.answer = Answer(delay_s=0.6)
    reply = gateway.ask("GET", "/slow", token=gateway.token())
    assert (reply.status, reply.code) == (504, "EAS-5504")


def test_a_failing_target_is_asked_again_where_that_is_safe(gateway: GatewaySimulator, target: UpstreamSimulator):
    target.answer = Answer(status=503)
    assert gateway.ask("GET", "/again", token=gateway.token()).status == 503
    assert len(target.asked) == 2
    target.asked.clear()
    gateway.ask("POST", "/orders", token=gateway.token(), body=b'{"item": "a"}')
    assert len(target.asked) == 1


def test_the_log_names_grant_plan_and_removed_fields_and_no_value(gateway: GatewaySimulator, target: UpstreamSimulator):
    paths = ("/orders/hunter2", "/search?state=hunter2", "//unknown/door?key=hunter2")
    replies = [gateway.ask("GET", path, token=gateway.token()) for path in paths]
    granted, refused, unknown = (gateway.log_line(reply) for reply in replies)
    assert granted["grant"] == "shop-to-orders"
    assert granted["runtime"]["removed"] == "lines.price,ssn"
    assert granted["route"].startswith(gateway.hash)
    assert refused["runtime"]["verdict"] == "not-in-enum /state"
    assert unknown["tried"] == "/unknown/door"
    assert "hunter2" not in json.dumps([granted, refused, unknown])
