"""The first words: start, help, about; and what nobody understands."""

from bot.commands.turn import Command, Press, Turn
from bot.ports import Reply
from subscriptions import Sentence


def start(turn: Turn) -> Reply:
    """What this bot is, and examples that work."""
    return Reply(lines=(turn.say("I tell you when papers appear that you care about."),))


def unknown(turn: Turn) -> Reply:
    """A command that does not exist, and the nearest that does."""
    from bot.commands.registry import nearest  # noqa: PLC0415 - the registry imports this family

    near = nearest(turn.args)
    lines = [turn.say("I do not know /{name}.", name=turn.args)]
    lines.append(turn.say("Did you mean /{name}?", name=near) if near else turn.say("/help lists what I know."))
    return Reply(lines=tuple(lines), ok=False)


UNKNOWN = Press(run=unknown)

COMMANDS = (Command(name="start", run=start, summary=Sentence("what this is"), listed=False),)
PRESSES: dict[str, Press] = {}
