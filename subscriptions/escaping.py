"""Makes foreign text visible where a terminal or a log would obey it: control characters, ends of lines, changes of direction.

The characters are those of Unicode's categories Cc, Cs, Zl and Zp, and the marks of direction of its annex 9. All others stay
as they are, also where `str.isprintable` is false: joined emoji, private characters, spaces of other scripts.
"""

import re

_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}\ud800-\udfff]")
# Our own texts may contain an isolated part: it ends on its line and moves nothing outside itself.
_IN_LINES = re.compile(
    f"\u2068[^\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}\ud800-\udfff]*\u2069|(?![\n\t]){_HIDDEN.pattern}"
)


def escaped(value: str) -> str:
    r"""Returns a foreign text on one line, with \uXXXX for each character that a terminal would obey."""
    if value.isprintable():  # most are, and that is seen at once
        return value
    return _HIDDEN.sub(_as_code, value)


def escaped_lines(text: str) -> str:
    r"""Returns a text of ours, whose values were escaped: its line ends, tabs and isolated parts stay. JSON stays JSON."""
    if text.isprintable():  # most are, and that is seen at once; directions are not
        return text
    return _IN_LINES.sub(lambda found: _as_code(found) if len(found[0]) == 1 else found[0], text)


def _as_code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
