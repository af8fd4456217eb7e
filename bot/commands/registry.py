"""Everything that people can say and press, by name. A new command: one module or one line in its family's COMMANDS."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from bot.commands import (
    access,
    amending,
    answers,
    asking,
    beginning,
    board,
    cards,
    connecting,
    happenings,
    helping,
    keeping,
    listing,
    named,
    papers,
    pausing,
    portable,
    reasons,
    removing,
    rewording,
    settings,
    sheets,
    subscribing,
    trying,
    undoing,
)
from bot.commands.turn import Callback, Command, CommandFunction

_FAMILIES = (
    beginning,
    subscribing,
    removing,
    rewording,
    sheets,
    listing,
    amending,
    pausing,
    undoing,
    papers,
    reasons,
    asking,
    answers,
    trying,
    cards,
    settings,
    helping,
    keeping,
    portable,
    connecting,
    access,
)

COMMANDS: tuple[Command, ...] = tuple(command for family in _FAMILIES for command in family.COMMANDS)
PRESSES: Mapping[str, Callback] = MappingProxyType(
    {verb: press for family in _FAMILIES for verb, press in family.PRESSES.items()}
)
HAPPENINGS: Mapping[str, CommandFunction] = MappingProxyType(
    {**happenings.HAPPENINGS, **board.HAPPENINGS, **sheets.HAPPENINGS, **named.HAPPENINGS}
)

_BY_NAME: Mapping[str, Command] = MappingProxyType(
    {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
)

# What other bots call it.
_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "activeall": "resume",
        "config": "set",
        "cron": "schedule",
        "del": "unsub",
        "delete": "unsub",
        "pauseall": "pause",
        "unpause": "resume",
        "version": "about",
    }
)


def command_named(name: str) -> Command | None:
    """The command with this name or alias, any letter case."""
    return _BY_NAME.get(name.casefold())


def nearest(name: str) -> str:
    """The name of a command that was perhaps meant; "" when none is near."""
    said = name.casefold()
    if said in _ELSEWHERE:
        return _ELSEWHERE[said]
    if found := get_close_matches(said, list(_BY_NAME), n=1, cutoff=0.6):
        return found[0]
    # "/subdiffusion" lacks a blank.
    return max((known for known in _BY_NAME if said.startswith(known)), key=len, default="")
