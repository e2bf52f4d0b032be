"""Problem codes EAS-3xxx: what is wrong between documents."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry


def _dangling(code: str, what: str, where: str, kind: str) -> CodeEntry:
    return CodeEntry(
        code=code,
        title=f"{what} does not exist",
        explanation=f"{where} names a {kind} that no document in this folder declares. A reference is the "
        "metadata.name of a document, and what is not registered does not flow.",
        fix=f"Correct the name, or add the {kind} document.",
    )


CODES: Final[tuple[CodeEntry, ...]] = (
    _dangling("EAS-3001", "The owner team", "metadata.owner or deadLetter.owner", "Team"),
    _dangling("EAS-3002", "The source system", "spec.source", "System"),
    _dangling("EAS-3003", "The target system", "spec.target", "System"),
    _dangling("EAS-3004", "The system of an interface", "spec.system", "System"),
    _dangling("EAS-3005", "The interface", "spec.interface.name", "Interface"),
    _dangling("EAS-3006", "The transfer agreement", "spec.transfer.agreement", "Agreement"),
    _dangling("EAS-3007", "A party of an agreement", "spec.between", "System"),
    CodeEntry(
        code="EAS-3008",
        title="A standard extends something unknown",
        explanation="spec.extends names the built-in standard `baseline` or other Standard documents. Files such as "
        "Spectral rulesets are not read in this release.",
        fix="Name `baseline` or a Standard document, or leave the entry out.",
    ),
    CodeEntry(
        code="EAS-3009",
        title="Standards extend each other in a circle",
        explanation="A standard that extends itself, over any number of steps, has no order to be read in.",
        fix="Remove one of the extends entries on the circle.",
    ),
    CodeEntry(
        code="EAS-3010",
        title="The interface version is outside the range",
        explanation="The integration accepts a range of versions and the registered interface is not in it.",
        fix="Widen spec.interface.version after checking what changed, or register the version that is expected.",
    ),
    CodeEntry(
        code="EAS-3011",
        title="The interface has no such operation",
        explanation="spec.operations names operation ids of the interface's API description.",
        fix="Correct the operation id; `easement impact interface/NAME` and the description itself list them.",
    ),
    CodeEntry(
        code="EAS-3012",
        title="The interface has no such channel",
        explanation="spec.channels names channels of the interface's event description.",
        fix="Correct the channel name.",
    ),
    CodeEntry(
        code="EAS-3013",
        title="No declared operation or channel has this field",
        explanation="spec.fields (and spec.subject and spec.ordering of an interface) name fields of the bodies that "
        "the declared operations and channels have, as dotted paths through arrays. A path that is not there can never "
        "pass, so it is most likely a slip.",
        fix="Correct the path, or add the operation or channel that has the field.",
    ),
    CodeEntry(
        code="EAS-3014",
        title="Source and target are the same system",
        explanation="An integration is the right of one system to reach another; inside one, nothing is governed.",
        fix="Name two systems, or split the system if its parts are owned apart.",
    ),
    CodeEntry(
        code="EAS-3015",
        title="Pattern, operations and channels do not fit",
        explanation="A request integration names operations and no channels; an event integration names channels and "
        "no operations; file and batch name one of the two.",
        fix="Set spec.pattern to what is meant, and name what that pattern uses.",
    ),
    CodeEntry(
        code="EAS-3016",
        title="Two integrations declare the same right",
        explanation="Two documents give the same source the right to the same operation or channel of the same target. "
        "Each would be enforced, and which one a call was made under would be a matter of chance.",
        fix="Merge them into one document, or leave the shared operations out of one.",
    ),
    CodeEntry(
        code="EAS-3017",
        title="The interface definition is not in the folder",
        explanation="spec.definition names a file relative to the document. It must lie inside the folder.",
        fix="Correct the path, or add the file.",
    ),
    CodeEntry(
        code="EAS-3018",
        title="The interface names no definition, or two",
        explanation="spec.definition has exactly one key: openapi or asyncapi.",
        fix="Keep the one that describes the interface.",
    ),
    CodeEntry(
        code="EAS-3019",
        title="The interface belongs to another system",
        explanation="A request goes to the system that offers the interface, so that is the target. Events use "
        "a channel of the source or of the target.",
        fix="Correct spec.target (or spec.source), or use an interface of that system.",
    ),
    CodeEntry(
        code="EAS-3020",
        title="The same entry twice",
        explanation="An operation, channel or field is listed twice in one integration.",
        fix="Remove the repeat.",
    ),
    CodeEntry(
        code="EAS-3901",
        title="The integration is retired",
        explanation="Retired is the end of an integration's life: nothing flows under it, and its id is never given "
        "again. A document with its name cannot change it.",
        fix="Register the new integration under a new name, or remove the retired one first: take its document out "
        "of the folder and run easement apply --prune.",
    ),
    CodeEntry(
        code="EAS-3902",
        title="Something live stands on what would be removed",
        explanation="apply --prune removes registered documents that are not in the folder. This one is live, or a "
        "live integration needs it: removing it would stop traffic that somebody relies on.",
        fix="Deprecate and retire the integration first (easement lifecycle deprecate NAME, then retire), or put the "
        "document back.",
    ),
)
