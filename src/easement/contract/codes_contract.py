"""Problem codes EAS-1xxx: what is wrong with a document of the contract language."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = (
    CodeEntry(
        code="EAS-1001",
        title="The file is not UTF-8 text",
        explanation="Manifests are UTF-8. The file has bytes that are not, is UTF-16, or has control characters in it.",
        fix="Save the file as UTF-8 without control characters. The message names the first byte that is wrong.",
    ),
    CodeEntry(
        code="EAS-1002",
        title="The file is not valid YAML or JSON",
        explanation="The text cannot be read as YAML 1.2 or JSON, so nothing in this file was checked.",
        fix="Look at the line that is named and at the one before it: an unclosed bracket or quote, a tab used to "
        "indent, or a colon inside plain text that needs quotes.",
    ),
    CodeEntry(
        code="EAS-1003",
        title="A key stands twice in one mapping",
        explanation="YAML readers keep one of the two and drop the other without a word; which one differs between "
        "tools, so a reviewer may read a value that is never used.",
        fix="Remove one of the two. The message names the line of the first.",
    ),
    CodeEntry(
        code="EAS-1004",
        title="Too large to read safely",
        explanation="The file is nested too deeply, has too many values, or its aliases expand to too many values (an "
        "alias bomb). Reading stops at a fixed limit so that a hostile file cannot exhaust the machine.",
        fix="Write the values out, split the file, or remove the aliases.",
    ),
    CodeEntry(
        code="EAS-1005",
        title="A YAML feature that contracts do not use",
        explanation="Merge keys (<<), custom tags (!something), aliases that contain themselves, keys that are lists "
        "or mappings, and numbers that JSON cannot hold (.inf, .nan) are refused: what a reviewer reads must be what "
        "is used.",
        fix="Write the value plainly; quotes make text of anything.",
    ),
    CodeEntry(
        code="EAS-1101",
        title="Not a document of this language",
        explanation="Every document starts with apiVersion: easement/v1 and a kind. This one looks like ours but the "
        "apiVersion is missing, misspelt or of another version.",
        fix="Write apiVersion: easement/v1.",
    ),
    CodeEntry(
        code="EAS-1102",
        title="No such kind",
        explanation="The kinds are Team, System, Interface, Integration, Standard, Waiver and Agreement.",
        fix="Choose one of them; upper and lower case matter. easement new KIND writes a valid example.",
    ),
    CodeEntry(
        code="EAS-1201",
        title="A key that is not known here",
        explanation="Unknown keys are errors, because a misspelt key is a rule that is silently not applied.",
        fix="Use the key that the message suggests, or remove it. easement schema KIND lists the keys of each level.",
    ),
    CodeEntry(
        code="EAS-1202",
        title="A key is missing",
        explanation="This key has no safe default, so it has to be said.",
        fix="Add the key that is named. easement new KIND shows where it stands.",
    ),
    CodeEntry(
        code="EAS-1203",
        title="A value that is not one of the choices",
        explanation="This key takes one of a fixed list of values.",
        fix="Use one of the values in the message; upper and lower case matter.",
    ),
    CodeEntry(
        code="EAS-1204",
        title="A value of the wrong type",
        explanation="The key takes another type: text, a number, true or false, a list, or a mapping. Plain 1.2, true "
        "and 5 are numbers and truth values in YAML; in quotes they are text.",
        fix="Write the type that the message names; put text that looks like a number in quotes.",
    ),
    CodeEntry(
        code="EAS-1205",
        title="A value that is not written as it should be",
        explanation="The value has the right type but not the right form: a name, duration, rate, version, field path, "
        "URL, country code, date or number in range.",
        fix="Follow the example in the message.",
    ),
    CodeEntry(
        code="EAS-1206",
        title="A character that people do not see",
        explanation="Control characters, zero-width characters and those that turn the direction of writing make a "
        "text read otherwise than it is (Trojan Source, CVE-2021-42574). A reviewer would approve what is not there.",
        fix="Remove the character; the message names its code point.",
    ),
    CodeEntry(
        code="EAS-1207",
        title="Values that do not go together",
        explanation="Each value is right by itself, but together they make no sense: two definitions for one "
        "interface, an end before a beginning, a file outside the folder.",
        fix="Follow the message.",
    ),
    CodeEntry(
        code="EAS-1301",
        title="A name is used twice",
        explanation="A reference is a kind and a name, so a name can stand for one document of each kind only.",
        fix="Rename one of the two documents, or remove the copy.",
    ),
    CodeEntry(
        code="EAS-1302",
        title="A literal secret",
        explanation="A password, token, private key or URL with a password stands in the document. Documents are read "
        "by reviewers and kept for ever in version control: a secret in one of them is a secret no longer. The value "
        "is not repeated in this message.",
        fix="Take the secret out, refer to it (secret://env/SECRET_NAME or secret://file/secrets/path#key), and change "
        "it where it is used, because it has been seen.",
    ),
    CodeEntry(
        code="EAS-1303",
        title="More problems than are shown",
        explanation="Only the first problems of a file are listed.",
        fix="Mend those that are shown and check again.",
    ),
    CodeEntry(
        code="EAS-1401",
        title="A file that is too large",
        explanation="Files above the limit are not read at all.",
        fix="Move the file out of the folder, or split the description.",
    ),
    CodeEntry(
        code="EAS-1402",
        title="A link that leads out of the folder",
        explanation="A symbolic link that leads out of the folder would let a manifest read any file of the machine.",
        fix="Copy the file into the folder.",
    ),
    CodeEntry(
        code="EAS-1403",
        title="A file that cannot be read",
        explanation="The operating system refused to open the file or folder, or it is no regular file.",
        fix="Check that it exists and that you may read it.",
    ),
    CodeEntry(
        code="EAS-1404",
        title="Too many files",
        explanation="The folder holds more manifests, or more bytes of them, than one check reads.",
        fix="Name the folder that holds the manifests, not one above it.",
    ),
)
