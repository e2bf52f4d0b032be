"""The document kinds that people write: Team, System, Interface, Integration, Standard, Waiver, Agreement.

* One document says one thing; order and file layout mean nothing; a reference is a name.
* Every key that is not declared here is an error (``extra="forbid"``).
* What the workflow decides (status, approvals, ids, credentials) is never in a document.
* Values are frozen; YAML and JSON use camelCase, Python snake_case.
* All kinds stand in this one module, so that the language can be read from top to bottom.
"""

from __future__ import annotations

from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from easement.contract.values import Duration, FieldPath, Name, Rate, Version, VersionRange

API_VERSION: Final = "easement/v1"
_CONFIG = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, strict=False)

Text = Annotated[str, StringConstraints(max_length=4000)]
Line = Annotated[str, StringConstraints(max_length=300)]
RuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
"""Id of a rule; wider than a name, because rules of Spectral rulesets are waived by their own names."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
SecretReference = Annotated[
    str, StringConstraints(pattern=r"^secret://(env|file|vault|aws|azure)/[^\s#?%\\]+(#[^\s#]+)?$")
]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", max_length=2000)]


class Classification(StrEnum):
    """How much harm disclosure does, in rising order."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"

    @property
    def rank(self) -> int:
        """0 for public to 3 for restricted."""
        return _CLASSIFICATION_RANKS[self]


_CLASSIFICATION_RANKS: Final = {level: rank for rank, level in enumerate(Classification)}


class Tag(StrEnum):
    """What kind of protected data a field is; each has rules of its own in the baseline."""

    PERSONAL = "personal"
    SPECIAL_CATEGORY = "special-category"
    PHI = "phi"
    PAN = "pan"
    SAD = "sad"


class Criticality(StrEnum):
    """What stops when this stops, in rising order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VITAL = "vital"

    @property
    def rank(self) -> int:
        """0 for low to 3 for vital."""
        return list(Criticality).index(self)


class Pattern(StrEnum):
    """How an integration moves data."""

    REQUEST = "request"
    EVENT = "event"
    FILE = "file"
    BATCH = "batch"


CompatibilityMode = Literal[
    "backward", "forward", "full", "backward-transitive", "forward-transitive", "full-transitive", "none"
]


class LegalBasis(StrEnum):
    """GDPR Art. 6(1) (a) to (f)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal-obligation"
    VITAL_INTERESTS = "vital-interests"
    PUBLIC_TASK = "public-task"
    LEGITIMATE_INTERESTS = "legitimate-interests"


