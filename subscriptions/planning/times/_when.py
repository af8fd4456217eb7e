"""Reads a time as a cadence and a zone. A cadence that paperwire does not have is refused, with the nearest one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import NoReturn

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Cadence
from subscriptions.planning.cadence import EXAMPLES, NINE, cadence_text, window_of
from subscriptions.planning.times._reading import Reading, meaning, reading_of
from subscriptions.planning.times._words import may_be_place, plain, tokens_of
from subscriptions.zones import near_places

_BY_NOON = 12


@dataclass(frozen=True, slots=True)
class When:
    """A time that was read: a cadence, and the zone that was named with it."""

    cadence: Cadence
    zone: str = ""  # "": none was named

    def __str__(self) -> str:
        """The time as it is written: "daily 09:00 Europe/Berlin"."""
        return f"{cadence_text(self.cadence)} {self.zone}".rstrip()


class NoSuchTime(Refused):
    """A time whose cadence paperwire does not have, or whose place is unknown. `nearest` are other times, as written."""

    def __init__(self, sentence: Sentence, hint: Sentence, nearest: Sequence[When]) -> None:
        super().__init__(sentence, hint)
        self.nearest = tuple(map(str, nearest))


def read_when(text: str, chat_schedule: Cadence | None = None) -> When:
    """Reads a time as people write it, in English or Chinese (docs/guide.md, When they come).

    A missing time of day, or the two times of a when-out, come from `chat_schedule`, else they are 09:00 and
    08:00-20:00. A missing day of a week is Monday. Raises NoSuchTime, and Refused for a text that is no time.
    """
    reading = reading_of(text, bare=True)
    if reading is None:
        _refuse(text, chat_schedule)
    when = _when(reading, chat_schedule)
    if not reading.exact:
        when = When(when.cadence) if when.cadence.kind == "now" else when
        raise NoSuchTime(
            Sentence("“{text}” is not a schedule.", {"text": " ".join(text.split())}),
            Sentence("The nearest is: {when}.", {"when": str(when)}),
            (when,),
        )
    return when


def _when(reading: Reading, chat_schedule: Cadence | None) -> When:
    if reading.kind == "now":
        return When(Cadence(kind="now"), reading.zone)
    if reading.kind == "when-out":
        first, last = reading.at, reading.until
        if first is None or last is None:
            first, last = window_of(chat_schedule)
        return When(window(first, last, weekdays_only=reading.weekdays_only), reading.zone)
    at = reading.at if reading.at is not None else _time_of(chat_schedule, reading.part)
    return When(Cadence(kind=reading.kind, at=at, weekday=reading.weekday, days=reading.days), reading.zone)


def _time_of(chat_schedule: Cadence | None, part: str) -> time:
    """The time of day of the chat's schedule, else 09:00. With `part`, a morning, a time from noon on does not count."""
    own = chat_schedule.at if chat_schedule and chat_schedule.until is None else None
    return NINE if own is None or (part and own.hour >= _BY_NOON) else own


def window(first: time, last: time, *, weekdays_only: bool) -> Cadence:
    """The cadence when-out between two times. Raises Refused."""
    if first >= last:
        raise Refused(
            Sentence("The second time of when-out must be later on the same day than the first."),
            Sentence("For example: when-out 08:00-20:00."),
        )
    return Cadence(kind="when-out", at=first, until=last, weekdays_only=weekdays_only)


def _refuse(text: str, chat_schedule: Cadence | None) -> NoReturn:
    """Refuses a text that is no time: names the unknown place after a time, else the whole text."""
    tokens, rest = tokens_of(plain(text))
    place = rest.strip(" ,.;()")
    reading = meaning(tokens, bare=True) if may_be_place(place) else None
    if reading is None or not reading.exact or reading.zone:
        raise Refused(Sentence("“{text}” is not a schedule.", {"text": text.strip()}), EXAMPLES)
    when = _when(reading, chat_schedule)
    near = near_places(place)
    start = text.casefold().rfind(place)
    typed = text[start : start + len(place)] if start >= 0 else place
    sentence = Sentence("“{place}” is no place whose clock I know.", {"place": typed})
    if near:
        names = ", ".join(label for label, _ in near)
        raise NoSuchTime(
            sentence,
            Sentence("Did you mean {names}?", {"names": names}),
            [When(when.cadence, zone) for _, zone in near],
        )
    hint = Sentence("Behind a time stands a city, a zone or nothing: {when}.", {"when": str(when)})
    raise NoSuchTime(sentence, hint, (when,))
