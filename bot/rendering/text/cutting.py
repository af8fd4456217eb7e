"""How wide a text is, and where it may be cut: at a sentence, else at a word, never inside a character."""

import re
from functools import lru_cache
from itertools import accumulate
from unicodedata import combining, east_asian_width

ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0e\ufe0f"  # zero-width joiner, variation selectors: they cling to what stands before them
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]?(?=\s)|[。！？][”’）」]?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|cf|vs|al|etc|resp|Fig|Figs|Eq|Eqs|Sec|No|Dr|Prof|St|approx))\.$"
)
_CLAUSE_END = re.compile(r"[,;:](?=\s)|\s[–—](?=\s)|[，；：]")
_LEAST_SHARE = 0.4  # a sentence that ends before this share of the room leaves too much of it empty
_MOST_SHARE = 0.6  # a clause that ends behind this share is a better place to cut than the last word
_TRAILING = " \t\n,;:–—-([，；：、（"


@lru_cache(maxsize=4096)
def _columns(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Columns of a fixed-width line: two for a Chinese character, none for an accent that is set above another."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def units(text: str) -> int:
    """UTF-16 units, as Telegram counts (core.telegram.org/api/entities#entity-length): an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, room: int) -> str:
    """The text, if wider than `room` columns cut at a word and closed with "…"."""
    if width(text) <= room:
        return text
    end = _cut(text, max(room - 1, 0))
    clause = max(text.rfind(sign, 0, end + 1) for sign in "，；、")
    word = clause if clause > end * _MOST_SHARE else max(text.rfind(" ", 0, end + 1), _last_wide(text, end))
    if word > end * _LEAST_SHARE:
        end = word
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def within(text: str, room: int) -> str:
    """The text, if longer than `room` UTF-16 units cut anywhere and closed with "…": for limits that count letters."""
    if units(text) <= room:
        return text
    used = accumulate(map(units, text))
    end = next(place for place, length in enumerate(used) if length >= room)
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def opening(text: str, room: int) -> str:
    """The first sentences that fit into `room` columns, else the first words with "…"."""
    if width(text) <= room:
        return text
    end = _cut(text, room)
    ends = [m.end() for m in _SENTENCE_END.finditer(text, 0, min(end + 1, len(text))) if m.end() <= end]
    for last in reversed(ends):
        if last < end * _LEAST_SHARE:
            break
        if not _ABBREVIATION.search(text[:last]):
            return text[:last]
    return shorten(text, room)


def first_sentence(text: str, room: int) -> str:
    """The first sentence, if it is at most `room` columns wide; else "", as for a text that is but a beginning."""
    end = _cut(text, room)
    for match in _SENTENCE_END.finditer(text, 0, min(end + 1, len(text))):
        if match.end() <= end and not _ABBREVIATION.search(text[: match.end()]):
            return text[: match.end()]
    return ""


def clause(text: str, room: int) -> str:
    """As `shorten`, but cut behind a clause where that leaves little of the room empty."""
    if width(text) <= room:
        return text
    end = _cut(text, max(room - 1, 0))
    ends = [match.start() for match in _CLAUSE_END.finditer(text, 0, min(end + 1, len(text)))]
    return text[: ends[-1]] + ELLIPSIS if ends and ends[-1] > end * _MOST_SHARE else shorten(text, room)


def _cut(text: str, room: int) -> int:
    """The longest prefix that is at most `room` columns wide, as an index that splits no character."""
    used = accumulate(map(_columns, text))
    end = next((place for place, columns in enumerate(used) if columns > room), len(text))
    if end == len(text):
        return end
    while end > 0 and (not _columns(text[end]) or text[end] in _JOINERS or text[end - 1] == "\u200d"):
        end -= 1
    return end


def _last_wide(text: str, end: int) -> int:
    """Behind the last wide character before `end`: between those a line may break anywhere."""
    for index in range(end, max(end - 24, 0), -1):
        if _columns(text[index - 1]) == 2:  # noqa: PLR2004 - wide, see width
            return index
    return -1
