"""The language that answers are given in."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol


class Localizer(Protocol):
    """Says sentences, counts and moments in a chat's language and time zone; `bot.rendering.Language` is one."""

    @property
    def translate(self) -> Callable[[str], str]:
        """A gettext function."""

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence in this language, its holes filled."""

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The form that `count` asks for; the hole `{count}` takes the number."""

    def day(self, day: date, *, seen_from: date | None = None) -> str:
        """A day with its weekday; with the year where it is long before `seen_from`."""

    def moment(self, moment: datetime, *, about: bool = False, now: datetime | None = None, year: bool = False) -> str:
        """A day and a time by the chat's clock; with the year on demand, and if it is another one than that of `now`."""

    def city(self, zone: str) -> str:
        """The city that a zone is named after, as this language writes it; an offset as it is."""

    def zone_name(self, zone: str) -> str:
        """A zone as it stands behind a time: its name, or its city where this language has another word for that."""

    def speaking(self, lang: str, timezone: str) -> "Localizer":
        """The same in another language or zone."""
