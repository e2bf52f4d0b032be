"""The reference pages say what the product says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("easement_docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


PAGES = generated()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_page_is_current(name: str):
    assert (DOCS / "reference" / name).read_text() == PAGES[name], "run: make docs"


def test_each_reference_page_is_generated_or_known():
    written = {path.name for path in (DOCS / "reference").glob("*.md")}
    assert written == PAGES.keys() | {"glossary.md", "imports.md", "input-validation.md"}
