"""Buttons that run a command, also those that a language model proposes, and what the bot says to a text that asks for nothing.

What a model writes may be wrong, or what strangers made it write. So each of its commands is a button that shows word for
word what it runs; bot/conversation/proposals.py has checked it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.commands.context import Callback, Command, CommandContext, CommandFunction, with_stored_chat
from bot.commands.phrasing import LANGUAGES
from bot.ports import channel
from subscriptions.texts.cutting import cut_letters

DO = "do"  # verb of a button that runs a command
_LABEL = 60  # characters of a button's label


def do_button(label: str, command: str, args: str) -> channel.Button:
    """Returns a button that runs a command."""
    return channel.Button(label=cut_letters(label, _LABEL), verb=DO, arguments={"command": command, "args": args})


def run(context: CommandContext, name: str, args: str) -> channel.Reply | None:
    """Runs the command with this name; None if there is none."""
    command = context.registry.command_named(name)
    if command is None:
        return None
    known = with_stored_chat(context) if command.needs_manager else context
    return command.run(replace(known, args=args, arguments={}))


def what_to_say(context: CommandContext) -> channel.Reply:
    """Returns a reply that says in two or three lines what people can write."""
    lines = (
        context.say("Send me words that papers should contain, such as diffusion -survey, or a link to a paper."),
        context.say("Words such as list, today, settings and stop do what they say."),
    )
    other = next(code for code in LANGUAGES if code != context.origin.settings.lang)
    speak = context.labelled(LANGUAGES[other], "speak", lang=other)
    return channel.Reply(lines=lines, buttons=((context.button("help", "help", topic="all"), speak),))


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
        rows = tuple((do_button(context.typed(one.typed), one.name, one.args),) for one in commands)
        return replace(reply, lines=(*reply.lines, said), buttons=(*rows, *reply.buttons))

    return offer


def may_be_proposed(command: Command) -> bool:
    """Returns whether a model may propose a command: not those of operators, of other chats and addresses, and of files."""
    return not (command.needs_operator or command.names_chats or command.wants_file)


CALLBACKS = {DO: Callback(run=lambda _: None, needs_manager=True)}  # `intent` reads it as the command that it runs
