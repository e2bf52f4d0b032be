"""Backstage catalogue files (``catalog-info.yaml``), read and written.

===========================  =================================================================================
there                        here
===========================  =================================================================================
Group                        Team
Component, Resource          System
API (openapi, asyncapi)      Interface of the component that provides it
``consumesApis``             Integration from the consumer, as a draft: there is no word on operations or fields
System                       a label on its components
===========================  =================================================================================

What we write carries each document whole in an annotation, so that it comes back as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from easement.contract.documents import to_json
from easement.contract.identity import reference_key
from easement.contract.kinds import Document, Integration
from easement.contract.places import Places
from easement.contract.problems import Place
from easement.contract.yaml_reader import read
from easement.estate.exchange.descriptions import Format, add_description, version_of
from easement.estate.exchange.made import (
    Made,
    Workshop,
    endpoint,
    free_name,
    line,
    links_of,
    mapping,
    name_of,
    pair_name,
)
from easement.estate.model import Estate
from easement.interfaces.model import InterfaceModel

ANNOTATION: Final = "easement/document"
INTEGRATIONS: Final = "easement/integrations"
_GROUP: Final = "backstage.io/"
_API_KINDS: Final[Mapping[str, Format]] = {"openapi": "openapi", "asyncapi": "asyncapi"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entity:
    kind: str
    name: str
    tree: Mapping[str, Any]
    places: Places
    file: str

    @property
    def spec(self) -> Mapping[str, Any]:
        return mapping(self.tree.get("spec"))

    @property
    def metadata(self) -> Mapping[str, Any]:
        return mapping(self.tree.get("metadata"))

    @property
    def place(self) -> Place:
        return self.places.place("/metadata/name")


def import_backstage(files: Mapping[str, bytes], *, country: str, owner: str = "") -> Made:
    """Documents from every Backstage entity in ``files`` (path to bytes); other files are left alone."""
    workshop = Workshop(country=country, owner=owner)
    entities = list(_entities(files, workshop))
    if not entities:
        workshop.error("EAS-3701", "no Backstage entity here", Place(), "name the folder of the catalogue files")
    kept = {id(entity) for entity in entities if _restored(workshop, entity, files)}
    fresh = [entity for entity in entities if id(entity) not in kept]
    for entity in fresh:
        if entity.kind == "Group":
            _team(workshop, entity)
    for entity in fresh:
        if entity.kind in {"Component", "Resource"}:
            _system(workshop, entity)
    providers = _providers(entities)
    models = {
        entity.name: model
        for entity in fresh
        if entity.kind == "API" and (model := _interface(workshop, entity, providers, files)) is not None
    }
    for entity in fresh:
        if entity.kind == "Component":
            _consumptions(workshop, entity, providers, models)
    return workshop.finish()


def _entities(files: Mapping[str, bytes], workshop: Workshop) -> Iterable[_Entity]:
    for file in sorted(files):
        if not file.endswith((".yaml", ".yml", ".json")) or _GROUP.encode() not in files[file]:
            continue
        reading = read(files[file], file)
        workshop.problems.extend(reading.problems)
        for document in reading.documents:
            tree = mapping(document.value)
            if not str(tree.get("apiVersion", "")).startswith(_GROUP):
                continue
            kind, name = tree.get("kind"), mapping(tree.get("metadata")).get("name")
            if not isinstance(kind, str) or not isinstance(name, str) or not name_of(name):
                place = document.places.place("/metadata/name")
                workshop.error("EAS-3701", "an entity needs a kind and a metadata.name with a letter in it", place)
                continue
            yield _Entity(kind=kind, name=name_of(name), tree=tree, places=document.places, file=file)


def _restored(workshop: Workshop, entity: _Entity, files: Mapping[str, bytes]) -> bool:
    """Take back documents that we wrote into annotations; True where the entity itself was one."""
    notes = mapping(entity.metadata.get("annotations"))
    for tree in _decoded(workshop, entity, notes.get(INTEGRATIONS), list):
        workshop.keep(dict(mapping(tree)), entity.place)
    whole = _decoded(workshop, entity, notes.get(ANNOTATION), dict)
    for tree in whole:
        document = dict(mapping(tree))
        if document.get("kind") == "Interface":
            path = _definition_file(workshop, entity, files)
            if path is None:
                continue
            document["spec"] = {**mapping(document.get("spec")), "definition": path}
        workshop.keep(document, entity.place)
    return bool(whole)


def _decoded(workshop: Workshop, entity: _Entity, text: Any, form: type) -> list[Any]:
    if text is None:
        return []
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        value = None
    if not isinstance(value, form):
        place = entity.places.place("/metadata/annotations")
        workshop.error("EAS-3701", "the annotation of an Easement document cannot be read", place)
        return []
    return value if isinstance(value, list) else [value]


def _definition_file(workshop: Workshop, entity: _Entity, files: Mapping[str, bytes]) -> dict[str, str] | None:
    """Keep the description of an API under the name of its entity; how an Interface document names it."""
    kind = _API_KINDS.get(str(entity.spec.get("type", "")))
    data = _definition(workshop, entity, files)
    if kind is None or data is None:
        return None
    suffix = "json" if data.lstrip()[:1] == b"{" else "yaml"
    path = f"{entity.name}.{kind}.{suffix}"
    workshop.add_file(f"interfaces/{path}", data)
    return {kind: f"./{path}"}


def _definition(workshop: Workshop, entity: _Entity, files: Mapping[str, bytes]) -> bytes | None:
    """The description of an API: inline, or a file beside the catalogue file."""
    said = entity.spec.get("definition")
    if isinstance(said, str) and said.strip():
        return said.encode()
    written = mapping(said).get("$text")
    if isinstance(written, str):
        folder = entity.file.rpartition("/")[0]
        path = f"{folder}/{written}".strip("/").replace("/./", "/").removeprefix("./")
        if path in files:
            return files[path]
        message = f"the definition {written[:120]!r} is not among the files"
        workshop.error("EAS-3702", message, entity.places.place("/spec/definition"), "import its folder with it")
        return None
    workshop.error("EAS-3701", "an API needs a definition", entity.places.place("/spec/definition"))
    return None


def _described(workshop: Workshop, entity: _Entity) -> dict[str, Any]:
    labels = {str(tag): "true" for tag in entity.metadata.get("tags") or () if isinstance(tag, str)}
    if isinstance(system := entity.spec.get("system"), str):
        labels["backstage-system"] = line(system)
    return {
        "title": line(entity.metadata.get("title")) or line(entity.metadata.get("name")),
        "description": line(entity.metadata.get("description")),
        "owner": _owner(workshop, entity),
        "labels": labels,
        "links": links_of(entity.metadata.get("links")),
    }


def _owner(workshop: Workshop, entity: _Entity) -> str:
    written = entity.spec.get("owner")
    if not isinstance(written, str) or written.startswith("user:"):
        return workshop.owner
    name = _reference(written)
    if not workshop.has("Team", name):
        workshop.add("Team", name, {}, entity.places.place("/spec/owner"))
        workshop.decide("Team", name, "who is in it: only its name is in the catalogue", entity.place)
    return name


def _reference(written: str) -> str:
    """The name in ``kind:namespace/name``."""
    return name_of(written.rpartition(":")[2].rpartition("/")[2])


def _team(workshop: Workshop, entity: _Entity) -> None:
    profile = mapping(entity.spec.get("profile"))
    members = [line(one) for one in entity.spec.get("members") or () if isinstance(one, str)]
    spec = {"email": line(profile.get("email")), "members": members or None}
    title = line(profile.get("displayName")) or line(entity.metadata.get("title"))
    metadata = {"title": title, "description": line(entity.metadata.get("description"))}
    workshop.add("Team", entity.name, spec, entity.place, metadata=metadata)


def _system(workshop: Workshop, entity: _Entity) -> None:
    technology = line(entity.spec.get("type")) if entity.kind == "Resource" else ""
    url = next((link["url"] for link in links_of(entity.metadata.get("links")) if link["title"] == "endpoint"), "")
    workshop.system(
        entity.name,
        entity.place,
        technology=technology,
        endpoints=endpoint(url),
        metadata=_described(workshop, entity),
    )


def _providers(entities: Iterable[_Entity]) -> dict[str, str]:
    """The component that provides each API."""
    return {
        _reference(api): entity.name
        for entity in entities
        if entity.kind == "Component"
        for api in entity.spec.get("providesApis") or ()
        if isinstance(api, str)
    }


def _interface(
    workshop: Workshop, entity: _Entity, providers: Mapping[str, str], files: Mapping[str, bytes]
) -> InterfaceModel | None:
    kind = _API_KINDS.get(str(entity.spec.get("type", "")))
    place = entity.places.place("/spec/type")
    if kind is None:
        said = line(entity.spec.get("type")) or "nothing"
        workshop.error("EAS-3701", f"an API of type {said!r} has no interface here", place, "openapi and asyncapi do")
        return None
    data = _definition(workshop, entity, files)
    if data is None:
        return None
    provider = providers.get(entity.name, "")
    if not provider:
        provider = _reference(str(entity.spec.get("system") or "")) or entity.name
    file = f"{entity.name}.{'json' if data.lstrip()[:1] == b'{' else 'yaml'}"
    model = add_description(
        workshop, kind, file, {file: data},
        interface=entity.name, system=provider, metadata=_described(workshop, entity), title=provider,
    )  # fmt: skip
    if model is not None and entity.name not in providers:
        workshop.decide("System", provider, f"whether it offers {entity.name}: no component provides it", entity.place)
    return model


def _consumptions(
    workshop: Workshop, entity: _Entity, providers: Mapping[str, str], models: Mapping[str, InterfaceModel]
) -> None:
    for number, written in enumerate(entity.spec.get("consumesApis") or ()):
        place = entity.places.place(f"/spec/consumesApis/{number}")
        api = _reference(written) if isinstance(written, str) else ""
        model = models.get(api)
        if model is None:
            workshop.error("EAS-3702", f"{line(written) or 'this'!r} is no API of this import", place)
            continue
        provider = providers.get(api, api)
        parties = (provider, entity.name) if model.format == "asyncapi" else (entity.name, provider)
        _integration(workshop, parties, api, model, owner=_owner(workshop, entity), place=place)


def _integration(
    workshop: Workshop, parties: tuple[str, str], api: str, model: InterfaceModel, *, owner: str, place: Place
) -> None:
    is_event = model.format == "asyncapi"
    source, target = parties
    name = free_name(workshop, "Integration", pair_name(source, target))
    major, minor, _ = version_of(model.version).split(".")
    spec: dict[str, Any] = {
        "source": source,
        "target": target,
        "interface": {"name": api, "version": f"^{major}.{minor}"},
        "pattern": "event" if is_event else "request",
        ("channels" if is_event else "operations"): [],
        "fields": [],
        "purpose": "essential.service",
    }
    metadata = {"title": f"{source} to {target}", "owner": owner}
    if workshop.add("Integration", name, spec, place, metadata=metadata):
        offered = ", ".join(list(model.channels if is_event else model.operations)[:20])
        what = "channels" if is_event else "operations"
        workshop.decide("Integration", name, f"which {what}: {offered}", place)
        workshop.decide("Integration", name, "which fields, and for which purpose", place)


def export_backstage(estate: Estate, definitions: Mapping[str, bytes]) -> str:
    """The estate as entities in one file. ``definitions`` are the descriptions of interfaces by key."""
    provided: dict[str, list[str]] = {}
    for key, interface in sorted(estate.interfaces.items()):
        provided.setdefault(interface.spec.system, []).append(_api_name(key))
    consumed: dict[str, dict[str, None]] = {}
    contracts: dict[str, list[Integration]] = {}
    for _, integration in sorted(estate.integrations.items()):
        interface_of = estate.interfaces.get(reference_key(integration.spec.interface))
        provider = interface_of.spec.system if interface_of else integration.spec.target
        parties = (integration.spec.source, integration.spec.target)
        consumer = parties[1] if provider == parties[0] else parties[0]
        api = _api_name(reference_key(integration.spec.interface))
        consumed.setdefault(consumer, {})[api] = None
        contracts.setdefault(consumer, []).append(integration)
    entities = [
        _written("Group", team, {"type": "team", "profile": {"email": team.spec.email}, "children": []})
        for _, team in sorted(estate.teams.items())
    ]
    for name, system in sorted(estate.systems.items()):
        spec = {
            "type": "service", "lifecycle": "production", "owner": system.metadata.owner or "unknown",
            "providesApis": provided.get(name, []), "consumesApis": list(consumed.get(name, {})),
        }  # fmt: skip
        entities.append(_written("Component", system, spec, contracts.get(name, ())))
    for key, interface in sorted(estate.interfaces.items()):
        kind = "openapi" if interface.spec.definition.openapi else "asyncapi"
        spec = {
            "type": kind, "lifecycle": "production", "owner": interface.metadata.owner or "unknown",
            "definition": definitions.get(key, b"").decode("utf-8", "replace"),
        }  # fmt: skip
        entities.append(_written("API", interface, spec, name=_api_name(key)))
    others: tuple[Mapping[str, Document], ...] = (estate.agreements, estate.standards, estate.waivers)
    for group in others:
        for name, document in sorted(group.items()):
            kind = document.kind.lower()
            spec = {"type": kind, "owner": document.metadata.owner or "unknown"}
            entities.append(_written("Resource", document, spec, name=f"{kind}-{name}"))
    return "".join(f"---\n{yaml.safe_dump(one, sort_keys=False, allow_unicode=True, width=120)}" for one in entities)


def _api_name(key: str) -> str:
    return key.replace("@", "-v")


def _written(
    kind: str, document: Document, spec: Mapping[str, Any], contracts: Iterable[Integration] = (), *, name: str = ""
) -> dict[str, Any]:
    metadata = document.metadata
    annotations = {ANNOTATION: _compact(to_json(document))}
    if carried := [to_json(one) for one in contracts]:
        annotations[INTEGRATIONS] = _compact(carried)
    said = {
        "name": name or metadata.name,
        "title": metadata.title,
        "description": metadata.description,
        "links": [{"url": link.url, "title": link.title} for link in metadata.links],
        "annotations": annotations,
    }
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {key: value for key, value in said.items() if value},
        "spec": dict(spec),
    }


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
