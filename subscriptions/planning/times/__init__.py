"""Reads times as people write them, and decides where a query ends and its time begins: "recall at 5" and "weekly supervision" have none.

`_words` has the words and phrases of times, and finds them in a text. `reading` decides what they mean together.
`exclusions` reads what a person excludes behind a time. This module turns the meaning into a cadence, and finds where a
query ends and its time begins.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import NoReturn
from unicodedata import category

from subscriptions import zones
from subscriptions.errors import Refused, Sentence
from subscriptions.model import DAYS, Cadence
from subscriptions.planning import cadence
from subscriptions.planning import cadence as cadences
from subscriptions.planning.times._words import IDLE, TokenKind, may_be_place, plain, tokens_of
from subscriptions.planning.times.exclusions import Exclusion, excluding, exclusions_at_end
from subscriptions.planning.times.reading import Reading, clock_of, meaning, reading_of
from subscriptions.query import FIELDS

_AROUND = "()（）[] "  # characters that may be around a time
_LONGEST = 90  # most characters of a time
_EMOJI = frozenset({"So", "Sk", "Cf", "Mn"})  # categories of Unicode: symbols, skin tones, joiners, variation selectors
_QUOTES = '"“”„‟«»「」『』＂'
_BLANKS = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_GAPS = _BLANKS + ",，、;；。"
_STRAY = _BLANKS + ",，、;；。.!！?？-–—·|"  # characters between a query and its time
_BEHIND = _BLANKS + ",，;；。.!！?？"  # characters after a time
# Words that may be a time belong to the query if they follow one of these, since an operator needs an operand.
_OPERATORS = frozenset({"AND", "OR", "NOT", "ANDNOT", "&", "|", "not", "no", "without", "except", "且", "或", "不含"})
_STRICT = frozenset({"the", "a", "an", "of", "this", "that", "last"})
_ARTICLES = _STRICT | {"in", "on", "for", "with", "by", "from", "to", "per", "and", "or", "is", "are", "vs", "versus"}
_ARTICLES |= {"between", "than", "as", "into", "it", "next"}
# After an article or preposition, only a time that begins with one of these words counts: "it every monday".
_OF_ITS_OWN = frozenset({"at", "on", "in", "every", "each"})
# Words between a query and its time that belong to neither, such as "send it" in "diffusion, send it daily at 9".
_LEAD_IN = re.compile(
    r"(?:[,，;；]\s*(?:please\s+)?|\s+(?:please\s+)?(?=(?:send|notify|remind)$|\w+\s+(?:me|us|it|them)$))"
    r"(?:send|e?mail|notify|tell|remind|ping|message|deliver|update)(?:\s+(?:me|us|it|them))?$|(?<=[,，;；\s])(?:请|定时|请定时)$",
    re.IGNORECASE,
)
_GLUED = re.compile(r"[每逢工周星礼早上中下午晚凌清傍黄深夜半天双隔下一二两三四五六七八九十0-9]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_ABBREVIATED = re.compile(r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)s?", re.IGNORECASE)
_WEEKEND_NAMES = frozenset({"Sun", "Sat"})  # may be surnames
# If one of these words is the whole text, it is a query, since papers may contain it.
_OWN_WORDS = frozenset(
    {"now", "noon", "midday", "midnight", "morning", "afternoon", "evening", "night", "weekend", "weekends"}
    | {"中午", "周末", "早上", "上午", "下午", "晚上", "凌晨"}
    | {*DAYS, *cadence.FULL_NAMES}
)
# Measures with a rank: after these words "at 5" may be part of the measure, as in "recall at 5".
_MEASURES = frozenset(
    {"recall", "precision", "hit", "hits", "ndcg", "map", "mrr", "pass", "rank", "top", "accuracy", "acc", "f1", "auc"}
    | {"success", "rate"}
)
_NEVER = frozenset({TokenKind.NONE, TokenKind.OFTEN})
_ONE_DAY = re.compile(r"today|tonight|tomorrow|(?:on )?next\b|[今明后下]")
_LEAD = 40  # most characters of the words between a query and its time


@dataclass(frozen=True, slots=True)
class Ending:
    """A text that was typed after /sub, split into query and time."""

    query: str
    when: str | None  # the time as typed; None: there is none
    either: bool = False  # the words of the time may also be words of the query
    only_time: bool = False  # the whole text is a time, so there is no query


def split_when(text: str) -> Ending:
    """Splits a text into the query and its time at the end; `read_when` reads the time.

    ("diffusion -survey at 8am" -> "diffusion -survey", "at 8am"). What excludes may follow the time:
    ("diffusion at 8am, no surveys" -> "diffusion -surveys", "at 8am")
    """
    behind = _exclusion(text)
    if behind is None:
        return _split(text)
    ending = _split(behind.head)
    if ending.when is None:
        return Ending(text, None, only_time=ending.only_time)
    return replace(ending, query=excluding(ending.query, behind.rules))


def split_exclusion(when: str) -> tuple[str, tuple[str, ...]]:
    """Splits a time from what is excluded behind it: ("at 8am, no surveys" -> "at 8am", ("surveys",))."""
    for behind in exclusions_at_end(when):
        if not any(reading_of(rule, bare=True) for rule in behind.rules) and _is_meant_as_time(behind.head):
            return behind.head, behind.rules
    return when, ()


def _is_meant_as_time(text: str) -> bool:
    """Returns whether a text is a time, also one whose place is not known."""
    return reading_of(text, bare=True) is not None or _before_place(text)[1] is not None


def _exclusion(text: str) -> Exclusion | None:
    """Returns what is excluded behind the time of a text; None if the text does not end in a time and an exclusion.

    "daily except sundays" excludes no papers. If the words of the time may be words of the query, so may those behind
    them, unless a comma is between them: "semaglutide once weekly without insulin".
    """
    for behind in exclusions_at_end(text):
        if any(reading_of(rule, bare=True) for rule in behind.rules):
            continue
        ending = _split(behind.head)
        if (ending.when is not None and not ending.either) or (behind.apart and (ending.when or ending.only_time)):
            return behind
    return None


def _split(text: str) -> Ending:
    body = _without_signs_behind(text)
    for start in _starts(body):
        said = body[start:]
        # whether the time directly follows other text; English needs no space after Chinese
        glued = start > 0 and body[start - 1] not in _GAPS and not (said[0].isascii() and said[0].isalpha())
        reading = _read(said, glued=glued)
        if reading is None or _is_name(said):
            continue
        query, said = _with_clock_before(_without_lead_in(body[:start]), said)
        if not _bare(query):
            return Ending(text, None, only_time=_is_time_alone(said))
        if sum(map(query.count, _QUOTES)) % 2 or _is_word(query, reading):
            return Ending(text, None)
        last = query.split()[-1].casefold()
        after_article = last in (_ARTICLES if reading.either else _STRICT)
        if after_article and plain(said).split()[0] not in _OF_ITS_OWN:
            continue
        either = reading.either or (reading.at_number and last in _MEASURES)
        return Ending(_bare(query), said.strip(_AROUND), either)
    return Ending(text, None)


def split_wish(text: str) -> Ending:
    """Splits a text like `split_when`, but also finds a schedule that does not exist at the beginning: "hourly cats".

    A schedule that exists counts only at the end: "weekly supervision" is a query.
    """
    ending = split_when(text)
    if ending.when is not None or ending.only_time:
        return ending
    for head, rest in _heads(text):
        if _is_no_schedule(head):
            return Ending(rest, head, either=True)
    return ending


def _heads(text: str) -> Iterator[tuple[str, str]]:
    """Yields (beginning, rest) for each gap at which a time at the beginning of a text may end, the longest first."""
    for gap in range(min(_LONGEST, len(text) - 1), 0, -1):
        head, rest = text[:gap].strip(_STRAY + ":："), text[gap:].strip(_STRAY + ":：")
        if text[gap] in _BLANKS + ":：,，" and rest:
            yield head, rest


def _is_no_schedule(head: str) -> bool:
    """Returns whether a text is a schedule that does not exist, and not only a single day."""
    reading = reading_of(head)
    if reading is None or reading.exact or _ONE_DAY.match(plain(head)):
        return False
    return not _NEVER.isdisjoint(token.kind for token in tokens_of(plain(head))[0])


def time_at(text: str, start: int) -> int:
    """Returns the end of the longest time that begins at `start`; 0 if none begins there. `text` is in lower case."""
    tail = text[start : start + _LONGEST]
    written = plain(tail)
    tokens, rest = tokens_of(written)
    end = 0
    if tokens:
        end = min(len(written) - len(rest), len(tail))
    while end and (tail[end - 1] in _STRAY or reading_of(tail[:end]) is None):
        end -= 1
        while (
            end and tail[end].isascii() and tail[end].isalnum() and tail[end - 1].isascii() and tail[end - 1].isalnum()
        ):
            end -= 1
    while idle := next((one for one in IDLE.finditer(tail, 0, end) if one.start() and one.end() == end), None):
        if reading_of(tail[: idle.start()]) is None:  # "once" is a part of "once a week"
            break
        end = idle.start()
    if end:
        return start + len(tail[:end].rstrip(_STRAY))
    return 0


def time_put_last(text: str) -> str:
    """Moves the time at the beginning of a text to its end, where `split_when` finds it; "" if no time is clear.

    ("daily 9 diffusion" -> "diffusion daily 9")
    """
    for head, rest in _heads(text):
        if plain(head) in _OWN_WORDS or reading_of(head) is None:
            continue
        ending = split_when(f"{rest} {head}")
        if (ending.query, ending.when) == (rest, head) and not ending.either:
            return f"{rest} {head}"
    return ""


def _without_signs_behind(text: str) -> str:
    """Returns the text without spaces, punctuation, emoji and other symbols at its end."""
    end = len(text)
    while end and (text[end - 1] in _BEHIND or category(text[end - 1]) in _EMOJI):
        end -= 1
    return text[:end]


def _is_time_alone(said: str) -> bool:
    """Returns whether a whole text that looks like a time is a time and not a query.

    If an unknown place follows the time, the text is a time only if known places have a similar name.
    """
    if reading_of(said) is None:
        return bool(zones.near_places(tokens_of(plain(said.strip(_AROUND)))[1]))
    return plain(said) not in _OWN_WORDS


def _without_lead_in(query: str) -> str:
    query = query.rstrip(_STRAY)
    return query[:-_LEAD] + _LEAD_IN.sub("", query[-_LEAD:]).rstrip(_STRAY)


def _bare(query: str) -> str:
    """Returns the query without a colon at its end, as in "diffusion: daily at 9". The colon of a field stays."""
    *_, last = query.split() or [""]
    leads = last.endswith((":", "：")) and last[:-1].casefold() not in FIELDS.by_name
    if leads:
        return query.rstrip(_BLANKS + ":：")
    return query


def as_words(text: str) -> str:
    """Returns the text with the words of a time in quotes: the schedule at its beginning, or its last word."""
    if behind := _exclusion(text):
        return as_words(behind.head) + text[len(behind.head) :]
    wish = split_wish(text)
    if wish.when is not None and text.lstrip(_STRAY).startswith(wish.when):
        return f'"{wish.when}" {wish.query}'
    *_, last = text.split() or [""]
    head = text
    if last:
        head = text.rstrip()[: -len(last)]
    return f'{head}"{last.strip(_STRAY)}"'


def _starts(body: str) -> Iterator[int]:
    """Yields the positions where a time may begin, ascending, so that the longest time is tried first."""
    for place in range(max(0, len(body) - _LONGEST), len(body)):
        before, sign = body[place - 1] if place else " ", body[place]
        if sign in _GAPS + "·|":
            continue
        if (
            before in _GAPS
            or (_HAN.match(before) and sign.isascii() and sign.isalpha())
            or (_GLUED.match(sign) and (_HAN.match(before) or _HAN.match(sign)))
        ):
            yield place


def _read(said: str, *, glued: bool) -> Reading | None:
    """Returns the meaning of the end of a text as a time; None if it is not a time.

    `glued`: other text is directly before it. Then a single word that may also be a word of the query is not a time.
    """
    if said.count("(") + said.count("（") != said.count(")") + said.count("）"):
        return None
    reading = reading_of(said) or _with_place(said)
    if reading is None or not glued:
        return reading
    if said.startswith(("每", "逢")) or reading.words > 1 or not reading.either:
        return reading
    return None


def _with_place(said: str) -> Reading | None:
    """Returns the meaning of a clear time that an unknown place follows; else None. The caller refuses the place later."""
    tokens, rest = tokens_of(plain(said.strip(_AROUND)))
    if not may_be_place(rest):
        return None
    reading = meaning(tokens)
    clear = reading is not None and reading.timed and not reading.either and reading.exact and not reading.zone
    if reading and clear and not reading.at_number:
        return reading
    return None


def _is_word(query: str, reading: Reading) -> bool:
    """Returns whether words that may be a time belong to the query, because an operator or a field is before them."""
    if not reading.either:
        return False
    last = re.split(r"[\s,，、]+", query)[-1]
    return last in _OPERATORS or (last[-1] in ":：" and last[:-1].casefold() in FIELDS.by_name)


def _is_name(said: str) -> bool:
    """Returns whether a text begins with a word such as SAT or Sun that may be a name, and no time of day follows."""
    first, _, rest = said.partition(" ")
    as_name = first.isupper() or first in _WEEKEND_NAMES
    return bool(_ABBREVIATED.fullmatch(first)) and as_name and clock_of(rest) is None


def _with_clock_before(query: str, said: str) -> tuple[str, str]:
    """Moves the name of a zone from the end of the query to the time, such as 北京时间 in 扩散模型北京时间每天8点.

    Returns (query, time), unchanged if the query does not end in the name of a zone.
    """
    match = re.search(r"[\u4e00-\u9fff]{2,8}时间$", query)
    for length in range(len(match[0]) if match else 0, 3, -1):
        if zones.zone_of_place(query[-length:]):
            return query[:-length].rstrip(_STRAY), f"{query[-length:]} {said}"
    return query, said


_BY_NOON = 12


@dataclass(frozen=True, slots=True)
class When:
    """A time that was read: a cadence, and the zone that was named with it."""

    cadence: Cadence
    zone: str = ""  # "": no zone was named

    def __str__(self) -> str:
        """Returns the time as it is written: "daily 09:00 Europe/Berlin"."""
        return f"{self.cadence} {self.zone}".rstrip()


class NoSuchTime(Refused):
    """A time with a cadence that paperwire does not have, or with an unknown place. `nearest` offers times as text."""

    def __init__(self, sentence: Sentence, hint: Sentence, nearest: Sequence[When]) -> None:
        super().__init__(sentence, hint)
        self.nearest = tuple(map(str, nearest))


def read_when(text: str, chat_schedule: Cadence | None = None) -> When:
    """Reads a time as people write it, in English or Chinese (docs/guide.md, When they come).

    If the text names no time of day, that of `chat_schedule` counts, or else 09:00 (08:00-20:00 for when-out). If a
    weekly text names no day, Monday counts. Raises NoSuchTime, and Refused if the text is not a time.
    """
    reading = reading_of(text, bare=True)
    if reading is None:
        _refuse(text, chat_schedule)
    when = when_of(reading, chat_schedule)
    if not reading.exact:
        if when.cadence.kind == "now":
            when = When(when.cadence)
        raise NoSuchTime(
            Sentence("“{text}” is not a schedule.", {"text": " ".join(text.split())}),
            Sentence("The nearest is: {when}.", {"when": str(when)}),
            (when,),
        )
    return when


def is_available(when: str) -> bool:
    """Returns whether a typed time is one at which papers can be delivered."""
    try:
        read_when(when)
    except Refused:
        return False
    return True


def when_of(reading: Reading, chat_schedule: Cadence | None) -> When:
    """Returns the time of a reading. What it does not say is as in the chat's schedule."""
    if reading.kind == "now":
        return When(Cadence(kind="now"), reading.zone)
    if reading.kind == "when-out":
        first, last = reading.at, reading.until
        if first is None or last is None:
            first, last = cadences.window_of(chat_schedule)
        if first >= last:
            raise Refused(
                Sentence("The second time of when-out must be later on the same day than the first."),
                Sentence("For example: when-out 08:00-20:00."),
            )
        cadence = Cadence(kind="when-out", at=first, until=last, weekdays_only=reading.weekdays_only)
        return When(cadence, reading.zone)
    at = reading.at
    if reading.at is None:
        at = _time_of(chat_schedule, reading.part)
    return When(Cadence(kind=reading.kind, at=at, weekday=reading.weekday, days=reading.days), reading.zone)


