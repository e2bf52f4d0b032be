"""Documents to an estate: definitions are read, references are resolved, and everything that does not fit is a problem.

Assembling never stops at the first problem and never raises because a document is bad. The estate it returns holds
whatever could be read, so that standards still run on the rest; callers refuse to apply while there are problems.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from easement.contract.identity import document_key
from easement.contract.kinds import Agreement, Document, Integration, Interface, Standard, System, Team, Waiver
from easement.contract.loader import Bundle, LoadedDocument
from easement.contract.problems import Problem
from easement.contract.suggestion import did_you_mean
from easement.estate.flows import FlowIndex
from easement.estate.integration_references import check_integrations
from easement.estate.model import Estate, EstateFiles, Registration
from easement.estate.references import check_references
from easement.estate.reporting import Reporter
from easement.interfaces.model import InterfaceModel
from easement.interfaces.offered_fields import InterfaceFields
from easement.interfaces.reader import read_definition

_UNREGISTERED: Final[Mapping[str, Registration]] = MappingProxyType({})
_DEFINITION: Final = "definition"
_FIELDS: Final = "fields"
_DocumentT = TypeVar("_DocumentT", bound=Document)


def assemble(
    bundle: Bundle, registrations: Mapping[str, Registration] = _UNREGISTERED
) -> tuple[Estate, tuple[Problem, ...]]:
    """Resolve the references of a loaded bundle and read its interface definitions.

    Returns the estate and every problem found here, in the order of file and line; the loader's own problems stay in
    ``bundle.problems``. ``registrations`` of integrations that the bundle does not have are left out.
    """
    sources: dict[tuple[str, str], LoadedDocument] = {}
    for loaded in bundle.documents:
        sources.setdefault((loaded.document.kind, document_key(loaded.document)), loaded)
    reporter = Reporter(sources, bundle.broken)
    interfaces = _of_kind(sources, Interface)
    integrations = _of_kind(sources, Integration)
    models, offered = _models(interfaces, bundle.files, reporter)
    estate = Estate(
        teams=_of_kind(sources, Team),
        systems=_of_kind(sources, System),
        interfaces=interfaces,
        integrations=integrations,
        standards=_of_kind(sources, Standard),
        waivers=_of_kind(sources, Waiver),
        agreements=_of_kind(sources, Agreement),
        models=models,
        registrations={name: known for name, known in sorted(registrations.items()) if name in integrations},
        files=EstateFiles(contents=bundle.files, places={key: loaded.file for key, loaded in sources.items()}),
        offered=offered,
    )
    index = FlowIndex(estate)
    check_references(estate, index, reporter)
    check_integrations(estate, index, reporter)
    return estate, tuple(sorted(reporter.problems, key=lambda problem: (problem.place, problem.code, problem.message)))


def _of_kind(sources: Mapping[tuple[str, str], LoadedDocument], kind: type[_DocumentT]) -> dict[str, _DocumentT]:
    documents = [loaded.document for loaded in sources.values() if isinstance(loaded.document, kind)]
    return {document_key(document): document for document in sorted(documents, key=document_key)}


def _models(
    interfaces: Mapping[str, Interface], files: Mapping[str, bytes], reporter: Reporter
) -> tuple[dict[str, InterfaceModel], dict[str, InterfaceFields]]:
    models: dict[str, InterfaceModel] = {}
    offered: dict[str, InterfaceFields] = {}
    for name, interface in interfaces.items():
        model = _model(interface, files, reporter)
        if model is None:
            continue
        models[name] = model
        remembered = reporter.sources["Interface", name].remembered
        known = remembered.get(_FIELDS)
        if known is None or not known.is_of(model, interface.spec):
            known = remembered[_FIELDS] = InterfaceFields(model, interface.spec)
        offered[name] = known
    return models, offered


def _model(interface: Interface, files: Mapping[str, bytes], reporter: Reporter) -> InterfaceModel | None:
    named = _definition(interface)
    if named is None:
        reporter.report(
            interface,
            "EAS-3018",
            f"interface {interface.metadata.name} must name exactly one definition",
            "/spec/definition",
            hint="keep one of openapi and asyncapi",
        )
        return None
    kind, written = named
    source = reporter.sources["Interface", document_key(interface)]
    path = source.resolve(written)
    if path not in files:
        reporter.report(
            interface,
            "EAS-3017",
            f"the definition {written!r} is not in the folder",
            f"/spec/definition/{kind}",
            hint=_near_file(written, posixpath.dirname(source.file), files),
        )
        return None
    if _DEFINITION not in source.remembered:
        source.remembered[_DEFINITION] = read_definition(kind, path, files)
    model: InterfaceModel | None
    model, problems = source.remembered[_DEFINITION]
    reporter.problems.extend(problems)
    return model


def _definition(interface: Interface) -> tuple[Literal["openapi", "asyncapi"], str] | None:
    definition = interface.spec.definition
    if definition.openapi and not definition.asyncapi:
        return "openapi", definition.openapi
    if definition.asyncapi and not definition.openapi:
        return "asyncapi", definition.asyncapi
    return None


def _near_file(written: str, folder: str, files: Mapping[str, bytes]) -> str:
    near = {posixpath.relpath(path, folder or "."): path for path in files}
    return did_you_mean(posixpath.normpath(written), near) or "paths are relative to the document"
