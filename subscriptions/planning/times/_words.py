"""Finds the words of a time at the beginning of a text.

`plain` evens out width, letter case, dashes and traditional characters; all other functions take plain texts.
"""

import re

from subscriptions.planning.times._lexicon import lexicon
from subscriptions.planning.times._tokens import SMALL, Token, TokenKind
from subscriptions.unicode_forms import normalized
from subscriptions.zones import zone_of_place

_DASHES = str.maketrans("‐‑‒–—−~〜～", "---------")
_SIMPLE = str.maketrans("週禮點時鐘兩間個後號倫紐東給發謝", "周礼点时钟两间个后号伦纽东给发谢")
# Words after a time that have no meaning: "daily at 9 sharp, please", 每天8点推送一次，谢谢.
IDLE = re.compile(
    r"(?:only|sharp|exactly|thanks|thank you|thx|please|pls|plz|(?:in )?(?:my|local) time)(?![a-z0-9_])"
    r"|(?:推送|发送|更新|提醒|通知|寄|发)(?:给?我)?(?:一次)?|多?谢谢?|[吧哦啊呀]|(?:可以|好|行)吗|行不|好不好|就[行好]"
)


def plain(text: str) -> str:
    """The text in the form that the patterns match."""
    return " ".join(normalized("NFKC", text).translate(_DASHES).casefold().translate(_SIMPLE).split())


def tokens_of(text: str) -> tuple[tuple[Token, ...], str]:
    """(tokens that a plain text begins with, the rest of the text); no tokens if the text is too long for a time."""
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


_LONGEST = 200  # characters of a time
_BETWEEN = " ,;、·()[]/|"


def _word_at(text: str, at: int, found: list[Token]) -> int:
    """Adds the tokens at a position to `found`; returns where they end, 0 if there are none."""
    for pattern, make in lexicon():
        if match := pattern.match(text, at):
            found += make(match)
            return match.end()
    return 0


# ------------------------------------------------------------------------------------------------------------- places

_OFFSET = re.compile(r"(?:(?:utc|gmt) ?[+-] ?\d{1,2}(?::?\d\d)?|(?<= )[+-]\d\d:?\d\d)(?![\w:])")
_SOME_WORDS = re.compile(r"[^\s()]+(?: [^\s()]+){0,3}")
_HAN_CLOCK = re.compile(r"(?:在|按)?[\u4e00-\u9fff]{2,6}?(?:当地|标准)?时间(?!序)")  # may come before a time, too
_HAN_PLACE = re.compile(r"在?[\u4e00-\u9fff]{2,8}")
_SHORT = 4  # fewest letters of a place after a cadence without a time: "daily Rome"


def _place_at(text: str, at: int, found: list[Token]) -> int:
    """Adds the zone of the place at a position after a time to `found`; returns where its name ends, 0 for no place."""
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
    """Whether the text after a time may be the name of an unknown place. Words in quotes belong to a query."""
    return len(rest) > 1 and rest[0].isalpha() and len(rest.split()) <= _A_FEW and _QUOTES.isdisjoint(rest)


_A_FEW = 2  # words
_QUOTES = frozenset('"“”„‟«»「」『』')
