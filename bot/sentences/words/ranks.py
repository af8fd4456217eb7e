"""Finds in a request for papers how many are wanted, and an order that only votes would give: "top 3 by votes". Pure."""

import re
from typing import NamedTuple

from bot.commands.paper_days import SIGNS
from bot.sentences.words import reader
from bot.sentences.words.subjects import subject_of

_COUNT = r"(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|a dozen|a couple(?: of)?)"
_POPULAR = (
    r"(?:(?:most|least|highest|best)[- ](?:highly[- ])?(?:cited|downloaded|read|liked|loved|upvoted|voted|rated|viewed|starred|shared|discussed|popular"
    r"|influential|important)|hottest|most popular|trending)"
)
_FIRST = r"(?:top|best|newest|latest|first|last|most recent)"
_PAPERS = r"(?:papers?|articles?|preprints?|publications?|results?|hits|ones)"
_MEASURE = r"(?:(?:up)?votes?|likes?|stars?|citations?|downloads?|views?|reads?|popularity|impact(?: factor)?|h-index|date|relevance)"
_BEFORE_A_SUBJECT = r"(?:on|about|by|in|for|sorted|ranked)"
_ENGLISH = re.compile(
    rf"(?<![\w-])(?:the )?(?:(?:{_FIRST} {_COUNT}|{_COUNT} {_FIRST})(?= {_PAPERS}\b| {_BEFORE_A_SUBJECT}\b)"
    rf"|(?:{_FIRST} )?(?:{_COUNT} )?{_POPULAR}(?= (?:.* )?{_PAPERS}\b)|(?:top|best)(?= {_PAPERS}\b))"
)
# A number before "papers" counts them only if no other word could belong to it: "phase 3 papers".
_COUNTED = re.compile(
    rf"(?:^|\b(?:me|us|find|get|give|need|only|see|send|show|the|want) )(?P<words>{_COUNT})(?= (?:papers|articles|preprints|things|works|items)\b)"
)
_THE_MOST = r"(?:(?:the|their|number of|most|highest) )*"
_SORTED = re.compile(
    rf",? (?:(?P<alone>(?:sorted|ordered|ranked) by {_THE_MOST}|with (?:the )?(?:most|highest) )|(?:(?:sort|order|rank) )?by {_THE_MOST})"
    rf"{_MEASURE}(?: counts?)?(?![\w-])"
)
_HAN_MEASURE = r"(?:点赞|投票|得票|被?引用?|下载|阅读|浏览|收藏|转发|关注)(?:数|量|次数|率)?"
_HAN_COUNT = r"(?:前?(?:\d{1,3}|[一二两三四五六七八九十]{1,3})[篇个条])"
_HAN_POPULAR = rf"(?:{_HAN_MEASURE}最[多高]|最(?:热门?|火|好|重要|受欢迎|有影响力?))"
_CHINESE = re.compile(
    rf"(?:最新|最近)?的?(?:{_HAN_COUNT}?{_HAN_POPULAR}的?{_HAN_COUNT}?|{_HAN_COUNT}(?:最新)?)的?(?=.*(?:论文|文章|文献)|(?<=[篇]))"
    rf"|,?按照?{_HAN_MEASURE}(?:从高到低)?(?:排序|排列|排)?"
)
_BY_OTHERS = re.compile(rf"{_POPULAR}|{_MEASURE}|\b(?:sort|order|rank|top|best)|{_HAN_POPULAR}|按")
_PREPOSITION = re.compile(r"(?:on|about|by|in|for) ")


class Rank(NamedTuple):
    """The words of a request that say how many papers are wanted, or in which order."""

    words: tuple[str, ...]
    rest: str  # the text without these words
    is_order: bool  # they name an order, not only a number


def rank_in(text: str) -> Rank | None:
    """Returns the words of a request that say how many papers are wanted, or in which order.

    None if there are none, if nothing is left to look for, and for queries with signs.
    """
    plain = reader.folded(text)
    if SIGNS.search(plain):
        return None
    first = _ENGLISH.search(plain) or _CHINESE.search(plain)
    spans = [first.span()] if first else [one.span("words") for one in [_COUNTED.search(plain)] if one]
    ordered = _SORTED.search(plain, spans[0][1] if spans else 0)
    if ordered and (spans or ordered["alone"]):
        spans.append(ordered.span())
    rest = text
    for begin, end in reversed(spans):
        rest = f"{rest[:begin].rstrip()} {rest[end:].lstrip()}".strip()
    if spans and _PREPOSITION.match(rest, spans[0][0]):
        rest = f"{rest[: spans[0][0]]}papers {rest[spans[0][0] :]}"
    if not spans or not subject_of(rest):
        return None
    words = tuple(text[begin:end].strip(" ,，的") for begin, end in spans)
    return Rank(words, rest, any(_BY_OTHERS.search(plain[begin:end]) for begin, end in spans))
