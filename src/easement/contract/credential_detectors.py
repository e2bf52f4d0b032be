"""What a credential looks like: the published list of detectors, one pattern each.

Patterns are bounded in every repetition, so that a search costs time in proportion to the text, whatever the text is.
A pattern has at most one group: the secret part, where the match has more around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One form of credential. ``public`` is how many leading characters say what it is and nothing more.

    ``joins`` is whether the form is told from others even with the white space taken out of a text.
    """

    id: str
    what: str
    pattern: re.Pattern[str]
    public: int = 0
    joins: bool = True

    def find(self, text: str) -> str:
        """The secret part of the first match; empty without one."""
        match = self.pattern.search(text)
        return "" if match is None else (match[1] if self.pattern.groups and match[1] else match[0])


def _detector(identity: str, what: str, pattern: str, *, public: int = 0, joins: bool = True) -> Detector:
    return Detector(id=identity, what=what, pattern=re.compile(pattern), public=public, joins=joins)


DETECTORS: Final[tuple[Detector, ...]] = (
    _detector(
        "private-key",
        "a private key",
        r"-----BEGIN ?[A-Z0-9 ]{0,30}PRIVATE ?KEY|PuTTY-User-Key-File-[0-9]",
    ),
    _detector(
        "aws-access-key-id",
        "an AWS access key id",
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
        public=4,
    ),
    _detector(
        "aws-secret-key",
        "an AWS secret access key",
        r"(?i:secret_?access_?key)[\"']?\s{0,5}[=:]\s{0,5}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
    ),
    _detector(
        "azure-key",
        "an Azure account key",
        r"(?i:AccountKey|SharedAccessKey)\s{0,3}=\s{0,3}([A-Za-z0-9+/]{40,100}={0,2})",
    ),
    _detector("azure-signature", "an Azure shared access signature", r"[?&]sig=([A-Za-z0-9%+/]{30,100}={0,2})"),
    _detector("google-key", "a Google key", r"AIza[\w-]{35}|GOCSPX-[\w-]{20,40}|ya29\.[\w-]{20,200}", public=4),
    _detector(
        "provider-token",
        "a provider's token",
        r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10}"
        r"|npm_[A-Za-z0-9]{36}|pypi-AgEIcHlwaS[\w-]{50}|hvs\.[\w-]{24}|dop_v1_[a-f0-9]{64}",
        public=4,
    ),
    _detector(
        "provider-key",
        "a provider's key",
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{16}|SG\.[\w-]{16,60}\.[\w-]{16}|sk-(?:ant-|proj-)?[\w-]{32}",
        public=3,
    ),
    _detector(
        "chat-webhook",
        "a chat webhook's address",
        r"https://hooks\.slack\.com/services/(T[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{16,40})",
    ),
    _detector(
        "signed-token",
        "a signed token",
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,8000}\.",
        public=3,
    ),
    _detector(
        "url-password",
        "a URL with a password",
        r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^\s/?#@:]{0,200}:([^\s/?#@]{1,200})@",
        joins=False,
    ),
    _detector(
        "connection-string",
        "a connection string with a password",
        r"(?i:\b(?:server|host|data source|user id|uid|username|user)\s?=[^;\n]{1,200};)(?:[^;\n]{0,200};){0,8}"
        r"\s{0,3}(?i:password|pwd)\s?=\s?([^;\s]{1,200})",
        joins=False,
    ),
    _detector(
        "authorization-header",
        "an authorization header",
        r"(?i:\b(?:bearer|basic)\s{1,20})(?=[^\s]{0,2000}[0-9])([A-Za-z0-9+/_.~-]{16,2000}={0,2})",
        joins=False,
    ),
)
"""Known forms of credentials. Two more detectors have no pattern: :data:`NAMED` and :data:`RANDOM`."""

NAMED: Final = "named-secret"
"""A value under a key whose name says secret."""
RANDOM: Final = "random-string"
"""A text that looks drawn at random."""
PRIVATE_JWK: Final = "private-jwk"
"""The private members of a JSON Web Key (RFC 7518 §6)."""

IN_DOCUMENT: Final = "credential-like-value"
IN_DESCRIPTION: Final = "credential-in-description"
IN_EXAMPLE: Final = "credential-like-example"
SECRET_FINDINGS: Final = frozenset({"EAS-1302", IN_DOCUMENT, IN_DESCRIPTION, IN_EXAMPLE})
"""The problem code and the rules whose findings stand at a value that nobody may print."""

_PLACEHOLDER: Final = re.compile(
    r"(?i:example|sample|placeholder|dummy|change.?me|redacted|your|xxxx|\*\*\*|\.\.\.|<|>|\{|\}|\$"
    r"|^(?:password|passwd|pass|pwd|secret|token|user|string|test|foo|bar)[0-9]{0,4}$)"
)


def is_placeholder(secret: str) -> bool:
    """Whether a text stands for a secret in a description, rather than being one: ``<token>``, ``{password}``."""
    return bool(_PLACEHOLDER.search(secret)) or len(set(secret)) < 4
