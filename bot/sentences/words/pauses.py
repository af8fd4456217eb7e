"""Finds in a sentence how long a pause is, and tells whether it says anything else. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.sentences.words import reader
from bot.sentences.words.reader import Token
from subscriptions.errors import Refused
from subscriptions.planning.pauses import NoSuchPause, length_of, parse_pause

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # any day: whether words are a length of time does not depend on it
_DETERMINERS = frozenset({"the", "my", "our", "that", "your"})
_THINGS = frozenset({"one", "ones", "digest", "digests", "subscription", "subscriptions", "alert", "alerts", "mail"})


def length_in(text: str, tokens: Sequence[Token]) -> str:
    """Returns the words that say how long a pause is, even if there is no such pause; "" if there are none.

    A day in the name of a thing, as in "the friday digest", says nothing about the pause.
    """
    for at, first in enumerate(tokens):
        is_name = at > 0 and tokens[at - 1].mark in _DETERMINERS
        for end in range(len(tokens), at, -1):
            if any(one.mark == reader.NUMBER for one in tokens[at:end]):  # "pause 1 and 2 until friday"
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
