"""The texts of the templates that differ by pattern: Integration, Interface, its description, and webhook targets.

Each pattern of the catalogue that is recommended has an entry of the same name; a test holds them together. The names
in them fit together, so that one of each kind of one pattern makes an estate without findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternTemplate:
    """What the templates of one pattern say.

    ``first`` and ``second`` describe source and target; ``use`` names operations or channels; ``entries`` are more
    lines of the Integration's spec. ``definition`` is the description of the Interface, ``offers`` more of its spec.
    """

    form: str
    moves: str
    says: str
    first: str
    second: str
    use: str
    fields: str
    scope: str
    entries: str
    definition: str
    offers: str = ""
    names: Mapping[str, str]
    delivery: str = ""


_CALLED: Final[Mapping[str, str]] = {
    "source": "storefront",
    "target": "orders",
    "system": "orders",
    "interface": "orders-api",
    "integration": "storefront-reads-orders",
}
_TOLD: Final[Mapping[str, str]] = {
    "source": "orders",
    "target": "storefront",
    "system": "orders",
    "interface": "orders-events",
    "integration": "orders-to-storefront",
}
_CALL_SLA: Final = """\
  sla:
    latency: {p95: 500ms}
    throughput: {expected: 10/s, limit: 50/s}   # above the limit calls are refused
    timeout: 5s
  retention: {records: P400D}
"""
_DELIVERY: Final = """\
  errors:
    retry: {attempts: 5, backoff: exponential, initial: 1s, maximum: 5m}
    deadLetter: {retention: P7D, owner: $owner}
"""
_EVENT_SLA: Final = """\
  sla:
    latency: {p95: 5s}             # from publishing to delivery
    throughput: {expected: 10/s, limit: 50/s}
  retention: {messages: P7D, records: P400D}
"""
_WATCHED_EVENT_SLA: Final = """\
  sla:
    latency: {p95: 5s}             # from publishing to delivery
    throughput: {expected: 10/s, limit: 50/s}
    schedule: {every: 1h, grace: 30m}           # silence beyond this is a failure
  monitoring: {alertOwner: $owner}
  retention: {messages: P7D, records: P400D}
"""
_PUBLISHED: Final = """\
  envelope: cloudevents            # ce-id, ce-source and ce-type come as headers
  ordering: {key: %s}              # messages with the same key keep their order
  idempotency: {key: %s}           # a consumer that has seen it may drop the message
  compatibility: backward          # new consumers read old messages
"""

_API_HEAD: Final = """\
openapi: 3.1.0
info: {title: $title, version: 1.0.0}
security: [{oauth2: []}]
paths:
"""
_API_TAIL: Final = """\
components:
  securitySchemes:
    oauth2:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: https://example.com/token, scopes: {}}}
  schemas:
    Order:
      type: object
      required: [id, status]
      properties:
        id: {type: string, maxLength: 40}
        status: {type: string, enum: [open, paid, shipped, cancelled]}
    Problem:                       # RFC 9457
      type: object
      required: [title, status]
      properties:
        type: {type: string, maxLength: 200}
        title: {type: string, maxLength: 200}
        status: {type: integer}
"""
_FAILS: Final = """\
        "4XX":
          description: Why it was refused.
          content:
            application/problem+json:
              schema: {$$ref: "#/components/schemas/Problem"}
"""
_ONE_ORDER: Final = """\
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, maxLength: 40}}
      responses:
        "200":
          description: The order.
          content:
            application/json:
              schema: {$$ref: "#/components/schemas/Order"}
"""
_CANCELLATION: Final = """\
  /orders/{id}/cancellation:
    post:
      operationId: cancelOrder
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, maxLength: 40}}
        - {name: Idempotency-Key, in: header, required: true, schema: {type: string, maxLength: 80}}
      responses:
        "200":
          description: The order as it is now.
          content:
            application/json:
              schema: {$$ref: "#/components/schemas/Order"}
"""
_CHANGED_ORDERS: Final = """\
  /orders:
    get:
      operationId: listOrders
      parameters:
        - {name: changedSince, in: query, schema: {type: string, maxLength: 40}}
        - {name: cursor, in: query, schema: {type: string, maxLength: 200}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 500}}
      responses:
        "200":
          description: A page of orders that changed.
          content:
            application/json:
              schema:
                type: object
                required: [items]
                properties:
                  items: {type: array, maxItems: 500, items: {$$ref: "#/components/schemas/Order"}}
                  next: {type: [string, "null"], maxLength: 200}
