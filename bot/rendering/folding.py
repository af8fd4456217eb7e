"""Text folded into lines for a terminal, with a hanging indent.

A continued line begins below the text, not below its number. A line may end after any Chinese, Japanese or Korean
character, except before or after some punctuation. Otherwise it ends only at a space, so that an address stays whole.
"""

import re
from itertools import pairwise

from rich.cells import cell_len

_WIDE = r"\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"  # written without spaces, so a line may end after each
_NEVER_FIRST = "，。、；：？！）》」』】〉〕…”’"
_NEVER_LAST = "（《「『【〈〔“‘"
_PIECE = re.compile(rf"[{_NEVER_LAST}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_NEVER_FIRST}]*\s*|\s+")
_BEFORE_TEXT = re.compile(r" *(?:\d+  +|▸ )?(?=\S)")
_LEAST_ROOM = 20  # columns for the text; with fewer, continued lines are not indented


def folded(text: str, width: int) -> str:
    """Returns the text in lines of at most `width` columns. Only a single word may be longer."""
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def hanging(line: str) -> int:
    """Returns the number of columns before the text of a line: spaces, and perhaps a number or a bullet."""
    before = _BEFORE_TEXT.match(line)
    if before:
        return cell_len(before[0])
    return 0


def breaks(line: str, width: int) -> tuple[int, list[int]]:
    """Returns (indent of the continued lines, places in the line where they begin)."""
    before = hanging(line)  # the characters before the text take one column each, so this is also an index
    hang = before if width - before >= _LEAST_ROOM else 0
    found: list[int] = []
    used = before
    for number, piece in enumerate(_PIECE.finditer(line, before)):
        if number and used + cell_len(piece[0].rstrip()) > width:
            found.append(piece.start())
            used = hang
        used += cell_len(piece[0])
    return hang, found


def _parts(line: str, width: int) -> list[str]:
    hang, places = breaks(line, width)
    edges = [0, *places, len(line)]
    pieces = [line[start:end].rstrip() for start, end in pairwise(edges)]
    return [pieces[0], *(" " * hang + piece for piece in pieces[1:])]
