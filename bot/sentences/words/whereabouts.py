"""Tells whether a sentence only mentions a place, where the person is not now: 在纽约的时候我8点收到, 东京现在几点. Pure."""

import re

from bot.sentences.words import reader
from bot.sentences.words.said import Said

_COMMAS = ",;.!"
_YEAR = re.compile(r"(?:19|20)\d\d")
_THERE = re.compile(
    r"几点|什么时间|的?时候|(?<!现在)想去|打算去|[明去前后]年|下个?[周月]|以前|曾经|\b(?:used to|last|ago|once|when i)\b"
)


def only_mentions_a_place(said: Said) -> bool:
    """Returns whether a sentence asks what time it is at a place, or is about another time than now."""
    place = next((one for one in said.tokens if one.mark == reader.PLACE), None)
    if place is None:
        return False
    plain = reader.folded(said.text)
    start = max(map(plain[: place.start].rfind, _COMMAS)) + 1
    end = min((at for one in _COMMAS if (at := plain.find(one, place.start)) >= 0), default=None)
    beside = reader.tokens_of(said.text[start:end])
    is_timed = any(one.mark in (reader.WHEN, reader.NUMBER) or _YEAR.fullmatch(one.words) for one in beside)
    return is_timed or _THERE.search(plain) is not None
