"""The tokens that the words of a time become."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto


class TokenKind(Enum):
    """The kind of a token."""

    DAILY = auto()
    WEEKDAYS = auto()
    WEEKLY = auto()
    WEEKEND = auto()
    DAY = auto()  # value: 0 is Monday
    PART = auto()  # a part of the day; value: its name in _clocks
    CLOCK = auto()  # value: a TimeOfDay
    NUMBER = auto()  # a number that is a time of day only after other words; value: a TimeOfDay
    NOW = auto()
    OUT = auto()  # when-out
    ZONE = auto()  # value: the zone's name
    NONE = auto()  # a cadence that paperwire does not have; value: the kind of the nearest one
    EXCEPT = auto()  # days that are left out; value: "weekend" or "day"
    AT = auto()
    NEAR = auto()  # by, from, on, in: before a time or a place
    TO = auto()
    AND = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a phrase of a time."""

    kind: TokenKind
    value: object = None
    firm: bool = False  # it can only be a time: "every monday"; "daily" may be a word of a query


SMALL = frozenset({TokenKind.AT, TokenKind.NEAR, TokenKind.TO, TokenKind.AND})  # without meaning by themselves
Tokens = Iterator[Token]
Make = Callable[[re.Match[str]], Tokens]
Entry = tuple[str, Make]
