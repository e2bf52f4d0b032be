"""AsyncAPI 2.0 to 3.1 into what is compared. What cannot be read is a problem and left out, never an exception.

Version 2 speaks from the other side: what it calls ``publish`` is what others publish to the described application,
which version 3 calls ``receive``; ``subscribe`` is ``send``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from easement.interfaces.compatibility.asyncapi_messages import MessageReader, with_traits
from easement.interfaces.compatibility.asyncapi_model import (
    ActionPart,
    AddressParameter,
    ChannelPart,
    EventsPart,
    MessagePart,
    ReplyPart,
    ServerPart,
)
from easement.interfaces.compatibility.openapi_model import Alternative
from easement.interfaces.compatibility.security_read import alternatives, scheme_use
from easement.interfaces.compatibility.verdict import Direction
from easement.interfaces.sources import Found, Location, Sources

_ACTIONS: Final = {"receive": Direction.PUBLISH, "send": Direction.SUBSCRIBE}
_ACTIONS_OF_2: Final = {"publish": Direction.PUBLISH, "subscribe": Direction.SUBSCRIBE}
_TEXTS: Final = ("title", "summary", "description", "tags", "externalDocs")


def read_asyncapi_description(sources: Sources, file: str) -> EventsPart | None:
    """Read the description in ``file``; None where it is no AsyncAPI 2 or 3 (a problem says so)."""
    root = Location(file)
    document = sources.mapping(sources.document(file), root)
    version = document.get("asyncapi")
    if not isinstance(version, str) or not version.startswith(("2.", "3.0.", "3.1.")):
        if document or not sources.problems:
            shown = f"AsyncAPI {version[:20]} is not compared" if isinstance(version, str) else "this is no AsyncAPI"
            sources.report("EAS-2005", shown, root, "Use AsyncAPI 2.0 to 2.6, 3.0 or 3.1.")
        return None
    return _Reader(sources, document, root, is_2=version.startswith("2.")).read(version)


@dataclass(slots=True)
class _Reader:
    sources: Sources
    document: Mapping[str, Any]
    root: Location
    is_2: bool
    messages: MessageReader = field(init=False)

    def __post_init__(self) -> None:
        default = self.document.get("defaultContentType")
        content_type = default if isinstance(default, str) else "application/json"
        self.messages = MessageReader(self.sources, content_type, is_2=self.is_2)

    def read(self, version: str) -> EventsPart:
        at = self.root.child("channels")
        channels: dict[str, ChannelPart] = {}
        for name, value in self.sources.mapping(self.document.get("channels"), at).items():
            channel = (
                self._channel_2(name, value, at.child(name))
                if self.is_2
                else self._channel(name, value, at.child(name))
            )
            if channel is not None:
                channels[name] = channel
        if not self.is_2:
            self._add_operations(channels)
        return EventsPart(
            version=version,
            channels=channels,
            servers=self._servers(),
            texts=tuple(self.document.get(one) for one in ("info", "tags", "externalDocs", "id")),
            at=self.root,
        )

    def _channel(self, name: str, value: Any, at: Location) -> ChannelPart | None:
        found = self.sources.follow(value, at)
        if found is None:
            return None
        said, at = self.sources.mapping(found.value, found.location), found.location
        listed = self.sources.mapping(said.get("messages"), at.child("messages"))
        messages = (self.messages.read(key, one, at.child("messages", key)) for key, one in listed.items())
        address = said.get("address")
        return ChannelPart(
            name=name,
            address=address if isinstance(address, str) else name,
            messages={message.key: message for message in messages if message},
            actions={},
            parameters=self._parameters(said.get("parameters"), at.child("parameters")),
            bindings=self._plain(said.get("bindings"), at.child("bindings")),
            servers=tuple(
                sorted(
                    str(one["$ref"]).rpartition("/")[2]
                    for one in self.sources.sequence(said.get("servers"), at.child("servers"))
                    if isinstance(one, Mapping) and "$ref" in one
                )
            ),
            texts=tuple(said.get(one) for one in _TEXTS),
            at=at,
        )

    def _channel_2(self, name: str, value: Any, at: Location) -> ChannelPart | None:
        found = self.sources.follow(value, at)
        if found is None:
            return None
        said, at = self.sources.mapping(found.value, found.location), found.location
        actions: dict[Direction, ActionPart] = {}
        for key, direction in _ACTIONS_OF_2.items():
            if key in said and (action := self._action_2(said[key], at.child(key), direction)):
                actions[direction] = action
        return ChannelPart(
            name=name,
            address=name,
            messages={key: one for action in actions.values() for key, one in action.messages.items()},
            actions=actions,
            parameters=self._parameters(said.get("parameters"), at.child("parameters")),
            bindings=self._plain(said.get("bindings"), at.child("bindings")),
            servers=tuple(sorted(map(str, self.sources.sequence(said.get("servers"), at.child("servers"))))),
            texts=(None, None, said.get("description"), None, None),
            at=at,
        )

    def _action_2(self, value: Any, at: Location, direction: Direction) -> ActionPart | None:
        followed = self.sources.follow(value, at)
        if followed is None:
            return None
        said = with_traits(self.sources, followed, traits_win=True)
        at = followed.location
        messages = self.messages.listed_2(said.get("message"))
        return ActionPart(
            direction=direction,
            names=(str(said["operationId"].value),) if "operationId" in said else (),
            messages={message.key: message for message in messages},
            security=self._security(said.get("security")),
            bindings=_value(said.get("bindings")),
            texts=tuple(_value(said.get(one)) for one in _TEXTS),
            at=at,
        )

    def _add_operations(self, channels: dict[str, ChannelPart]) -> None:
        at = self.root.child("operations")
        for name, value in self.sources.mapping(self.document.get("operations"), at).items():
            found = self.sources.follow(value, at.child(name))
            if found is None:
                continue
            said = with_traits(self.sources, found, traits_win=False)
            channel = self._channel_of(said.get("channel"), channels)
            action = _value(said.get("action"))
            if channel is None or action not in _ACTIONS:
                self.sources.report("EAS-2004", f"operation {name!r} needs an action and a channel", found.location)
                continue
            part = self._action(name, said, _ACTIONS[action], channel, found.location)
            channels[channel.name] = _with_action(channels[channel.name], part)
        _add_replies(channels)

    def _channel_of(self, found: Found | None, channels: Mapping[str, ChannelPart]) -> ChannelPart | None:
        """The channel that a reference names: ``#/channels/NAME``, or whatever that one refers to in turn."""
        if found is None:
            return None
        reference = found.value.get("$ref") if isinstance(found.value, Mapping) else None
        if isinstance(reference, str) and reference.startswith("#/channels/"):
            target = self.sources.resolve(reference, found.location)
            return channels.get(target.location.tokens[-1]) if target and len(target.location.tokens) == 2 else None
        target = self.sources.follow(found.value, found.location)
        return next((one for one in channels.values() if target and one.at == target.location), None)

    def _action(
        self, name: str, said: Mapping[str, Found], direction: Direction, channel: ChannelPart, at: Location
    ) -> ActionPart:
        return ActionPart(
            direction=direction,
            names=(name,),
            messages=self._chosen(said.get("messages"), channel),
            security=self._security(said.get("security")),
            bindings=_value(said.get("bindings")),
            reply=self._reply(said.get("reply")),
            texts=tuple(_value(said.get(one)) for one in _TEXTS),
            at=at,
        )

    def _chosen(self, found: Found | None, channel: ChannelPart) -> Mapping[str, MessagePart]:
        """The messages of a channel that an operation lists; all of them where it lists none."""
        if found is None:
            return channel.messages
        chosen = {}
        for position, one in enumerate(self.sources.sequence(found.value, found.location)):
            reference = one.get("$ref") if isinstance(one, Mapping) else None
            key = str(reference).rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            if key in channel.messages:
                chosen[key] = channel.messages[key]
            elif message := self.messages.read(key, one, found.location.child(position)):
                chosen[key] = message
        return chosen

    def _reply(self, found: Found | None) -> ReplyPart | None:
        followed = self.sources.follow(found.value, found.location) if found else None
        if followed is None:
            return None
        said, at = self.sources.mapping(followed.value, followed.location), followed.location
        address = self.sources.follow(said.get("address"), at.child("address"))
        channel_said = said.get("channel")
        reference = channel_said.get("$ref") if isinstance(channel_said, Mapping) else ""
        channel = None
        if isinstance(channel_said, Mapping):
            target = self.sources.follow(channel_said, at.child("channel"))
            channel = self._channel("reply", target.value, target.location) if target else None
        messages: Mapping[str, MessagePart] = channel.messages if channel else {}
        if channel and "messages" in said:
            messages = self._chosen(Found(said["messages"], at.child("messages")), channel)
        return ReplyPart(
            address=address.value.get("location") if address and isinstance(address.value, Mapping) else None,
            channel=str(reference).rpartition("/")[2],
            messages=messages,
            at=at,
        )

    def _parameters(self, value: Any, at: Location) -> dict[str, AddressParameter]:
        found = {}
        for name, entry in self.sources.mapping(value, at).items():
            one = self.sources.follow(entry, at.child(name))
            if one is None:
                continue
            said = self.sources.mapping(one.value, one.location)
            schema = Found(said["schema"], one.location.child("schema")) if "schema" in said else _text_of(said, one)
            found[name] = AddressParameter(
                schema=schema,
                location=str(said.get("location", "")),
                texts=(said.get("description"), said.get("examples")),
                at=one.location,
            )
        return found

    def _servers(self) -> dict[str, ServerPart]:
        at, found = self.root.child("servers"), {}
        for name, entry in self.sources.mapping(self.document.get("servers"), at).items():
            one = self.sources.follow(entry, at.child(name))
            if one is None:
                continue
            said = self.sources.mapping(one.value, one.location)
            security = Found(said["security"], one.location.child("security")) if "security" in said else None
            found[name] = ServerPart(
                name=name,
                address=_address(said),
                protocol=str(said.get("protocol", "")).lower(),
                security=self._security(security),
                bindings=self._plain(said.get("bindings"), one.location.child("bindings")),
                texts=(said.get("description"), said.get("tags"), said.get("protocolVersion")),
                at=one.location,
            )
        return found

    def _security(self, found: Found | None) -> tuple[Alternative, ...]:
        if found is None:
            return ()
        if self.is_2:
            return alternatives(self.sources, found.value, found.location, self._scheme_2)
        schemes = []
        for position, one in enumerate(self.sources.sequence(found.value, found.location)):
            at = found.location.child(position)
            target = self.sources.follow(one, at)
            if target is None or not isinstance(target.value, Mapping):
                continue
            is_named = target.location.tokens[-2:-1] == ("securitySchemes",)
            name = target.location.tokens[-1] if is_named else str(target.value.get("type", ""))
            wanted = self.sources.sequence(target.value.get("scopes"), target.location.child("scopes"))
            schemes.append({name: scheme_use(name, target, frozenset(map(str, wanted)), at)})
        return tuple(schemes)

    def _scheme_2(self, name: str) -> Found | None:
        components = self.document.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        if not isinstance(schemes, Mapping) or name not in schemes:
            return None
        return self.sources.follow(schemes[name], self.root.child("components", "securitySchemes", name))

    def _plain(self, value: Any, at: Location) -> Any:
        if value is None:
            return None
        found = self.sources.follow(value, at)
        return found.value if found else None


