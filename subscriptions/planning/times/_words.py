"""The words of times in English and Chinese as tokens; which rhythms do not exist ("hourly", "every other day"), and the nearest one."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from subscriptions.model import DAYS
from subscriptions.planning import cadence, clock_times
from subscriptions.planning.cadence import PATTERN as _D
from subscriptions.texts.normal_forms import normalized
from subscriptions.zones import zone_of_place


class TokenKind(Enum):
    """The kind of a token."""

    DAILY = auto()
    WEEKDAYS = auto()
    WEEKLY = auto()
    WEEKEND = auto()
    DAY = auto()  # value: 0 is Monday
    PART = auto()  # a part of the day such as "evening"; value: its name in clock_times.PARTS_OF_DAY
    CLOCK = auto()  # value: a TimeOfDay
    NUMBER = auto()  # a number, which is a time of day only after some words ("at 9"); value: a TimeOfDay
    NOW = auto()
    OUT = auto()  # when-out
    ZONE = auto()  # value: the zone's name
    OFTEN = auto()  # a number of times a week; value: the number
    NONE = auto()  # a cadence that paperwire does not have; value: the kind of the nearest one
    EXCEPT = auto()  # "except" with days; value: "weekend" or "day"
    AT = auto()
    NEAR = auto()  # by, from, on, in: before a time or a place
    TO = auto()
    AND = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a phrase of a time."""

    kind: TokenKind
    value: Any = None
    firm: bool = False  # it can only be a time: "every monday"; "daily" may be a word of a query


SMALL = frozenset({TokenKind.AT, TokenKind.NEAR, TokenKind.TO, TokenKind.AND})  # words that mean nothing on their own
Tokens = Iterator[Token]
Make = Callable[[re.Match[str]], Tokens]
Entry = tuple[str, Make]


def _just(kind: TokenKind, value: object = None, *, firm: bool = False, after: tuple[Token, ...] = ()) -> Make:
    return lambda _: iter((*after, Token(kind, value, firm)))


def _clock(kind: TokenKind, *, firm: bool = False) -> Make:
    return lambda match: iter((Token(kind, clock_times.clock_in(match, firm=firm)),))


def _day(match: re.Match[str]) -> Tokens:
    yield Token(TokenKind.DAY, cadence.day_number(match["day"]), firm=bool(match["every"]))


def _han_days(match: re.Match[str]) -> Tokens:
    """Yields the tokens of Chinese days: one for 周三, three for 周一三五."""
    for sign in match["days"].replace("、", ""):
        day = int(sign) - 1 if sign.isascii() else cadence.chinese_day_number(sign)
        yield Token(TokenKind.DAY, day, firm=match[0].startswith(("每", "逢")))


def _part(match: re.Match[str]) -> Tokens:
    if match["every"]:
        yield Token(TokenKind.DAILY, firm=True)
    yield Token(TokenKind.PART, _HAN_PARTS.get(match["part"], match["part"]))


_HAN_PARTS = {
    **dict.fromkeys(("凌晨",), "small hours"),
    **dict.fromkeys(("清晨", "清早", "早上", "早晨", "早间", "早"), "morning"),
    **dict.fromkeys(("上午",), "forenoon"),
    **dict.fromkeys(("中午", "午间", "正午", "午饭后"), "noon"),
    **dict.fromkeys(("下午", "午后"), "afternoon"),
    **dict.fromkeys(("傍晚", "黄昏", "晚饭后", "下班后"), "evening"),
    **dict.fromkeys(("晚上", "晚间", "夜里", "夜间", "夜晚", "深夜", "晚"), "night"),
    **dict.fromkeys(("半夜", "午夜"), "midnight"),
}


_HALF_A_DAY, _HALF_A_WEEK = 12, 4
_HAN_UNITS = {"小时": "hour", "钟头": "hour", "天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week"}
_UNITS = {"s": "minute", "m": "minute", "h": "hour", "d": "day", "w": "week"}


def _nth(match: re.Match[str]) -> Tokens:
    """Yields the tokens of "every other day" and "every other friday": cadences that paperwire does not have."""
    unit = match["unit"]
    yield Token(TokenKind.NONE, "daily" if unit in ("day", "weekday") else "weekly")
    if unit[:3] in DAYS:
        yield Token(TokenKind.DAY, cadence.day_number(unit))