"""


def _api(path: str) -> str:
    return _API_HEAD + path + _FAILS + _API_TAIL


def _events(channel: str, address: str, properties: str, required: str) -> str:
    message = channel[0].upper() + channel[1:]
    return f"""\
asyncapi: 3.0.0
info: {{title: $title, version: 1.0.0}}
channels:
  {channel}:
    address: {address}
    messages:
      {channel}: {{$$ref: "#/components/messages/{message}"}}
operations:
  publish{message}:
    action: send
    channel: {{$$ref: "#/channels/{channel}"}}
components:
  messages:
    {message}:
      contentType: application/json
      payload:
        type: object
        required: [{required}]
        properties:
{properties}"""


_STATE: Final = """\
          id: {type: string, maxLength: 40}
          status: {type: string, enum: [open, paid, shipped]}
          total: {type: number, minimum: 0}
          placedAt: {type: string, maxLength: 40}
"""
_FACT: Final = """\
          id: {type: string, maxLength: 40}
          changedAt: {type: string, maxLength: 40}
"""
_WORK: Final = """\
          id: {type: string, maxLength: 40}
          orderId: {type: string, maxLength: 40}
          format: {type: string, enum: [a4, a6]}
"""
_FILE: Final = """\
          fileName: {type: string, maxLength: 200}
          sha256: {type: string, minLength: 64, maxLength: 64}
          lines: {type: integer, minimum: 0}
"""

PATTERN_TEMPLATES: Final[Mapping[str, PatternTemplate]] = {
    "request-reply": PatternTemplate(
        form="openapi",
        moves="request",
        says="The right of $source to call $target, for one purpose. What is not named here does not flow.",
        first="the system that calls",
        second="the system that answers",
        use="operations: [getOrder]           # operationIds of the interface",
        fields="[id, status]             # all that may pass, as dotted paths: lines.sku",
        scope="orders.read",
        entries=_CALL_SLA,
        definition=_api(_ONE_ORDER),
        names=_CALLED,
    ),
    "command": PatternTemplate(
        form="openapi",
        moves="request",
        says="The right of $source to tell $target to do something. It learns at once whether that was taken.",
        first="the system that commands",
        second="the system that acts",
        use="operations: [cancelOrder]        # takes an Idempotency-Key, so that a repeated call acts once",
        fields="[id, status]             # all of the answer that may pass",
        scope="orders.cancel",
        entries="  errors:\n    retry: {attempts: 3, backoff: exponential, initial: 200ms}\n" + _CALL_SLA,
        definition=_api(_CANCELLATION),
        names={**_CALLED, "integration": "storefront-cancels-orders"},
    ),
    "event-notification": PatternTemplate(
        form="asyncapi",
        moves="event",
        says="$target is told that something happened at $source. Who wants details asks for them.",
        first="the system that publishes",
        second="the system that is told",
        use="channels: [orderChanged]         # channels of the interface",
        fields="[id, changedAt]          # that it happened, and little more",
        scope="orders.events.read",
        entries=_DELIVERY + _EVENT_SLA,
        definition=_events("orderChanged", "orders.changed", _FACT, "id, changedAt"),
        offers=_PUBLISHED % ("id", "id"),
        names=_TOLD,
    ),
    "event-carried-state": PatternTemplate(
        form="asyncapi",
        moves="event",
        says="The right of $target to receive events of $source. What is not named here does not flow.",
        first="the system that publishes",
        second="the system that receives",
        use="channels: [orderPlaced]          # channels of the interface",
        fields="[id, status, total]      # all that the target may see, as dotted paths: lines.sku",
        scope="orders.events.read",
        entries=_DELIVERY + _EVENT_SLA,
        definition=_events("orderPlaced", "orders.placed", _STATE, "id, status"),
        offers=_PUBLISHED % ("id", "id"),
        names=_TOLD,
    ),
    "work-queue": PatternTemplate(
        form="asyncapi",
        moves="event",
        says="$source hands work over to $target, which does it when it has the time.",
        first="the system that has the work",
        second="the system that does it",
        use="channels: [labelRequested]       # channels of the interface",
        fields="[id, orderId, format]    # all that the work needs",
        scope="labels.requests.read",
        entries=_DELIVERY + _WATCHED_EVENT_SLA,
        definition=_events("labelRequested", "labels.requested", _WORK, "id, orderId"),
        offers=_PUBLISHED % ("orderId", "id"),
        names={**_TOLD, "target": "labels", "interface": "label-requests", "integration": "orders-to-labels"},
    ),
    "webhook": PatternTemplate(
        form="asyncapi",
        moves="event",
        says="Events of $source are posted to $target, signed. Its address and secret stand in its System document.",
        first="the system that publishes",
        second="the system whose webhook is called",
        use="channels: [orderShipped]         # channels of the interface",
        fields="[id, status]             # all that the target may see",
        scope="orders.events.read",
        entries=_DELIVERY + _EVENT_SLA,
        definition=_events("orderShipped", "orders.shipped", _STATE, "id, status"),
        offers=_PUBLISHED % ("id", "id"),
        names={**_TOLD, "target": "carrier", "integration": "orders-to-carrier"},
        delivery='  delivery: {webhook: {url: "https://$name.example.com/events", secret: "secret://env/SECRET_WEBHOOK"}}\n',
    ),
    "scheduled-pull": PatternTemplate(
        form="openapi",
        moves="request",
        says="$source fetches at set times what changed at $target, page by page.",
        first="the system that fetches",
        second="the system that has the data",
        use="operations: [listOrders]         # pages of what changed since the last time",
        fields="[items.id, items.status, next]",
        scope="orders.read",
        entries="""\
  sla:
    latency: {p95: 2s}
    throughput: {expected: 100/h, limit: 5/s}
    schedule: {every: 1d, grace: 2h}            # silence beyond this is a failure
    timeout: 10s
  monitoring: {alertOwner: $owner}
  retention: {records: P400D}
