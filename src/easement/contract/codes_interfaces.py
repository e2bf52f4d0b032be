"""Problem codes EAS-2xxx: what is wrong with an interface description."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = (
    CodeEntry(
        code="EAS-2001",
        title="The description file does not exist",
        explanation="An Interface document names a file that is not in the folder.",
        fix="Correct the path under spec.definition (it is relative to the document), or add the file.",
    ),
    CodeEntry(
        code="EAS-2002",
        title="The description file is too large",
        explanation="A description is read into memory whole; a file beyond the limit could exhaust the machine.",
        fix="Split it into files that refer to each other, or describe only the operations that are offered to others.",
    ),
    CodeEntry(
        code="EAS-2003",
        title="The file holds more than one document",
        explanation="A description is one YAML or JSON document.",
        fix="Keep one description in each file.",
    ),
    CodeEntry(
        code="EAS-2004",
        title="A value of another kind is expected here",
        explanation="The description has, for example, a list where its format asks for an object. The part "
        "is left out; a schema of the wrong kind accepts nothing.",
        fix="Look the key up in the OpenAPI or AsyncAPI specification and correct the value.",
    ),
    CodeEntry(
        code="EAS-2005",
        title="This format or version is not read",
        explanation="OpenAPI 3.0 and 3.1 and AsyncAPI 3 are read. Others differ in what they mean, and "
        "guessing would enforce something that nobody wrote.",
        fix="Convert the file, or name it under the other key of spec.definition.",
    ),
    CodeEntry(
        code="EAS-2006",
        title="The description is empty",
        explanation="It has no paths or no channels, so there is nothing that a contract could name.",
        fix="Describe at least one operation or channel.",
    ),
    CodeEntry(
        code="EAS-2007",
        title="Too much to list",
        explanation="The description has more problems, operations or channels than are listed.",
        fix="Correct what is listed and read it again, or split the description.",
    ),
    CodeEntry(
        code="EAS-2101",
        title="A reference names nothing",
        explanation="A $ref leads to a file or a place that does not exist. A schema behind it accepts "
        "nothing; a parameter, body or response behind it is left out.",
        fix="Correct the reference. The hint has the nearest name.",
    ),
    CodeEntry(
        code="EAS-2102",
        title="A reference leads to another machine",
        explanation="A $ref is a URL. Nothing is fetched: what a contract means must not change when somebody"
        " else's server does.",
        fix="Copy the file beside the description and refer to the copy.",
    ),
    CodeEntry(
        code="EAS-2103",
        title="A reference leads out of the folder",
        explanation="A $ref climbs out of the folder that was given, or is absolute.",
        fix="Move the file into the folder.",
    ),
    CodeEntry(
        code="EAS-2104",
        title="References turn in a circle",
        explanation="A schema or another part is made of itself without a step into the value, so reading or "
        "checking it would never end. The schema accepts nothing.",
        fix="Remove the reference that closes the circle. A property or an item may refer to the schema it is in.",
    ),
    CodeEntry(
        code="EAS-2106",
        title="This kind of reference is not read",
        explanation="Anchors and dynamic references depend on where reading started. The schema accepts nothing.",
        fix="Use $ref with a JSON pointer, such as #/components/schemas/Order.",
    ),
    CodeEntry(
        code="EAS-2201",
        title="A schema keyword has a value that cannot be used",
        explanation="For example a text where a number is needed, or a type that JSON does not have. The "
        "schema accepts nothing.",
        fix="Correct the value. The message says what is expected.",
    ),
    CodeEntry(
        code="EAS-2202",
        title="A pattern is no regular expression",
        explanation="A pattern is an ECMA-262 expression without delimiters. The schema accepts nothing.",
        fix="Correct the pattern; /^a$/i is written ^[aA]$.",
    ),
    CodeEntry(
        code="EAS-2203",
        title="A pattern whose cost has no bound",
        explanation="Looking around and referring back need a backtracking engine, on which a hostile text "
        "can take very long. The validator stops at a limit and refuses the text.",
        fix="Write the pattern without look-around and back-references.",
    ),
    CodeEntry(
        code="EAS-2204",
        title="x-easement cannot be read",
        explanation="The classification of a field has an unknown key or value, so it counts as not classified.",
        fix="Write classification (public, internal, confidential, restricted), and if needed category and tags.",
    ),
    CodeEntry(
        code="EAS-2205",
        title="Payloads in this schema format are not read",
        explanation="Payload schemas are JSON Schema or OpenAPI schemas. The channel accepts nothing.",
        fix="Write the payload as JSON Schema.",
    ),
    CodeEntry(
        code="EAS-2206",
        title="A body has more fields than are listed",
        explanation="Fields are listed from the top down to a limit. What is deeper can be named by no "
        "contract and is removed from answers and events.",
        fix="Name the fields that are needed in smaller bodies, or split the interface.",
    ),
    CodeEntry(
        code="EAS-2207",
        title="A keyword that no schema has",
        explanation="It looks like a misspelt keyword, and as it stands it asks for nothing.",
        fix="Correct the spelling, or give it a name that starts with x-.",
    ),
    CodeEntry(
        code="EAS-2301",
        title="A path cannot be used",
        explanation="The gateway could not match it safely, so its operations are left out.",
        fix="Write the path with a leading slash, without a query, and with each parameter once.",
    ),
    CodeEntry(
        code="EAS-2302",
        title="Paths that cannot be told apart",
        explanation="Two operations match the same request. Where the templates are equal the second is left "
        "out; where they overlap the one that is literal first wins.",
        fix="Give one of them another path.",
    ),
    CodeEntry(
        code="EAS-2303",
        title="An operationId stands twice",
        explanation="Contracts name operations, so each needs a name of its own. The later one is read under "
        "another name.",
        fix="Give each operation its own operationId.",
    ),
    CodeEntry(
        code="EAS-2304",
        title="A parameter cannot be read as written",
        explanation="It lacks a name, a place, a style or a schema that its format asks for, or it stands twice.",
        fix="Correct the parameter as the message says.",
    ),
    CodeEntry(
        code="EAS-2305",
        title="Path and parameters do not agree",
        explanation="A name in the path is not declared, or a declared one is not in the path.",
        fix="Declare each name in braces as a path parameter, and no other.",
    ),
    CodeEntry(
        code="EAS-2306",
        title="A part of the description is not read",
        explanation="Callbacks, webhooks and methods other than the listed ones are left out, so no contract "
        "can name them.",
        fix="Describe calls in the other direction as event channels of an interface of their own.",
    ),
    CodeEntry(
        code="EAS-2307",
        title="A response status cannot be read",
        explanation="A response is filed under a status such as 200, a class such as 2XX, or default. It is left out.",
        fix="Correct the key.",
    ),
    CodeEntry(
        code="EAS-2308",
        title="A media type cannot be read",
        explanation="A body is filed under one media type such as application/json. It is left out.",
        fix="Write one media type for each key.",
    ),
    CodeEntry(
        code="EAS-2401",
        title="A channel or message says nothing about its payload",
        explanation="Without messages nothing can be published; without a payload schema anything can.",
        fix="Add the message, and a payload schema to it.",
    ),
    CodeEntry(
        code="EAS-2402",
        title="Messages of different content types on one channel",
        explanation="A channel has one content type, or its messages could not be checked. It accepts nothing.",
        fix="Make one channel for each content type.",
    ),
    CodeEntry(
        code="EAS-2501",
        title="Two descriptions of different formats",
        explanation="Changes are found between two descriptions of one format, such as two OpenAPI files.",
        fix="Name the same kind of description on both sides.",
    ),
    CodeEntry(
        code="EAS-2502",
        title="Descriptions in this format are not compared",
        explanation="No engine for the format is there, so nothing can be said about the change.",
        fix="Describe the interface as OpenAPI, AsyncAPI or JSON Schema.",
    ),
    CodeEntry(
        code="EAS-2503",
        title="A schema is not of its format",
        explanation="It cannot be read as the format that was named or guessed, so nothing is known of the change.",
        fix="Mend the schema, or name its format with --format.",
    ),
)
