"""What an account may publish and subscribe."""

from __future__ import annotations

from easement.broker.permissions import Permissions, Presented, permissions_for
from easement.broker.revocation import accounts_to_disconnect
from easement.testing.event_plans import channel, delivery, order_plan, plan

AUDIENCE = frozenset({"urn:easement:interface:orders-events"})
PUBLISH = frozenset({"orders-events:orderPlaced:publish"})
CONSUME = frozenset({"orders-events:orderPlaced:consume"})


def presented(client_id: str, scopes: frozenset[str], *, bound: bool = False) -> Presented:
    return Presented(client_id=client_id, audiences=AUDIENCE, scopes=scopes, bound=bound)


def test_a_producer_gets_its_subject_and_its_inbox_and_no_more() -> None:
    rights = permissions_for(order_plan(), presented("orders", PUBLISH))
    assert rights.publish == ("in.orders-events.v1.orderPlaced", "in.orders-events.v1.orderPlaced.orders")
    assert rights.subscribe == ("_INBOX_orders.>",)


def test_a_consumer_gets_its_own_consumer_only() -> None:
    rights = permissions_for(order_plan(), presented("warehouse", CONSUME))
    assert rights.publish == (
        "$JS.ACK.OUT_orders-to-warehouse.warehouse.>",
        "$JS.API.CONSUMER.MSG.NEXT.OUT_orders-to-warehouse.warehouse",
    )


def test_an_empty_side_is_written_as_a_denial_because_the_broker_takes_empty_for_everything() -> None:
    assert Permissions().to_json() == {"pub": {"deny": [">"]}, "sub": {"deny": [">"]}}


def test_no_right_without_its_scope_audience_or_account() -> None:
    assert not permissions_for(order_plan(), presented("orders", CONSUME))
    assert not permissions_for(order_plan(), presented("stranger", PUBLISH | CONSUME))
    assert not permissions_for(
        order_plan(), Presented(client_id="orders", audiences=frozenset({"other"}), scopes=PUBLISH)
    )
    assert not permissions_for(order_plan(), presented("orders.>", PUBLISH))
    assert not permissions_for(order_plan(), presented("*", PUBLISH | CONSUME))


def test_a_contract_with_certificate_binding_needs_a_bound_token_on_both_sides() -> None:
    deliveries = (delivery("orders-to-warehouse", source="orders", target="warehouse"),)
    bound = plan((channel(deliveries, authentication="oauth2+mtls"),), deliveries)
    for client, scopes in (("orders", PUBLISH), ("warehouse", CONSUME)):
        assert not permissions_for(bound, presented(client, scopes))
        assert permissions_for(bound, presented(client, scopes, bound=True))


def test_of_several_publishers_each_has_a_subject_of_its_own() -> None:
    deliveries = (
        delivery("orders-to-warehouse", source="orders", target="warehouse"),
        delivery("shop-to-warehouse", source="shop", target="warehouse"),
    )
    rights = permissions_for(plan((channel(deliveries),), deliveries), presented("shop", PUBLISH))
    assert rights.publish == ("in.orders-events.v1.orderPlaced.shop",)


def test_who_lost_a_right_or_whose_terms_changed_is_disconnected() -> None:
    before = order_plan()
    fewer = tuple(item for item in before.deliveries if item.client_id != "marketing")
    assert accounts_to_disconnect(before, plan((channel(fewer),), fewer)) == {"marketing"}
    assert accounts_to_disconnect(before, before) == frozenset()
    stricter = plan((channel(before.deliveries, authentication="oauth2+mtls"),), before.deliveries)
    assert "orders" in accounts_to_disconnect(before, stricter)