def _every_so_often(match: re.Match[str]) -> Tokens:
    """Yields the tokens of "every 3 days", a cadence that paperwire does not have, or of "every 1 day", which it has."""
    many, unit = clock_times.count_of(match["many"] or ""), _unit(match["unit"])
    unit, many = {("hour", 24): ("day", 1), ("day", 7): ("week", 1)}.get((unit, many), (unit, many))
    if many == 1 and unit in ("day", "week"):
        yield _once(unit)
    else:
        yield Token(TokenKind.NONE, _nearest(many, unit))


def _so_many_times(match: re.Match[str]) -> Tokens:
    """Yields the tokens of "twice a day", a cadence that paperwire does not have, or of "once a day", which it has."""
    many, unit = clock_times.count_of(match["many"]), _unit(match["unit"])
    if many == 1 and unit in ("day", "week"):
        yield _once(unit)
    elif unit == "week":
        yield Token(TokenKind.OFTEN, many)
    else:
        yield Token(TokenKind.NONE, "daily" if unit == "day" else _nearest(1, unit))


def _once(unit: str) -> Token:
    return Token(TokenKind.DAILY if unit == "day" else TokenKind.WEEKLY, firm=True)


def _unit(word: str) -> str:
    """Returns the unit that a word names: "minute", "hour", "day", "week", or "month" for anything longer."""
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
    if unit == "hour" or (unit == "day" and many <= _HALF_A_WEEK):
        return "daily"
    return "weekly"


def _words(pattern: str) -> str:
    """Returns a pattern of English words that matches only whole words. Chinese patterns do not need this."""
    return rf"(?:{pattern})(?![a-z0-9_])"


_EVERY = r"(?:every|evry|evrey|each)"  # with typing errors, like patterns below; papers do not contain these errors
_MANY = (
    r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty"
    r"|few|couple of|several|half an?|half)"
)
_UNIT = (
    r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|fortnights?|months?|quarters?|years?)"
)
_WEEK = r"(?:周|星期|礼拜)"
_HAN_MANY = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|半|几|数|多)"

_LEFT_OUT = r"(?:except|excluding|but not|not)(?: for)?(?: on)?(?: the)?"

