"""Header fields of a notice: exact forms, and nothing that could begin a field of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.plan.model import Notice
from easement.plan.notices import gateway_prefix, http_date, is_interface_key, is_safe_link, notice_headers

NOTICE = Notice(
    interface="orders-api@1",
    deprecated=datetime(2026, 3, 1, 12, tzinfo=UTC),
    sunset=datetime(2026, 9, 1, 6, 30, tzinfo=timezone(timedelta(hours=2))),
    successor="orders-api@2",
    link="https://docs.example/orders/v2",
    gone=False,
)


def test_fields_have_the_form_of_their_standards() -> None:
    assert notice_headers(NOTICE, successor="/orders-api/v2/") == {
        "Deprecation": "@1772366400",
        "Sunset": "Tue, 01 Sep 2026 04:30:00 GMT",
        "Link": '<https://docs.example/orders/v2>; rel="deprecation", <https://docs.example/orders/v2>; rel="sunset", '
        '</orders-api/v2/>; rel="successor-version"',
    }


def test_what_is_not_known_is_not_said() -> None:
    bare = replace(NOTICE, sunset=None, successor="", link="")
    assert notice_headers(bare, successor="") == {"Deprecation": "@1772366400"}
    assert "sunset" not in notice_headers(replace(NOTICE, sunset=None), successor="")["Link"]


@pytest.mark.parametrize(
    "link",
    [
        'https://a.example/>; rel="successor-version", <https://evil.example',
        "https://a.example/\r\nSet-Cookie: a=b",
        "https://a.example/\nX: y",
        "https://a.example/ b",
        'https://a.example/"',
        "https://a.example/,",
        "https://a.example/;x",
        "https://user:secret@a.example/",
        "https://a.example/#part",
        "https://a.example/%zz",
        "https://a.example/\u202e",
        "javascript:alert(1)",
        "//evil.example/",
        "ftp://a.example/",
        "https:///path",
        "https://a.example" + "/a" * 300,
    ],
)
def test_attack_a_link_that_could_say_more_than_a_place_is_left_out(link: str) -> None:
    assert not is_safe_link(link)
    assert notice_headers(replace(NOTICE, link=link, successor=""), successor="") == {
        "Deprecation": "@1772366400",
        "Sunset": "Tue, 01 Sep 2026 04:30:00 GMT",
    }


@pytest.mark.parametrize("successor", ["orders-api", "orders-api@2\n", "x@1>; rel=a", "@1", "a@", "a@-1", "../x@1"])
def test_attack_a_successor_that_is_no_key_is_left_out(successor: str) -> None:
    assert not is_interface_key(successor)
    headers = notice_headers(replace(NOTICE, link="", successor=successor), successor=gateway_prefix(successor))
    assert "Link" not in headers


@given(st.text(max_size=60))
def test_no_link_whatever_ends_its_field(link: str) -> None:
    value = notice_headers(replace(NOTICE, link=link), successor="/orders-api/v2/").get("Link", "")
    assert value.isascii()
    assert value.isprintable()
    assert value.count("<") == value.count(">") == value.count("rel=")


@given(st.integers(0, 7_258_118_400_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC)))
def test_dates_are_read_back_to_the_second(moment: datetime) -> None:
    assert parsedate_to_datetime(http_date(moment)) == moment.replace(microsecond=0)
