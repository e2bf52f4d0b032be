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
  technology: python               # what it is built on; your standard may list what is approved
  criticality: medium              # low | medium | high | vital: what stops when it stops
  location: {country: DE}          # where its operator is; add hosting: [..] where the data lies elsewhere
  zones: [internal]
  endpoints:
    production: {url: "https://$name.example.com"}
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
    "Standard": _STANDARD,
    "Waiver": _WAIVER,
    "Agreement": _AGREEMENT,
}
"""The kinds whose template is the same whatever the pattern; the others are in ``template_patterns``."""
