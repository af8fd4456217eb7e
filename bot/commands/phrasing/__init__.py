"""Values in words, as chats and the terminal both show them.

Here are the language of replies, and refusals in words: the error, its place, and a correct example.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from bot.ports.channel import Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import PaperwireError, Sentence

_LONGEST = 60  # characters of a typed text that is repeated


class Localizer(Protocol):
    """Says sentences, counts and moments in a chat's language and time zone. bot.rendering.language implements it."""

    @property
    def translate(self) -> Callable[[str], str]:
        """Returns a gettext function."""

    def say(self, sentence: str, /, **values: object) -> str:
        """Returns the sentence in this language, its placeholders filled."""

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the plural form for `count`; the placeholder `{count}` takes the number."""

    def day(self, day: date, *, seen_from: date | None = None) -> str:
        """Returns a day with its weekday; with the year if it is long before `seen_from`."""

    def moment(self, moment: datetime, *, about: bool = False, now: datetime | None = None, year: bool = False) -> str:
        """Returns a day and a time by the chat's clock; with the year if `year`, or if it is not the year of `now`."""

    def city(self, zone: str) -> str:
        """Returns the city of a zone in this language; an offset as it is."""

    def zone_name(self, zone: str) -> str:
        """Returns a zone as written after a time: its name, or its city if this language has its own word for it."""

    def speaking(self, lang: str, timezone: str) -> "Localizer":
        """Returns a localizer for another language or zone."""


def refused(error: PaperwireError, localizer: Localizer, *, code: Sequence[str] = ()) -> Reply:
    """Returns the reply to a refused request. `code` shows the place: the query, and a caret under its column."""
    hint = error.hint.say(localizer.translate)
    return Reply(
        lines=(short(error.sentence).say(localizer.translate), *([hint] if hint else [])), ok=False, code=tuple(code)
    )


def short(sentence: Sentence) -> Sentence:
    """Returns the sentence with long values cut, since a message may have only 4,096 characters."""
    return Sentence(sentence.template, {name: _cut(value) for name, value in sentence.values.items()})


def _cut(value: object) -> object:
    if isinstance(value, Sentence):
        return short(value)
    return cut_letters(value, _LONGEST) if isinstance(value, str) else value
