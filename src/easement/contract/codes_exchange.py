"""Problem codes EAS-37xx: what is wrong with, or lost from, documents of other notations."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = (
    CodeEntry(
        code="EAS-3701",
        title="An imported file is not what it should be",
        explanation="The file is not of the notation that was asked for, or a value in it has another form than that "
        "notation says. Nothing is made from the part that the message names; the rest is read all the same.",
        fix="Correct the file at the place shown, or leave the part out.",
    ),
    CodeEntry(
        code="EAS-3702",
        title="An imported entry names something that is not there",
        explanation="An entry refers to another by name, and nothing in the import has that name.",
        fix="Import the files together, or correct the name.",
    ),
    CodeEntry(
        code="EAS-3703",
        title="An imported entry cannot become a document",
        explanation="A document made from the entry would break the contract language: a value is missing, too long, "
        "or not of the form that the key takes.",
        fix="Correct the value at the place shown; for a missing country say --country.",
    ),
    CodeEntry(
        code="EAS-3704",
        title="An import left something for a person to decide",
        explanation="The other notation does not say it, or says it in a way that a contract cannot hold: who calls, "
        "which fields pass, for which purpose. What was made is a draft there.",
        fix="Open the document, decide, and run easement check.",
    ),
    CodeEntry(
        code="EAS-3705",
        title="Two imported entries would become one document",
        explanation="Names of documents have lower-case letters, digits and hyphens. Two entries differ only in what "
        "such a name leaves out.",
        fix="Rename one of them, or import them apart.",
    ),
)
