"""Decides what the tokens of a time mean together: a cadence, days, a time of day, a zone; or the nearest cadence, if there is no such one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from subscriptions.planning import cadence, clock_times
from subscriptions.planning.times._words import SMALL, Token, TokenKind, plain, tokens_of

_CADENCE_KINDS = {TokenKind.DAILY: "daily", TokenKind.WEEKDAYS: "weekdays", TokenKind.WEEKLY: "weekly"}
_SAT, _SUN, _FRI = 5, 6, 4
_WEEKEND = frozenset({_SAT, _SUN})
_FEW = 2  # up to so many times a week, weekly is the nearest cadence; for more, weekdays


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The meaning of a text as a time. If not `exact`, paperwire has no such cadence, and this is the nearest one."""

    kind: str = "daily"  # see Cadence
    at: time | None = None  # None: no time is named
    until: time | None = None  # the second time of when-out
    weekday: int | None = None
    days: tuple[int, ...] = ()  # for the kind days
    weekdays_only: bool = False  # for when-out
    zone: str = ""
    part: str = ""  # the part of the day, if it is named without a time
    exact: bool = True  # False: this is only the nearest cadence
    either: bool = False  # the words may also be words of a query
    words: int = 1  # the number of its tokens, not counting tokens of the kinds in SMALL
    at_number: bool = False  # it is only "at" and a number
    timed: bool = False  # it names a time of day; a part of the day or a range does not count


@lru_cache(maxsize=4096)
def reading_of(text: str, *, bare: bool = False) -> Reading | None:
    """Returns the meaning of a whole text as a time; None if it is no time. If `bare`, a number alone ("9") is one."""
    tokens, rest = tokens_of(plain(text))
    return None if rest else meaning(tokens, bare=bare)


def is_time(text: str) -> bool:
    """Returns whether a whole text is a time, even one with a cadence that paperwire does not have."""
    return reading_of(text) is not None


def meaning(tokens: Sequence[Token], *, bare: bool = False) -> Reading | None:
    """Returns what tokens mean together; None if they do not fit together. If `bare`, a number alone is a time."""
    said = _TimeParts(bare=bare)
    if not tokens or not said.take(tokens):
        return None
    reading = said.decide()
    if reading is None:
        return None
    solid = [token for token in tokens if token.kind not in SMALL]
    at_number = [token.kind for token in tokens] == [TokenKind.AT, TokenKind.NUMBER]
    if at_number and said.clocks[0].beyond:
        return None  # 50 is no hour, as in "recall at 50"
    either = not reading.exact or (len(solid) == 1 and not at_number and not _is_firm(tokens, solid[0]))
    zone = next(iter(said.said[TokenKind.ZONE]), "")
    return replace(reading, zone=zone, either=either, words=len(solid), at_number=at_number, timed=bool(said.clocks))


def hours_of(text: str) -> tuple[time, time] | None:
    """Returns the two times of a range such as "22:00-8", "10pm to 7am" or 晚上10点到早上7点; None for other texts."""
    said = _TimeParts(bare=True)
    tokens, rest = tokens_of(plain(text))
    if rest or not tokens or not said.take(tokens) or not said.is_range_alone():
        return None
    first, last = (clock.at for clock in said.hours)
    if first is not None and last is not None:
        return (first, last)
    return None


def clock_of(text: str) -> time | None:
    """Returns the time of day that a text names: 8, 8am, 08:00, noon, 早上8点. None if it also names a zone, or no time."""
    clock, zone = clock_with_zone(text)
    return None if zone else clock


def clock_with_zone(text: str) -> tuple[time | None, str]:
    """Returns (time of day, zone or "") for a text such as "9am Berlin"; (None, "") if it is not a time of day."""
    reading = reading_of(text, bare=True)
    if reading is None or not reading.exact or reading.kind != "daily":
        return None, ""
    said = _TimeParts(bare=True)
    tokens, _ = tokens_of(plain(text))
    said.take(tokens)
    if said.cadences:
        return (None, "")
    return (reading.at, reading.zone)


def _is_firm(tokens: Sequence[Token], one: Token) -> bool:
    """Returns whether `one`, the only token that is not SMALL, can only be a time, alone or after "at"."""
    if isinstance(one.value, clock_times.TimeOfDay):
        at = tokens[0].kind is TokenKind.AT
        return one.value.firm or (at and one.kind is TokenKind.CLOCK and not one.value.settled)
    return one.firm


