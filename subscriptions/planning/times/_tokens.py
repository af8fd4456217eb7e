"""What the words of a time are."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto


class TokenKind(Enum):
    """What a token is."""

    DAILY = auto()
    WEEKDAYS = auto()
    WEEKLY = auto()
    WEEKEND = auto()
    DAY = auto()  # value: 0 is Monday
    PART = auto()  # of a day; value: its name in _clocks
    CLOCK = auto()  # value: a Clock
    NUMBER = auto()  # value: a Clock, where something says that it is one
    NOW = auto()
    OUT = auto()  # when-out
    ZONE = auto()  # value: the zone's name
    NONE = auto()  # a cadence that there is not; value: the kind of cadence that is nearest
    EXCEPT = auto()  # days that are left out; value: whether they are the weekend
    AT = auto()
    NEAR = auto()  # by, from, on, in: before a time or a place
    TO = auto()
    AND = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a phrase of a time."""

    kind: TokenKind
    value: object = None
    firm: bool = False  # it is a time by itself, such as "every monday"; "daily" may be a word of a query


SMALL = frozenset({TokenKind.AT, TokenKind.NEAR, TokenKind.TO, TokenKind.AND})  # they say nothing by themselves
Tokens = Iterator[Token]
Make = Callable[[re.Match[str]], Tokens]
Entry = tuple[str, Make]