class Handling(StrEnum):
    """What happens to a field on its way to the target."""

    CLEAR = "clear"
    HASH = "hash"
    TRUNCATE = "truncate"
    MASK = "mask"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Link:
    """Something to read: a runbook, a ticket, a dashboard."""

    title: Line
    url: Url


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Metadata:
    """What every document carries."""

    name: Name
    title: Line = ""
    owner: Name | Literal[""] = ""
    description: Text = ""
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    """Pages to read with this document; the console shows them."""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Webhook:
    """Push delivery: events are posted here, signed with the secret."""

    url: Url
    secret: SecretReference


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class TeamSpec:
    """Who owns things."""

    email: Line = ""
    oncall: Line = ""
    members: tuple[Line, ...] = ()
    notices: Webhook | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Location:
    """Where a system is: country of the operator and of each hosting place (ISO 3166-1 alpha-2)."""

    country: Country
    hosting: tuple[Country, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Party:
    """The legal entity behind a system that is not our own."""

    organisation: Line
    role: Literal[
        "controller", "joint-controller", "processor", "covered-entity", "business-associate", "service-provider"
    ]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class EndpointTls:
    """How the gateway checks the system's certificate: ``internal`` (our authority), ``system`` or a PEM file path."""

    ca: Line = "system"
    server_name: Line = ""
    minimum: Literal["1.2", "1.3"] = "1.2"
    client_certificate: bool = False
    """Whether the gateway shows its own certificate (mutual TLS); the system must trust our authority."""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class EndpointCredential:
    """What a system wants to be shown: a header that the gateway writes, from a secret that no caller holds."""

    secret: SecretReference
    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")] = "Authorization"
    prefix: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7E]{0,40}$")] = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Endpoint:
    """Where a system answers."""

    url: Url
    tls: EndpointTls = field(default_factory=EndpointTls)
    credential: EndpointCredential | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Latency:
    """Latency percentiles promised or expected."""

    p50: Duration | None = None
    p95: Duration | None = None
    p99: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Capacity:
    """What a system can carry; declared limits of its consumers are summed against it."""

    throughput: Rate | None = None
    latency: Latency = field(default_factory=Latency)
    availability: Annotated[float, Field(gt=0, le=100)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class DeliverySpec:
    """How events reach this system: its own stream (default) or a webhook."""

    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class SubjectRequests:
    """How a person's data is found and removed in this system (GDPR Art. 15, 17)."""

    access: Line = ""
    erasure: Line = ""
    confirms: Literal["sync", "async"] = "sync"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class OutsideIdentity:
    """Tokens of another issuer that stand for a system: those for ``audience`` whose ``claim`` has this ``value``.

    ``jwks`` is where the issuer publishes its keys (``jwks_uri`` of its metadata, RFC 8414 §2).
    """

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]{1,290}$")]
    jwks: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]{1,290}$")]
    audience: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7E]{1,300}$")]
    claim: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_:./-]{0,99}$")] = "sub"
    value: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7E]{1,300}$")]
    ca: Line = "system"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class SystemSpec:
    """An application that can be source or target."""

    location: Location
    criticality: Criticality = Criticality.MEDIUM
    zones: tuple[Name, ...] = ("internal",)
    technology: Line = ""
    datastores: tuple[Name, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    party: Party | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)
    delivery: DeliverySpec = field(default_factory=DeliverySpec)
    subject_requests: SubjectRequests | None = None
    encryption_key: dict[str, Any] | None = None
    """Public JWK (RFC 7517, use=enc) to which payloads for this system are sealed."""
    identity: OutsideIdentity | None = None
    """Set where the system gets its tokens from another issuer; it gets none from us then."""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Definition:
    """The file that describes an interface, relative to the document. Exactly one key is set."""

    openapi: Line | None = None
    asyncapi: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class FieldTag:
    """Classification of one field, also written ``x-easement`` on a schema property."""

    classification: Classification
    category: Line = ""
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Subject:
    """Which field names the person that a document is about."""

    category: Line
    id: FieldPath


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Ordering:
    """Messages with the same key keep their order."""

    key: FieldPath


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Idempotency:
    """A consumer that has seen the key before may drop the message: delivery is at least once."""

    key: FieldPath


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class InterfaceSpec:
    """What a system offers: an API or event channels."""

    system: Name
    version: Version
    definition: Definition
    entities: tuple[Line, ...] = ()
    subject: Subject | None = None
    fields: dict[FieldPath, FieldTag] = field(default_factory=dict)
    default_classification: Classification | None = None
    """Classification of every field that carries none of its own. Say it on purpose; there is no silent default."""
    administrative: tuple[Line, ...] = ()
    """Operations that manage the system itself and may be granted all the same, after two people approved."""
    ownership: dict[str, dict[str, str]] = field(default_factory=dict)
    ordering: Ordering | None = None
    idempotency: Idempotency | None = None
    envelope: Literal["cloudevents", "none", ""] = ""
    compatibility: CompatibilityMode | Literal[""] = ""
    """The promise for later versions; the policies of the compatibility engine have the same names."""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class InterfaceReference:
    """The interface that an integration uses, with the versions it accepts."""

    name: Name
    version: VersionRange


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Consent:
    """Consent that must stand at delivery."""

    scope: Line
    max_age: Duration = field(default_factory=lambda: Duration.parse("5m"))


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Security:
    """How the source proves who it is, what it may ask for, and whether payloads are sealed."""

    authentication: Literal["oauth2", "oauth2+mtls", "mtls", "api-key"] = "oauth2"
    scopes: tuple[Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")], ...] = ()
    encryption: Literal["transport", "payload"] = "transport"
    rotation: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Retry:
    """How often and how fast a failed delivery is tried again."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 5
    backoff: Literal["exponential", "constant"] = "exponential"
    initial: Duration = field(default_factory=lambda: Duration.parse("1s"))
    maximum: Duration = field(default_factory=lambda: Duration.parse("5m"))


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class DeadLetter:
    """Where messages go that could not be delivered, for how long, and who looks."""

    retention: Duration
    owner: Name | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class WafExclusion:
    """Rules of the Core Rule Set that do not count for one operation, and why. With ``argument`` for that one only.

    Arguments go by the names that rules use: a parameter by its name, a field of a JSON body as ``json.order.note``.
    """

    operation: Line
    rules: Annotated[tuple[Annotated[int, Field(ge=911_000, le=944_999)], ...], Field(min_length=1, max_length=50)]
    argument: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{0,200}$")] = ""
    reason: Annotated[str, StringConstraints(min_length=3, max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Waf:
    """Whether requests are inspected for attacks: ``detect`` records what is found, ``block`` refuses it too.

    ``paranoia`` is the level of the Core Rule Set: each one finds more, and more that is none.
    """

    mode: Literal["off", "detect", "block"] = "off"
    paranoia: Annotated[int, Field(ge=1, le=4)] = 1
    exclusions: Annotated[tuple[WafExclusion, ...], Field(max_length=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Errors:
    """What happens when it fails."""

    retry: Retry | None = None
    dead_letter: DeadLetter | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class OperationLimit:
    """The highest allowed rate of one operation, within that of the integration."""

    limit: Rate
    burst: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Throughput:
    """Expected and highest allowed rate, over all operations together. What is not ``expected`` is enforced."""

    expected: Rate | None = None
    limit: Rate | None = None
    burst: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    daily_quota: Annotated[int, Field(ge=1, le=1_000_000_000_000)] | None = None
    operations: dict[str, OperationLimit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Schedule:
    """When traffic is expected; silence beyond ``every`` plus ``grace`` is a failure."""

    every: Duration
    grace: Duration = field(default_factory=lambda: Duration.parse("5m"))
    within: Line = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Sla:
    """What is promised, and what is enforced of it (limit, timeout, body size)."""

    criticality: Criticality = Criticality.MEDIUM
    availability: Annotated[float, Field(gt=0, le=100)] | None = None
    latency: Latency = field(default_factory=Latency)
    throughput: Throughput = field(default_factory=Throughput)
    timeout: Duration = field(default_factory=lambda: Duration.parse("15s"))
    max_body_bytes: Annotated[int, Field(ge=0, le=100_000_000)] = 1_048_576
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Retention:
    """How long messages stay in the broker and records in the ledger."""

    messages: Duration | None = None
    records: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Transfer:
    """The mechanism of GDPR Art. 45 to 49 that carries personal data out of the EEA."""

    mechanism: Literal["adequacy", "SCC", "BCR", "derogation"]
    agreement: Name | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Monitoring:
    """Who is told when it is not as promised, and what they do then."""

    alert_owner: Name | Literal[""] = ""
    runbook: Line = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class FileTransfer:
    """How files go over: by which protocol, who the sender proves to be, and how a broken file is noticed."""

    protocol: Literal["sftp", "ftps", "ftp", "https", "smb"] = "sftp"
    authentication: Literal["public-key", "password"] = "public-key"
    checksum: Literal["sha256", "none"] = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class IntegrationSpec:
    """The right of one system to reach another through one interface, for one purpose."""

    source: Name
    target: Name
    interface: InterfaceReference
    pattern: Pattern = Pattern.REQUEST
    operations: tuple[Line, ...] = ()
    channels: tuple[Line, ...] = ()
    fields: tuple[FieldPath, ...] | dict[FieldPath, Handling]
    purpose: Line
    legal_basis: LegalBasis | None = None
    consent: Consent | Literal["none"] = "none"
    security: Security = field(default_factory=Security)
    waf: Waf = field(default_factory=Waf)
    access: Line = ""
    resource_at: FieldPath | Literal[""] = ""
    errors: Errors = field(default_factory=Errors)
    sla: Sla = field(default_factory=Sla)
    retention: Retention = field(default_factory=Retention)
    monitoring: Monitoring = field(default_factory=Monitoring)
    file: FileTransfer | None = None
    transfer: Transfer | None = None

    @property
    def handling(self) -> dict[str, Handling]:
        """Each declared field with what happens to it; a plain list means ``clear``."""
        if isinstance(self.fields, dict):
            return dict(self.fields)
        return dict.fromkeys(self.fields, Handling.CLEAR)


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Stage(StrEnum):
    """Where a finding stops things."""

    CHECK = "check"
    REVIEW = "review"
    LIVE = "live"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Selector:
    """What a rule or a standard is for. Every key that is written must fit; a list fits where one of it does."""

    kinds: tuple[Literal["System", "Interface", "Integration"], ...] = ()
    owners: tuple[Name, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    criticality: tuple[Criticality, ...] = ()
    zones: tuple[Name, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    classification: Classification | None = None
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class RuleExample:
    """What a rule accepts and what it finds, as parts of documents in YAML."""

    good: Text = ""
    bad: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class RuleSpec:
    """One rule of a standard, checked by a CEL expression over the document it applies to."""

    id: Name
    title: Line
    severity: Severity = Severity.ERROR
    blocks: Stage = Stage.REVIEW
    select: Selector = field(default_factory=Selector)
    applies_to: Line = ""
    check: Line
    parameters: dict[str, Any] = field(default_factory=dict)
    why: Text = ""
    remedy: Text = ""
    example: RuleExample = field(default_factory=RuleExample)
    owner: Name | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class RulesetReference:
    """A ruleset in the Spectral format, run over the descriptions of the selected interfaces."""

    file: Line
    blocks: Stage = Stage.NEVER
    select: Selector = field(default_factory=Selector)
    owner: Name | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Strictness:
    """How a rule of the baseline is held here. It can be made stricter, never laxer."""

    severity: Severity | None = None
    blocks: Stage | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class StandardSpec:
    """A versioned set of rules, on top of others."""

    version: Version = field(default_factory=lambda: Version.parse("1.0.0"))
    extends: tuple[Line, ...] = ()
    blocks_from: date | None = None
    select: Selector = field(default_factory=Selector)
    applies_to: Line = ""
    rules: tuple[RuleSpec, ...] = ()
    rulesets: tuple[RulesetReference, ...] = ()
    overrides: dict[Name, Strictness] = field(default_factory=dict)
    parameters: dict[Name, dict[str, Any]] = field(default_factory=dict)
    notice: dict[Criticality, Duration] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class WaiverSpec:
    """One finding of one rule at one place, accepted until a date."""

    rule: RuleName
    at: Line
    reason: Text
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class DocumentHash:
    """The signed paper, by content."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | Literal[""] = ""
    ref: Line = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class AgreementSpec:
    """A legal agreement between parties. ``between`` names systems, or ``self`` for our own organisation."""

    type: Literal["DPA", "BAA", "SCC", "BCR", "AOC", "JointController"]
    between: tuple[Name, ...]
    signed: date
    expires: date
    document: DocumentHash = field(default_factory=DocumentHash)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Team:
    """A Team document."""

    api_version: Literal["easement/v1"] = "easement/v1"
    kind: Literal["Team"] = "Team"
    metadata: Metadata
    spec: TeamSpec = field(default_factory=TeamSpec)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class System:
    """A System document."""

    api_version: Literal["easement/v1"] = "easement/v1"
    kind: Literal["System"] = "System"
    metadata: Metadata
    spec: SystemSpec


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Interface:
    """An Interface document."""

    api_version: Literal["easement/v1"] = "easement/v1"
    kind: Literal["Interface"] = "Interface"
    metadata: Metadata
    spec: InterfaceSpec


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Integration:
    """An Integration document."""

    api_version: Literal["easement/v1"] = "easement/v1"
    kind: Literal["Integration"] = "Integration"
    metadata: Metadata
    spec: IntegrationSpec


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Standard:
    """A Standard document."""

    api_version: Literal["easement/v1"] = "easement/v1"
    kind: Literal["Standard"] = "Standard"
    metadata: Metadata
    spec: StandardSpec


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Waiver:
    """A Waiver document."""

    api_version: Literal["easement/v1"] = "easement/v1"
    kind: Literal["Waiver"] = "Waiver"
    metadata: Metadata
    spec: WaiverSpec


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Agreement:
    """An Agreement document."""

    api_version: Literal["easement/v1"] = "easement/v1"
    kind: Literal["Agreement"] = "Agreement"
    metadata: Metadata
    spec: AgreementSpec


Document = Team | System | Interface | Integration | Standard | Waiver | Agreement
KINDS: Final[dict[str, type[Document]]] = {
    kind.__name__: kind for kind in (Team, System, Interface, Integration, Standard, Waiver, Agreement)
}
