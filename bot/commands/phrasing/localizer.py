"""The language of replies."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol


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
