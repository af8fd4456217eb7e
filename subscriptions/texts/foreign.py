"""Foreign texts within ours: without characters that platforms reject, at most so many accents, right-to-left text isolated."""

import re
from itertools import groupby
from unicodedata import combining

from subscriptions.texts.cutting import cut_at_word

# C0 except newline, DEL, C1, lone surrogates, noncharacters; and the marks that change the text direction
# (U+202A–202E, 2066–2069), which would reverse all text after them if they are not balanced.
_UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufff9-\ufffb\u202a-\u202e\u2066-\u2069]"
)
_RTL_BLOCKS = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff\u200f\u061c]"
)
_MOST_MARKS = 4  # accents that are kept on one letter; Vietnamese and Hebrew need two or three
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def clean(text: str) -> str:
    """Returns the text on one line, without control characters, lone surrogates and direction marks. Collapses white space."""
    if text.isascii() and text.isprintable():
        if "  " in text:
            return " ".join(text.split())
        return text.strip()
    plain = " ".join(_UNPRINTABLE.sub("", re.sub(r"\s", " ", text)).split())
    if any(map(combining, plain)):
        return _thinned(plain)
    return plain


def clean_lines(text: str) -> str:
    """Like `clean`, but keeps line ends and spaces, for text that its author has laid out."""
    return _UNPRINTABLE.sub("", re.sub("\r\n?|[\x85\u2028\u2029]", "\n", text).replace("\t", "    "))


def _thinned(text: str) -> str:
    """Returns the text with at most four accents per letter, since more would cover the lines above."""
    runs = (
        "".join(run)[: _MOST_MARKS if marks else None] for marks, run in groupby(text, lambda c: bool(combining(c)))
    )
    return "".join(runs)


def short(text: str, columns: int) -> str:
    """Returns a foreign text on one line, at most as wide as `columns`, for use within a sentence."""
    return isolated(cut_at_word(clean(text), columns))


def isolated(text: str) -> str:
    """Returns the text; if it has right-to-left letters, between marks (Unicode TR9) that keep the order of the text around it."""
    if text.isascii() or not _RTL_BLOCKS.search(text):
        return text
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
