"""The words of times, in English and Chinese: a text becomes tokens, as far as it is one.

`plain` evens out width, letter case, dashes and traditional characters; all patterns here are for plain text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from unicodedata import normalize

from subscriptions.cadence import DAYS
from subscriptions.times._clocks import CLOCKS, NUMBERS, Make, count_of
from subscriptions.zones import zone_of_place

_HAN_DAYS = "一二三四五六日"
_DASHES = str.maketrans("‐‑‒–—−~〜～", "---------")
_SIMPLE = str.maketrans("週禮點時鐘兩間個後號倫紐東", "周礼点时钟两间个后号伦纽东")


class Kind(Enum):
    """What a token is."""

    DAILY = auto()
    WEEKDAYS = auto()
    WEEKLY = auto()
    WEEKEND = auto()
    DAY = auto()  # value: 0 is Monday
    PART = auto()  # of a day; value: its name in _clocks
    CLOCK = auto()  # value: a Clock
    NUMBER = auto()  # value: a Clock, where something says that it is one
    NOW = auto()
    OUT = auto()  # when-out
    ZONE = auto()  # value: the zone's name
    NONE = auto()  # a rhythm that there is not; value: the kind of cadence that is nearest
    EXCEPT = auto()  # days that are left out; value: whether they are the weekend
    AT = auto()
    NEAR = auto()  # by, from, on, in: before a time or a place
    TO = auto()
    AND = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a phrase of a time."""

    kind: Kind
    value: object = None
    firm: bool = False  # it is a time by itself, such as "every monday"; "daily" may be a word of a query


Tokens = Iterator[Token]
Entry = tuple[re.Pattern[str], Callable[[re.Match[str]], Tokens]]


def plain(text: str) -> str:
    """As the patterns see it."""
    return " ".join(normalize("NFKC", text).translate(_DASHES).casefold().translate(_SIMPLE).split())


