"""Reads times as people write them (docs/guide.md, When they come), and decides where a query ends and its time begins.

`time_words` has the words of times. This module decides what they mean together, and whether they are meant as a time:
"kelp every monday at 9" ends in one, "recall at 10" may, "weekly supervision" does not.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import NamedTuple

from subscriptions.errors import QueryError, Refused, Sentence
from subscriptions.model import Cadence
from subscriptions.query import FIELD_NAMED
from subscriptions.query.parse import parse_query
from subscriptions.query.rewriting import author_rule, narrowed, words_rule
from subscriptions.schedule import cadence as cadences
from subscriptions.schedule.time_words import (
    EVENING,
    EVERY_DAY,
    JOINING,
    MAX_TIME_LENGTH,
    NAMES,
    NOON,
    WEEKDAYS,
    Kind,
    PartOfDay,
    Token,
    plain,
    tokens_of,
)

EXAMPLES = Sentence(
    "For example: now, when-out 08:00-20:00, when-out 09:00-18:00 weekdays, daily 09:00, weekdays 8:30, weekly mon 09:00, tue,thu 10:00."
)
_GAPS = ",，、;；。？"  # characters that may come before a time, besides blanks
_AROUND = f"{_GAPS}.-–—·"  # characters between a query and its time, which belong to neither
_BEHIND = f"{_GAPS}.!！?？"  # characters after a time
_QUOTES = '"“”„‟«»「」『』＂'


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


# After these words no time begins: "images of the sun at noon" begins with "at".
_ARTICLES = _set_of("a an the this that last next of every each")
# After these, what may be a time and what is one word belong to the query: "diffusion OR daily", "until now".
_OPERATORS = _set_of(
    "and or not andnot no without except & | 且 或 不含 in on for with by from to per is are vs versus between than as "
    "into until till right before after since around about"
)
_JOINED = re.compile(r"(?P<time>.+?)(?:\s(?:and|&|\+)|[和及])", re.IGNORECASE | re.DOTALL)
_MEASURES = _set_of("recall precision hit hits ndcg map mrr pass rank top accuracy acc f1 auc success rate")
# Alone, these are words: "boolean SAT", "Jian Sun", "the ocean today".
_ALONE_WORDS = _set_of("sat sun today tonight tomorrow 今天 今晚 明天")
_TWO = 2  # times of day of a when-out, the first and the last
_LONGEST_EXCLUSION = 200  # characters
_MOST_EXCLUSIONS = 6  # words that exclude, among which the first one is looked for
_EXCLUDES = r"(?:(?:\b(?:but|and) (?:please )?)?\b(?:not|no|without|except)(?: (?:for|any|the))*(?=[\s\"“])|但?(?:不要(?!再)|不含|除了))"
_EXCLUSION = re.compile(_EXCLUDES, re.IGNORECASE)
# The operators of a query: -survey -"case report" NOT author:Doe. None before a digit, which may be an offset.
_SIGN = r"\s+(?:-|NOT\s+)"
_SIGNED = re.compile(rf'(?:{_SIGN}(?=[^\W\d]|")(?:[^\s"]*"[^"]*"|[^\s"]+))+$')
_BETWEEN = re.compile(
    r'(?:\s*[,，、;；]\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+|(?<=\w\w)[和或](?=\w\w))(?=(?:[^"]*"[^"]*")*[^"]*$)',
    re.IGNORECASE,
)
_BEFORE_EXCLUDED = re.compile(rf"(?:{_EXCLUDES}\s*)+", re.IGNORECASE)
_MOST_TIMES = 3  # of a text: "daily, no weekly"
_ANY = "x"  # a query of which only the exclusion after it counts
_POLITE_WORDS = "please|pls|plz|thanks|thank you|thx"
_POLITE = re.compile(rf"(?:\b(?:{_POLITE_WORDS})|谢谢|吧)$", re.IGNORECASE)
_BY = re.compile(r"(?:papers )?by (?=[A-ZÀ-ÖØ-Þ]\S* [A-ZÀ-ÖØ-Þ])")  # a person's two names
_AFTER_EXCLUDED = re.compile(rf"(?: (?:{_POLITE_WORDS}|papers?|ones)|的?(?:论文|文章)|[以之]?外)+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ending:
    """A text, split into a query and the time at its end."""

    query: str
    when: str | None  # the time as typed; None: there is none
    either: bool = False  # the words of the time may also be words of the query
    only_time: bool = False  # the whole text is a time, so there is no query


@dataclass(frozen=True, slots=True)
class When:
    """A time that was read: a cadence, and the zone that was named with it."""

    cadence: Cadence
    zone: str = ""  # "": no zone was named

    def __str__(self) -> str:
        """Return the time as it is written: "daily 09:00 Europe/Berlin"."""
        return f"{self.cadence} {self.zone}".rstrip()


class NoSuchTime(Refused):
    """A text that is no time, or a time that paperwire does not have. The hint has the forms that exist."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a whole text means as a time."""

    kind: str = "daily"  # see Cadence
    days: frozenset[int] = EVERY_DAY  # unless the kind is now or when-out
    at: time | None = None  # None: no time of day is named
    until: time | None = None  # the second time of when-out
    zone: str = ""
    exists: bool = True  # False: paperwire has no such schedule
    either: bool = False  # the words may also be words of a query
    alone: bool = False  # it is one word or phrase
    at_number: bool = False  # it is "at" and a number