@dataclass(slots=True)
class _TimeParts:
    """Collects the tokens of a time, and decides what they mean together."""

    bare: bool = False
    # kind of token -> values of its tokens
    said: dict[TokenKind, list[Any]] = field(default_factory=lambda: defaultdict(list))
    clocks: list[clock_times.TimeOfDay] = field(default_factory=list)
    hours: list[clock_times.TimeOfDay] = field(default_factory=list)  # the two times of a range
    day_range: bool = False
    between: bool = False

    @property
    def cadences(self) -> set[str]:
        """The kinds of cadences that the tokens name."""
        return {kind for token, kind in _CADENCE_KINDS.items() if self.said[token]}

    def take(self, tokens: Sequence[Token]) -> bool:
        """Takes all tokens. Returns False if two neighbours do not fit together."""
        tokens = _with_parts(_without_second_at(tokens))
        before: Token | None = None
        for place, token in enumerate(tokens):
            after = tokens[place + 1] if place + 1 < len(tokens) else None
            if not self._take(token, before, after):
                return False
            before = token
        return True

    def _take(self, token: Token, before: Token | None, after: Token | None) -> bool:
        kind, value = token.kind, token.value
        if kind in (TokenKind.TO, TokenKind.AND):
            return before is not None and after is not None and _alike(before, after)
        if kind in (TokenKind.AT, TokenKind.NEAR):
            self.between |= value == "between"
            return after is not None and after.kind not in (TokenKind.TO, TokenKind.AND)
        if (kind is TokenKind.NUMBER and not (self.bare or before)) or (
            kind is TokenKind.EXCEPT and before is after and value == "day"
        ):
            return False
        if isinstance(value, clock_times.TimeOfDay):
            self._clock(value, before)
            return True
        if kind is TokenKind.EXCEPT:
            kind = TokenKind.WEEKDAYS
            if value == "day":
                kind, value = TokenKind.NONE, "daily"
        self.day_range |= kind is TokenKind.DAY and before is not None and before.kind is TokenKind.TO
        self.said[kind].append(value)
        return True

    def _clock(self, clock: clock_times.TimeOfDay, before: Token | None) -> None:
        """Takes a time of day. After "to", or after "between … and", this time ends a range."""
        ends = before is not None and (before.kind is TokenKind.TO or (self.between and before.kind is TokenKind.AND))
        if ends and self.clocks:
            self.hours = [self.clocks.pop(), clock]
        else:
            self.clocks.append(clock)

    def is_range_alone(self) -> bool:
        """Returns whether the tokens are a range of two times and nothing else."""
        return bool(self.hours) and not self.clocks and not any(self.said.values())

    def decide(self) -> Reading | None:
        """Returns the meaning of the tokens; None if they have none. Two zones make the meaning inexact."""
        found = self._decided()
        if found and len(self.said[TokenKind.ZONE]) > 1:
            return replace(found, exact=False)
        return found

    def _decided(self) -> Reading | None:
        often, days = self.said[TokenKind.OFTEN], self.said[TokenKind.DAY]
        if often and often[-1] != len({*days}):
            self.said[TokenKind.NONE].append("weekdays" if often[-1] > _FEW else "weekly")
        has_cadence = bool(self.cadences or days or self.said[TokenKind.WEEKEND] or self.said[TokenKind.NONE])
        timed = bool(self.clocks or self.hours or self.said[TokenKind.PART])
        if self.said[TokenKind.NOW]:
            return Reading(kind="now", exact=not (has_cadence or self.said[TokenKind.OUT] or timed))
        if self.said[TokenKind.OUT]:
            return self._when_out()
        if has_cadence or timed:
            return self._timed(self._cadence())
        return None

    def _when_out(self) -> Reading:
        """Returns when-out. If the text names two times or weekdays, they limit it."""
        days = self.said[TokenKind.DAY]
        only = "weekdays" in self.cadences or (days == [0, _FRI] and self.day_range)
        named = [self.said[kind] for kind in (TokenKind.WEEKEND, TokenKind.NONE, TokenKind.PART, TokenKind.WEEKLY)]
        others = (days and not only, self.clocks, *named)
        first, last = (clock.at for clock in self.hours) if self.hours else (None, None)
        if any(others) or (first is None) != (last is None) or (self.hours and first is None):
            return Reading(kind="when-out", weekdays_only=only, exact=False)
        return Reading(kind="when-out", at=first, until=last, weekdays_only=only)

    def _cadence(self) -> Reading:
        """Returns the cadence that the tokens name, or the nearest cadence if paperwire does not have it."""
        kinds, none, days = self.cadences, self.said[TokenKind.NONE], self.said[TokenKind.DAY]
        if none:
            day = days[0] if days else 0
            nearest = "weekdays" if none[0] == "daily" and "weekdays" in kinds else none[0]
            return Reading(kind=nearest, weekday=day if nearest == "weekly" else None, exact=False)
        if self.said[TokenKind.WEEKEND] and not days:
            if kinds - {"weekly"}:
                return Reading(kind="daily", exact=kinds == {"weekdays"})
            return Reading(kind="days", days=(_SAT, _SUN))
        if days:
            found = self._of_days()
            fits = (
                found.kind in kinds
                or not kinds - {"weekly"}
                or (kinds == {"daily"} and found.kind in ("weekdays", "days"))
            )
            return found if fits else replace(found, exact=False)
        if len(kinds) > 1:
            kind = "weekdays" if "weekdays" in kinds else "daily"
            return Reading(kind=kind, exact="weekly" not in kinds)
        kind = next(iter(kinds), "daily")
        return Reading(kind=kind, weekday=0 if kind == "weekly" else None)

    def _of_days(self) -> Reading:
        named = self.said[TokenKind.DAY]
        days = set(named)
        if self.day_range and len(named) == 2:  # noqa: PLR2004 - a first and a last day
            first, last = named
            days = set(range(first, last + 1)) if first <= last else {*range(first, 7), *range(last + 1)}
        if self.said[TokenKind.WEEKEND]:
            days |= _WEEKEND
        found = cadence.cadence_of_days(days, None)
        return Reading(kind=found.kind, weekday=found.weekday, days=found.days)

    def _timed(self, reading: Reading) -> Reading | None:
        """Returns `reading` with the time of day that the tokens name, or with their range of hours."""
        if self.hours:
            return self._between(reading)
        times = {clock.at for clock in self.clocks}
        at = next((clock.at for clock in self.clocks if clock.at is not None), None)
        parts = self.said[TokenKind.PART]
        part = parts[0] if parts and not self.clocks else ""
        if part and part not in ("morning", "forenoon"):
            at = clock_times.PARTS_OF_DAY[part][0]
        one = len(times) <= 1 and None not in times and len(set(parts)) <= 1
        return replace(reading, at=at, part=part, exact=reading.exact and one)

    def _between(self, reading: Reading) -> Reading | None:
        """Returns when-out in this range of hours, the nearest cadence to any that is named with a range of hours."""
        first, last = (clock.at for clock in self.hours)
        if first is None or last is None or first >= last or reading.kind not in ("daily", "weekdays"):
            return replace(reading, at=first, exact=False)
        only = reading.kind == "weekdays"
        return Reading(kind="when-out", at=first, until=last, weekdays_only=only, exact=False)


