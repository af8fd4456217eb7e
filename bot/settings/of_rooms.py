"""The settings that a room declares itself.

The room's module `settings` has one class, SETTINGS: a frozen dataclass derived from RoomSettings. Each field names the
check of its text, and is set by a variable of VARIABLES: the field's name, with PAPERWIRE_ and perhaps PREFIX before it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cache
from importlib import import_module
from typing import ClassVar, Protocol

from pydantic import ConfigDict, SecretStr

# The rooms that declare settings. They are imported by name, since they import this module.
_ROOMS = ("bot.platforms.telegram", "bot.platforms.slack", "bot.platforms.email", "bot.platforms.apprise", "bot.model")


@dataclass(frozen=True, slots=True)
class Variable:
    """What docs/settings.md says of a variable, in Markdown."""

    meaning: str
    _: KW_ONLY
    example: str
    without: str = ""  # what counts if it is not set; "" if that is the default of its field, or nothing


class ReadVariable(Protocol):
    """Reads a variable whose name stands in a field of a table."""

    def __call__(self, field: str, check: Callable[[str], str], /, *, must_be_set: bool = True) -> SecretStr | None:
        """Returns its text as `check` returns it; None if the field is empty, or if the variable need not be set and is not.

        Raises SettingsError, which names the line of the file.
        """


class Table:
    """A table of paperwire.toml. An unknown name in it is an error."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    NAME: ClassVar[str]
    MISSING: ClassVar[str] = ""  # what is told if a field is missing; not "" for tables that may be there several times


class TableOfRoom(Table):
    """A table with secrets, which may be there several times. Its fields that end in `_env` name variables."""

    __slots__ = ()

    def value(self, read: ReadVariable) -> object:
        """Returns what the table and its variables mean. Raises SettingsError."""
        raise NotImplementedError


class RoomSettings:
    """The settings of a room. Without any of its variables and tables, the defaults of the fields count."""

    __slots__ = ()
    VARIABLES: ClassVar[Mapping[str, Variable]] = {}  # by name. If one cannot be used, all count as not set
    PREFIX: ClassVar[str] = ""  # of the variables after PAPERWIRE_, as far as they have one
    TOGETHER: ClassVar[tuple[tuple[str, str], ...]] = ()  # if the first is set, the second must be set
    TABLES: ClassVar[Mapping[str, type[TableOfRoom]]] = {}  # the field with the values of such tables → their class

    @property
    def is_on(self) -> bool:
        """Whether the room has the settings that it needs."""
        return True

    @classmethod
    def field_of(cls, variable: str) -> str:
        """Returns the name of the field that a variable sets."""
        return variable.removeprefix("PAPERWIRE_").removeprefix(cls.PREFIX).lower()


def variables() -> Iterator[str]:
    """Yields the variables of all rooms."""
    for room in declared().values():
        yield from room.VARIABLES


@cache
def declared() -> Mapping[str, type[RoomSettings]]:
    """Returns the settings of the rooms that have any: name of the room → their class."""
    return {room: import_module(f"{room}.settings").SETTINGS for room in _ROOMS}
