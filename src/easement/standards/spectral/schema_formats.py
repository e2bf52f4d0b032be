"""The ``format`` values that are checked, with the meaning that Spectral's validator gives them. Unknown ones pass.

Dates and times follow RFC 3339, addresses RFC 5321 in part, URIs RFC 3986, pointers RFC 6901; int32 and the like are
those of the OpenAPI format registry.
"""

from __future__ import annotations

import calendar
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from easement.standards.spectral.patterns import PatternError, pattern

Test = Callable[[Any], bool]

_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME: Final = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-]\d\d(?::?\d\d)?)?", re.ASCII | re.IGNORECASE)
_DURATION: Final = re.compile(
    r"P(?!\Z)(?:(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?|(?:\d+W)?)", re.ASCII
)
_LOCAL: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL: Final = re.compile(
    rf"{_LOCAL}(?:\.{_LOCAL})*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
    re.IGNORECASE | re.ASCII,
)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME: Final = re.compile(rf"(?=.{{1,253}}\.?\Z){_LABEL}(?:\.{_LABEL})*\.?", re.IGNORECASE | re.ASCII)
_IPV4: Final = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|[01]?\d\d?)\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d\d?)", re.ASCII)
_UUID: Final = re.compile(r"(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~0|~1)*)*")
_FRAGMENT_POINTER: Final = re.compile(r"#(?:/(?:[a-z0-9_\-.!$&'()*+,;:=@]|%[0-9a-f]{2}|~0|~1)*)*", re.IGNORECASE)
_RELATIVE_POINTER: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)")
_BYTE: Final = re.compile(r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", re.MULTILINE)
_URI_CHARACTER: Final = r"(?:[a-z0-9\-._~!$&'()*+,;=:@]|%[0-9a-f]{2})"
_REFERENCE_CHARACTER: Final = r"(?:[a-z0-9\-._~!$&'\"()*+,;=:@]|%[0-9a-f]{2})"
_AUTHORITY: Final = (
    r"(?:(?:[a-z0-9\-._~!$&'()*+,;=:]|%[0-9a-f]{2})*@)?"
    r"(?:\[[0-9a-fv.:]+\]|(?:[a-z0-9\-._~!$&'()*+,;=]|%[0-9a-f]{2})*)(?::\d*)?"
)
_URI: Final = re.compile(
    rf"[a-z][a-z0-9+\-.]*:(?:/?/{_AUTHORITY}(?:/{_URI_CHARACTER}*)*|/(?:{_URI_CHARACTER}+(?:/{_URI_CHARACTER}*)*)?"
    rf"|{_URI_CHARACTER}+(?:/{_URI_CHARACTER}*)*)"
    rf"(?:\?(?:{_URI_CHARACTER}|[/?])*)?(?:#(?:{_URI_CHARACTER}|[/?])*)?",
    re.IGNORECASE,
)
_URI_REFERENCE: Final = re.compile(
    rf"(?:[a-z][a-z0-9+\-.]*:)?(?:/?/{_AUTHORITY}(?:/{_REFERENCE_CHARACTER}*)*"
    rf"|/(?:{_REFERENCE_CHARACTER}+(?:/{_REFERENCE_CHARACTER}*)*)?"
    rf"|{_REFERENCE_CHARACTER}+(?:/{_REFERENCE_CHARACTER}*)*)?"
    rf"(?:\?(?:{_REFERENCE_CHARACTER}|[/?])*)?(?:#(?:{_REFERENCE_CHARACTER}|[/?])*)?",
    re.IGNORECASE,
)
_EXPRESSION: Final = r"(?:[a-z0-9_]|%[0-9a-f]{2})+(?::[1-9][0-9]{0,3}|\*)?"
_URI_TEMPLATE: Final = re.compile(
    rf"(?:(?:[^\x00-\x20\"'<>%\\^`{{|}}]|%[0-9a-f]{{2}})|\{{[+#./;?&=,!@|]?{_EXPRESSION}(?:,{_EXPRESSION})*\}})*",
    re.IGNORECASE,
)
_URL: Final = re.compile(r"(?:https?|ftp)://[^\s/?#]+\.[^\s/?#]{2,}(?::\d{2,5})?(?:/\S*)?", re.IGNORECASE)


def _whole(expression: re.Pattern[str]) -> Test:
    return lambda text: expression.fullmatch(text) is not None


def _date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    if not 1 <= month <= 12:
        return False
    last = 29 if month == 2 and calendar.isleap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    return 1 <= day <= last


def _time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    hour, minute, second = (int(part) for part in match.groups())
    return (hour <= 23 and minute <= 59 and second <= 59) or (hour, minute, second) == (23, 59, 60)


def _date_time(text: str) -> bool:
    parts = re.split(r"[tT\s]", text)
    return len(parts) == 2 and _date(parts[0]) and _time(parts[1])


def _ipv6(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _regex(text: str) -> bool:
    if re.search(r"[^\\]\\Z", text):
        return False
    try:
        pattern(text)
    except PatternError:
        return False
    return True


def _integer(low: float, high: float) -> Test:
    return lambda value: value == int(value) and low <= value <= high


TEXT_FORMATS: Final[Mapping[str, Test]] = {
    "date": _date,
    "time": _time,
    "date-time": _date_time,
    "duration": _whole(_DURATION),
    "uri": lambda text: bool(re.search("[/:]", text)) and _URI.fullmatch(text) is not None,
    "uri-reference": _whole(_URI_REFERENCE),
    "uri-template": _whole(_URI_TEMPLATE),
    "url": _whole(_URL),
    "email": _whole(_EMAIL),
    "hostname": _whole(_HOSTNAME),
    "ipv4": _whole(_IPV4),
    "ipv6": _ipv6,
    "regex": _regex,
    "uuid": _whole(_UUID),
    "json-pointer": _whole(_POINTER),
    "json-pointer-uri-fragment": _whole(_FRAGMENT_POINTER),
    "relative-json-pointer": _whole(_RELATIVE_POINTER),
    "byte": lambda text: _BYTE.search(text) is not None,
}
NUMBER_FORMATS: Final[Mapping[str, Test]] = {
    "int32": _integer(-(2**31), 2**31 - 1),
    "int64": _integer(float("-inf"), float("inf")),
}