def read_when(text: str, chat_schedule: Cadence | None = None) -> When:
    """Read a time as people write it. A number alone is an hour.

    If the text names no time of day, that of `chat_schedule` counts, or else 09:00 (08:00-20:00 for when-out). If a
    weekly text names no day, Monday counts. Raise NoSuchTime.
    """
    reading = _read(without_politeness(text), bare=True)
    if reading is None or not reading.exists:
        raise NoSuchTime(Sentence("“{text}” is not a schedule.", {"text": " ".join(text.split())}), EXAMPLES)
    if reading.kind == "now":
        return When(Cadence(), reading.zone)
    days = tuple(sorted(reading.days))
    if reading.kind == "when-out":
        window = cadences.window_of(chat_schedule)
        first, last = reading.at or window[0], reading.until or window[1]
        return When(Cadence(at=first, until=last, days=days), reading.zone)
    own = chat_schedule.at if chat_schedule and chat_schedule.until is None else None
    at = own or cadences.NINE if reading.at is None else reading.at
    return When(Cadence(at=at, days=days), reading.zone)


def is_time(text: str) -> bool:
    """Return whether a whole text is a time, even one that paperwire does not have."""
    return _read(without_politeness(text)) is not None


def is_schedule(text: str) -> bool:
    """Return whether `read_when` reads a whole text."""
    try:
        read_when(text)
    except NoSuchTime:
        return False
    return True


def hours_of(text: str) -> tuple[time, time] | None:
    """Return the two times of a range such as "22:00-8", "10pm to 7am" or 晚上10点到早上7点; None for other texts."""
    tokens = _with_parts(tokens_of(text.strip().removeprefix("from ")))
    match [token.value for token in tokens if _fit(tokens, bare=True)], [token.kind for token in tokens]:
        case [time() as first, None, time() as last], [_, Kind.TO, _]:
            return first, last
    return None


def split_when(text: str) -> Ending:
    """Split a text into the query and its time at the end; `read_when` reads the time.

    ("diffusion -survey at 8am" -> "diffusion -survey", "at 8am"). What excludes may follow the time:
    ("diffusion at 8am, no surveys" -> "diffusion -surveys", "at 8am")
    """
    for behind in exclusions_at_end(text):
        ending = _split(behind.head)
        if ending.only_time:
            return Ending(text, None, only_time=True)
        # if the words of the time may be words of the query, so may those after them, unless a comma is between
        if ending.when is not None and (behind.apart or not ending.either):
            return replace(ending, query=excluding(ending.query, behind.rules))
    ending = _split(text)
    if ending.when is None and (plainer := _split(without_politeness(text))).when is not None:
        return plainer
    return ending


