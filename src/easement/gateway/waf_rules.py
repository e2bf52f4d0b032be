"""The folder of the Core Rule Set: which files are loaded, which version they are, and what each rule is about.

Responses are not inspected (their fields are held to the contract instead), and three files are left out: exclusions
for applications by name (903), address reputation (910) and flood counters (912), which keep state between requests and
belong to the limits of the contract.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from easement.gateway.waf_guards import GUARDS
from easement.gateway.waf_library import INSTALL, Engine, RuleSet, WafError, engine
from easement.plan.model import InspectionRules

DEFAULT_RULES: Final = Path("/usr/share/modsecurity-crs/rules")
"""Where Debian's package modsecurity-crs puts them."""
_LEFT_OUT: Final = ("REQUEST-903", "REQUEST-910", "REQUEST-912")
_ID: Final = re.compile(r"[\"',\s]id:'?(\d{1,9})")
_TAG: Final = re.compile(r"tag:'?attack-([A-Za-z0-9-]{1,40})")
_VERSION: Final = re.compile(r"ver:'?OWASP_CRS/([0-9A-Za-z.\-]{1,30})")
_DIRECTIVE: Final = re.compile(r"^Sec(?:Rule|Action)\b", re.MULTILINE)
_MAX_FILE: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRules:
    """The rules of this process. ``mark`` begins the name of each file in the engine's log and cannot be guessed."""

    engine: Engine
    rules: RuleSet
    facts: InspectionRules
    attacks: Mapping[int, tuple[str, ...]]
    """Rule id to what the rule set says it is about, such as ``sqli``."""
    mark: bytes


def load_rules(folder: Path) -> LoadedRules:
    """Read and load a folder of rules. Raises :class:`WafError` with a next step where that cannot be done.

    Files go to the engine below a name that nobody outside can know: a payload in a line of its log may look like the
    name of a rule, but cannot have it.
    """
    files = _files(folder)
    texts = [_read(file) for file in files]
    version = next((found.group(1) for text in texts if (found := _VERSION.search(text))), "")
    if not version:
        raise WafError(f"{folder} holds no OWASP Core Rule Set; {INSTALL}, or set EASEMENT_WAF_RULES")
    ready = engine()
    with tempfile.TemporaryDirectory(prefix="easement-waf-") as private:
        mark = f"{private}/{secrets.token_hex(16)}"
        Path(mark).symlink_to(folder.resolve(), target_is_directory=True)
        guards = Path(f"{mark}-guards.conf")
        guards.write_text(GUARDS, encoding="utf-8")
        rules = ready.rules([str(guards), *(f"{mark}/{file.name}" for file in files)])
    return LoadedRules(
        engine=ready,
        rules=rules,
        facts=InspectionRules(version=f"OWASP_CRS/{version}", digest=_digest(folder)),
        attacks=_attacks(texts),
        mark=mark.encode(),
    )


def rules_facts(folder: Path) -> InspectionRules:
    """What the plan says of the rules: version and digest, or the problem that keeps contracts from being enforced."""
    try:
        return load_rules(folder).facts
    except (WafError, OSError) as error:
        return InspectionRules(problem=str(error))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise WafError(f"there is no folder {folder} with rules; {INSTALL}, or set EASEMENT_WAF_RULES")
    files = [file for file in sorted(folder.glob("REQUEST-*.conf")) if not file.name.startswith(_LEFT_OUT)]
    if not files:
        raise WafError(f"{folder} holds no REQUEST-*.conf; {INSTALL}, or set EASEMENT_WAF_RULES")
    return files


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > _MAX_FILE:
            raise WafError(f"{file} is larger than {_MAX_FILE} bytes, which no file of rules is")
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise WafError(f"{file} cannot be read: {error.strerror}; set EASEMENT_WAF_RULES") from error


def _digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files of rules and of their data, in the order of names."""
    whole = hashlib.sha256()
    for file in sorted([*folder.glob("*.conf"), *folder.glob("*.data")]):
        try:
            whole.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise WafError(f"{file} cannot be read: {error.strerror}; set EASEMENT_WAF_RULES") from error
    return whole.hexdigest()


def _attacks(texts: list[str]) -> dict[int, tuple[str, ...]]:
    known: dict[int, tuple[str, ...]] = {}
    for text in texts:
        for directive in _DIRECTIVE.split(_without_comments(text)):
            if (found := _ID.search(directive)) is not None:
                known[int(found.group(1))] = tuple(dict.fromkeys(_TAG.findall(directive)))
    return known


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
