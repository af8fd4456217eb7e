"""Tells texts of a summary from the failures that generators write into fields that they could not fill.

The values are those that public digests of the daily-arXiv family hold. They are compared as a whole, since a real
summary may well contain the word "failed".
"""

import re
from functools import lru_cache
from itertools import accumulate
from typing import Literal
from unicodedata import combining, east_asian_width

SummaryState = Literal["ok", "failed", "placeholder", "empty", "not stated"]

_FAILED = frozenset(
    {
        "Summary generation failed",
        "Motivation analysis unavailable",
        "Method extraction failed",
        "Result analysis unavailable",
        "Conclusion extraction failed",
        "Processing failed",
        "Error",
        "错误：AI分析失败。",
    },
)
_NOT_STATED = frozenset({"N/A", "Not mentioned in abstract", "未在摘要中提及"})
_PLACEHOLDER = re.compile(r"\{\w+\}")  # a template that was never filled: {tldr}


def summary_state(text: str) -> SummaryState:
    """The state of one field of a summary; only "ok" is text to show or to match.

    "not stated": the summariser found nothing to say. The other three are failures.
    """
    value = text.strip()
    if not value:
        return "empty"
    if value in _FAILED:
        return "failed"
    if value in _NOT_STATED:
        return "not stated"
    return "placeholder" if _PLACEHOLDER.fullmatch(value) else "ok"


# ---------------------------------------------------------------------------------------------- the ways to cut a text

# What is left out is marked with "…", which counts; no function splits a character.  | by                 | function
# | where it cuts                                             |
# |--------------------|--------------------|-----------------------------------------------------------| | columns of a
# line  | `cut_at_sentence`  | after a sentence, else at a word                          | |                    |
# `first_sentence`   | after the first sentence, else nothing is left            | |                    |
# `cut_at_clause`    | after a clause, else at a word                            | |                    | `cut_at_word`
# | at a word                                                 | |                    | `pieces`           | after
# sentences, into several texts without "…"           | | UTF-16 units       | `cut_units`        | anywhere; spaces,
# commas, dashes before "…" go            | | characters         | `cut_letters`      | anywhere; spaces before "…" go
# | |                    | `clip`             | anywhere                                                  | |
# | `clip_start`       | anywhere; the end stays                                   |


ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0e\ufe0f"  # zero-width joiner, variation selectors: parts of the character before them
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]?(?=\s)|[。！？][”’）」]?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|cf|vs|al|etc|resp|Fig|Figs|Eq|Eqs|Sec|No|Dr|Prof|St|approx))\.$"
)
_CLAUSE_END = re.compile(r"[,;:](?=\s)|\s[–—](?=\s)|[，；：]")
_LEAST_SHARE = 0.4  # of the room: a sentence that ends earlier leaves too much of it empty
_MOST_SHARE = 0.6  # of the room: after this, the end of a clause is a better place to cut than the last word
_TRAILING = " \t\n,;:–—-([，；：、（"


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Columns of a fixed-width line: two for a Chinese character, none for a combining accent."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def units(text: str) -> int:
    """UTF-16 units, which platforms count: an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_at_word(text: str, columns: int) -> str:
    """At most that many columns of the text, cut at a word."""
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, max(columns - 1, 0))
    clause = max(text.rfind(sign, 0, end + 1) for sign in "，；、")
    word = clause if clause > end * _MOST_SHARE else max(text.rfind(" ", 0, end + 1), _last_wide(text, end))
    if word > end * _LEAST_SHARE:
        end = word
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def cut_at_sentence(text: str, columns: int) -> str:
    """The first sentences that fit into that many columns, else the first words with "…"."""
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
    """The first sentence; "" if it is wider than that many columns or does not end."""
    end = _longest_prefix(text, columns)
    for match in _SENTENCE_END.finditer(text, 0, min(end + 1, len(text))):
        if match.end() <= end and not _ABBREVIATION.search(text[: match.end()]):
            return text[: match.end()]
    return ""


def cut_at_clause(text: str, columns: int) -> str:
    """At most that many columns of the text, cut after a clause if that fills most of them, else at a word."""
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, max(columns - 1, 0))
    ends = [match.start() for match in _CLAUSE_END.finditer(text, 0, min(end + 1, len(text)))]
    return text[: ends[-1]] + ELLIPSIS if ends and ends[-1] > end * _MOST_SHARE else cut_at_word(text, columns)


def pieces(text: str, columns: int) -> list[str]:
    """The whole text in pieces of at most that many columns; only the spaces between them are lost."""
    found = []
    while width(text) > columns:
        piece = cut_at_sentence(text, columns).removesuffix(ELLIPSIS) or text[:columns]
        found.append(piece)
        text = text[len(piece) :].lstrip()
    return [*found, text] if text or not found else found


def cut_units(text: str, most: int) -> str:
    """At most that many UTF-16 units of the text, for the limits of platforms."""
    if units(text) <= most:
        return text
    used = accumulate(map(units, text))
    end = next(place for place, length in enumerate(used) if length >= most)
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def cut_letters(text: str, most: int) -> str:
    """At most that many characters of the text, without spaces before the "…"."""
    return text if len(text) <= most else text[: most - 1].rstrip() + ELLIPSIS


def clip(text: str, most: int) -> str:
    """At most that many characters of the text, exactly as they are: for what is quoted."""
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


def clip_start(text: str, most: int) -> str:
    """At most that many characters from the end of the text: for paths."""
    return text if len(text) <= most else ELLIPSIS + text[1 - most :]


def _longest_prefix(text: str, columns: int) -> int:
    """The end of the longest beginning that is at most that many columns wide and splits no character."""
    used = accumulate(map(_char_width, text))
    end = next((place for place, so_far in enumerate(used) if so_far > columns), len(text))
    if end == len(text):
        return end
    while end > 0 and (not _char_width(text[end]) or text[end] in _JOINERS or text[end - 1] == "\u200d"):
        end -= 1
    return end


def _last_wide(text: str, end: int) -> int:
    """The place after the last wide character before `end`, where a line may break. -1 if none is near."""
    for index in range(end, max(end - 24, 0), -1):
        if _char_width(text[index - 1]) == 2:  # noqa: PLR2004 - wide, see width
            return index
    return -1
