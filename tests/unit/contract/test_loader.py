"""Loading documents: each defect in ``tests/assets/manifests`` gives the problem it is named for, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from easement.contract.codes import CATALOGUE
from easement.contract.kinds import Interface
from easement.contract.loader import MAX_PROBLEMS_PER_FILE, load

ASSETS = Path(__file__).parents[2] / "assets" / "manifests"
CASES = sorted(folder.name for folder in ASSETS.iterdir())
EXPECTED = "expected.txt"
TEAM = b"apiVersion: easement/v1\nkind: Team\nmetadata: {name: shop}\n"


def _load_case(case: str):
    return load({file.name: file.read_bytes() for file in (ASSETS / case).iterdir() if file.name != EXPECTED})


@pytest.mark.parametrize("case", CASES)
def test_each_defect_is_found_where_it_is(case):
    expected = [line.split(" ", 2) for line in (ASSETS / case / EXPECTED).read_text().splitlines() if line]
    problems = _load_case(case).problems
    assert [[problem.code, str(problem.place)] for problem in problems] == [line[:2] for line in expected]
    for problem, line in zip(problems, expected, strict=True):
        assert problem.code in CATALOGUE
        assert (line[2] if len(line) > 2 else "") in problem.hint


@pytest.mark.parametrize("case", CASES)
def test_no_problem_repeats_a_secret(case):
    for problem in _load_case(case).problems:
        assert "hunter2" not in f"{problem}".lower()


def test_a_document_with_a_secret_is_not_loaded():
    bundle = _load_case("literal-password")
    assert bundle.documents == ()
    assert bundle.broken == {("System", "shop")}
    assert not bundle.is_sound


def test_a_broken_document_does_not_hide_the_others_of_its_file():
    bundle = load({"a.yaml": TEAM + b"---\n" + TEAM.replace(b"shop", b"Shop") + b"---\n" + TEAM.replace(b"shop", b"b")})
    assert [loaded.document.metadata.name for loaded in bundle.documents] == ["shop", "b"]
    assert [problem.code for problem in bundle.problems] == ["EAS-1205"]


def test_a_duplicate_names_both_places_and_the_first_counts():
    bundle = load({"a.yaml": TEAM, "b.yaml": TEAM})
    (problem,) = bundle.problems
    assert str(problem.place) == "b.yaml:3:18"
    assert "a.yaml:3:18" in problem.message
    assert [loaded.file for loaded in bundle.documents] == ["a.yaml"]
    assert bundle.broken == frozenset()


def test_order_of_files_means_nothing():
    files = {f"{letter}.yaml": TEAM.replace(b"shop", letter.encode()) for letter in "cab"}
    forward = load(files)
    backward = load(dict(reversed(files.items())))
    assert forward.documents == backward.documents
    assert [loaded.document.metadata.name for loaded in forward.documents] == ["a", "b", "c"]


def test_all_problems_of_a_document_are_found_at_once():
    text = b"""apiVersion: easement/v1
kind: Integration
metadata: {name: a, ownr: x, owner: 5}
spec:
  source: Bad Name
  interface: {name: i, version: 1.2}
  fields: {a: clear, c: clera}
  purpose: x
  consent: {scop: x}
  security: {scopes: [a b], encription: payload}
  access: 5
"""
    assert [(problem.code, problem.place.path) for problem in load({"a.yaml": text}).problems] == [
        ("EAS-1201", "/metadata/ownr"),
        ("EAS-1204", "/metadata/owner"),
        ("EAS-1202", "/spec/target"),
        ("EAS-1205", "/spec/source"),
        ("EAS-1204", "/spec/interface/version"),
        ("EAS-1203", "/spec/fields/c"),
        ("EAS-1201", "/spec/consent/scop"),
        ("EAS-1205", "/spec/security/scopes/0"),
        ("EAS-1201", "/spec/security/encription"),
        ("EAS-1204", "/spec/access"),
    ]


def test_snake_case_is_not_accepted_beside_camel_case():
    text = TEAM.replace(b"apiVersion", b"api_version")
    assert [problem.code for problem in load({"a.yaml": text}).problems] == ["EAS-1101"]


def test_problems_of_one_file_are_bounded():
    keys = "".join(f"  k{number}: 1\n" for number in range(MAX_PROBLEMS_PER_FILE + 50))
    problems = load({"a.yaml": TEAM + b"spec:\n" + keys.encode()}).problems
    assert len(problems) == MAX_PROBLEMS_PER_FILE + 1
    assert problems[-1].code == "EAS-1303"


def test_a_huge_value_does_not_make_a_huge_message():
    text = TEAM.replace(b"shop", b"S" * 1_000_000)
    (problem,) = load({"a.yaml": text}).problems
    assert len(problem.message) + len(problem.hint) < 500


def test_descriptions_and_other_files_are_left_alone():
    files = {
        "api.yaml": b"openapi: 3.1.0\ninfo: {title: [broken",
        "notes.txt": TEAM,
        "schema.json": b'{"properties": {"apiVersion": {"const": "easement/v1"}}}',
        "empty.yaml": b"",
    }
    bundle = load(files)
    assert (bundle.documents, bundle.problems) == ((), ())
    assert bundle.files == files


def test_an_interface_revision_covers_the_files_it_refers_to():
    files = {
        "api/orders.yaml": b"apiVersion: easement/v1\nkind: Interface\nmetadata: {name: orders}\n"
        b"spec: {system: shop, version: 1.0.0, definition: {openapi: ./orders.openapi.yaml}}\n",
        "api/orders.openapi.yaml": b"openapi: 3.1.0\npaths: {a: {$ref: './parts/a.yaml#/x'}}\n",
        "api/parts/a.yaml": b"x: {$ref: b.json}\n",
        "api/parts/b.json": b"{}",
        "unrelated.yaml": b"a: 1",
    }

    def revision(changes: dict[str, bytes]) -> str:
        (loaded,) = load({**files, **changes}).documents
        assert isinstance(loaded.document, Interface)
        return loaded.revision

    before = revision({})
    assert revision({"unrelated.yaml": b"a: 2"}) == before
    for file in ("api/orders.openapi.yaml", "api/parts/a.yaml", "api/parts/b.json"):
        assert revision({file: files[file] + b" "}) != before
    moved = load({f"moved/{path}": data for path, data in files.items()})
    assert moved.documents[0].revision == before


def test_a_file_that_a_document_names_is_found_beside_it():
    (loaded,) = load({"teams/a.yaml": TEAM}).documents
    assert loaded.resolve("./b.yaml") == "teams/b.yaml"
    assert loaded.resolve("../b.yaml") == "b.yaml"
    assert [loaded.resolve(path) for path in ("../../b.yaml", "/etc/passwd", "C:\\x", "https://x/y", "")] == [""] * 5
    assert loaded.place("/metadata/name").line == 3
