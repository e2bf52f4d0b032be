"""Variables in the URLs of servers and in the names of channels: defined, used, and giving URLs that can be called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any, Final
from urllib.parse import quote, unquote

from easement.standards.spectral.finding import Result
from easement.standards.spectral.function import Context, Function

_VARIABLE: Final = re.compile(r"\{(.+?)\}")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", re.DOTALL)
_HOST: Final = re.compile(r"[^\x00-\x20#%/:<>?@\[\\\]^|\x7f]+|\[[0-9A-Fa-f:.]+\]")
_SPECIAL: Final = frozenset({"http", "https", "ws", "wss", "ftp"})
_MAX_SUBSTITUTIONS: Final = 10_000
_SHOWN: Final = 5


def variables_in(text: Any) -> list[str]:
    """The names in braces, in order."""
    return _VARIABLE.findall(text) if isinstance(text, str) else []


def _server_variables(server: Any, options: Any, context: Context) -> list[Result]:
    url, defined = server["url"], server.get("variables")
    names, used = list(defined or ()), variables_in(url)
    results = [
        Result(
            f'Server\'s "variables" object has unused defined "{name}" url variable.',
            (*context.path, "variables", name),
        )
        for name in names
        if name not in used
    ]
    if not used:
        return results
    if missing := [name for name in used if name not in names]:
        listed = ", ".join(missing)
        message = f'Not all server\'s variables are described with "variables" object. Missed: {listed}.'
        results.append(Result(message, (*context.path, "variables")))
    if defined is None:
        return results
    options = options or {}
    values: list[tuple[str, list[str]]] = []
    for name in (name for name in names if name in used):
        values.append((name, _values(defined[name])))
        results.extend(_one_variable(name, defined[name], context, required=options.get("requireDefault") is True))
    if options.get("checkSubstitutions") is True and values:
        results.extend(_invalid_urls(url, values, context))
    return results


def _values(variable: Any) -> list[str]:
    return variable.get("enum") or ([variable["default"]] if "default" in variable and "enum" not in variable else [])


def _one_variable(name: str, variable: Any, context: Context, *, required: bool) -> Iterator[Result]:
    if "enum" in variable and "default" in variable and variable["default"] not in variable["enum"]:
        message = f'Server Variable "{name}" has a default not listed in the enum.'
        yield Result(message, (*context.path, "variables", name, "default"))
    if required and "default" not in variable:
        yield Result(f'Server Variable "{name}" has a missing default.', (*context.path, "variables", name))


def _invalid_urls(url: str, values: Sequence[tuple[str, list[str]]], context: Context) -> Iterator[Result]:
    invalid = list(islice((one for one in _substituted(url, values) if not is_url(one)), _SHOWN))
    listed = ", ".join(invalid)
    where = (*context.path, "variables")
    if len(invalid) == _SHOWN:
        message = f"At least 5 substitutions of server variables resulted in invalid URLs: {listed} and more"
        yield Result(message, where)
    elif invalid:
        yield Result(f"A few substitutions of server variables resulted in invalid URLs: {listed}", where)


def _substituted(url: str, values: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    names = [name for name, _ in values]
    for chosen in islice(product(*(listed for _, listed in values)), _MAX_SUBSTITUTIONS):
        text = url
        for name, value in zip(names, chosen, strict=True):
            text = text.replace(f"{{{name}}}", quote(value, safe=";,/?:@&=+$-_.!~*'()#"))
        yield text


def is_url(text: str) -> bool:
    """Whether a text is an absolute URL that a client could call (after the WHATWG URL standard)."""
    match = _SCHEME.fullmatch(text.strip())
    if match is None:
        return False
    scheme, rest = match[1].lower(), match[2]
    if scheme not in _SPECIAL and not rest.startswith("//"):
        return True
    authority = re.split(r"[/?#\\]", rest.lstrip("/\\"), maxsplit=1)[0].rpartition("@")[2]
    host, colon, port = authority.rpartition(":") if re.search(r":\d*\Z", authority) else (authority, "", "")
    if colon and port and int(port) > 65_535:
        return False
    return _HOST.fullmatch(unquote(host)) is not None or (scheme not in _SPECIAL and not host)


SERVER_VARIABLES: Final = Function(
    name="serverVariables",
    body=_server_variables,
    invalid="Invalid Server Object",
    accepts={
        "type": "object",
        "properties": {
            "url": {"type": "string"},
            "variables": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "enum": {"type": "array", "items": {"type": "string"}},
                        "default": {"type": "string"},
                        "description": {"type": "string"},
                        "examples": {"type": "string"},
                    },
                    "patternProperties": {"^x-": True},
                    "additionalProperties": False,
                },
            },
        },
        "required": ["url"],
    },
    options={
        "type": ["object", "null"],
        "properties": {"checkSubstitutions": {"type": "boolean"}, "requireDefault": {"type": "boolean"}},
        "additionalProperties": False,
    },
)