def _alike(before: Token, after: Token) -> bool:
    """Returns whether two tokens are alike, so that "to" or "and" can join them."""
    kinds = {before.kind, after.kind}
    if kinds <= {TokenKind.CLOCK, TokenKind.NUMBER} or kinds in ({TokenKind.DAY}, {TokenKind.PART}):
        return True
    return kinds <= {TokenKind.DAY, TokenKind.WEEKDAYS, TokenKind.WEEKEND}


def _without_second_at(tokens: Sequence[Token]) -> list[Token]:
    """Returns the tokens without "at" after "and" or "to": "at 9 and at 17" becomes "at 9 and 17"."""
    joins = (TokenKind.TO, TokenKind.AND)
    befores = (None, *tokens)
    return [
        token
        for before, token in zip(befores, tokens, strict=False)
        if not (token.kind is TokenKind.AT and before and before.kind in joins)
    ]


def _with_parts(tokens: Sequence[Token]) -> list[Token]:
    """Merges each part of the day with the time of day next to it: 8 in the evening, 晚上8点."""
    found: list[Token] = []
    waiting: Token | None = None
    for token, after in zip_longest(tokens, tokens[1:]):
        leads = after is not None and isinstance(
            after.value, clock_times.TimeOfDay
        )  # "3 早上8点": the 3 is not the time
        if token.kind is TokenKind.PART and found and isinstance(found[-1].value, clock_times.TimeOfDay) and not leads:
            found[-1] = Token(TokenKind.CLOCK, clock_times.in_part(found[-1].value, token.value))
        elif token.kind is TokenKind.PART:
            found.append(token)
            waiting = token
            continue
        elif isinstance(token.value, clock_times.TimeOfDay) and waiting is not None:
            found.remove(waiting)
            found.append(Token(TokenKind.CLOCK, clock_times.in_part(token.value, waiting.value)))
        elif token.kind in (TokenKind.AT, TokenKind.NEAR, TokenKind.NONE):
            found.append(token)
            continue
        else:
            found.append(token)
        waiting = None
    return found
