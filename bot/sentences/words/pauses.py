"""Finds in a sentence how long a pause is, and tells whether it says anything else. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from bot.sentences.words import reader
from bot.sentences.words.reader import Token
from bot.sentences.words.said import HALF, RANKS, Said
from subscriptions.errors import Refused
from subscriptions.planning.pauses import RANGE, THROUGH, UNTIL, NoSuchPause, length_of, parse_pause

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # any day: whether words are a length of time does not depend on it
_LINKS = frozenset(
    {"the", "one", "number", "numbers", "please", "thanks", "and", "or", "nor", "also", "then", "和", "与", "及"}
    | {"跟", "、"}
)  # fmt: skip
_OF_TRIALS = frozenset(
    {"just", "only", "for", "the", "a", "please", "maybe", "about", "it", "this", "that", "let", "lets", "me"}
    | {"i", "want", "try", "trying", "test", "keep", "send", "get", "take", "have", "first", "now", "ok", "and"}
    | {"so", "but", "no", "nope", "sorry", "actually", "wait", "rather", "better", "make", "is", "enough"}
    | {*"先看订试只就吧来想要再说它这那个"}
)  # fmt: skip
_FOR_NOW = re.compile(
    r"\b(?:stop|silence|hold|enough|no)\b(?!.*\b(?:remov|delet|unsub|drop|cancel)).*\bfor (?:now|a while|a bit|the moment|the time being)\b"
)
_WHOLE = re.compile(
    r"\b(?:week|weekend|month|year|today|tomorrow)\b|[今明后]天|周末|[下这本]个?(?:周|星期|礼拜|月)(?![一二三四五六日天\d])|[明今]年|\b(?:this|next|coming) (?:mon|tue|wed|thu|fri|sat|sun)\w*|[下这本]个?(?:周|星期|礼拜)[一二三四五六日天]"
)
_FROM = re.compile(r"\b(?:from|between)\b|[从自]")
_AGAIN = re.compile(r"(?:早上|上午|中午|下午|晚上)?\s*(?:再|才|之?前|以前|恢复|继续|开始)")
_RESUMES = re.compile(r"\b(?:again|back|resum\w+|restart\w*|continu\w+)\b")
# an end that was not read, and what names none
_UNREAD = re.compile(
    r"\b(?:until|till?|throughout|during)\s+(?P<end>[^,;.!?]+)"
    r"|\b(?:over|for)\s+(?:(?:the|this|next|my|our|all|whole)\s+)*(?:[\w-]+ )?"
    r"(?:summer|winter|spring|autumn|fall|holidays?|vacation|semester|term|easter|season|quarter|break)\b(?P<end_of>)"
    r"|(?:停[^,;.!?，。；！？]*?|(?<=[发送推]))(?P<until>直到|到|至)(?P<end_zh>[^,;.!?。，；！？]+)"
)
_OPEN = re.compile(
    r"\b(?:i|i'?m|i'?ve|i'?ll|we|we'?re|you|told|further|otherwise|notice|back|return|then|it|they|ready)\b|[我你]|通知|回来|再说|时候|那时|为止"
)
_DETERMINERS = frozenset({"the", "my", "our", "that", "your"})
_THINGS = frozenset({"one", "ones", "digest", "digests", "subscription", "subscriptions", "alert", "alerts", "mail"})


def is_of_the_chat(command: tuple[str, str] | None) -> bool:
    """Returns whether a command pauses the whole chat."""
    return command is not None and command[0] == "pause" and not command[1].partition(" ")[0].isdecimal()


def is_for_now(plain: str) -> bool:
    """Returns whether a folded text stops something only for now: "stop number 2 for now", which removes nothing."""
    return _FOR_NOW.search(plain) is not None


def is_only_length(text: str, tokens: Sequence[Token]) -> bool:
    """Returns whether a text says only how long, and not of what: "just for two weeks", "try it until march", 先看两周."""
    length = length_in(text, tokens)
    start = text.find(length)
    others = [one for one in tokens if not start <= one.start < start + len(length)]
    return bool(length) and all(one.mark in _OF_TRIALS or not one.mark[:1].isalpha() for one in others)


def is_rest(text: str, tokens: Sequence[Token]) -> bool:
    """Returns whether a text has only numbers of subscriptions and how long: "2 for a week", which has the verb of what is before."""
    length = length_in(text, tokens)
    start = text.find(length) if length else len(text)
    others = [one for one in tokens if not start <= one.start < start + len(length)]
    others = [one for one in others if one.mark not in _LINKS]
    numbers = [one for one in others if one.mark == reader.NUMBER or one.mark in RANKS]
    return bool(numbers) and not any(one.mark[:1].isalpha() for one in others if one not in numbers)


def _is_date(text: str, numbered: Sequence[bool]) -> bool:
    """Returns whether the only number of a text is that of a day: "until the 10th", 到10号; a range has two."""
    if RANGE.match(reader.folded(text)):
        return True
    return (
        sum(numbered) == 1
        and not numbered[0]
        and bool(UNTIL.match(reader.folded(text)) or THROUGH.match(reader.folded(text)))
    )


def range_in(text: str, tokens: Sequence[Token]) -> str:
    """Returns the folded words for a time from one day to another: "from 1 to 10 february"; "" if there are none."""
    found = reader.folded(length_in(text, tokens)) if _FROM.search(reader.folded(text)) else ""
    return found if RANGE.match(found) else ""


def is_whole(text: str, length: str) -> bool:
    """Returns whether words without "until" mean all of a day, a week, a month or a year: "pause next week".

    Not where papers shall come again then: 下周再发.
    """
    plain = reader.folded(text)
    after = plain.partition(reader.folded(length))[2]
    return (
        bool(_WHOLE.search(reader.folded(length)))
        and not _AGAIN.search(reader.folded(length))
        and not _AGAIN.match(after)
        and not _RESUMES.search(plain)
    )


def put_right(said: Said) -> Said:
    """Returns a meaning; a length of time alone is not surely that of a pause: "just for two weeks" may be a subscription's."""
    may_be_pause = said.intent == "pause" or (not said.is_sure and said.marked(reader.LONG))
    if may_be_pause and is_only_length(said.text, said.tokens):
        others = [one for one in said.found if one.intent != "pause"]
        return said._replace(found=(reader.Score("pause", HALF), *others))
    if said.intent != "pause":
        return said
    return _with_day(said)


