"""Texts from outside, written so that a terminal or a log shows them and does not obey them.

A terminal or a log may obey some characters instead of showing them: control characters, surrogates, line separators
(Unicode's categories Cc, Cs, Zl, Zp) and marks of text direction (its annex 9). Only these are escaped. Joined emoji,
private characters and spaces of other scripts stay, although `str.isprintable` is false for them.
"""

import json
import re
from datetime import UTC, datetime

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
CONTROLS = re.compile(f"[{_CONTROLS}]")
"""Control characters, lone surrogates and line separators: a text on one line has spaces in their place."""
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = re.compile(f"[{_CONTROLS}{_DIRECTIONS}]")
# Our own texts may have isolated parts (U+2068 to U+2069), whose text direction does not affect the text around them.
_IN_LINES = re.compile(f"\u2068[^{_CONTROLS}{_DIRECTIONS}]*\u2069|(?![\n\t]){_HIDDEN.pattern}")


def escaped(value: str) -> str:
    r"""Return a text from outside on one line, with \uXXXX for each character that a terminal would obey."""
    if value.isprintable():  # most texts are, and this check is fast
        return value
    return _HIDDEN.sub(_as_code, value)


def escaped_lines(text: str) -> str:
    r"""Escape a text that the program wrote. Line ends, tabs and isolated parts stay. Valid JSON stays valid."""
    if text.isprintable():  # most texts are, and this check is fast; characters of direction are not printable
        return text
    return _IN_LINES.sub(lambda found: _as_code(found) if len(found[0]) == 1 else found[0], text)


def counted(number: int, noun: str) -> str:
    """Return a number and the noun that it counts, in English: "1 paper", "2,000 papers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def json_line(value: object) -> str:
    """Return a value as JSON on one line. A datetime is written in UTC, to the second, with Z."""
    return escaped_lines(json.dumps(value, ensure_ascii=False, default=_moment))


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
