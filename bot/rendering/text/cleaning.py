"""Foreign text made safe for a message: characters that platforms cannot carry are removed, right-to-left text is isolated."""

import re
from itertools import groupby
from unicodedata import combining

# C0 without newline, DEL, C1, lone surrogates, noncharacters; and the marks that open or close a run of direction
# (U+202A–202E, 2066–2069), which reverse all text after them if they are not balanced.
_UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufff9-\ufffb\u202a-\u202e\u2066-\u2069]"
)
_RTL_BLOCKS = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff\u200f\u061c]"
)
_MOST_MARKS = 4  # accents on one letter; Vietnamese and Hebrew need two or three
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def clean(text: str) -> str:
    """Returns the text as one line, without control characters, lone surrogates and direction marks, white space collapsed."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text else text.strip()
    plain = " ".join(_UNPRINTABLE.sub("", re.sub(r"\s", " ", text)).split())
    return _thinned(plain) if any(map(combining, plain)) else plain


def clean_lines(text: str) -> str:
    """Returns the text as `clean` makes it, but keeps its line ends and spaces: for text laid out by its author."""
    return _UNPRINTABLE.sub("", re.sub("\r\n?|[\x85\u2028\u2029]", "\n", text).replace("\t", "    "))


def _thinned(text: str) -> str:
    """Returns the text with at most four accents on a letter; a tower of them would cover the lines above."""
    runs = (
        "".join(run)[: _MOST_MARKS if marks else None] for marks, run in groupby(text, lambda c: bool(combining(c)))
    )
    return "".join(runs)


def isolated(text: str) -> str:
    """Returns the text between isolating marks (Unicode TR9) if it has right-to-left letters: the text around it keeps its order."""
    if text.isascii() or not _RTL_BLOCKS.search(text):
        return text
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
