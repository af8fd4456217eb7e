"""Finds where a query ends and its time begins.

A time is found only at the end of a text, outside quotes, with a query before it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from unicodedata import category

from subscriptions.planning import cadence
from subscriptions.planning.times._reading import Reading, clock_of, meaning, reading_of
from subscriptions.planning.times._words import IDLE, may_be_place, plain, tokens_of
from subscriptions.query.fields import FIELDS
from subscriptions.zones import near_places, zone_of_place

_AROUND = "()（）[] "  # a time
_LONGEST = 90  # characters of a time
_EMOJI = frozenset({"So", "Sk", "Cf", "Mn"})  # categories of Unicode: symbols, skin tones, joiners, variation selectors
_QUOTES = '"“”„‟«»「」『』＂'
_BLANKS = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_GAPS = _BLANKS + ",，、;；。"
_STRAY = _BLANKS + ",，、;；。.!！?？-–—·|"  # between a query and its time
_BEHIND = _BLANKS + ",，;；。.!！?？"  # a time
# After these words the end of a text belongs to the query: an operator needs two sides, "the monday" is no cadence.
_OPERATORS = frozenset({"AND", "OR", "NOT", "ANDNOT", "&", "|", "not", "no", "without", "except", "且", "或", "不含"})
_STRICT = frozenset({"the", "a", "an", "of", "this", "that", "last"})
_ARTICLES = _STRICT | {"in", "on", "for", "with", "by", "from", "to", "per", "and", "or", "is", "are", "vs", "versus"}
_ARTICLES |= {"between", "than", "as", "into", "it", "next"}
_OF_ITS_OWN = frozenset({"at", "on", "in", "every", "each"})  # a time that begins so may follow an article
# Words between a query and its time that belong to neither: "diffusion, send it daily at 9".
_LEAD_IN = re.compile(
    r"(?:[,，;；]\s*(?:please\s+)?|\s+(?:please\s+)?(?=(?:send|notify|remind)$|\w+\s+(?:me|us|it|them)$))"
    r"(?:send|e?mail|notify|tell|remind|ping|message|deliver|update)(?:\s+(?:me|us|it|them))?$|(?<=[,，;；\s])(?:请|定时|请定时)$",
    re.IGNORECASE,
)
_GLUED = re.compile(r"[每逢工周星礼早上中下午晚凌清傍黄深夜半天双隔下一二两三四五六七八九十0-9]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_ABBREVIATED = re.compile(r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)s?", re.IGNORECASE)
_WEEKEND_NAMES = frozenset({"Sun", "Sat"})  # written as surnames are
# Alone these are queries: papers may hold them.
_OWN_WORDS = frozenset(
    {"now", "noon", "midday", "midnight", "morning", "afternoon", "evening", "night", "weekend", "weekends"}
    | {"中午", "周末", "早上", "上午", "下午", "晚上", "凌晨"}
    | {*cadence.DAYS, *cadence.FULL_NAMES}
)
# Measures that are taken at a number: after these, "at 5" may be a rank.
_MEASURES = frozenset(
    {"recall", "precision", "hit", "hits", "ndcg", "map", "mrr", "pass", "rank", "top", "accuracy", "acc", "f1", "auc"}
    | {"success", "rate"}
)
_LEAD = 40  # characters of a lead-in


@dataclass(frozen=True, slots=True)
class Ending:
    """A text that was typed after /sub, split."""

    query: str
    when: str | None  # the time as typed, without words between; None: there is none
    either: bool = False  # the time may as well be words of the query
    only_time: bool = False  # the whole text is a time, so there is no query


def split_when(text: str) -> Ending:
    """Splits a text into the query and its time at the end; `read_when` reads the time.

    ("diffusion -survey at 8am" -> "diffusion -survey", "at 8am")
    """
    body = _without_signs_behind(text)
    for start in _starts(body):
        said = body[start:]
        reading = _read(said, glued=_is_glued(body, start))
        if reading is None or _is_name(said):
            continue
        query, said = _with_clock_before(_without_lead_in(body[:start]), said)
        if not _bare(query):
            return Ending(text, None, only_time=_is_time_alone(said))
        if sum(map(query.count, _QUOTES)) % 2 or _is_word(query, reading):
            return Ending(text, None)
        if _is_behind_article(query, said, _ARTICLES if reading.either else _STRICT):
            continue
        either = reading.either or (reading.at_number and query.split()[-1].casefold() in _MEASURES)
        return Ending(_bare(query), said.strip(_AROUND), either)
    return Ending(text, None)


def time_at(text: str, start: int) -> int:
    """Where the longest time ends that begins at a position of a text in lower case; 0 if none begins there."""
    tail = text[start : start + _LONGEST]
    written = plain(tail)
    tokens, rest = tokens_of(written)
    end = min(len(written) - len(rest), len(tail)) if tokens else 0
    while end and (tail[end - 1] in _STRAY or reading_of(tail[:end]) is None):
        end -= 1
        while (
            end and tail[end].isascii() and tail[end].isalnum() and tail[end - 1].isascii() and tail[end - 1].isalnum()
        ):
            end -= 1
    while idle := next((one for one in IDLE.finditer(tail, 0, end) if one.start() and one.end() == end), None):
        end = idle.start()
    return start + len(tail[:end].rstrip(_STRAY)) if end else 0


def time_put_last(text: str) -> str:
    """The text with the time that it begins with at its end, where times are read; "" if it begins with no clear time.

    ("daily 9 diffusion" -> "diffusion daily 9")
    """
    for gap in range(min(_LONGEST, len(text) - 1), 0, -1):
        head, rest = text[:gap].strip(_STRAY + ":："), text[gap:].strip(_STRAY + ":：")
        if text[gap] not in _BLANKS + ":：,，" or not rest or plain(head) in _OWN_WORDS or reading_of(head) is None:
            continue
        ending = split_when(f"{rest} {head}")
        if (ending.query, ending.when) == (rest, head) and not ending.either:
            return f"{rest} {head}"
    return ""


def _without_signs_behind(text: str) -> str:
    """The text without spaces, punctuation, emoji and other symbols at its end."""
    end = len(text)
    while end and (text[end - 1] in _BEHIND or category(text[end - 1]) in _EMOJI):
        end -= 1
    return text[:end]


def _is_time_alone(said: str) -> bool:
    """Whether a text that may be a time is no query. A text with a place that is unlike any known one is a query."""
    if reading_of(said) is None:
        return bool(near_places(tokens_of(plain(said.strip(_AROUND)))[1]))
    return plain(said) not in _OWN_WORDS


def _without_lead_in(query: str) -> str:
    query = query.rstrip(_STRAY)
    return query[:-_LEAD] + _LEAD_IN.sub("", query[-_LEAD:]).rstrip(_STRAY)


def _bare(query: str) -> str:
    """The query without a colon that leads to the time; the colon of a field stays. "" if nothing else is left."""
    *_, last = query.split() or [""]
    leads = last.endswith((":", "：")) and last[:-1].casefold() not in FIELDS.by_name
    return query.rstrip(_BLANKS + ":：") if leads else query


def as_words(text: str) -> str:
    """The text with its last word in quotes, so that its end is no time."""
    *_, last = text.split() or [""]
    head = text.rstrip()[: -len(last)] if last else text
    return f'{head}"{last.strip(_STRAY)}"'


def _starts(body: str) -> Iterator[int]:
    """The positions where a time may begin, ascending: the longest text comes first."""
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


def _is_glued(body: str, start: int) -> bool:
    """Whether a space is missing before a position; between Chinese and English none is needed."""
    return bool(start) and body[start - 1] not in _GAPS and not (body[start].isascii() and body[start].isalpha())


def _read(said: str, *, glued: bool) -> Reading | None:
    """The meaning of the end of a text as a time; None if it is no time.

    If it is glued to the text before it, a single word that may be a word of the query is no time.
    """
    if said.count("(") + said.count("（") != said.count(")") + said.count("）"):
        return None
    reading = reading_of(said) or _with_place(said)
    if reading is None or not glued:
        return reading
    return reading if said.startswith(("每", "逢")) or reading.words > 1 or not reading.either else None


def _with_place(said: str) -> Reading | None:
    """The meaning of a clear time of day before an unknown place, which is then refused; None for other texts."""
    tokens, rest = tokens_of(plain(said.strip(_AROUND)))
    if not may_be_place(rest):
        return None
    reading = meaning(tokens)
    clear = reading is not None and reading.timed and not reading.either and reading.exact and not reading.zone
    return reading if reading and clear and not reading.at_number else None


def _is_word(query: str, reading: Reading) -> bool:
    """Whether words that may be a time belong to the query: an operator or a field is before them."""
    if not reading.either:
        return False
    last = re.split(r"[\s,，、]+", query)[-1]
    return last in _OPERATORS or (last[-1] in ":：" and last[:-1].casefold() in FIELDS.by_name)


def _is_name(said: str) -> bool:
    """Whether a text begins with a name such as SAT or Sun, and no time of day follows."""
    first, _, rest = said.partition(" ")
    as_name = first.isupper() or first in _WEEKEND_NAMES
    return bool(_ABBREVIATED.fullmatch(first)) and as_name and clock_of(rest) is None


def _is_behind_article(query: str, said: str, articles: Collection[str]) -> bool:
    """Whether the query ends in one of `articles`, and the time does not begin with "at", "on", "every" or the like."""
    return query.rsplit(maxsplit=1)[-1].casefold() in articles and plain(said).split()[0] not in _OF_ITS_OWN


def _with_clock_before(query: str, said: str) -> tuple[str, str]:
    """(query, time) with a clock at the end of the query moved to the time: Chinese needs no space, 扩散模型北京时间每天8点."""
    match = re.search(r"[\u4e00-\u9fff]{2,8}时间$", query)
    for length in range(len(match[0]) if match else 0, 3, -1):
        if zone_of_place(query[-length:]):
            return query[:-length].rstrip(_STRAY), f"{query[-length:]} {said}"
    return query, said
