"""Buttons that run a command, and what the bot says to a text that asks for nothing."""

from dataclasses import replace

from bot.commands.context import Callback, CommandContext, with_stored_chat
from bot.ports import channel
from subscriptions.texts.cutting import cut_letters

_LABEL = 60  # characters of a button's label


def do_button(label: str, command: str, args: str) -> channel.Button:
    """Returns a button that runs a command."""
    return channel.Button(label=cut_letters(label, _LABEL), verb="do", arguments={"command": command, "args": args})


def run(context: CommandContext, name: str, args: str) -> channel.Reply | None:
    """Runs the command with this name; None if there is none."""
    command = context.registry.command_named(name)
    if command is None:
        return None
    known = with_stored_chat(context) if command.needs_manager else context
    return command.run(replace(known, args=args, arguments={}))


def what_to_say(context: CommandContext) -> channel.Reply:
    """Returns a reply that says in two or three lines what people can write."""
    return channel.Reply(
        lines=(
            context.say("Send me words that papers should contain, such as diffusion -survey, or a link to a paper."),
            context.say("Words such as list, today, settings and stop do what they say."),
            context.say("/help lists what else I know."),
        )
    )


def on_do(context: CommandContext) -> channel.Reply | None:
    """Handles a button that runs a command."""
    return run(context, str(context.arguments["command"]), str(context.arguments["args"]))


CALLBACKS = {"do": Callback(run=on_do, needs_manager=True, replaces=True)}
