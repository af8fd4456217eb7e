"""Notices: news about the service itself. Each notice is a class with a cause, typed details, a key and its text.

This module has the base classes, and functions that store and read details. `of_chats` and `of_missing_papers` have the
notices to chats, `declared` and `findings` those to operators, and `declared.NOTICES` all by their cause.
`subscriptions.service.notices` stores notices in the outbox, and `bot.rendering` renders them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self, cast

from subscriptions.errors import Sentence

CONFIRM = "confirm"  # the verb of the button that confirms an address
BUTTON = "button "  # prefix of the detail "button VERB", which has the id of the button's callback token

DayRuns = tuple[tuple[date, date], ...]  # (first, last) day of each run of consecutive days

_UNSTORED = "unstored"
_HOLES = re.compile(r"{(\w+)}")
_NAMELESS = {"chat": Sentence("A chat").template, "source": Sentence("A source").template}


class NoticeWords(Protocol):
    """The functions with which a notice writes its lines in the reader's language."""

    @property
    def translate(self) -> Callable[[str], str]:
        """The gettext function of the language."""

    def say(self, sentence: str, /, **values: object) -> str:
        """Returns the sentence in this language with its values filled in.

        Commands in it are written as people type them in this chat.
        """

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the singular or plural sentence for `count`, with its values filled in; `{count}` is the number."""

    def number(self, number: int) -> str:
        """Returns the number in the format of this language."""

    def days(self, days: Sequence[date]) -> str:
        """Returns the first and the last of these days as text."""

    def moment(self, moment: datetime) -> str:
        """Returns the moment as text, in the reader's time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice. A subclass declares `cause`, the details as fields, and the text.

    DailyNotice and EventNotice define `key`.
    """

    cause: ClassVar[str]  # stored; each class has its own
    is_notice: ClassVar[bool] = True  # False: a finding of which operators get no notice
    said: ClassVar[Sequence[Sentence]] = ()  # its lines; a line with a placeholder for an empty detail is left out
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({})  # verb → label of its buttons, in order

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Yields the title, then the lines below it. The caller leaves out empty lines.

        The default yields the sentences of `said`. A notice whose sentences vary overrides this.
        """
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values |= {name: words.say(nameless) for name, nameless in _NAMELESS.items() if not values.get(name)}
        for sentence in self.said:
            if all(values[name] for name in _HOLES.findall(sentence.template)):
                yield words.say(sentence.template, **values)

    def key(self, day: date) -> str:
        """Returns the key of this notice. A chat gets one notice for each pair of cause and key.

        `day` is the day on which the notice is stored.
        """
        raise NotImplementedError

    def detail(self) -> dict[str, str]:
        """Returns the details to store: each required field, and each other field that differs from its default."""
        values = {one.name: getattr(self, one.name) for one in _stored(type(self))}
        return {
            one.name: _written(values[one.name])
            for one in _stored(type(self))
            if one.default is MISSING or values[one.name] != one.default
        }

    @classmethod
    def read(cls, detail: Mapping[str, str], text: Callable[[str], str] = str) -> Self:
        """Returns the notice with these stored details, each text passed through the function `text`."""
        stored = {one.name: _value(one, detail.get(one.name, ""), text) for one in _stored(cls)}
        unstored = {one.name: "" for one in fields(cls) if one.name not in stored and one.default is MISSING}
        return cls(**stored, **unstored)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyNotice(Notice):
    """A notice that a chat gets at most once a day for each subject."""

    about: ClassVar[str] = ""  # the field with the subject, such as a source; "": at most one notice a day

    def subject(self) -> str:
        """Returns the subject of the notice; "" if its class has no subject."""
        if self.about:
            return str(getattr(self, self.about))
        return ""

    def key(self, day: date) -> str:
        """Returns the subject and the day."""
        return f"{self.subject()}:{day.isoformat()}"


def unstored(default: Any = MISSING) -> Any:  # noqa: ANN401 - a dataclass field has the type of its value
    """A field that is not stored as a detail. In a notice from the store it has its default, or "" without one."""
    return field(default=default, metadata={_UNSTORED: True})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNotice(Notice):
    """A notice that a chat gets once for an event, even if the event is reported several times."""

    event: str = unstored()  # identifies the event, for example an update's id, a moment or a cursor

    def key(self, day: date) -> str:  # noqa: ARG002 - the same on any day
        """Returns the event."""
        return self.event


def _stored(notice: type[Notice]) -> tuple[Field[Any], ...]:
    return tuple(one for one in fields(notice) if _UNSTORED not in one.metadata)


def _written(value: object) -> str:
    """Returns a detail as text. Raises TypeError for a type that `_value` cannot read."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case str():
            return str(value)
        case bool():
            return "1" if value else ""
        case int():
            return str(value)
        case tuple():
            return " ".join(f"{first}/{last}" for first, last in cast(DayRuns, value))
    raise TypeError(f"a notice cannot store {value!r}")


def _moment(stored: str) -> datetime | None:
    try:
        return datetime.fromisoformat(stored)
    except ValueError:  # another version stored words
        return None


def _value(one: Field[Any], stored: str, text: Callable[[str], str]) -> object:
    """Returns the value of a field from its stored text. Raises TypeError for a type that `_written` cannot write."""
    if one.type is str:
        return text(stored)
    if one.type is int:
        return int(stored) if stored.isascii() and stored.isdigit() else 0
    if one.type is bool:
        return bool(stored)
    if isinstance(one.type, type) and issubclass(one.type, StrEnum):
        return one.type(stored)
    if one.type == (datetime | None):
        return _moment(stored)
    if one.type == DayRuns:
        runs = (run.split("/") for run in stored.split())
        return tuple((date.fromisoformat(run[0]), date.fromisoformat(run[-1])) for run in runs)
    raise TypeError(f"{one.name}: a notice cannot read {one.type}")
