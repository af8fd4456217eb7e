"""Reads the quiet hours that a sentence names: "nothing from 22 to 7"; "off" for "no quiet hours", 不要免打扰. Pure."""

import re

from bot.sentences.words import none_of_it, reader
from bot.sentences.words.said import Said
from subscriptions.planning.times.reading import hours_of

# whoever denies these wants none; whoever denies "disturb" or 打扰 wants some
_QUIET_HOURS = r"quiet (?:hours?|times?)|免打扰(?:时[段间])?|勿扰|静音时[段间]"
_OFF = re.compile(r"\boff\b|关|取消")


def hours_in(said: Said) -> str:
    """Returns the first hours that a sentence names: "from 22 to 7"; "" if it names none."""
    spans = (said.text[first.start : last.end] for first in said.tokens for last in reversed(said.tokens))
    return next((span for span in spans if hours_of(span)), "")


def quiet_in(said: Said) -> str:
    """Returns the quiet hours that a sentence wants, "off" for none; "" if it does not say so."""
    plain = reader.folded(said.text)
    if hours := hours_in(said):
        return hours
    if none_of_it.wants_none(plain, _QUIET_HOURS) or _OFF.search(plain):
        return "off"
    return ""
