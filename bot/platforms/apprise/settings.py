"""The operator's destinations, which Apprise reaches, and how they may be named. Without one the platform is off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import ReadVariable, RoomSettings, TableOfRoom

_name = check.like(  # it is part of an address, and people type it at the end of a command
    r"[a-z][a-z0-9_-]{0,39}", "it must be at most 40 of a-z, 0-9, _ and -, a letter first, such as team-feishu"
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A service that only receives messages."""

    name: str  # unique
    variable: str  # the name of the variable with its address
    url: SecretStr | None  # the address in Apprise's form; None: the variable is not set


@dataclass(frozen=True, slots=True)
class _Destination(TableOfRoom):
    """A table [[destination]]: its name, and the name of the variable with its address, which is a secret."""

    NAME = "destination"
    MISSING = "every destination needs one"

    name: Annotated[str, check.text(_name)]
    url_env: Annotated[str, check.text(check.variable)]

    def value(self, read: ReadVariable) -> Destination:
        """Returns the destination, its address unchecked: `run` and `paperwire check` report an unusable address."""
        return Destination(self.name, self.url_env, read("url_env", str, must_be_set=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings(RoomSettings):
    """The settings of Apprise."""

    TABLES: ClassVar[Mapping[str, type[TableOfRoom]]] = {"destinations": _Destination}

    destinations: tuple[Destination, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether there is a destination."""
        return bool(self.destinations)


SETTINGS = AppriseSettings
