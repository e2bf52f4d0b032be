"""Problem codes EAS-35xx: what is wrong with a Spectral-format ruleset."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = (
    CodeEntry(
        code="EAS-3501",
        title="A ruleset cannot be read",
        explanation="The file is missing, too large, not one document, or a ruleset that it extends is none of the "
        "given files. Nothing is fetched, so that a ruleset means the same tomorrow.",
        fix="Correct the name, or copy the ruleset beside this one. spectral:oas and spectral:asyncapi are built in.",
    ),
    CodeEntry(
        code="EAS-3502",
        title="A ruleset has a key or value that the format does not know",
        explanation="A misspelt key would silently switch a rule off, so nothing is skipped.",
        fix="Correct the key or value; the hint has the nearest name. Keys of your own start with x-.",
    ),
    CodeEntry(
        code="EAS-3503",
        title="A ruleset asks for a function that is not run here",
        explanation="Custom functions of Spectral are JavaScript files. Foreign code is not run beside the contracts.",
        fix="Use one of the core functions, or write the rule in CEL as a rule of a Standard.",
    ),
    CodeEntry(
        code="EAS-3504",
        title="The options of a function are wrong",
        explanation="The function would fail on every document, or check something else than was meant.",
        fix="Correct the options as the message says.",
    ),
    CodeEntry(
        code="EAS-3505",
        title="A JSON path of a ruleset cannot be read",
        explanation="The path, a filter in it, or an alias that it uses is not of the accepted kind. A filter may read "
        "the document and call a fixed list of functions, nothing else.",
        fix="Correct the path as the message says.",
    ),
    CodeEntry(
        code="EAS-3506",
        title="A ruleset changes a rule that does not exist",
        explanation="A severity or true/false is given for a rule that no extended ruleset has.",
        fix="Correct the name of the rule, or extend the ruleset that has it.",
    ),
)