def _time_of(chat_schedule: Cadence | None, part: str) -> time:
    """Returns the time of day of the chat's schedule, or 09:00 if it has none.

    If the text names a part of the day (`part` is "morning"), also returns 09:00 for a schedule at noon or later.
    """
    own = None
    if chat_schedule and chat_schedule.until is None:
        own = chat_schedule.at
    if own is None or (part and own.hour >= _BY_NOON):
        return cadences.NINE
    return own


def _before_place(text: str) -> tuple[str, Reading | None]:
    """Returns (place, time before it) of a text that ends in what may be a place; None if the rest is no time."""
    tokens, rest = tokens_of(plain(text))
    place = rest.strip(" ,.;()")
    reading = meaning(tokens, bare=True) if may_be_place(place) else None
    return place, reading if reading and reading.exact and not reading.zone else None


def _refuse(text: str, chat_schedule: Cadence | None) -> NoReturn:
    """Raises the error for a text that is not a time. The error names what excludes, the unknown place, or the whole text."""
    time, excluded = split_exclusion(text)
    if excluded:
        when = read_when(time, chat_schedule)
        raise NoSuchTime(
            Sentence("“{text}” belongs to a query, not to a time.", {"text": text[len(time) :].strip(_STRAY)}),
            Sentence("Without it the time is: {when}.", {"when": str(when)}),
            (when,),
        )
    place, reading = _before_place(text)
    if reading is None:
        raise Refused(Sentence("“{text}” is not a schedule.", {"text": text.strip()}), cadences.EXAMPLES)
    when = when_of(reading, chat_schedule)
    near = zones.near_places(place)
    start = text.casefold().rfind(place)
    typed = text[start : start + len(place)] if start >= 0 else place
    sentence = Sentence("“{place}” is no place whose clock I know.", {"place": typed})
    if near:
        names = ", ".join(label for label, _ in near)
        raise NoSuchTime(
            sentence,
            Sentence("Did you mean {names}?", {"names": names}),
            [When(when.cadence, zone) for _, zone in near],
        )
    hint = Sentence("After a time, write a city, a zone or nothing: {when}.", {"when": str(when)})
    raise NoSuchTime(sentence, hint, (when,))
