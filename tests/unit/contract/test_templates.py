"""Templates: valid by themselves, and together an estate."""

from __future__ import annotations

import tomllib

import pytest

from easement.contract.kinds import KINDS
from easement.contract.loader import load
from easement.contract.templates import PATTERNS, TemplateError, new_document, starter_files


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_template_is_a_valid_document_with_comments(kind, pattern):
    files = new_document(kind.lower(), "our-thing", pattern=pattern, names={"owner": "logistics"})
    assert all("#" in text for name, text in files.items() if name.endswith(f".{kind.lower()}.yaml"))
    bundle = load({name: text.encode() for name, text in files.items()})
    assert bundle.problems == ()
    (loaded,) = bundle.documents
    assert (loaded.document.kind, loaded.document.metadata.name) == (kind, "our-thing")
    assert kind == "Team" or loaded.document.metadata.owner == "logistics"


def test_an_interface_comes_with_the_file_it_names():
    for pattern in PATTERNS:
        files = new_document("Interface", pattern=pattern, names={})
        (loaded,) = load({name: text.encode() for name, text in files.items()}).documents
        definition = loaded.document.spec.definition
        assert loaded.resolve(definition.openapi or definition.asyncapi) in files


def test_names_are_filled_in():
    names = {"source": "erp", "target": "bank", "interface": "payments"}
    (text,) = new_document("Integration", "erp-pays", names=names).values()
    (loaded,) = load({"a.yaml": text.encode()}).documents
    spec = loaded.document.spec
    assert (spec.source, spec.target, spec.interface.name) == ("erp", "bank", "payments")


@pytest.mark.parametrize(
    ("kind", "name", "pattern", "names", "hint"),
    [
        ("Integraton", "", "request", {}, "Integration"),
        ("Team", "Not A Name", "request", {}, ""),
        ("Team", "a\nkind: System", "request", {}, ""),
        ("System", "a", "request", {"owner": "a: b"}, ""),
        ("Integration", "a", "evnt", {}, "event"),
    ],
)
def test_what_has_no_template_is_refused(kind, name, pattern, names, hint):
    with pytest.raises(TemplateError) as caught:
        new_document(kind, name, pattern=pattern, names=names)
    assert hint in caught.value.hint


def test_starter_files_load():
    files = starter_files(team="logistics")
    assert set(files) == {"easement.toml", ".gitignore", "logistics.team.yaml"}
    assert tomllib.loads(files["easement.toml"])["data"] == ".easement"
    assert load({"a.yaml": files["logistics.team.yaml"].encode()}).problems == ()
