"""Baseline rules on technologies and platforms, and on where data is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Severity, Stage
from easement.standards.facts import IntegrationFacts, SystemFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.parameters import Parameter, ParameterValues
from easement.standards.wording import listing

_ENDED: Final = (
    "python2",
    "java6",
    "java7",
    "dotnet-framework-3.5",
    "php5",
    "windows-server-2008",
    "windows-server-2012",
    "centos-6",
    "centos-7",
    "silverlight",
    "flash",
)
_DATABASES: Final = (
    "cassandra",
    "db2",
    "mariadb",
    "mongodb",
    "mssql",
    "mysql",
    "oracle",
    "postgres",
    "postgresql",
    "redis",
    "sqlserver",
)


def _unnamed(facts: SystemFacts) -> Iterable[Found]:
    if not facts.system.spec.technology.strip():
        yield Found(path="/spec", message="nothing says what it is built on")


def _not_approved(facts: SystemFacts, settings: ParameterValues) -> Iterable[Found]:
    technology, approved = facts.system.spec.technology, settings["approved"]
    if technology and approved and not _is_listed(technology, approved):
        yield Found(
            path="/spec/technology", message=f"{technology} is not approved; approved are {listing(sorted(approved))}"
        )


def _ended(facts: SystemFacts, settings: ParameterValues) -> Iterable[Found]:
    technology = facts.system.spec.technology
    if _is_listed(technology, settings["ended"]):
        yield Found(path="/spec/technology", message=f"{technology} gets no security updates any more")


def _shared_store(facts: SystemFacts) -> Iterable[Found]:
    for number, store in enumerate(facts.system.spec.datastores):
        others = [name for name in facts.links.keepers(store) if name != facts.system.metadata.name]
        if others:
            yield Found(path=f"/spec/datastores/{number}", message=f"{store} also belongs to {listing(others)}")


def _database_as_party(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    for side, system in (("source", facts.source), ("target", facts.target)):
        if _is_listed(system.spec.technology, settings["databases"]):
            yield Found(
                path=f"/spec/{side}",
                message=f"{system.metadata.name} is a database ({system.spec.technology}), no application",
            )


def _is_listed(technology: str, listed: Iterable[str]) -> bool:
    """Whether ``technology`` is one of ``listed``, whatever its case and however it is spaced."""
    return _plain(technology) in {_plain(name) for name in listed}


def _plain(name: str) -> str:
    return "".join(name.lower().split()).replace("_", "-")


TECHNOLOGY_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=SystemFacts,
        id="technology-unnamed",
        title="Every system says what it is built on",
        rationale="Which systems a weakness or an end of support reaches can only be answered from a register.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="systems",
        check=_unnamed,
        remedy="Set spec.technology of the System, in a word that your list of approved technologies has.",
        source="ISO/IEC 27001:2022 A.5.9, A.8.8; NIST SP 800-53 CM-8",
        bad="kind: System\nspec: {technology: null}",
        good="kind: System\nspec: {technology: python}",
    ),
    Rule(
        about=SystemFacts,
        id="technology-not-approved",
        title="Systems are built on approved technologies",
        rationale="Each technology in use has to be patched, staffed and paid for; a new one is a decision, not an "
        "accident.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="systems, where a standard lists what is approved",
        check=_not_approved,
        remedy="Use an approved technology, or have this one added to the list of the standard.",
        source="ISO/IEC 27001:2022 A.8.27; NIST SP 800-53 CM-7(5)",
        parameters={"approved": Parameter(default=(), meaning="What systems may be built on; empty allows all.")},
        bad="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {technology-not-approved: {approved: [python, java]}}}
---
kind: System
spec: {technology: cobol}""",
        good="""\
kind: Standard
metadata: {name: house}
spec: {parameters: {technology-not-approved: {approved: [python, java]}}}
---
kind: System
spec: {technology: java}""",
    ),
    Rule(
        about=SystemFacts,
        id="technology-ended",
        title="No system is built on what gets no updates",
        rationale="What is no longer patched stays open to every weakness that is found from now on.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="systems",
        check=_ended,
        remedy="Move to a version that is maintained; until then hold the system apart, under a waiver with an end.",
        source="NIST SP 800-53 SA-22; PCI DSS 4.0.1 req. 6.3.3, 12.3.4",
        parameters={"ended": Parameter(default=_ENDED, meaning="Technologies without security updates.")},
        bad="kind: System\nspec: {technology: python2}",
        good="kind: System\nspec: {technology: python}",
    ),
    Rule(
        about=SystemFacts,
        id="shared-database",
        title="No two systems share a database",
        rationale="In a shared database every table is an interface that nobody declared, and nobody can change.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="systems that name their data stores",
        check=_shared_store,
        remedy="Give the store to one system; let the other one reach the data through an interface of it.",
        source="NIST SP 800-53 AC-4, SC-7(21)",
        bad="""\
kind: System
metadata: {name: shop}
spec: {datastores: [orders-db]}
---
kind: System
metadata: {name: orders}
spec: {datastores: [orders-db]}""",
        good="""\
kind: System
metadata: {name: shop}
spec: {datastores: [shop-db]}
---
kind: System
metadata: {name: orders}
spec: {datastores: [orders-db]}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="database-as-interface",
        title="Applications are integrated, not databases",
        rationale="A database enforces no contract: whoever reaches it sees whatever it holds, today and tomorrow.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="all integrations",
        check=_database_as_party,
        remedy="Name the application that owns the data, and an interface that it offers.",
        source="OWASP API Security Top 10 2023 API3; NIST SP 800-53 AC-4",
        parameters={"databases": Parameter(default=_DATABASES, meaning="Technologies that are databases.")},
        bad="kind: System\nmetadata: {name: orders}\nspec: {technology: postgresql}",
        good="kind: System\nmetadata: {name: orders}\nspec: {technology: python, datastores: [orders-db]}",
    ),
)