_NONE: tuple[Entry, ...] = (  # tried before the other patterns, which would match the beginning of these phrases
    (
        _words(rf"{_LEFT_OUT} (?:weekends?|sat(?:urday)?s? (?:and|or|&) sun(?:day)?s?)"),
        _just(TokenKind.EXCEPT, "weekend"),
    ),
    (_words(rf"{_LEFT_OUT} {_D}s?"), _just(TokenKind.EXCEPT, "day")),
    (r"(?:除了?|不含)周末(?:以?外)?|周末除外", _just(TokenKind.EXCEPT, "weekend")),
    (
        _words(
            rf"(?:once )?{_EVERY} (?:other|alternate|second|third|fourth|2nd|3rd|4th) (?P<unit>day|weekday|week|month|weekend|{_D})s?"
        ),
        _nth,
    ),
    (_words(rf"(?:once )?{_EVERY} (?P<many>{_MANY}) ?(?P<unit>{_UNIT})"), _every_so_often),
    (
        _words(
            r"(?:once )?(?:every|each|once an?|once per) (?P<many>)(?P<unit>second|minute|hour|fortnight|month|quarter|year)(?: or so)?"
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
    (_words(r"(?:half-?)?hourly"), _just(TokenKind.NONE, "now")),
    (
        _words(r"bi-?weekly|semi-?weekly|fortnightly|(?:bi-?|semi-?)?monthly|quarterly|yearly|annually"),
        _just(TokenKind.NONE, "weekly"),
    ),
    (
        _words(
            rf"(?:on |every )?(?:the )?(?:first|second|third|fourth|last|1st|2nd|3rd|4th) (?:{_D}|day|weekday|week)"
            r" of (?:the|each|every|a) (?:month|quarter|year)"
        ),
        _just(TokenKind.NONE, "weekly"),
    ),
    (_words(rf"every (?:first|second|third|fourth|last|1st) {_D}"), _just(TokenKind.NONE, "weekly")),
    (
        _words(
            r"on the \d{1,2}(?:st|nd|rd|th)|(?:on )?the (?:first|last day|\d{1,2}(?:st|nd|rd|th)) of (?:the|each|every) month"
        ),
        _just(TokenKind.NONE, "weekly"),
    ),
    (_words(r"today|tomorrow"), _just(TokenKind.NONE, "daily")),  # a single day is not a cadence
    (_words("tonight"), _just(TokenKind.NONE, "daily", after=(Token(TokenKind.PART, "night"),))),
    (r"[今明](?=[早晚] ?(?:\d|[零一二两三四五六七八九十]+点))|[今明][天早晚]|后天", _just(TokenKind.NONE, "daily")),
    (_words(rf"(?:on )?(?P<next>next) (?P<unit>{_D})"), _nth),
    (rf"下个?(?={_WEEK}[一二三四五六日天])", _just(TokenKind.NONE, "weekly")),
    (rf"每隔?(?P<many>{_HAN_MANY})?个?(?P<unit>小时|钟头|分钟|刻钟|秒钟?)(?:一次)?", _every_so_often),
    (
        rf"[每一]个?(?P<unit>小时|天|日|周|星期|礼拜|月|年)(?:只?[发推送给]我?)?(?P<many>{_HAN_MANY})(?<![二三四五六]一)[次回遍]",
        _so_many_times,
    ),
    (r"(?P<many>[两三四五六七])个?(?P<unit>天|周|星期|礼拜|月)一次", _every_so_often),
    (r"每天早[中午]?晚|早[中午]?晚各?一次", _just(TokenKind.NONE, "daily")),
    (r"每?隔(?:一?天|一?日)", _just(TokenKind.NONE, "daily")),
    (rf"每?隔一?个?{_WEEK}|每?双周(?:一次)?|每?半个?月(?:一次)?", _just(TokenKind.NONE, "weekly")),
    (rf"每隔?(?P<many>{_HAN_MANY})个?(?P<unit>天|周|星期|礼拜|月|年)(?:一次)?", _every_so_often),
    (
        r"每个?(?:月|季度|季|年)(?:的?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[号日]|[初中末底])?",
        _just(TokenKind.NONE, "weekly"),
    ),
)
_CADENCES: tuple[Entry, ...] = (
    (_words(rf"{_EVERY}(?: single)? day|(?:seven|7) days a week"), _just(TokenKind.DAILY, firm=True)),
    (_words(r"daily|dayly|dialy|everyday|evryday"), _just(TokenKind.DAILY)),
    (
        _words(rf"(?:{_EVERY}|(?:only )?on|all) (?:week ?|work ?|working |business )days?|(?:five|5) days a week"),
        _just(TokenKind.WEEKDAYS, firm=True),
    ),
    (
        _words(r"(?:week ?|work ?|working |business )days|m-f|weekday(?= (?:morning|afternoon|evening|night))"),
        _just(TokenKind.WEEKDAYS),
    ),
    (_words(rf"(?:{_EVERY}|(?:only )?on)(?: the)? weekends?"), _just(TokenKind.WEEKEND, firm=True)),
    (_words(r"(?:(?:at|over|during) (?:the )?)?weekends?"), _just(TokenKind.WEEKEND)),
    (_words(rf"{_EVERY} week"), _just(TokenKind.WEEKLY, firm=True)),
    (_words(r"weekly|wekly|weekley"), _just(TokenKind.WEEKLY)),
    (_words(rf"(?P<every>{_EVERY} |(?:only )?on )?(?P<day>{_D})s?\.?"), _day),
    (r"每天|每日|天天", _just(TokenKind.DAILY)),
    (
        rf"(?:每一?个?|每?逢)(?:工作日|上班日|平日)|(?:每个?)?{_WEEK}[一1] ?(?:到|至|-) ?{_WEEK}?[五5]",
        _just(TokenKind.WEEKDAYS, firm=True),
    ),
    (r"(?P<days>一三五|二四六)(?![年月日点时])", _han_days),
    (r"工作日|上班日|平日", _just(TokenKind.WEEKDAYS)),
    (r"(?:每个?|每?逢)(?:周末|双休日)(?:两天)?", _just(TokenKind.WEEKEND, firm=True)),
    (r"(?:周末|双休日)(?:两天)?", _just(TokenKind.WEEKEND)),
    (
        (
            rf"(?:每个?|每?逢)?{_WEEK}(?P<days>[一二三四五六日天](?:、?[一二三四五六日天](?!次))*(?![点时:十])|[一二三四五六日天]|[1-7](?! ?[点时:]|\d))"
        ),
        _han_days,
    ),
    (rf"每个?{_WEEK}", _just(TokenKind.WEEKLY)),
)
_PARTS: tuple[Entry, ...] = (
    (_words(rf"(?P<every>{_EVERY} )(?P<part>morning|afternoon|evening|night)s?"), _part),
    (_words(r"(?P<every>)(?:(?:first thing )?(?:in|during) the )?(?P<part>morning|afternoon|evening|night)s?"), _part),
    (_words(r"(?P<every>)at (?P<part>night)"), _part),
    (_words(r"(?P<every>(?P<part>night)ly)"), _part),
    (rf"(?P<every>每个?)?(?P<part>{'|'.join(name for name in _HAN_PARTS if len(name) > 1)})", _part),
    (r"(?P<every>每)(?P<part>[早晚])(?!期)", _part),
    (r"(?P<every>)(?P<part>[早晚])(?= ?(?:\d|[零一二两三四五六七八九十]+点))", _part),
)
_OTHERS: tuple[Entry, ...] = (
    (_words(r"now(?! on)"), _just(TokenKind.NOW, firm=True)),
    (_words(r"immediately|instantly|asap|at once|(?:right|straight) away|as soon as possible"), _just(TokenKind.NOW)),
    (_words(r"as(?: soon as)? (?:papers|they|it) (?:come|appear|are)s?(?: out| in)?"), _just(TokenKind.NOW, firm=True)),
    (
        _words(
            r"the (?:minute|moment|second|instant) (?:it|they)(?:['’]?s|['’]re| is| are)? ?(?:out|published|up|online|there)"
        ),
        _just(TokenKind.NOW, firm=True),
    ),
    (r"立即|立刻|马上|即刻", _just(TokenKind.NOW)),
    (_words(r"when[ -]?out"), _just(TokenKind.OUT, firm=True)),
    (r"(?:当天)?论文(?:公布|发布)后", _just(TokenKind.OUT, firm=True)),  # the name of when-out in our Chinese replies
    (_words(r"(?:starting )?at"), _just(TokenKind.AT)),
    (r"@", _just(TokenKind.AT)),
    (_words(r"between"), _just(TokenKind.NEAR, "between")),
    (_words(r"by|from|around|about|before|after|on|in"), _just(TokenKind.NEAR)),
    (r"大约|大概|约|[的在于]", _just(TokenKind.NEAR)),
    (_words(r"to|till?|until|through|thru"), _just(TokenKind.TO)),
    (r"(?<! )- ?(?=\w)|(?<= )- (?=\w)|[到至]", _just(TokenKind.TO)),
    (_words(r"and|or|plus|n"), _just(TokenKind.AND)),
    (r"[&+和与及跟]", _just(TokenKind.AND)),
)
_LEXICON: tuple[Entry, ...] = (
    *_NONE,
    *_CADENCES,
    *_PARTS,
    *((pattern, _clock(TokenKind.CLOCK, firm=firm)) for pattern, firm in clock_times.CLOCKS),
    *((pattern, _clock(TokenKind.NUMBER)) for pattern in clock_times.NUMBERS),
    *_OTHERS,
)


@lru_cache(maxsize=1)
def lexicon() -> tuple[tuple[re.Pattern[str], Make], ...]:
    """Returns (compiled pattern, function that makes its tokens), in order. Compiled on the first call."""
    return tuple((re.compile(pattern), make) for pattern, make in _LEXICON)


# `plain` unifies width, letter case, dashes and traditional characters. All other functions take plain texts.


_DASHES = str.maketrans("‐‑‒–—−~〜～", "---------")
_SIMPLE = str.maketrans("週禮點時鐘兩間個後號倫紐東給發謝", "周礼点时钟两间个后号伦纽东给发谢")
# Words after a time that do not change it: "daily at 9 sharp, please", 每天8点推送一次，谢谢.
IDLE = re.compile(
    r"(?:only|sharp|exactly|thanks|thank you|thx|please|pls|plz|(?:in )?(?:my|local) time)(?![a-z0-9_])"
    r"|(?:推送|发送|更新|提醒|通知|寄|发)?(?:给?我)?一[次回]|(?:推送|发送|更新|提醒|通知|寄|发)(?:给?我)?|多?谢谢?|[吧哦啊呀]|(?:可以|好|行)吗|行不|好不好|就(?:[行好]|够了?|可以了?)"
)


def plain(text: str) -> str:
    """Returns the text in the form that the patterns expect: NFKC, lower case, simplified Chinese, single spaces."""
    return " ".join(normalized("NFKC", text).translate(_DASHES).casefold().translate(_SIMPLE).split())


def tokens_of(text: str) -> tuple[tuple[Token, ...], str]:
    """Returns (tokens at the beginning of a plain text, the rest of it). A text that is too long has no tokens."""
    found: list[Token] = []
    at = 0
    while at < len(text) <= _LONGEST:
        if text[at] in _BETWEEN:
            at += 1
            continue
        idle = IDLE.match(text, at) if found else None
        end = idle.end() if idle else _place_at(text, at, found) or _word_at(text, at, found)
        if not end:
            break
        at = end
    return tuple(found), text[at:]


_LONGEST = 200  # most characters of a time
_BETWEEN = " ,;、·()[]/|"


def _word_at(text: str, at: int, found: list[Token]) -> int:
    """Adds the tokens at position `at` to `found`. Returns the position after them; 0 if there are none."""
    for pattern, make in lexicon():
        if match := pattern.match(text, at):
            found += make(match)
            return match.end()
    return 0


_OFFSET = re.compile(r"(?:(?:utc|gmt) ?[+-] ?\d{1,2}(?::?\d\d)?|(?<= )[+-]\d\d:?\d\d)(?![\w:])")
_SOME_WORDS = re.compile(r"[^\s()]+(?: [^\s()]+){0,3}")
# a place with the word for time, as in 北京时间; unlike other places, it may also come before the time
_HAN_CLOCK = re.compile(r"(?:在|按)?[\u4e00-\u9fff]{2,6}?(?:当地|标准)?时间(?!序)")
_HAN_PLACE = re.compile(r"在?[\u4e00-\u9fff]{2,8}")
_SHORT = 4  # least letters of a place that directly follows a cadence: "daily Rome"


def _place_at(text: str, at: int, found: list[Token]) -> int:
    """Adds the zone of the place at position `at` to `found`. Returns the position after its name; 0 for no place."""
    if match := _HAN_CLOCK.match(text, at):
        return _zone_at(match[0], at, found)
    if all(token.kind in SMALL for token in found):
        return 0
    if match := _OFFSET.match(text, at):
        return _zone_at(match[0], at, found)
    if any(pattern.match(text, at) for pattern, _ in lexicon()):
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
_TIMES = frozenset({TokenKind.CLOCK, TokenKind.NUMBER, TokenKind.PART, TokenKind.OUT})


def _zone_at(name: str, at: int, found: list[Token]) -> int:
    zone = zone_of_place(name.rstrip(",.;"))
    if zone:
        found.append(Token(TokenKind.ZONE, zone, firm=True))
    return at + len(name) if zone else 0


def may_be_place(rest: str) -> bool:
    """Returns whether the text after a time may be an unknown place. Words in quotes cannot: they belong to a query."""
    return len(rest) > 1 and rest[0].isalpha() and len(rest.split()) <= _A_FEW and _QUOTES.isdisjoint(rest)


_A_FEW = 2  # most words that may be an unknown place
_QUOTES = frozenset('"“”„‟«»「」『』')