""",
        definition=_api(_CHANGED_ORDERS),
        names={**_CALLED, "integration": "storefront-fetches-orders"},
    ),
    "batch-file": PatternTemplate(
        form="asyncapi",
        moves="file",
        says="A file of $source goes to $target by SFTP; a message with its checksum says that it is whole.",
        first="the system that sends the file",
        second="the system that receives it",
        use="channels: [ordersExported]       # announces the file, with its checksum",
        fields="[fileName, sha256, lines]",
        scope="orders.files.read",
        entries="""\
  file: {protocol: sftp, authentication: public-key, checksum: sha256}
"""
        + _DELIVERY
        + """\
  sla:
    latency: {p95: 1h}
    throughput: {expected: 1/h, limit: 10/h}
    schedule: {every: 1d, grace: 2h}            # silence beyond this is a failure
  monitoring: {alertOwner: $owner}
  retention: {messages: P30D, records: P400D}
""",
        definition=_events("ordersExported", "orders.exported", _FILE, "fileName, sha256"),
        offers=_PUBLISHED % ("fileName", "fileName"),
        names={**_TOLD, "interface": "orders-export", "integration": "orders-export-to-storefront"},
    ),
}
ALIASES: Final[Mapping[str, str]] = {"request": "request-reply", "event": "event-carried-state"}
"""Words of a contract's ``spec.pattern`` that a person may write for the pattern they most often mean."""


def integration_text(pattern: str) -> str:
    """The template of an Integration, with ``$name`` and the like left in."""
    template = PATTERN_TEMPLATES[pattern]
    return f"""\
# {template.says}
apiVersion: easement/v1
kind: Integration
metadata:
  name: $name
  title: $title
  owner: $owner
  labels: {{pattern: {pattern}}}
spec:
  source: $source                  # {template.first}
  target: $target                  # {template.second}
  interface: {{name: $interface, version: ^1.0}}
  pattern: {template.moves}
  {template.use}
  fields: {template.fields}
  purpose: essential.service
  security: {{authentication: oauth2, scopes: [{template.scope}]}}
{template.entries}"""


def interface_text(pattern: str) -> str:
    """The template of an Interface, with ``$name`` and the like left in."""
    template = PATTERN_TEMPLATES[pattern]
    return f"""\
# What a system offers. The file under definition describes it; fields are classified there with x-easement, or here.
apiVersion: easement/v1
kind: Interface
metadata:
  name: $name
  title: $title
  owner: $owner
spec:
  system: $system
  version: 1.0.0                   # semantic version; a breaking change needs the next major version
  definition: {{{template.form}: ./$name.{template.form}.yaml}}
{template.offers}\
  defaultClassification: internal  # public | internal | confidential | restricted: for fields without their own
  # fields:
  #   customer.email: {{classification: confidential, category: user.contact.email, tags: [personal]}}
"""
