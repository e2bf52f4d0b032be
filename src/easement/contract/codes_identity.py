"""Problem codes EAS-7xxx: what is wrong with an identity, a key or a secret."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = (
    CodeEntry(
        code="EAS-7001",
        title="A secret reference cannot be resolved",
        explanation="A secret is named by reference and read where it is used: from the environment, or from "
        "a file below the data directory. The variable or file is missing, empty, open to "
        "everybody, or lies outside.",
        fix="Set the variable in the environment of the process, or write the file with mode 0600; "
        "see the message for which.",
    ),
    CodeEntry(
        code="EAS-7002",
        title="A private file is open to other users",
        explanation="Keys and tokens of the installation are readable by their owner alone. What others could "
        "have read counts as known.",
        fix="Run chmod 600 on the file, then rotate what it holds.",
    ),
    CodeEntry(
        code="EAS-7003",
        title="Sealed bytes cannot be opened",
        explanation="Private keys are stored sealed under a key-encryption key (kek-N.key). That key is "
        "missing, or the bytes are damaged or were sealed for another use.",
        fix="Restore the kek-N.key files that belong to this database from the same backup.",
    ),
    CodeEntry(
        code="EAS-7004",
        title="The certificate authority's files do not fit together",
        explanation="A certificate and its sealed private key are kept apart; one is missing, damaged, or "
        "from another backup.",
        fix="Restore root-ca and issuing-ca, both halves of each, from one backup.",
    ),
    CodeEntry(
        code="EAS-7101",
        title="No such system",
        explanation="Credentials belong to the service account of a registered system, whose name is the client id.",
        fix="Register the system with `easement apply`; `easement get systems` lists what is registered.",
    ),
    CodeEntry(
        code="EAS-7102",
        title="Two credentials live already",
        explanation="A system has at most two live secrets and two live keys, so that it can change over "
        "without a gap.",
        fix="Revoke one, or rotate: `easement credential rotate SYSTEM`.",
    ),
    CodeEntry(
        code="EAS-7103",
        title="This public key cannot be used",
        explanation="Only the public half of an EC key on P-256 or P-384, or of an RSA key with at least 2048 "
        "bits and alg PS256 or RS256, authenticates a client.",
        fix="Make a key pair such as EC P-256 and register its public JWK.",
    ),
    CodeEntry(
        code="EAS-7104",
        title="This key was registered before",
        explanation="A key belongs to one account for ever, and never comes back after it was revoked.",
        fix="Make a new key pair, with a kid of its own.",
    ),
    CodeEntry(
        code="EAS-7105",
        title="The life is out of range",
        explanation="Every credential ends: secrets and API tokens within 366 days, client certificates "
        "within 30 days, rotation overlaps within 30 days.",
        fix="Ask for a shorter life and rotate before it ends.",
    ),
    CodeEntry(
        code="EAS-7106",
        title="No such credential",
        explanation="The account has no live credential with this id.",
        fix="`easement credential list SYSTEM` shows the ids.",
    ),
    CodeEntry(
        code="EAS-7201",
        title="Not a name for a person",
        explanation="A name has at most 100 letters, digits and . _ @ + -, and begins and ends with a letter or digit.",
        fix="Use an account name or a mail address.",
    ),
    CodeEntry(
        code="EAS-7202",
        title="The name is taken",
        explanation="Names of people are unique and are kept in the audit record, so they are not given to "
        "somebody else.",
        fix="Choose another name.",
    ),
    CodeEntry(
        code="EAS-7203",
        title="Unknown or missing role",
        explanation="A person has at least one of the roles viewer, developer, reviewer, security, "
        "compliance, operator, auditor, admin.",
        fix="Name one of these roles.",
    ),
    CodeEntry(
        code="EAS-7204",
        title="No such person",
        explanation="There is no enabled person of this name.",
        fix="`easement person list` shows who there is.",
    ),
    CodeEntry(
        code="EAS-7205",
        title="The last administrator",
        explanation="The change would leave nobody who can add people or give roles.",
        fix="Give another person the role admin first.",
    ),
    CodeEntry(
        code="EAS-7206",
        title="A token beyond its owner",
        explanation="An API token carries at most the roles of its owner.",
        fix="Leave the scopes out, or name roles that the person has.",
    ),
    CodeEntry(
        code="EAS-7301",
        title="The sign-in link is used up or too old",
        explanation="A link is good for one sign-in within fifteen minutes, and a newer one ends it.",
        fix="Ask for a new one: `easement person link NAME`.",
    ),
    CodeEntry(
        code="EAS-7302",
        title="Sign-in needs HTTPS",
        explanation="A session cookie travels over plain HTTP only on the loopback address of a development "
        "installation.",
        fix="Open the link at the control plane's HTTPS address.",
    ),
    CodeEntry(
        code="EAS-7303",
        title="A request from another site",
        explanation="A changing request of a browser must come from the console's own pages and repeat the "
        "session's CSRF value.",
        fix="Reload the page and try again.",
    ),
)