def _with_action(channel: ChannelPart, part: ActionPart) -> ChannelPart:
    """The channel with one operation more; two in one direction count as one with the messages of both."""
    known = channel.actions.get(part.direction)
    if known is not None:
        part = replace(
            known,
            names=(*known.names, *part.names),
            messages={**known.messages, **part.messages},
            security=tuple(_each_once((*known.security, *part.security))),
            bindings=known.bindings if known.bindings is not None else part.bindings,
            reply=known.reply or part.reply,
        )
    return replace(channel, actions={**channel.actions, part.direction: part})


def _add_replies(channels: dict[str, ChannelPart]) -> None:
    """A channel that is named for replies only is used in their direction."""
    replies = [
        (part, part.reply)
        for channel in channels.values()
        for part in channel.actions.values()
        if part.reply is not None
    ]
    for part, reply in replies:
        channel = channels.get(reply.channel)
        if channel is not None and not channel.actions:
            direction = Direction.SUBSCRIBE if part.direction is Direction.PUBLISH else Direction.PUBLISH
            action = ActionPart(direction=direction, names=(), messages=reply.messages, at=reply.at)
            channels[channel.name] = _with_action(channel, action)


def _each_once(found: tuple[Alternative, ...]) -> Iterator[Alternative]:
    seen: list[Alternative] = []
    for one in found:
        if one not in seen:
            seen.append(one)
            yield one


def _text_of(said: Mapping[str, Any], found: Found) -> Found:
    """A parameter of AsyncAPI 3 as a schema: text, one of ``enum`` where that is given."""
    values = said.get("enum")
    return Found({"type": "string", **({"enum": values} if isinstance(values, list) else {})}, found.location)


def _address(said: Mapping[str, Any]) -> str:
    """Host and path of a server, without the protocol that version 2 may write before it."""
    if "url" in said:
        return str(said["url"]).rpartition("://")[2].rstrip("/")
    return f"{said.get('host', '')}{said.get('pathname') or ''}".rstrip("/")


def _value(found: Found | None) -> Any:
    return found.value if found else None
