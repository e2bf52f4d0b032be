"""The detectors of literal credentials as a page of the documentation, made from the detectors themselves."""

from __future__ import annotations

from collections.abc import Iterator

from easement.contract.credential_detectors import (
    DETECTORS,
    IN_DESCRIPTION,
    IN_DOCUMENT,
    IN_EXAMPLE,
    NAMED,
    PRIVATE_JWK,
    RANDOM,
)


def detector_page() -> Iterator[str]:
    """What ``easement check`` takes for a credential, where, and what to do when it is none."""
    yield "# Detectors of literal credentials"
    yield ""
    yield "`easement check`, `plan` and `apply` look for credentials in documents and in the OpenAPI and AsyncAPI"
    yield "descriptions that they name, with every file that a description refers to. Every value and every key"
    yield "counts: examples, defaults, addresses of servers, headers, texts. Reports name file, line and column, and of"
    yield "the value at most the leading characters that say what kind it is, and its length."
    yield from ("", "| where | what is found | reported as | stops | waiver |", "|---|---|---|---|---|")
    yield "| document | a known form; a value under a key that says secret | `EAS-1302` | `check` | none: refer to it |"
    yield f"| system, interface, integration | `{RANDOM}` | rule `{IN_DOCUMENT}` | `check` | yes |"
    yield f"| description | a known form; `{PRIVATE_JWK}` | rule `{IN_DESCRIPTION}` | `check` | yes |"
    yield f"| description | `{NAMED}` | rule `{IN_EXAMPLE}` | review | yes |"
    yield from ("", "## Known forms", "", "| detector | what it finds | pattern |", "|---|---|---|")
    for one in DETECTORS:
        pattern = one.pattern.pattern.replace("|", r"\|")
        yield f"| `{one.id}` | {one.what} | `{pattern}` |"
    yield from ("", "Each is searched in the text as it is written, in the text without its white space (YAML folding")
    yield "leaves some behind; not for addresses, headers and connection strings), percent-decoded, and in what base64"
    yield "inside it says. Repetitions in patterns are bounded: a search takes time in proportion to the text."
    yield from ("", "## Forms without a pattern", "", "| detector | what it finds |", "|---|---|")
    yield f"| `{PRIVATE_JWK}` | private members (`d`, `p`, `q`, `dp`, `dq`, `qi`, `k`) of a key (RFC 7518 §6) |"
    yield (
        f"| `{NAMED}` | in documents, any text that is no `secret://` reference under a key that ends in password, "
        "passphrase, secret, token, apiKey, privateKey, credential and the like; in descriptions, such a name with a "
        "value of 16 characters or more, letters and digits, at least 3 bits of entropy a character |"
    )
    yield (
        f"| `{RANDOM}` | a text of 32 characters or more, upper and lower case and digits in quick change, at least "
        "3.5 bits of entropy a character; hashes and UUIDs in one case are names |"
    )
    yield from ("", "## Placeholders")
    yield ""
    yield "In descriptions a value that holds `example`, `sample`, `your`, `xxxx`, `...`, angle or curly brackets or a"
    yield "dollar sign, or that is plainly a word such as `password`, stands for a secret and is none. In documents"
    yield "there are no placeholders: write a reference."
    yield from ("", "## A value that is proven to be none")
    yield ""
    yield "A waiver accepts one finding at one place until a day, as for every rule:"
    yield ""
    yield "```yaml"
    yield "apiVersion: easement/v1"
    yield "kind: Waiver"
    yield "metadata: {name: published-sample-token, title: The sample token of RFC 7519, owner: platform}"
    yield "spec:"
    yield f"  rule: {IN_DESCRIPTION}"
    yield "  at: interface/orders-api@1#/spec/definition/openapi/components/examples/token/value"
    yield "  reason: The token of RFC 7519 section 3.1, signed with the key printed there; it opens nothing of ours."
    yield "  expires: 2027-06-30"
    yield "```"
    yield ""
    yield "`easement check -o json` gives rule, subject and path; the place of a waiver is `SUBJECT#PATH`, without"
    yield "line. In a file that a description refers to, the first step after `openapi` or `asyncapi` is that file."
    yield from ("", "## Not looked at")
    yield ""
    yield "Comments, files that no document names, values cut into several list items, and what is encrypted or encoded"
    yield "more than once. Use a scanner of whole repositories for these."
