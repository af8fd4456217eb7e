"""Tells whether a sentence only mentions a place, where the person is not now: 在纽约的时候我8点收到, 东京现在几点. Pure."""

import re
from itertools import pairwise

from bot.sentences.words import reader
from bot.sentences.words.said import Said

_COMMAS = ",;.!"
_YEAR = re.compile(r"(?:19|20)\d\d")
_THERE = re.compile(
    r"几点|什么时间|的?时候|(?<!现在)想去|打算去|[明去前后]年|下个?[周月]|以前|曾经|\b(?:used to|last|ago|once|when i)\b"
)
_AT = frozenset({"in", "at", "to", "near", "在", "去", "到"})


def is_elsewhere(said: Said, length: str) -> bool:
    """Returns whether a place is only mentioned, so that it is not the person's, and "gonna be in Osaka from march" is no pause.

    `length` are the words that say how long a pause is.
    """
    is_there = any(one.mark in _AT and then.mark == reader.PLACE for one, then in pairwise(said.tokens))
    if said.intent == "pause":
        return is_there and not length
    return said.intent == "timezone" and _only_mentions_a_place(said)


def _only_mentions_a_place(said: Said) -> bool:
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
