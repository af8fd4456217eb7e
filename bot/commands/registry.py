"""Everything that people can say and press, by name. A new command: one module or one line in its family's COMMANDS."""

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
from bot.commands.turn import Registry

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

REGISTRY = Registry(
    commands=tuple(command for family in _FAMILIES for command in family.COMMANDS),
    callbacks={verb: callback for family in _FAMILIES for verb, callback in family.PRESSES.items()},
    events={**happenings.HAPPENINGS, **board.HAPPENINGS, **sheets.HAPPENINGS, **named.HAPPENINGS},
)
