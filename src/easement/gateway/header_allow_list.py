"""Which headers of a target's answer pass, as a filter of Envoy's own on the upstream side.

There the target's headers stand alone: what the gateway adds later is not touched, and whatever name the target uses,
a code or transaction id of ours among them, is judged before anything reads it. Envoy has "remove what matches" only,
and RE2 has no negation, so the complement of the list is spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from typing import Final

from easement.gateway.envoy_types import Tree, http_filter

PASSING: Final = (
    "age", "allow", "cache-control", "connection", "content-encoding", "content-language", "content-length",
    "content-type", "date", "etag", "expires", "last-modified", "location", "retry-after", "transfer-encoding", "vary",
)  # fmt: skip
"""A target has told enough when it has filled in its contract. Everything else (cookies, links, challenges, traces of
its software) is outside what was reviewed. The contract runtime judges the value of ``location``."""
_PSEUDO: Final = ":status"


def upstream_filters(*first: Tree) -> list[Tree]:
    """``http_filters`` of an upstream cluster: those given, the allow-list, then the codec."""
    return (
        [*first]
        + [
            http_filter(
                "envoy.filters.http.header_mutation",
                "header_mutation.v3.HeaderMutation",
                mutations={
                    "response_mutations": [{"remove_on_match": {"key_matcher": {"safe_regex": {"regex": regex}}}}]
                },
            )
            for regex in (everything_but((*PASSING, _PSEUDO)),)
        ]
        + [http_filter("envoy.filters.http.upstream_codec", "upstream_codec.v3.UpstreamCodec")]
    )


@cache
def everything_but(words: tuple[str, ...]) -> str:
    """An RE2 expression that matches, as a whole, every text without a line break except ``words``."""
    return _complement(tuple(sorted(set(words))))


def _complement(words: Iterable[str]) -> str:
    """Walks the words as a trie: ends where no word ends, steps off the trie, or goes on along it."""
    rest = list(words)
    branches: Mapping[str, list[str]] = {
        letter: [word[1:] for word in group]
        for letter, group in groupby((word for word in rest if word), key=lambda word: word[0])
    }
    ways = [f"{re.escape(letter)}{_complement(tails)}" for letter, tails in branches.items()]
    off_the_trie = f"[^{''.join(map(re.escape, branches))}].*" if branches else ".+"
    if "" not in rest:
        ways.append("")
    return f"(?:{'|'.join((off_the_trie, *ways))})"