def ending_of(text: str) -> Ending:
    """Split a text as `split_when` does. Raise Refused if it is only a time, NoSuchTime if its time does not exist."""
    ending = split_when(text)
    _refuse_unreadable(ending)
    return ending


def _refuse_unreadable(ending: Ending) -> None:
    if ending.only_time:
        raise Refused(
            Sentence("That is a time. Say what papers should contain, too."),
            Sentence("For example: {example}", {"example": f"diffusion {' '.join(ending.query.split())}"}),
        )
    if ending.when is not None:
        read_when(ending.when)


def typed_query(text: str, *, searches: bool = False) -> Ending:
    """Split a text as `ending_of` does, where nobody can be asked: what may be its time or words is words.

    A text that `searches` may also end in a time that does not exist: "sales monthly" is words. Raises QueryError.
    """
    ending = split_when(text)
    try:
        if not (searches and ending.either):
            _refuse_unreadable(ending)
    except Refused as error:
        raise QueryError(error.sentence, error.hint, text.rfind(ending.when or text) + 1) from None
    return Ending(text, None) if ending.either else ending


def is_doubtful(ending: Ending) -> bool:
    """Return whether the time of a text may also be words of its query: "time series daily", but not "hourly"."""
    return ending.either and ending.when is not None and is_schedule(ending.when)


def split_exclusion(when: str) -> tuple[str, tuple[str, ...]]:
    """Split a time from what is excluded after it: ("at 8am, no surveys" -> "at 8am", ("surveys",))."""
    for behind in exclusions_at_end(when):
        if _read(behind.head, bare=True):
            return behind.head, behind.rules
    return when, ()


def excluding(query: str, rules: Iterable[str]) -> str:
    """Return the query, as a person may type it, without what the rules find."""
    try:
        narrow = parse_query(query)
        for rule in rules:
            narrow = narrowed(narrow, rule)
    except (QueryError, Refused):  # who reads this text says what is wrong with it
        return " ".join((query, *(f"-{rule}" for rule in rules)))
    return narrow.text


def as_words(text: str) -> str:
    """Return the text with its time in quotes, so that it is words; if that leaves another time, this one, too."""
    when: str | None = split_when(text).when or text.strip()
    for _ in range(_MOST_TIMES):
        if when is None:
            break
        start = text.rfind(when)
        text = f'{text[:start]}"{when}"{text[start + len(when) :]}'
        when = split_when(text).when
    return text


def _split(text: str) -> Ending:
    """Split a text into the query and its time at the end, the longest one."""
    body = _without(_BEHIND, text)
    for start in _starts(body):
        said = body[start:]
        reading = _read(said)
        if reading is None or plain(said) in _ALONE_WORDS:
            continue
        if reading.either and not _is_gap(body[start - 1 : start]) and not said.startswith("每"):
            continue
        query = _without(_AROUND, body[:start])
        last = re.split(r"[\s,，、]", body[:start].rstrip().casefold())[-1]  # "" if a comma is between
        if last.endswith((":", "：")):
            if last[:-1] in FIELD_NAMED:
                break
            query = _without(f"{_AROUND}:：", query)
        if not query:
            return Ending(text, None, only_time=plain(said) not in NAMES)
        if sum(map(query.count, _QUOTES)) % 2:
            break
        if last in _ARTICLES or (last in _OPERATORS and (reading.either or reading.alone)):
            continue
        if (before := _JOINED.fullmatch(query)) and (other := _split(before["time"])).when and not other.either:
            return Ending(other.query, body[body.rindex(other.when) :], either=True)  # no schedule has two
        return Ending(query, said, either=reading.either or (reading.at_number and last in _MEASURES))
    return Ending(text, None)


def _starts(body: str) -> Iterator[int]:
    """Yield the positions where a time may begin, ascending: after a gap, and beside Chinese, which has no gaps."""
    for at in range(max(0, len(body) - MAX_TIME_LENGTH), len(body)):
        before, sign = body[max(0, at - 1) : at], body[at]
        if not _is_gap(sign) and (_is_gap(before) or _is_han(before) or _is_han(sign)):
            yield at


