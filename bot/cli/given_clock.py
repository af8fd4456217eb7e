"""The clock that the caller of `bot.cli.run` gives to a subcommand, in place of the machine's.

It has a module of its own because `bot.cli` must start without the modules that make a clock.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.ports.channel import Clock

MakeClock = Callable[[datetime | None], "Clock"]  # the moment of --now, None without it → the clock of one subcommand
GIVEN: ContextVar[MakeClock | None] = ContextVar("GIVEN", default=None)
