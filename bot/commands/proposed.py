"""Commands that a language model proposes for a message of which the bot is not sure: which it may propose, and how they are offered.

What it writes may be wrong, or what strangers made it write. So each is a button that shows word for word what it runs.
What is offered was checked by bot/conversation/proposals.py.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.commands import offered
from bot.commands.context import Command, CommandContext, CommandFunction
from bot.ports import channel


class Proposed(NamedTuple):
    """A command that was checked."""

    name: str
    args: str

    @property
    def typed(self) -> str:
        """Returns the command as a person would type it: "/sub diffusion daily 8"."""
        return f"/{self.name} {self.args}".strip()


def with_offers(run: CommandFunction, commands: Sequence[Proposed]) -> CommandFunction:
    """Returns what answers a message, with a button for each proposed command above the other buttons."""

    def offer(context: CommandContext) -> channel.Reply | None:
        reply = run(context) or channel.Reply()
        said = context.say("The language model {model} reads it as:", model=context.bot_info.model)
        rows = tuple((offered.do_button(one.typed, one.name, one.args),) for one in commands)
        return replace(reply, lines=(*reply.lines, said), buttons=(*rows, *reply.buttons))

    return offer


def may_be_proposed(command: Command) -> bool:
    """Returns whether a model may propose a command: not those of operators, of other chats and addresses, and of files."""
    return not (command.needs_operator or command.names_chats or command.wants_file)
