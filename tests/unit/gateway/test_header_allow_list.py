"""The allow-list of answer headers as an expression of what goes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from easement.gateway.header_allow_list import PASSING, everything_but, upstream_filters

_WORDS = st.text(alphabet="abc-", min_size=1, max_size=5)


@given(listed=st.sets(_WORDS, min_size=1, max_size=8), word=st.text(alphabet="abcd-", max_size=6))
def test_everything_but_the_listed_words_matches(listed: set[str], word: str) -> None:
    expression = everything_but(tuple(sorted(listed)))

    assert (re.fullmatch(expression, word) is None) == (word in listed)


def test_near_misses_of_passing_headers_go() -> None:
    expression = everything_but(PASSING)

    for name in PASSING:
        assert re.fullmatch(expression, name) is None
        for near in (name[:-1], name + "x", "x" + name, name.replace("-", "_") + "_"):
            assert re.fullmatch(expression, near) or near in PASSING, near
    for name in ("set-cookie", "x-easement-code", "x-transaction-id", "server", "link", "www-authenticate"):
        assert re.fullmatch(expression, name), name


def test_the_codec_is_the_last_upstream_filter() -> None:
    assert [filter_["name"] for filter_ in upstream_filters()][-1] == "envoy.filters.http.upstream_codec"
