"""Two AsyncAPI descriptions held against each other, channel by channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from easement.interfaces.compatibility.asyncapi_message_compare import compare_messages
from easement.interfaces.compatibility.asyncapi_model import (
    ActionPart,
    ChannelPart,
    EventsPart,
    ReplyPart,
    ServerPart,
)
from easement.interfaces.compatibility.changes import Changes, paired
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.security_compare import compare_security
from easement.interfaces.compatibility.verdict import Direction

_BOTH: Final = (Direction.PUBLISH, Direction.SUBSCRIBE)
_OTHER: Final = {Direction.PUBLISH: Direction.SUBSCRIBE, Direction.SUBSCRIBE: Direction.PUBLISH}


def compare_asyncapi(old: EventsPart, new: EventsPart, changes: Changes) -> None:
    """Note in ``changes`` everything that a consumer can notice."""
    if old.version != new.version:
        changes.add(
            "format-version-changed", Direction.SUBSCRIBE, old=old.at, new=new.at,
            before=f"AsyncAPI {old.version}", after=f"AsyncAPI {new.version}",
        )  # fmt: skip
    changes.documented(
        "information-changed", Direction.SUBSCRIBE, zip(old.texts, new.texts, strict=True), old=old.at, new=new.at
    )
    _compare_servers(old, new, changes)
    both, removed, added = paired(old.channels.values(), new.channels.values(), lambda one: one.name)
    both, removed, added = _with_renamed(both, removed, added)
    for one in removed:
        for direction in _directions(one):
            changes.add(
                "channel-removed", direction,
                old=one.at, new=new.at.child("channels"), operation=one.name, name=one.name, address=one.address,
            )  # fmt: skip
    for one in added:
        for direction in _directions(one):
            changes.add(
                "channel-added", direction, old=old.at.child("channels"), new=one.at, operation=one.name, name=one.name
            )
    for before, after in both:
        if not changes.spend():
            return
        _compare_channel(before, after, changes)


def _directions(channel: ChannelPart) -> Iterable[Direction]:
    return sorted(channel.actions) or _BOTH


def _with_renamed(
    both: list[tuple[ChannelPart, ChannelPart]], removed: list[ChannelPart], added: list[ChannelPart]
) -> tuple[list[tuple[ChannelPart, ChannelPart]], list[ChannelPart], list[ChannelPart]]:
    """Channels that are gone under one name and new under another with the same address are the same."""
    by_address = {one.address: one for one in added}
    renamed = [(one, by_address[one.address]) for one in removed if one.address in by_address]
    gone, come = {one.name for one, _ in renamed}, {one.name for _, one in renamed}
    return (
        both + renamed,
        [one for one in removed if one.name not in gone],
        [one for one in added if one.name not in come],
    )


def _compare_channel(old: ChannelPart, new: ChannelPart, changes: Changes) -> None:
    said: dict[str, Any] = {"old": old.at, "new": new.at, "operation": old.name}
    first = next(iter(_directions(old)))
    if old.name != new.name:
        changes.add("channel-renamed", first, before=old.name, after=new.name, **said)
    if old.address != new.address:
        for direction in _directions(old):
            changes.add("channel-address-changed", direction, before=old.address, after=new.address, **said)
    if not same_json(old.bindings, new.bindings):
        changes.add("bindings-changed", first, what="channel", before=old.bindings, after=new.bindings, **said)
    if old.servers != new.servers:
        changes.add(
            "channel-servers-changed", first, before=", ".join(old.servers), after=", ".join(new.servers), **said
        )
    changes.documented(
        "channel-documentation-changed", first, zip(old.texts, new.texts, strict=True),
        old=old.at, new=new.at, operation=old.name,
    )  # fmt: skip
    _compare_parameters(old, new, changes)
    _compare_actions(old, new, changes)


def _compare_parameters(old: ChannelPart, new: ChannelPart, changes: Changes) -> None:
    both, removed, added = paired(old.parameters.items(), new.parameters.items(), lambda item: item[0])
    for direction in _directions(old):
        for what, entries in (("removed", removed), ("added", added)):
            for name, one in entries:
                place: dict[str, Any] = (
                    {"old": one.at, "new": new.at} if what == "removed" else {"old": old.at, "new": one.at}
                )
                changes.add(f"address-parameter-{what}", direction, operation=old.name, name=name, **place)
        for (name, before), (_, after) in both:
            said: dict[str, Any] = {"old": before.at, "new": after.at, "operation": old.name, "name": name}
            changes.schemas(before.schema, after.schema, direction, operation=old.name, subject="parameter")
            if before.location != after.location:
                changes.add(
                    "address-parameter-location-changed", direction,
                    before=before.location, after=after.location, **said,
                )  # fmt: skip
            if not same_json(list(before.texts), list(after.texts)):
                changes.add("channel-documentation-changed", direction, **said)


def _compare_actions(old: ChannelPart, new: ChannelPart, changes: Changes) -> None:
    before, after = old.actions, new.actions
    if not before or not after:
        before, after = _either_way(old), _either_way(new)
    both, removed, added = paired(before.values(), after.values(), lambda one: one.direction)
    for what, entries in (("removed", removed), ("added", added)):
        for one in entries:
            place: dict[str, Any] = (
                {"old": one.at, "new": new.at} if what == "removed" else {"old": old.at, "new": one.at}
            )
            word = "publish" if one.direction is Direction.PUBLISH else "subscribe"
            changes.add(f"action-{what}", one.direction, operation=old.name, action=word, **place)
    for one, other in both:
        _compare_action(one, other, changes, old.name)


def _either_way(channel: ChannelPart) -> dict[Direction, ActionPart]:
    """Where nothing is said about who sends, the consumer may do either."""
    return {
        direction: replace(
            channel.actions.get(
                direction, ActionPart(direction=direction, names=(), messages=channel.messages, at=channel.at)
            ),
            direction=direction,
        )
        for direction in _BOTH
    }


def _compare_action(old: ActionPart, new: ActionPart, changes: Changes, channel: str) -> None:
    said: dict[str, Any] = {"old": old.at, "new": new.at, "operation": channel}
    direction = old.direction
    if old.names and new.names and set(old.names) != set(new.names):
        before, after = ", ".join(sorted(old.names)), ", ".join(sorted(new.names))
        changes.add("action-renamed", direction, before=before, after=after, **said)
    if not same_json(old.bindings, new.bindings):
        changes.add("bindings-changed", direction, what="operation", before=old.bindings, after=new.bindings, **said)
    changes.documented(
        "channel-documentation-changed", direction, zip(old.texts, new.texts, strict=False),
        old=old.at, new=new.at, operation=channel,
    )  # fmt: skip
    compare_security(old.security, new.security, changes, direction, channel, old_at=old.at, new_at=new.at)
    compare_messages(old.messages, new.messages, changes, direction, channel, old_at=old.at, new_at=new.at)
    _compare_replies(old.reply, new.reply, old, new, changes, channel)


def _compare_replies(  # noqa: PLR0917 -- both replies, what they belong to, and where it goes
    old: ReplyPart | None,
    new: ReplyPart | None,
    above: ActionPart,
    above_new: ActionPart,
    changes: Changes,
    channel: str,
) -> None:
    direction = _OTHER[above.direction]
    if old is None or new is None:
        if old is not None:
            changes.add("reply-removed", direction, old=old.at, new=above_new.at, operation=channel)
        if new is not None:
            changes.add("reply-added", direction, old=above.at, new=new.at, operation=channel)
        return
    if old.channel != new.channel or not same_json(old.address, new.address):
        before, after = (str(one.address or one.channel) for one in (old, new))
        changes.add(
            "reply-address-changed", direction, old=old.at, new=new.at, operation=channel, before=before, after=after
        )
    compare_messages(old.messages, new.messages, changes, direction, channel, old_at=old.at, new_at=new.at)


def _compare_servers(old: EventsPart, new: EventsPart, changes: Changes) -> None:
    both, removed, added = paired(old.servers.values(), new.servers.values(), lambda one: one.name)
    for one in removed:
        changes.add("server-removed", Direction.SUBSCRIBE, old=one.at, new=new.at, url=f"{one.name} ({one.address})")
    for one in added:
        changes.add("server-added", Direction.SUBSCRIBE, old=old.at, new=one.at, url=f"{one.name} ({one.address})")
    for before, after in both:
        _compare_server(before, after, changes)


def _compare_server(old: ServerPart, new: ServerPart, changes: Changes) -> None:
    said: dict[str, Any] = {"old": old.at, "new": new.at, "name": old.name}
    direction = Direction.SUBSCRIBE
    if old.address != new.address:
        changes.add("server-address-changed", direction, before=old.address, after=new.address, **said)
    if old.protocol != new.protocol:
        changes.add("server-protocol-changed", direction, before=old.protocol, after=new.protocol, **said)
    if not same_json(old.bindings, new.bindings):
        changes.add("bindings-changed", direction, what="server", before=old.bindings, after=new.bindings, **said)
    compare_security(old.security, new.security, changes, direction, "", old_at=old.at, new_at=new.at)
    if not same_json(list(old.texts), list(new.texts)):
        changes.add("server-documentation-changed", direction, old=old.at, new=new.at, url=old.name)
