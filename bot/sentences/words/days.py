"""Tells which days of the week a sentence names, adds and denies: "weekends too", "not on fridays", 周五别发. Pure.

A certain day or week ("until monday", "this weekend") is none of these: nothing comes until then, or in it once.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from bot.sentences.words import pauses, reader, subjects
from bot.sentences.words.said import Said
from subscriptions.planning.times import time_at
from subscriptions.planning.times.reading import Reading, reading_of

_WEEK = frozenset(range(7))
WEEKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})
_ADDS = re.compile(r"\b(?:too|also|as well|in addition|plus|add|include|including)\b|也|还(?!是)|加上|包括")
_CLAUSE = re.compile(r"[,;:.!?]|\b(?:but|and)\b|但|而是")
_STOP = re.compile(r"[,;:.!?]")
_DENIES = re.compile(
    r"\b(?:not?|never|nothing|none|except|without|instead of|rather than|don'?t|doesn'?t|isn'?t|no longer)\b"
    r"|(?<![能要是想用可行好])不(?:要|用|想|需|必|在|发|推|收|看|是|$)|(?<![特分差个])别(?:在|发|推|再|给|选|放|安排|$)|没必要|无需|勿|免得|除了?$|跳过"
    r"|^\s*(?:(?:please|just|can you|could you)\s+)*(?:skip|stop|avoid|omit|leave out|pause|mute|hold|suspend|(?:turn|switch) off)\b"
)
_ALL_BUT = re.compile(r"\b(?:every ?day|daily|all week)\s*(?:but|except|save|excluding)(?: on| for)?\s*$")
# after a day: "weekends off", "sundays are no good", 周五别发
_DENIES_AFTER = re.compile(
    r"^\s*(?:off|free)\b|^\s*(?:is|are|do|does)(?: not|n'?t| no)\b|^(?:我|就|都|也|请|先|的时候)*(?:别|不|勿|休息|除外)(?:想|要|用|需|必)*(?:再|给我)*(?:发|推|送|收|来|打扰|吵|看|行|[了吧的]|$)|^(?:我|就|都|也)*(?:休息|除外)"
)
# one certain day instead of each: "by next friday", 下周一
_ONE_DAY = re.compile(r"\b(?:by|after|from|since|next|this|last|to|through)(?: the)?\s*$|(?:自|从|下|这|本|上)个?$")
# a weekend or a day of this or the next week, and a whole week, in which nothing shall come once
_SPAN = re.compile(
    r"\b(?:over|for|during|throughout|this|next|coming|whole|entire|all)\s+(?:(?:the|this|next|coming|whole|entire|of)\s+)*weekend$"
    r"|(?:这个?|本|下个?|整个?)周末$"
)
_ONCE = re.compile(
    r"\b(?:(?:the|this) (?:whole|entire)|all) (?:week|month)\b|整个?(?:周(?!末)|星期|礼拜|月)"
    r"|\b(?:this|next|coming) (?:weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|(?:这个?|本|下个?)(?:周|星期|礼拜)[一二三四五六日天末]"
)
# until a certain day nothing shall come: "not before monday", 周一再发
_UNTIL = re.compile(r"\b(?:until|till|til|before)(?: the)?\s*$|(?:到|至|等)$")
# what the words of a time may begin with
_FIRST = re.compile(r"[\s,;]*(?:(?:until|till|til|before|by|after|from|since|to|through)\b\s*)?")
_UNTIL_AFTER = re.compile(r"^(?:早上|上午|中午|下午|晚上)?\s*(?:再|才|之?前|以前)")


class Days(NamedTuple):
    """Days of the week that a sentence names; 0 is Monday."""

    named: frozenset[int] = frozenset()
    added: frozenset[int] = frozenset()  # to the days that there are
    denied: frozenset[int] = frozenset()
    waits: bool = False  # nothing shall come until a certain day
    once: bool = False  # a certain week, weekend or day is named: "this weekend"
    off: bool = False  # nothing shall come then


@lru_cache(maxsize=256)
def days_in(said: Said) -> Days:
    """Returns the days of the week that a sentence names."""
    plain = reader.folded(said.text)
    named, denied, waits = frozenset[int](), frozenset[int](), False
    once, off = _once(plain, said)
    for start, end, days in _named(plain, said):
        before, after = plain[:start], plain[end:]
        is_denied = _DENIES.search(_CLAUSE.split(before)[-1]) or _ALL_BUT.search(before) or _DENIES_AFTER.match(after)
        if _UNTIL_AFTER.match(after) or _UNTIL.search(before):
            waits |= bool(is_denied) or after[:1] in ("再", "才")
        elif _SPAN.search(plain[:end]):
            off |= bool(is_denied or _DENIES.search(_STOP.split(before)[-1]) or _DENIES.search(_CLAUSE.split(after)[0]))
            once = True
        elif _ONE_DAY.search(before):
            continue
        elif is_denied:
            denied |= {*days}
        else:
            named |= {*days}
    if named == _WEEK and not denied:
        named = frozenset()
    if denied == _WEEK and not named:  # "not bundled once a day"
        denied = frozenset()
    adds = _ADDS.search(plain) and not subjects.denies(plain) and not said.has_unknown
    return Days(frozenset() if adds else named, named if adds else frozenset(), denied, waits, once, off)


def _once(plain: str, said: Said) -> tuple[bool, bool]:
    """Returns whether a sentence names a certain week, weekend or day, or a range of days; and whether nothing shall come then."""
    found = _ONCE.search(plain)
    words = found[0] if found else pauses.range_in(said.text, said.tokens)
    before, _, after = plain.partition(words) if words else ("", "", "")
    return bool(words), bool(_DENIES.search(_STOP.split(before)[-1]) or (words and _DENIES_AFTER.match(after)))


def _named(plain: str, said: Said) -> Iterator[tuple[int, int, Sequence[int]]]:
    """Yields the start and end of the words of each day or days without a time of day, and the days."""
    last = 0
    for token in said.tokens:
        end = time_at(plain, token.start) if token.mark != reader.QUOTED else 0  # not "weekly reports"
        reading = reading_of(plain[token.start : end]) if end > last else None
        if reading and reading.exact and reading.at is None and (days := _days_of(reading)):
            day = _FIRST.match(plain, token.start, end)
            yield day.end() if day else token.start, end, days
        last = max(last, end)


def _days_of(reading: Reading) -> Sequence[int]:
    if reading.kind == "weekdays":
        return [*WEEKDAYS]
    if reading.kind == "daily" and not reading.part:
        return [*_WEEK]
    if reading.weekday is None:
        return reading.days
    return (reading.weekday,)
