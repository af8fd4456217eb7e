"""Checks of the values of settings that take more than a few words."""

import re
from typing import Literal

from subscriptions.errors import Refused, Sentence
from subscriptions.planning.cadence import cadence_text
from subscriptions.planning.times import hours_of, read_when

LARGEST_LIMIT = 200  # papers shown in one delivery; more is `all`
_COUNTED = re.compile(r"(?P<number>\d{1,9}) ?(?:papers?|篇(?:论文)?)?", re.ASCII)


class NotPossible(Exception):
    """A value that a setting cannot have; `possible` says which values it can."""

    def __init__(self, possible: Sentence | str) -> None:
        super().__init__(possible)
        self.possible = possible


def language(code: str) -> Literal["en", "zh"]:
    """The language for a client of that language: zh for "zh", "zh-hans" and "zh_TW", else en."""
    return "zh" if code.casefold().startswith("zh") else "en"


def checked_limit(value: str) -> str:
    """A number from 1 to 200, or `all` for 0. Raises NotPossible."""
    counted = _COUNTED.fullmatch(value.casefold())
    number = int(counted["number"]) if counted else -1
    if number == 0:
        return "all"
    if 0 < number <= LARGEST_LIMIT:
        return str(number)
    raise NotPossible(Sentence("a number from 1 to {most}, or all", {"most": LARGEST_LIMIT}))


def checked_schedule(value: str) -> str:
    """The text of a cadence. Raises Refused."""
    when = read_when(value)
    if when.zone:
        raise Refused(
            Sentence("The schedule of a chat goes by the chat's clock, so it takes no place."),
            Sentence("Set the clock by itself: timezone {zone}.", {"zone": when.zone}),
        )
    return cadence_text(when.cadence)


def checked_quiet(value: str) -> str:
    """Two different times of day: "22:00-08:00". Raises NotPossible."""
    hours = hours_of(value)
    if hours is None or hours[0] == hours[1]:
        raise NotPossible(Sentence("two times of day such as 22:00-08:00, or off"))
    return f"{hours[0]:%H:%M}-{hours[1]:%H:%M}"


def checked_lang(value: str) -> str:
    """The code en or zh, of any name or code of the two languages. Raises NotPossible."""
    plain = value.casefold()
    if plain in {"zh", "中文", "chinese"} or plain.startswith(("zh-", "zh_")):
        return "zh"
    if plain in {"en", "english", "英文"} or plain.startswith(("en-", "en_")):
        return "en"
    raise NotPossible("English (en), 中文 (zh)")
