"""File patterns of overrides (minimatch): ``*``, ``**``, ``?``, ``[a-z]``, ``{a,b}``. Without a slash: of the name."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_ALTERNATIVES = 200


@lru_cache(maxsize=2_000)
def _compiled(glob: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_expression(one)) for one in _alternatives(glob.removeprefix("./")))


def matches(glob: str, path: str) -> bool:
    """Whether a path is one that the pattern names."""
    subject = path if "/" in glob.removeprefix("./") else path.rpartition("/")[2]
    return any(one.fullmatch(subject) for one in _compiled(glob))


def _alternatives(glob: str) -> list[str]:
    """The pattern with each ``{a,b}`` written out."""
    done: list[str] = []
    pending = [glob]
    while pending and len(done) + len(pending) <= MAX_ALTERNATIVES:
        one = pending.pop()
        match = re.search(r"\{([^{}]*,[^{}]*)\}", one)
        if match is None:
            done.append(one)
            continue
        pending.extend(f"{one[: match.start()]}{part}{one[match.end() :]}" for part in match[1].split(","))
    return done


def _expression(glob: str) -> str:
    parts = glob.split("/")
    expression = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            expression += r"(?!\.)[^/]*(?:/(?!\.)[^/]*)*" if last else r"(?:(?!\.)[^/]+/)*"
        else:
            expression += _segment(part) + ("" if last else "/")
    return expression


def _segment(part: str) -> str:
    expression = r"(?!\.)" if part[:1] in {"*", "?"} else ""
    index = 0
    while index < len(part):
        character = part[index]
        close = part.find("]", index + 2) if character == "[" else -1
        if character == "*":
            expression += "[^/]*"
        elif character == "?":
            expression += "[^/]"
        elif close > 0:
            inner = part[index + 1 : close].replace("\\", r"\\").replace("[", r"\[")
            expression += f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
            index = close
        else:
            expression += re.escape(character)
        index += 1
    return expression
