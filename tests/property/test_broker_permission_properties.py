"""Never more than the grants, whatever plan and token."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from easement.broker.naming import inbox_prefix, ingress_subject, publisher_subject, target_stream
from easement.broker.permissions import Presented, permissions_for
from easement.broker.revocation import accounts_to_disconnect
from easement.plan.model import Plan
from easement.testing.event_plans import channel, delivery, plan

NAMES = ("orders", "shop", "warehouse", "marketing", "hr")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of up to six integrations over two interfaces."""
    deliveries = []
    for number in range(draw(st.integers(0, 6))):
        source, target = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
        interface = draw(st.sampled_from(("orders-events", "stock-events")))
        deliveries.append(delivery(f"i{number}", source=source, target=target, interface=interface))
    channels = [
        channel([item for item in deliveries if item.channel_id.startswith(interface)], interface=interface)
        for interface in sorted({item.channel_id.split("@", 1)[0] for item in deliveries})
    ]
    return plan(channels, deliveries)


def presented(the_plan: Plan) -> st.SearchStrategy[Presented]:
    """Tokens with any part of the scopes and audiences that the plan knows."""
    scopes = sorted({scope for account in the_plan.accounts for scope in account.scopes}) or ["none"]
    audiences = sorted({audience for account in the_plan.accounts for audience in account.audiences}) or ["none"]
    return st.builds(
        Presented,
        client_id=st.sampled_from((*NAMES, "stranger", "*", ">", "orders.shop", "")),
        audiences=st.frozensets(st.sampled_from(audiences)),
        scopes=st.frozensets(st.sampled_from(scopes)),
        bound=st.booleans(),
    )


@given(st.data())
def test_every_right_is_a_grant_that_the_token_covers(data: st.DataObject) -> None:
    the_plan = data.draw(plans())
    who = data.draw(presented(the_plan))
    rights = permissions_for(the_plan, who)
    for subject in rights.publish:
        if subject.startswith("in."):
            assert any(
                grant.client_id == who.client_id
                and subject in {ingress_subject(item), publisher_subject(item, who.client_id)}
                and grant.audience in who.audiences
                and set(grant.scopes) <= who.scopes
                for item in the_plan.channels
                for grant in item.publishers
            )
        else:
            assert any(
                item.client_id == who.client_id
                and f".{target_stream(item.party.integration)}.{who.client_id}" in subject
                and item.audience in who.audiences
                and set(item.scopes) <= who.scopes
                for item in the_plan.deliveries
            )
        assert "*" not in subject
        assert ">" not in subject.removesuffix(".>")
    assert set(rights.subscribe) <= {f"{inbox_prefix(who.client_id)}.>"}


@given(st.data())
def test_no_two_accounts_share_a_right(data: st.DataObject) -> None:
    the_plan = data.draw(plans())
    first, second = data.draw(presented(the_plan)), data.draw(presented(the_plan))
    if first.client_id == second.client_id:
        return
    one, other = permissions_for(the_plan, first), permissions_for(the_plan, second)
    assert not set(one.publish) & set(other.publish)
    assert not set(one.subscribe) & set(other.subscribe)


@given(plans(), plans())
def test_whoever_loses_a_right_is_disconnected(old: Plan, new: Plan) -> None:
    everything = frozenset(scope for account in old.accounts for scope in account.scopes)
    audiences = frozenset(audience for account in old.accounts for audience in account.audiences)
    leaving = accounts_to_disconnect(old, new)
    for name in NAMES:
        who = Presented(client_id=name, audiences=audiences, scopes=everything, bound=True)
        if set(permissions_for(old, who).publish) - set(permissions_for(new, who).publish):
            assert name in leaving