def _is_gap(sign: str) -> bool:
    return not sign or sign.isspace() or sign in _GAPS


def _is_han(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


def _without(signs: str, text: str) -> str:
    """Return the text without blanks and these characters at its end."""
    end = len(text)
    while end and (text[end - 1].isspace() or text[end - 1] in signs):
        end -= 1
    return text[:end]


def without_politeness(text: str) -> str:
    """Return the text without "please" or "thanks" at its end, and without punctuation there."""
    return _without(_BEHIND, _POLITE.sub("", _without(_BEHIND, text)))


class Exclusion(NamedTuple):
    """The end of a text, read as what a person excludes."""

    head: str  # the text before it
    rules: tuple[str, ...]  # a query for each thing that is excluded
    apart: bool = False  # a comma or "but" is before it


def exclusions_at_end(text: str) -> Iterator[Exclusion]:
    """Yield each way to read the end of a text as an exclusion, the longest first.

    "except sundays" excludes no papers.
    """
    text = _without(_BEHIND, text)
    start = max(0, len(text) - _LONGEST_EXCLUSION)
    for found in list(_EXCLUSION.finditer(text, start))[-_MOST_EXCLUSIONS:]:
        head = text[: found.start()].rstrip()
        rules = tuple(map(_rule, _items(text[found.end() :])))
        if head and all(rules) and not any(map(is_time, rules)):
            yield Exclusion(
                _without(_BEHIND, head), rules, head[-1] in _GAPS or found[0].casefold().startswith(("but", "但"))
            )
    if signed := _SIGNED.search(text, start):
        yield Exclusion(_without(_BEHIND, text[: signed.start()]), tuple(re.split(_SIGN, signed[0])[1:]))


def only_excluded(text: str) -> tuple[str, ...]:
    """Return what a text excludes that does nothing else: ("no surveys or reviews" -> "surveys", "reviews").

    () for another text.
    """
    found = (one.rules for one in exclusions_at_end(f"{_ANY} {text.strip()}") if one.head == _ANY)
    return next(found, ()) if not text.lstrip().startswith("-") else ()


def _items(said: str) -> list[str]:
    """Return the things of a list. The first person of "by Rose Yu or Ada Lovelace" is not the only one."""
    items = [item.strip() for item in _BETWEEN.split(said)]
    are_people = _BY.match(items[0]) is not None
    return [f"by {item}" if are_people and _BY.match(f"by {item}") else item for item in items]


def _rule(item: str) -> str:
    """Return a thing that is excluded as a query: several words in quotes, "by Rose Yu" as an author."""
    words = _AFTER_EXCLUDED.sub("", _BEFORE_EXCLUDED.sub("", item.strip())).strip()
    if by := _BY.match(words):
        return author_rule(words[by.end() :])
    return words_rule(words) if " " in words and '"' not in words else words


def _read(text: str, *, bare: bool = False) -> _Reading | None:
    """Return what a whole text means as a time; None if it is none. If `bare`, a number alone ("9") is one."""
    tokens = _with_parts(tokens_of(text))
    solid = [token for token in tokens if token.kind not in JOINING and token.kind is not Kind.ZONE]
    if not solid or not _fit(tokens, bare=bare):
        return None
    at_number = {token.kind for token in tokens} - {Kind.ZONE} == {Kind.AT, Kind.NUMBER}
    reading = _meaning(tokens)
    if at_number and not reading.exists:
        return None  # 50 is no hour: "recall at 50"
    firm = len(solid) > 1 or solid[0].firm or tokens[0].kind is Kind.ON
    zones = [token.value for token in tokens if token.kind is Kind.ZONE]
    return replace(
        reading,
        zone=zones[0] if zones else "",
        exists=reading.exists and len(zones) <= 1,
        either=not reading.exists or not firm,
        alone=len(tokens) == 1,
        at_number=at_number,
    )


def _with_parts(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Return the tokens with each part of the day put into the time of day beside it: 晚上8点 is 20:00."""
    found: list[Token] = []
    for place, token in enumerate(tokens):
        leads = place + 1 < len(tokens) and _is_clock(tokens[place + 1])  # "3 早上8点": the 3 is no time of day
        if token.kind is Kind.PART and found and _is_clock(found[-1]) and not leads:
            found[-1] = _in_part(found[-1], token.value)
        elif _is_clock(token) and (part := _part_before(found)) is not None:
            found.remove(part)
            found.append(_in_part(token, part.value))
        else:
            found.append(token)
    return tuple(found)


def _part_before(found: Sequence[Token]) -> Token | None:
    """Return the part of the day that directly precedes a time of day; "at" may be between them."""
    behind = [token for token in found[-2:] if token.kind is not Kind.AT]
    return behind[-1] if behind and behind[-1].kind is Kind.PART else None


def _is_clock(token: Token) -> bool:
    return token.kind in (Kind.CLOCK, Kind.NUMBER)


def _in_part(clock: Token, part: PartOfDay) -> Token:
    at = clock.value
    if at and not clock.settled and at.hour in part.afternoon:
        at = at.replace(hour=at.hour + NOON)
    elif at and not clock.settled and at.hour == NOON and part == EVENING:
        at = at.replace(hour=0)
    return replace(clock, value=at, firm=True, settled=True)


def _fit(tokens: Sequence[Token], *, bare: bool) -> bool:
    """Return whether each token fits its neighbours: "at" needs a time of day, "to" and "and" need two of a kind."""
    padded = (None, *tokens, None)
    for before, token, after in zip(padded, tokens, padded[2:], strict=False):
        match token.kind:
            case Kind.AT:
                fits = after is not None and _is_clock(after)
            case Kind.ON:
                fits = after is not None and after.kind is Kind.DAYS
            case Kind.TO | Kind.AND:
                fits = before is not None and after is not None and _alike(before, after)
            case Kind.NUMBER:
                fits = bare or before is not None
            case Kind.EXCEPT:
                fits = before is not None and after is not None
            case _:
                fits = True
        if not fits:
            return False
    return True


def _alike(before: Token, after: Token) -> bool:
    if _is_clock(before):
        return _is_clock(after) or after.kind is Kind.AT
    return before.kind in (Kind.DAYS, Kind.PART) and before.kind is after.kind


def _meaning(tokens: Sequence[Token]) -> _Reading:
    """Return what tokens that fit mean together. `exists` is False where paperwire has no such schedule."""
    kinds = {token.kind for token in tokens}
    clocks = [token.value for token in tokens if _is_clock(token)]
    clocks += [token.value.at for token in tokens if token.kind is Kind.PART]
    days = _days_of(tokens)
    exists = None not in clocks and kinds.isdisjoint((Kind.NEVER, Kind.EXCEPT))
    if Kind.NOW in kinds:
        return _Reading("now", exists=kinds <= {Kind.NOW, Kind.ZONE})
    if Kind.WHEN_OUT in kinds:
        fits = exists and days in (EVERY_DAY, WEEKDAYS) and kinds.isdisjoint((Kind.WEEKLY, Kind.AND))
        fits = fits and (not clocks or (len(clocks) == _TWO and Kind.TO in kinds and clocks[0] < clocks[1]))
        first, last = clocks if fits and clocks else (None, None)
        return _Reading("when-out", days, first, last, exists=fits)
    if Kind.WEEKLY in kinds and Kind.DAYS not in kinds:
        days = frozenset({0})
    return _Reading("daily", days, clocks[0] if clocks else None, exists=exists and len(set(clocks)) <= 1)


def _days_of(tokens: Sequence[Token]) -> frozenset[int]:
    """Return the days that are named together; every day if none are. "every day mon-fri" is Monday to Friday."""
    named: set[int] = set()
    for place, token in enumerate(tokens):
        if token.kind is not Kind.DAYS or token.value == EVERY_DAY:
            continue
        if place > 1 and tokens[place - 1].kind is Kind.TO:
            first, last = min(tokens[place - 2].value), max(token.value)
            named |= set(range(first, last + 1)) if first <= last else {*range(first, 7), *range(last + 1)}
        named |= token.value
    return frozenset(named) or EVERY_DAY
