"""Notices: news about the service itself. Each is one class with a cause, typed details, a key and its words.

Here is what every notice has, and how its details are stored and read. `chats.py` and `operations.py` have the notices by
subject, `declared.py` collects them; a new notice is a class of one of the two. `subscriptions.service.notices` stores
notices in the outbox, `bot.rendering` writes them out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self, cast

from subscriptions.errors import Sentence

BUTTON = "button "  # before the verb of a button in the names of details; the detail is the button's callback token

DayRuns = tuple[tuple[date, date], ...]  # first and last days

_UNSTORED = "unstored"


class NoticeWords(Protocol):
    """What a notice writes its lines with: one language."""

    @property
    def translate(self) -> Callable[[str], str]:
        """The gettext function of the language."""

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence in this language, its holes filled. A command in it is written as the chat types commands."""

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The form of the sentence that `count` asks for, its holes filled; `{count}` is the number."""

    def number(self, number: int) -> str:
        """The number as this language writes it."""

    def days(self, days: Sequence[date]) -> str:
        """The first and the last of these days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice. Its class declares `cause`, the details as fields, and `lines`; the key is of DailyNotice or EventNotice."""

    cause: ClassVar[str]  # stored; unique among the notices
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType(
        {}
    )  # verb -> label of each button it may have, in order

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """The title, then the lines below it; empty ones are left out."""
        raise NotImplementedError

    def key(self, day: date) -> str:
        """With the cause, the key of the notice: it is sent to a chat once for each key.

        `day` is the day on which it is raised.
        """
        raise NotImplementedError

    def detail(self) -> dict[str, str]:
        """The details as stored: every required field, and of the others those that differ from their default."""
        values = {one.name: getattr(self, one.name) for one in _stored(type(self))}
        return {
            one.name: _written(values[one.name])
            for one in _stored(type(self))
            if one.default is MISSING or values[one.name] != one.default
        }

    @classmethod
    def read(cls, detail: Mapping[str, str], text: Callable[[str], str] = str) -> Self:
        """The notice with these stored details. `text` is applied to every detail that is a text."""
        stored = {one.name: _value(one, detail.get(one.name, ""), text) for one in _stored(cls)}
        unstored = {one.name: "" for one in fields(cls) if one.name not in stored}
        return cls(**stored, **unstored)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyNotice(Notice):
    """A notice that is sent once a day for its subject."""

    about: ClassVar[str] = ""  # the field with its subject, where there may be several on one day: a source, a platform

    def subject(self) -> str:
        """What the notice is about; "" where there is one a day."""
        return str(getattr(self, self.about)) if self.about else ""

    def key(self, day: date) -> str:
        """The subject and the day."""
        return f"{self.subject()}:{day.isoformat()}"


def unstored() -> Any:  # noqa: ANN401 - a dataclass field has the type of its value
    """A required field that is part of the notice's key and not of its stored details; "" when it is read back."""
    return field(metadata={_UNSTORED: True})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNotice(Notice):
    """A notice that is sent once for an event, however often that is reported."""

    event: str = unstored()  # identifies the event: an update's id, a moment, a cursor

    def key(self, day: date) -> str:  # noqa: ARG002 - the same on any day
        """The event."""
        return self.event


def _stored(notice: type[Notice]) -> tuple[Field[Any], ...]:
    return tuple(one for one in fields(notice) if _UNSTORED not in one.metadata)


def _written(value: object) -> str:
    """A detail as text. Raises TypeError for a type that cannot be read back."""
    match value:
        case str():
            return str(value)
        case bool():
            return "1" if value else ""
        case int():
            return str(value)
        case tuple():
            return " ".join(f"{first}/{last}" for first, last in cast(DayRuns, value))
    raise TypeError(f"a notice cannot store {value!r}")


def _value(one: Field[Any], stored: str, text: Callable[[str], str]) -> object:
    """The value of a field. Raises TypeError for a type that is not among those that `_written` writes."""
    if one.type is str:
        return text(stored)
    if one.type is int:
        return int(stored) if stored.isascii() and stored.isdigit() else 0
    if one.type is bool:
        return bool(stored)
    if isinstance(one.type, type) and issubclass(one.type, StrEnum):
        return one.type(stored)
    if one.type == DayRuns:
        runs = (run.split("/") for run in stored.split())
        return tuple((date.fromisoformat(run[0]), date.fromisoformat(run[-1])) for run in runs)
    raise TypeError(f"{one.name}: a notice cannot read {one.type}")
