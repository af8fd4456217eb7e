"""Text without a command in a private chat: a link or an id asks for a paper, everything else is a query to try."""

from bot.commands.turn import Press, Turn
from bot.ports import Reply


def plain(turn: Turn) -> Reply | None:
    """The answer to text that is no command."""
    return Reply(lines=(turn.say("Send me words that papers should hold, or /help."),))


PLAIN = Press(run=plain)
