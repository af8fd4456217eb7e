"""Texts of others within ours: cleaned, cut to a length, right-to-left text isolated.

"…" marks what is left out, and counts as a character.

| limit in          | function          | where it cuts                                            |
|-------------------|-------------------|----------------------------------------------------------|
| columns of a line | `cut_at_sentence` | after a sentence, otherwise at a word                    |
|                   | `first_sentence`  | after the first sentence, otherwise nothing is left      |
|                   | `cut_at_clause`   | after a clause, otherwise at a word                      |
|                   | `cut_at_word`     | at a word                                                |
|                   | `pieces`          | after sentences, into several texts without "…"          |
| UTF-16 units      | `cut_units`       | anywhere; removes spaces, commas and dashes before "…"   |
| characters        | `cut_letters`     | anywhere; removes spaces before "…"                      |
"""

import re
from functools import lru_cache
from itertools import accumulate, groupby
from unicodedata import combining, east_asian_width

ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0e\ufe0f"  # zero-width joiner, variation selectors: parts of the character before them
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]?(?=\s)|[。！？][”’）」]?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|cf|vs|al|etc|resp|Fig|Figs|Eq|Eqs|Sec|No|Dr|Prof|St|approx))\.$",
    re.ASCII,
)
_CLAUSE_END = re.compile(r"[,;:](?=\s)|\s[–—](?=\s)|[，；：]")
_LEAST_SHARE = 0.4  # a text that is cut before this share of the columns leaves too many of them empty
_MOST_SHARE = 0.6  # a text is cut after a clause that ends after this share of the columns, not after the last word
_TRAILING = " \t\n,;:–—-([，；：、（"
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


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Return the columns of a text in a fixed-width line: two for a Chinese character, none for a combining accent."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def units(text: str) -> int:
    """Return the number of UTF-16 units of a text, which platforms count: an emoji has two."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_at_word(text: str, columns: int) -> str:
    """Return at most `columns` columns of the text, cut after a word."""
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, max(columns - 1, 0))
    clause = max(text.rfind(sign, 0, end + 1) for sign in "，；、")
    word = clause if clause > end * _MOST_SHARE else max(text.rfind(" ", 0, end + 1), _last_wide(text, end))
    if word > end * _LEAST_SHARE:
        end = word
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def cut_at_sentence(text: str, columns: int) -> str:
    """Return the first sentences that fit into `columns` columns.

    If they fill less than 40% of the columns, returns the first words that fit, with "…".
    """
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, columns)
    ends = [m.end() for m in _SENTENCE_END.finditer(text, 0, min(end + 1, len(text))) if m.end() <= end]
    for last in reversed(ends):
        if last < end * _LEAST_SHARE:
            break
        if not _ABBREVIATION.search(text[:last]):
            return text[:last]
    return cut_at_word(text, columns)


def first_sentence(text: str, columns: int) -> str:
    """Return the first sentence of a text; "" if it is wider than `columns` columns or has no end."""
    end = _longest_prefix(text, columns)
    for match in _SENTENCE_END.finditer(text, 0, min(end + 1, len(text))):
        if match.end() <= end and not _ABBREVIATION.search(text[: match.end()]):
            return text[: match.end()]
    return ""


def cut_at_clause(text: str, columns: int) -> str:
    """Return at most `columns` columns of the text, cut after a clause if that fills 60 %, else after a word."""
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, max(columns - 1, 0))
    ends = [match.start() for match in _CLAUSE_END.finditer(text, 0, min(end + 1, len(text)))]
    if ends and ends[-1] > end * _MOST_SHARE:
        return text[: ends[-1]] + ELLIPSIS
    return cut_at_word(text, columns)


def pieces(text: str, columns: int) -> list[str]:
    """Split a text into pieces of at most `columns` columns. Only the spaces between the pieces are lost."""
    found = []
    while width(text) > columns:
        piece = cut_at_sentence(text, columns).removesuffix(ELLIPSIS) or text[:columns]
        found.append(piece)
        text = text[len(piece) :].lstrip()
    if text or not found:
        return [*found, text]
    return found


def cut_units(text: str, most: int) -> str:
    """Return at most `most` UTF-16 units of the text, for the limits of platforms."""
    if units(text) <= most:
        return text
    used = accumulate(map(units, text))
    end = next(place for place, length in enumerate(used) if length >= most)
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def cut_letters(text: str, most: int) -> str:
    """Return at most `most` characters of the text, without spaces before the "…"."""
    if len(text) <= most:
        return text
    return text[: most - 1].rstrip() + ELLIPSIS


def _longest_prefix(text: str, columns: int) -> int:
    """Return the length of the longest beginning that is at most `columns` columns wide and splits no character."""
    used = accumulate(map(_char_width, text))
    end = next((place for place, so_far in enumerate(used) if so_far > columns), len(text))
    if end == len(text):
        return end
    while end > 0 and (not _char_width(text[end]) or text[end] in _JOINERS or text[end - 1] == "\u200d"):
        end -= 1
    return end


def _last_wide(text: str, end: int) -> int:
    """Return the index after the last wide character before `end`, where a line may break; -1 if none is near."""
    for index in range(end, max(end - 24, 0), -1):
        if _char_width(text[index - 1]) == 2:  # noqa: PLR2004 - wide, see width
            return index
    return -1


def clean(text: str) -> str:
    """Return the text on one line, without control characters, lone surrogates and direction marks.

    Collapses white space.
    """
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
    """Return the text with at most four accents per letter, since more would cover the lines above."""
    runs = (
        "".join(run)[: _MOST_MARKS if marks else None] for marks, run in groupby(text, lambda c: bool(combining(c)))
    )
    return "".join(runs)


def short(text: str, columns: int) -> str:
    """Return a foreign text on one line, at most as wide as `columns`, for use within a sentence."""
    return isolated(cut_at_word(clean(text), columns))


def isolated(text: str) -> str:
    """Return the text.

    If it has right-to-left letters, between marks (Unicode TR9) that keep the order of the text around it.
    """
    if text.isascii() or not _RTL_BLOCKS.search(text):
        return text
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
