"""Every problem code that product code names is explained, once, in its range."""

from __future__ import annotations

import re
from pathlib import Path

import easement
from easement.contract import codes_contract
from easement.contract.codes import CATALOGUE

SOURCE = Path(easement.__file__).parent
CODE = re.compile(r"EAS-\d{4}")


def test_every_code_in_the_source_is_in_the_catalogue():
    named = {code for file in SOURCE.rglob("*.py") for code in CODE.findall(file.read_text(encoding="utf-8"))}
    assert named - CATALOGUE.keys() == set()


def test_no_code_has_two_entries():
    defined = [
        code
        for file in (SOURCE / "contract").glob("codes_*.py")
        for code in re.findall(r'^\s+(?:code=|_\w+\()\s*"(EAS-\d{4})"', file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(defined) == len(set(defined))


def test_entries_are_whole():
    for code, entry in CATALOGUE.items():
        assert code == entry.code
        assert CODE.fullmatch(code)
        assert all(text.strip() for text in (entry.title, entry.explanation, entry.fix)), code
        assert not entry.title.endswith(".")


def test_contract_codes_are_in_their_range():
    assert all(entry.code.startswith("EAS-1") for entry in codes_contract.CODES)