def tokens_of(text: str) -> tuple[tuple[Token, ...], str]:
    """The tokens that a plain text begins with, and what is left behind them."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] in _BETWEEN:
            at += 1
            continue
        end = _place_at(text, at, found) or _word_at(text, at, found)
        if not end:
            break
        at = end
    return tuple(found), text[at:]


_BETWEEN = " ,;、·()/|"


def _word_at(text: str, at: int, found: list[Token]) -> int:
    """Adds the tokens that stand at a place; returns where they end, 0 when there are none."""
    for pattern, make in _LEXICON:
        if match := pattern.match(text, at):
            found += make(match)
            return match.end()
    return 0


# ------------------------------------------------------------------------------------------------------------- places

_OFFSET = re.compile(r"(?:(?:utc|gmt) ?[+-] ?\d{1,2}(?::?\d\d)?|(?<= )[+-]\d\d:?\d\d)(?![\w:])")
_SOME_WORDS = re.compile(r"[^\s()]+(?: [^\s()]+){0,3}")
_HAN_CLOCK = re.compile(r"(?:在|按)?[\u4e00-\u9fff]{2,6}?(?:当地|标准)?时间(?!序)")  # may stand before a time, too
_HAN_PLACE = re.compile(r"在?[\u4e00-\u9fff]{2,8}")
_SHORT = 4  # letters that a place has at least behind a rhythm without a time: "daily Rome"


def _place_at(text: str, at: int, found: list[Token]) -> int:
    """Adds the zone of the place that stands behind a time; returns where its name ends, 0 when there is none."""
    if match := _HAN_CLOCK.match(text, at):
        return _zone_at(match[0], at, found)
    if not found:
        return 0
    if match := _OFFSET.match(text, at):
        return _zone_at(match[0], at, found)
    if any(pattern.match(text, at) for pattern, _ in _LEXICON):
        return 0
    if match := _HAN_PLACE.match(text, at):
        return _zone_at(match[0], at, found)
    match = _SOME_WORDS.match(text, at)
    words = match[0].split(" ") if match else []
    timed = any(token.kind in _TIMES for token in found)
    names = (" ".join(words[:length]) for length in range(len(words), 0, -1))
    return next(
        (
            end
            for name in names
            if timed or len(name) >= _SHORT or name in _CLOCKS_OF_ALL
            if (end := _zone_at(name, at, found))
        ),
        0,
    )


_CLOCKS_OF_ALL = frozenset({"utc", "gmt"})
_TIMES = frozenset({Kind.CLOCK, Kind.NUMBER, Kind.PART, Kind.OUT})


def _zone_at(name: str, at: int, found: list[Token]) -> int:
    zone = zone_of_place(name.rstrip(",.;"))
    if zone:
        found.append(Token(Kind.ZONE, zone, firm=True))
    return at + len(name) if zone else 0


def may_be_place(rest: str) -> bool:
    """Whether what stands behind a time may be the name of a place that nobody knows."""
    return bool(rest) and len(rest) > 1 and rest[0].isalpha() and len(rest.split()) <= _A_FEW


_A_FEW = 2  # words


# ------------------------------------------------------------------------------------------------- rhythms that there are


def _just(kind: Kind, value: object = None, *, firm: bool = False) -> Callable[[re.Match[str]], Tokens]:
    return lambda _: iter((Token(kind, value, firm),))


def _clock(kind: Kind, make: Make) -> Callable[[re.Match[str]], Tokens]:
    return lambda match: iter((Token(kind, make(match)),))


def _day(match: re.Match[str]) -> Tokens:
    yield Token(Kind.DAY, DAYS.index(match["day"][:3]), firm=bool(match["every"]))


def _han_days(match: re.Match[str]) -> Tokens:
    """周三, and 周一三五 for three days."""
    for sign in match["days"].replace("天", "日"):
        day = int(sign) - 1 if sign.isascii() else _HAN_DAYS.index(sign)
        yield Token(Kind.DAY, day, firm=match[0].startswith(("每", "逢")))


def _part(match: re.Match[str]) -> Tokens:
    if match["every"]:
        yield Token(Kind.DAILY, firm=True)
    yield Token(Kind.PART, _HAN_PARTS.get(match["part"], match["part"]))


_HAN_PARTS = {
    **dict.fromkeys(("凌晨",), "small hours"),
    **dict.fromkeys(("清晨", "清早", "早上", "早晨", "早间", "早"), "morning"),
    **dict.fromkeys(("上午",), "forenoon"),
    **dict.fromkeys(("中午", "午间", "正午"), "noon"),
    **dict.fromkeys(("下午", "午后"), "afternoon"),
    **dict.fromkeys(("傍晚", "黄昏"), "evening"),
    **dict.fromkeys(("晚上", "晚间", "夜里", "夜间", "夜晚", "深夜", "晚"), "night"),
    **dict.fromkeys(("半夜", "午夜"), "midnight"),
}


# --------------------------------------------------------------------------------------------- rhythms that there are not

_OFTEN = 2  # times a week; for more the five weekdays are nearest
_HALF_A_DAY, _HALF_A_WEEK = 12, 4
_HAN_UNITS = {"小时": "hour", "钟头": "hour", "天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week"}
_UNITS = {"s": "minute", "m": "minute", "h": "hour", "d": "day", "w": "week"}


def _nth(match: re.Match[str]) -> Tokens:
    """Every other day, every other friday."""
    unit = match["unit"]
    yield Token(Kind.NONE, "daily" if unit in ("day", "weekday") else "weekly")
    if unit[:3] in DAYS:
        yield Token(Kind.DAY, DAYS.index(unit[:3]))


def _every_so_often(match: re.Match[str]) -> Tokens:
    """Every 3 days; every 1 day there is."""
    many, unit = count_of(match["many"] or ""), _unit(match["unit"])
    unit, many = {("hour", 24): ("day", 1), ("day", 7): ("week", 1)}.get((unit, many), (unit, many))
    yield _once(unit) if many == 1 and unit in ("day", "week") else Token(Kind.NONE, _nearest(many, unit))


def _so_many_times(match: re.Match[str]) -> Tokens:
    """Twice a day; once a day there is."""
    many, unit = count_of(match["many"]), _unit(match["unit"])
    if many == 1 and unit in ("day", "week"):
        yield _once(unit)
    elif unit == "week":
        yield Token(Kind.NONE, "weekdays" if many > _OFTEN else "weekly")
    else:
        yield Token(Kind.NONE, "daily" if unit == "day" else _nearest(1, unit))


def _named(match: re.Match[str]) -> Tokens:
    yield Token(Kind.NONE, "now" if "hour" in match[0] else "weekly")


def _once(unit: str) -> Token:
    return Token(Kind.DAILY if unit == "day" else Kind.WEEKLY, firm=True)


def _unit(word: str) -> str:
    """minute, hour, day, week, or month for all that is longer."""
    if word in _HAN_UNITS:
        return _HAN_UNITS[word]
    if word == "daily":
        return "day"
    if word[0] in "月季年" or word.startswith("mo"):
        return "month"
    return _UNITS.get(word[0], "minute" if not word.isascii() else "month")


def _nearest(many: int, unit: str) -> str:
    if unit == "minute" or (unit == "hour" and many < _HALF_A_DAY):
        return "now"
    return "daily" if unit == "hour" or (unit == "day" and many <= _HALF_A_WEEK) else "weekly"


# ------------------------------------------------------------------------------------------------------------ the lexicon


def _words(pattern: str) -> re.Pattern[str]:
    """English words: they end where no letter follows; Chinese goes on without a blank."""
    return re.compile(rf"(?:{pattern})(?![a-z0-9_])")


_D = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_EVERY = r"(?:every|each)"
_MANY = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|couple of|several|half an?|half)"
_UNIT = (
    r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|fortnights?|months?|quarters?|years?)"
)
_WEEK = r"(?:周|星期|礼拜)"
_HAN_MANY = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|半|几|数|多)"

_LEFT_OUT = r"(?:except|excluding|but not|not)(?: for)?(?: on)?(?: the)?"

_NONE: tuple[Entry, ...] = (  # before the others, since each begins like one that there is
    (_words(rf"{_LEFT_OUT} (?:weekends?|sat(?:urday)?s? (?:and|or|&) sun(?:day)?s?)"), _just(Kind.EXCEPT, "weekend")),
    (_words(rf"{_LEFT_OUT} {_D}s?"), _just(Kind.EXCEPT, "day")),
    (re.compile(r"(?:除了?|不含)周末(?:以?外)?|周末除外"), _just(Kind.EXCEPT, "weekend")),
    (
        _words(
            rf"(?:once )?{_EVERY} (?:other|alternate|second|third|fourth|2nd|3rd|4th) (?P<unit>day|weekday|week|month|weekend|{_D})s?"
        ),
        _nth,
    ),
    (_words(rf"(?:once )?{_EVERY} (?P<many>{_MANY}) ?(?P<unit>{_UNIT})"), _every_so_often),
    (
        _words(
            r"(?:once )?(?:every|each|once an?|once per) (?P<many>)(?P<unit>second|minute|hour|fortnight|month|quarter|year)"
        ),
        _every_so_often,
    ),
    (
        _words(
            rf"(?:once or |an? )?(?P<many>once|twice|thrice|\d{{1,2}} ?x|{_MANY} times)(?: (?:an?|per|each|every|in an?) | ?/ ?| )"
            r"(?P<unit>hour|daily|day|weekly|week|monthly|month|yearly|year)"
        ),
        _so_many_times,
    ),
    (
        _words(
            r"(?:half-?)?hourly|bi-?weekly|semi-?weekly|fortnightly|(?:bi-?|semi-?)?monthly|quarterly|yearly|annually"
        ),
        _named,
    ),
    (
        _words(
            rf"(?:on |every )?(?:the )?(?:first|second|third|fourth|last|1st|2nd|3rd|4th) (?:{_D}|day|weekday|week)"
            r" of (?:the|each|every|a) (?:month|quarter|year)"
        ),
        _named,
    ),
    (_words(r"on the \d{1,2}(?:st|nd|rd|th)(?: of (?:the|each|every) month)?"), _named),
    (_words(r"today|tonight|tomorrow"), _just(Kind.NONE, "daily")),  # once is no rhythm
    (re.compile(r"今天|今晚|明天|后天"), _just(Kind.NONE, "daily")),
    (re.compile(rf"每隔?(?P<many>{_HAN_MANY})?个?(?P<unit>小时|钟头|分钟|刻钟|秒钟?)(?:一次)?"), _every_so_often),
    (re.compile(rf"[每一]个?(?P<unit>小时|天|日|周|星期|礼拜|月|年)(?P<many>{_HAN_MANY})[次回遍]"), _so_many_times),
    (re.compile(r"(?P<many>[两三四五六七])个?(?P<unit>天|周|星期|礼拜|月)一次"), _every_so_often),
    (re.compile(r"每天早晚|早晚各?一次"), _just(Kind.NONE, "daily")),
    (re.compile(r"每?隔(?:一?天|一?日)"), _just(Kind.NONE, "daily")),
    (re.compile(rf"每?隔一?个?{_WEEK}|每?双周|每?半个?月"), _just(Kind.NONE, "weekly")),
    (re.compile(rf"每隔?(?P<many>{_HAN_MANY})个?(?P<unit>天|周|星期|礼拜|月|年)(?:一次)?"), _every_so_often),
    (
        re.compile(r"每个?(?:月|季度|季|年)(?:的?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[号日])?"),
        _just(Kind.NONE, "weekly"),
    ),
)
_RHYTHMS: tuple[Entry, ...] = (
    (_words(rf"{_EVERY}(?: single)? day"), _just(Kind.DAILY, firm=True)),
    (_words(r"daily|everyday"), _just(Kind.DAILY)),
    (_words(rf"(?:{_EVERY}|on|all) (?:week ?|work ?|working |business )days?"), _just(Kind.WEEKDAYS, firm=True)),
    (
        _words(r"(?:week ?|work ?|working |business )days|m-f|weekday(?= (?:morning|afternoon|evening|night))"),
        _just(Kind.WEEKDAYS),
    ),
    (_words(rf"(?:{_EVERY}|on)(?: the)? weekends?"), _just(Kind.WEEKEND, firm=True)),
    (_words(r"(?:(?:at|over|during) (?:the )?)?weekends?"), _just(Kind.WEEKEND)),
    (_words(rf"{_EVERY} week"), _just(Kind.WEEKLY, firm=True)),
    (_words(r"weekly"), _just(Kind.WEEKLY)),
    (_words(rf"(?P<every>{_EVERY} |on )?(?P<day>{_D})s?"), _day),
    (re.compile(r"每天|每日|天天"), _just(Kind.DAILY)),
    (
        re.compile(rf"(?:每一?个?|逢)(?:工作日|平日)|(?:每个?)?{_WEEK}一 ?(?:到|至|-) ?{_WEEK}?五"),
        _just(Kind.WEEKDAYS, firm=True),
    ),
    (re.compile(r"工作日"), _just(Kind.WEEKDAYS)),
    (re.compile(r"(?:每个?|逢)(?:周末|双休日)"), _just(Kind.WEEKEND, firm=True)),
    (re.compile(r"周末|双休日"), _just(Kind.WEEKEND)),
    (
        re.compile(
            rf"(?:每个?|每?逢)?{_WEEK}(?P<days>[一二三四五六日天]+(?![点时:十])|[一二三四五六日天]|[1-7](?! ?[点时:]|\d))"
        ),
        _han_days,
    ),
    (re.compile(rf"每个?{_WEEK}"), _just(Kind.WEEKLY)),
)
_PARTS: tuple[Entry, ...] = (
    (_words(rf"(?P<every>{_EVERY} )(?P<part>morning|afternoon|evening|night)s?"), _part),
    (_words(r"(?P<every>)(?:(?:in|during) the )?(?P<part>morning|afternoon|evening|night)s?"), _part),
    (_words(r"(?P<every>)at (?P<part>night)"), _part),
    (re.compile(rf"(?P<every>每个?)?(?P<part>{'|'.join(name for name in _HAN_PARTS if len(name) > 1)})"), _part),
    (re.compile(r"(?P<every>每)(?P<part>[早晚])(?!期)"), _part),
    (re.compile(r"(?P<every>)(?P<part>[早晚])(?= ?(?:\d|[零一二两三四五六七八九十]+点))"), _part),
)
_OTHERS: tuple[Entry, ...] = (
    (_words(r"now"), _just(Kind.NOW, firm=True)),
    (_words(r"immediately|instantly|asap|at once|(?:right|straight) away|as soon as possible"), _just(Kind.NOW)),
    (_words(r"as soon as (?:papers|they) (?:come|appear|are)(?: out)?"), _just(Kind.NOW, firm=True)),
    (re.compile(r"立即|立刻|马上|即刻"), _just(Kind.NOW)),
    (_words(r"when[ -]?out"), _just(Kind.OUT, firm=True)),
    (_words(r"(?:starting )?at"), _just(Kind.AT)),
    (re.compile(r"@"), _just(Kind.AT)),
    (_words(r"between"), _just(Kind.NEAR, "between")),
    (_words(r"by|from|around|about|on|in"), _just(Kind.NEAR)),
    (re.compile(r"大约|大概|约|[的在于]"), _just(Kind.NEAR)),
    (_words(r"to|till?|until|through|thru"), _just(Kind.TO)),
    (re.compile(r"(?<! )- ?(?=\w)|(?<= )- (?=\w)|[到至]"), _just(Kind.TO)),
    (_words(r"and|or|plus"), _just(Kind.AND)),
    (re.compile(r"[&+和与及跟]"), _just(Kind.AND)),
)
_LEXICON: tuple[Entry, ...] = (
    *_NONE,
    *_RHYTHMS,
    *_PARTS,
    *((pattern, _clock(Kind.CLOCK, make)) for pattern, make in CLOCKS),
    *((pattern, _clock(Kind.NUMBER, make)) for pattern, make in NUMBERS),
    *_OTHERS,
)