def _with_day(said: Said) -> Said:
    """Returns a sentence about a pause in which the number of a day is that of no subscription: "until the 3rd"."""
    numbers = [one for one in said.tokens if one.mark == reader.NUMBER]
    length = length_in(said.text, said.tokens) if numbers else ""
    start = said.text.find(length)
    inside = [one for one in numbers if length and start <= one.start < start + len(length)]
    if not inside or length_of(length) is not None:
        return said
    return said._replace(tokens=tuple(one._replace(mark=reader.DATE) if one in inside else one for one in said.tokens))


def unread_in(text: str) -> str:
    """Returns the words for an end of a pause that cannot be read: "until easter"; "" if none is named.

    "Until I am back" and "until further notice" name no end.
    """
    found = _UNREAD.search(reader.folded(text))
    if found is None or _OPEN.search(found["end"] or found["end_zh"] or ""):
        return ""
    return text[max(found.start(), found.start("until")) : found.end()].strip()


def pause_in(said: Said) -> str:
    """Returns the words that say how long a pause is, even if there is no such pause; "" if there are none."""
    long = length_in(said.text, said.tokens).strip(" ,")
    plain = reader.folded(long)
    if not long or length_of(long) is not None or UNTIL.match(plain) or RANGE.match(plain):
        return long or unread_in(said.text)
    # beside a number, "1 next week" would be one o'clock on a day of next week, and "1 for this week" on one of this
    if through := THROUGH.match(plain):
        return f"through {long[through.end() :]}"
    return f"{'through' if is_whole(said.text, long) else 'until'} {long}"


@lru_cache(maxsize=256)
def length_in(text: str, tokens: tuple[Token, ...]) -> str:
    """Returns the words that say how long a pause is, even if there is no such pause; "" if there are none.

    A day in the name of a thing, as in "the friday digest", says nothing about the pause.
    """
    for at, first in enumerate(tokens):
        is_name = at > 0 and tokens[at - 1].mark in _DETERMINERS
        for end in range(len(tokens), at, -1):
            numbered = [one.mark == reader.NUMBER for one in tokens[at:end]]
            if any(numbered) and not _is_date(text[first.start :], numbered):  # "pause 1 and 2 until friday"
                continue
            words = text[first.start : tokens[end - 1].end]
            is_name |= first.mark in _DETERMINERS and end < len(tokens) and tokens[end].mark in _THINGS
            try:
                parse_pause(words, UTC, _SOME_DAY)
            except NoSuchPause:
                return words
            except Refused:
                continue
            if not is_name or length_of(words):
                return words
    return ""
