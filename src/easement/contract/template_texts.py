"""The texts of the templates. ``$name`` and the like are filled in with names only, so the result stays valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SETTINGS: Final = """\
# Settings of this installation. Each is also an environment variable (EASEMENT_DATA ...) that wins over this file;
# 'easement config show --origin' lists all of them, and where each value comes from.

# The directory that holds everything Easement keeps. Do not put it under version control.
data = ".easement"

# development allows plain http and self-made certificates towards your systems; production does not.
environment = "development"
"""

GITIGNORE: Final = """\
# What Easement keeps: keys, databases, records.
.easement/
"""

_TEAM: Final = """\
# Who owns things. Other documents name it as their owner.
apiVersion: easement/v1
kind: Team
metadata:
  name: $name
  title: $title
spec:
  email: $name@example.com         # where to write to
"""

_SYSTEM: Final = """\
# An application that can be source or target of an integration.
apiVersion: easement/v1
kind: System
metadata:
  name: $name
  title: $title
  owner: $owner
spec:
  criticality: medium              # low | medium | high | vital: what stops when it stops
  location: {country: DE}          # where its operator is; add hosting: [..] where the data lies elsewhere
  zones: [internal]
  endpoints:
    production: {url: "https://$name.example.com"}
"""

_INTERFACE_HEAD: Final = """\
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
"""

_INTERFACE_TAIL: Final = """\
  defaultClassification: internal  # public | internal | confidential | restricted: for fields without their own
  # fields:
  #   customer.email: {classification: confidential, category: user.contact.email, tags: [personal]}
"""

_INTERFACE_REQUEST: Final = (
    _INTERFACE_HEAD
    + """\
  definition: {openapi: ./$name.openapi.yaml}
"""
    + _INTERFACE_TAIL
)

_INTERFACE_EVENT: Final = (
    _INTERFACE_HEAD
    + """\
  definition: {asyncapi: ./$name.asyncapi.yaml}
  ordering: {key: id}              # messages with the same key keep their order
"""
    + _INTERFACE_TAIL
)

_INTEGRATION_REQUEST: Final = """\
# The right of $source to call $target, for one purpose. What is not named here does not flow.
apiVersion: easement/v1
kind: Integration
metadata:
  name: $name
  title: $title
  owner: $owner
spec:
  source: $source                  # the system that calls
  target: $target                  # the system that answers
  interface: {name: $interface, version: ^1.0}
  pattern: request
  operations: [getOrder]           # operationIds of the interface
  fields: [id, status]             # all that may pass, as dotted paths: lines.sku
  purpose: essential.service
  security: {authentication: oauth2, scopes: [orders.read]}
  sla:
    throughput: {expected: 10/s, limit: 50/s}   # above the limit calls are refused
    timeout: 5s
  retention: {records: P90D}
"""

_INTEGRATION_EVENT: Final = """\
# The right of $target to receive events of $source, for one purpose. What is not named here does not flow.
apiVersion: easement/v1
kind: Integration
metadata:
  name: $name
  title: $title
  owner: $owner
spec:
  source: $source                  # the system that publishes
  target: $target                  # the system that receives
  interface: {name: $interface, version: ^1.0}
  pattern: event
  channels: [orderPlaced]          # channels of the interface
  fields: [id, status]             # all that the target may see, as dotted paths: lines.sku
  purpose: essential.service
  security: {authentication: oauth2, scopes: [orders.events.read]}
  errors:
    retry: {attempts: 5, backoff: exponential, initial: 1s, maximum: 5m}
    deadLetter: {retention: P7D, owner: $owner}
  sla:
    throughput: {expected: 10/s, limit: 50/s}
  retention: {messages: P7D, records: P90D}
"""

_STANDARD: Final = """\
# Rules of your own, on top of the baseline. A rule is a CEL expression that must hold.
apiVersion: easement/v1
kind: Standard
metadata:
  name: $name
  title: $title
  owner: $owner
spec:
  extends: [baseline]
  rules:
    - id: purpose-is-said
      title: Every integration says its purpose
      severity: error              # info | warning | error
      blocks: review               # check | review | live | never
      check: integration.purpose != ''
      why: Data without a purpose is data that nobody may keep.
      remedy: Set spec.purpose.
"""

_WAIVER: Final = """\
# One finding of one rule at one place, accepted until a date. After it the finding blocks again.
apiVersion: easement/v1
kind: Waiver
metadata:
  name: $name
  title: $title
  owner: $owner
spec:
  rule: no-throughput-limit        # 'easement rules' lists them
  at: integration/storefront-reads-orders#/spec/sla
  reason: Say why this is acceptable, and what will end it.
  expires: 2099-12-31              # shorten this: a waiver without an end is a rule that is not meant
"""

_AGREEMENT: Final = """\
# A legal agreement, as far as integrations rest on it.
apiVersion: easement/v1
kind: Agreement
metadata:
  name: $name
  title: $title
  owner: $owner
spec:
  type: DPA                        # DPA | BAA | SCC | BCR | AOC | JointController
  between: [self, orders]          # systems; self is your own organisation
  signed: 2025-01-01
  expires: 2099-12-31              # the last day on which it holds
  document: {ref: legal/agreement.pdf}
"""

DOCUMENTS: Final[Mapping[str, str]] = {
    "Team": _TEAM,
    "System": _SYSTEM,
    "Interface-request": _INTERFACE_REQUEST,
    "Interface-event": _INTERFACE_EVENT,
    "Integration-request": _INTEGRATION_REQUEST,
    "Integration-event": _INTEGRATION_EVENT,
    "Standard": _STANDARD,
    "Waiver": _WAIVER,
    "Agreement": _AGREEMENT,
}

DEFINITION_SUFFIXES: Final[Mapping[str, str]] = {"request": "openapi", "event": "asyncapi"}

DEFINITIONS: Final[Mapping[str, str]] = {
    "request": """\
openapi: 3.1.0
info: {title: $title, version: 1.0.0}
security: [{oauth2: []}]
paths:
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
        status: {type: string, enum: [open, paid, shipped]}
""",
    "event": """\
asyncapi: 3.0.0
info: {title: $title, version: 1.0.0}
channels:
  orderPlaced:
    address: orders.placed
    messages:
      orderPlaced: {$$ref: "#/components/messages/OrderPlaced"}
operations:
  publishOrderPlaced:
    action: send
    channel: {$$ref: "#/channels/orderPlaced"}
components:
  messages:
    OrderPlaced:
      contentType: application/json
      payload:
        type: object
        required: [id, status]
        properties:
          id: {type: string, maxLength: 40}
          status: {type: string, enum: [open, paid, shipped]}
""",
}
