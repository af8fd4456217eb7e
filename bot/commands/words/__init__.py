"""Understands sentences: tokens and marks, a scorer that learned from examples, the subject of a sentence, its meaning.

Here a text is split into tokens, and what has a reader is found in it: quotations, papers, categories, numbers, times, places.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from subscriptions.categories import is_category
from subscriptions.planning.pauses import SPAN
from subscriptions.planning.times import time_at
from subscriptions.query.links import mentioned
from subscriptions.zones import zone_of_place

LONGEST, MOST_TOKENS = 400, 90  # characters and tokens of a sentence; a longer text is taken for a query
WHEN, PLACE, NUMBER, PAPER, CATEGORY, QUOTED = "@when", "@place", "@number", "@paper", "@category", "@quoted"
LONG, DATE = "@long", "@date"  # a length of time, a day of the calendar
_TOKEN = re.compile(
    r'(?P<quoted>["“”„«「『][^"“”„«»「」『』]+["“”»」』])'
    r"|(?P<paper>(?:https?://|www\.|(?:[a-z]+\.)+(?:org|com?)/)[^\s，。；、）\u4e00-\u9fff]+|(?:arxiv:\s*)?\d{4}\.\d{4,5}(?:v\d+)?|10\.\d{4,9}/[^\s，。]+)"
    r"|(?P<category>#?[a-z]+(?:-[a-z]+)?\.(?:[a-z]{2}|[a-z]+-[a-z]+|\*)(?![a-z0-9_.])|physics\.[a-z]+(?:-[a-z]+)?(?![a-z0-9_.])|(?:hep|astro|cond|quant|nucl|math)-[a-z]{2,3}(?![a-z0-9_]))"
    r"|(?P<ordinal>第\s*(?:\d{1,3}|[一二三四五六七八九])\s*(?:个订阅|条订阅|[个条号])?|订阅\s?\d{1,3}(?!\d)|#\d{1,3}(?!\w)|(?<![\w.])\d{1,3}号(?!\w)|[一二三四五六七八九]号(?=订阅|[那这的]|\W|$)|(?<![\w.])\d(?:st|nd|rd|th)(?![\w-])|(?<![a-z])(?:two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty)(?= (?:papers|articles|preprints|results|entries|items|titles|hits|max|tops|at (?:most|a time|once))(?![a-z]))|[一二两三四五六七八九十]{1,3}(?=篇)|(?<=[到为成在过是])[二三四五六七八九]?十[一二三四五六七八九]?(?=$|\W|[吧呗啦好就])|(?:(?<=number )|(?<=subscription )|(?<=alert )|(?<=topic )|(?<=feed ))(?:one|two|three|four|five|six)(?![a-z]))"
    r"|(?P<number>(?<![a-z0-9.:])\d{1,3}(?![a-z0-9_:%]|\.\d))"
    r"|(?P<word>[^\W\d_\u4e00-\u9fff][^\W_\u4e00-\u9fff]*(?:['-][^\W_\u4e00-\u9fff]+)*\+*|\d[^\W_\u4e00-\u9fff]*(?:[:.]\d+)?)"
    r"|(?P<sign>[,;:.!?|/&+、()-])"
    r"|(?P<other>[^\s])",
    re.IGNORECASE,
)
# Each character is replaced by one character, so that places in the folded text are places in the text as typed.
_TRADITIONAL, _SIMPLIFIED = (Path(__file__).parent / "traditional.txt").read_text("utf-8").split()
_FOLDED = str.maketrans(_TRADITIONAL + "’‘`，；：！？。", _SIMPLIFIED + "''',;:!?.")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_AROUND_A_PLACE = frozenset("在住到去来人时搬刚按用区是")
_SAME = {"plz": "please", "pls": "please", "wats": "whats", "smth": "something", "u": "you"}
# Words that are times, too, but say more as words.
_WORDS_FIRST = frozenset(
    {"now", "today", "tonight", "tomorrow", "morning", "afternoon", "evening", "night", "noon", "midnight", "weekend"}
    | {"weekends", "at night", "immediately", "instantly", "asap", "at once", "sat", "sun", "mon", "fri"}
    | {"今天", "今晚", "明天", "后天", "早上", "上午", "中午", "下午", "晚上", "早", "晚", "周末", "半夜", "夜里", "现在", "马上", "立即"}
)  # fmt: skip
_NO_PLACES = frozenset(
    {"nice", "wake", "reading", "bath", "mobile", "split", "male", "of", "same", "this", "hello", "in", "at", "the"}
)
_NEAR_A_NUMBER = re.compile(r"(?:from|by|in|on|about|before|after|to) \d{1,2}|about \D.*")  # "unsubscribe from 2"
_PLACE_WORDS, _PLACE_SIGNS = 3, 5


class Token(NamedTuple):
    """A part of a text."""

    start: int
    end: int
    mark: str  # the word as it counts: folded; or which of the readers reads it
    words: str = ""  # as it was typed


def folded(text: str) -> str:
    """Returns the text in lower case, with simplified characters and plain punctuation; each character stays in its place."""
    plain = text.translate(_FOLDED)
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain


def tokens_of(text: str) -> tuple[Token, ...]:
    """Returns the tokens of a sentence."""
    plain = folded(text)
    single = [Token(found.start(), found.end(), _mark(found)) for found in _TOKEN.finditer(plain)]
    return tuple(one._replace(words=text[one.start : one.end]) for one in _joined(plain, single))


def _mark(found: re.Match[str]) -> str:
    kind, words = str(found.lastgroup), found[0]
    if kind == "paper":
        return PAPER if mentioned(words) else words
    if kind == "category":
        return CATEGORY if is_category(words.removeprefix("#")) or words.endswith("*") else words
    return {"quoted": QUOTED, "ordinal": NUMBER, "number": NUMBER}.get(kind, _SAME.get(words, words.replace("'", "")))


def _joined(plain: str, single: list[Token]) -> Iterator[Token]:
    """Yields the tokens, with those that are a time or a place together as one."""
    at = 0
    while at < len(single):
        first = single[at]
        end = time_at(plain, first.start)
        said = plain[first.start : end].strip()
        mark = WHEN if end and said not in _WORDS_FIRST and not _NEAR_A_NUMBER.fullmatch(said) else ""
        if not mark and (span := SPAN.match(plain, first.start)):
            end, mark = span.end(), LONG if span["long"] else DATE
        elif not mark:
            end, mark = _place_at(plain, single, at), PLACE
        count = sum(first.start <= one.start < end for one in single[at : at + 30])
        if count:
            yield Token(first.start, max(end, single[at + count - 1].end) if mark == PLACE else end, mark)
            at += count
        else:
            yield first
            at += 1


def _place_at(plain: str, single: list[Token], at: int) -> int:
    """Returns where the name of a place ends that begins at a token; 0 if none does."""
    first = single[at]
    if first.mark.startswith("@") or first.mark in _NO_PLACES or (len(first.mark) == 1 and not _HAN.match(first.mark)):
        return 0
    if _HAN.match(first.mark):
        if _AROUND_A_PLACE.isdisjoint(plain) or first.mark in "在按":
            return 0
        ends = [first.start + size for size in range(_PLACE_SIGNS, 1, -1)]
    else:
        ends = [one.end for one in reversed(single[at : at + _PLACE_WORDS])]
    return next((end for end in ends if end <= len(plain) and zone_of_place(plain[first.start : end].strip())), 0)
