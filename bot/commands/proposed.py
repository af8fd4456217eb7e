"""Commands that a language model proposes for a message of which the bot is not sure: which it may propose, which need [do it].

What it writes may be wrong, or what strangers made it write. So commands that change something are shown first, all of
them, word for word as they will run, and a button does them. What is shown was checked by bot/conversation/proposals.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.commands import asking, in_turn, offered
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel


class Proposed(NamedTuple):
    """A command that was checked."""

    name: str
    args: str

    @property
    def typed(self) -> str:
        """Returns the command as a person would type it: "/sub diffusion daily 8"."""
        return f"/{self.name} {self.args}".strip()


def ask(context: CommandContext) -> channel.Reply:
    """Shows what was proposed, and asks whether to do it."""
    commands, person = _commands(context), context.request.sender
    yes = context.button("do it", "do-proposed", commands=[list(one) for one in commands], only_for=person)
    no = context.button("no", "cancel", only_for=person)
    asking.expect_yes_or_no(context, yes, no)
    lines = (_read_as(context), *(one.typed for one in commands), context.say("Nothing is done yet."))
    return channel.Reply(lines=lines, buttons=((yes, no),))


def show(context: CommandContext) -> channel.Reply | None:
    """Runs proposed commands that change nothing, and says which they are."""
    commands = _commands(context)
    if (reply := _done(context, commands, may_write=False)) is None:
        return None
    typed = (one.typed for one in commands) if len(commands) == 1 else ()
    return replace(reply, lines=(" ".join((_read_as(context), *typed)), *reply.lines))


def on_do(context: CommandContext) -> channel.Reply | None:
    """Handles [do it]: runs the commands that were shown."""
    return _done(context, _commands(context), may_write=True)


def may_be_proposed(command: Command) -> bool:
    """Returns whether a model may propose a command: not those of operators, of other chats and addresses, and of files."""
    return not (command.needs_operator or command.names_chats or command.wants_file)


def _commands(context: CommandContext) -> list[Proposed]:
    return [Proposed(*one) for one in context.arguments["commands"]]


def _read_as(context: CommandContext) -> str:
    return context.say("I was not sure. The language model {model} reads it as:", model=context.bot_info.model)


def _done(context: CommandContext, commands: Sequence[Proposed], *, may_write: bool) -> channel.Reply | None:
    if len(commands) == 1:
        return offered.run(context, *commands[0])
    return in_turn.run(context, commands, may_write=may_write)


def _each(context: CommandContext) -> Iterator[tuple[Command, CommandContext]]:
    """Yields each command with the context in which it will run."""
    for one in _commands(context):
        if command := context.registry.command_named(one.name):
            yield command, replace(context, args=one.args, arguments={})


def _match_ahead(context: CommandContext) -> None:
    for command, here in _each(context):
        if command.matches_ahead:
            command.matches_ahead(here)


ASK = Callback(run=ask, writes=True)
SHOW = Callback(run=show, writes=False, matches_ahead=_match_ahead)
CALLBACKS = {"do-proposed": Callback(run=on_do, needs_manager=True, matches_ahead=_match_ahead, replaces=True)}
