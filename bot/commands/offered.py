"""Buttons that run a command, questions which one is meant, and what the bot says if it understands nothing."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import frame, search
from bot.commands.context import Callback, CommandContext, with_stored_chat
from bot.commands.spoken import spoken
from bot.ports import channel
from subscriptions.texts.cutting import cut_letters

LABEL = 40  # characters of a button's label


def which(context: CommandContext, buttons: Sequence[channel.Button]) -> channel.Reply:
    """Returns a question with these buttons: which one is meant?"""
    rows = [(replace(one, label=cut_letters(one.label, LABEL)),) for one in buttons]
    asked = context.say("Which one do you mean?")
    if len(rows) == 1:
        asked = context.say("Is that what you mean?")
    return channel.Reply(lines=(asked,), buttons=tuple(rows), about=channel.About(asks=True))


def do_button(label: str, command: str, args: str) -> channel.Button:
    """Returns a button that runs a command."""
    return channel.Button(label=label, verb="do", arguments={"command": command, "args": args})


def run(context: CommandContext, name: str, args: str) -> channel.Reply | None:
    """Runs the command with this name; None if there is none."""
    command = context.registry.command_named(name)
    if command is None:
        return None
    known = with_stored_chat(context) if command.needs_manager else context
    return command.run(replace(known, args=args, arguments={}))


def with_look_for(context: CommandContext, reply: channel.Reply) -> channel.Reply:
    """Adds [look for “…”] to a question."""
    return replace(reply, buttons=(*reply.buttons, search.look_for_button(context, context.args.strip())))


def what_to_say(context: CommandContext) -> channel.Reply:
    """Returns a reply that says in two or three lines what people can write."""
    words = context.say("Words such as list, today, settings and stop do what they say.")
    return channel.Reply(
        lines=(
            context.say("Send me words that papers should contain, such as diffusion -survey, or a link to a paper."),
            *((words,) if spoken("list").command else ()),
            context.say("/help lists what else I know."),
        )
    )


def on_do(context: CommandContext) -> channel.Reply | None:
    """Handles a button that runs a command, perhaps several times with other arguments."""
    command, args = str(context.arguments["command"]), context.arguments["args"]
    frame.settle(context)  # else [/undo] would only close the question that offers it
    if not isinstance(args, list):
        return run(context, command, str(args))
    done = [reply for one in args if (reply := run(context, command, str(one)))]
    lines = tuple(dict.fromkeys(line for reply in done for line in reply.lines))
    if done:
        return replace(done[-1], lines=lines, buttons=context.undo_row)
    return None


CALLBACKS = {"do": Callback(run=on_do, needs_manager=True, replaces=True)}
