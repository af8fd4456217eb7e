"""import: subscriptions from a text or a file: how large it may be, how many changes are shown, how long they can be confirmed."""

from collections import Counter
from datetime import timedelta

from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.ports import channel
from bot.ports.attached import FileReader
from subscriptions import errors, portable
from subscriptions.service import importing
from subscriptions.service.importing import Changes

DECIDE_WITHIN = timedelta(hours=1)  # how long an import can be confirmed
MOST_SHOWN = 30  # changed lines that are shown before an import


def import_(context: CommandContext) -> channel.Reply:
    """Shows what a text would change, and stores the text until [import] is pressed."""
    if context.read_by_strangers and context.args.casefold() in _DECISIONS:
        return _DECISIONS[context.args.casefold()](context)
    text = _text_given(context)
    if not text.strip():
        how = context.say("Send /import with lines after it, or as the caption of a text file. A line looks like this:")
        return channel.Reply(lines=(how,), code=("daily 09:00 | diffusion -survey | ",))
    changes = importing.import_lines(
        context.transaction, portable.read_lines(text, context.chat.address, alone=True), now=context.now, dry=True
    )
    if not changes:
        return context.reply("There is no line to import.")
    if all(sign == "=" for sign, _, _ in changes):
        return context.reply("All of it is there already.")
    context.remember(_state_name(context), {"text": text}, lasts=DECIDE_WITHIN)
    return _difference(context, changes)


def _text_given(context: CommandContext) -> str:
    """Returns the text of the attached file; without a file, the arguments. Raises Refused if the file is not text."""
    if not isinstance(context.file, bytes):
        return context.args
    try:
        return portable.text_of(context.file)
    except UnicodeDecodeError:
        raise refusal(
            "This file is not text in UTF-8.", "Save it as UTF-8, one subscription a line, and send it again."
        ) from None


def _difference(context: CommandContext, changes: Changes) -> channel.Reply:
    """Returns the reply that shows the changes line by line; in a group, it shows only how many there are."""
    shown = tuple(f"{sign} {line}" for sign, _, line in changes if sign != "=")
    lines = [context.say("This would change: {counts}.", counts=_counts(context, changes))]
    if context.read_by_group and not context.read_by_strangers:
        return channel.Reply(lines=tuple(lines), buttons=(_choice(context),))
    if (more := len(shown) - MOST_SHOWN) > 0:
        lines.append(context.count("and {count} more line", "and {count} more lines", more))
    if context.read_by_strangers:
        lines.append(context.say("To do it, send /import yes within an hour."))
    return channel.Reply(lines=tuple(lines), code=shown[:MOST_SHOWN], buttons=(_choice(context),))


def _choice(context: CommandContext) -> tuple[channel.Button, channel.Button]:
    """Returns [import] and [no], for the sender only."""
    person, only = context.request.sender, context.who_may_press
    done = context.button("import", "import", person=person, only_for=only)
    left = context.button("no", "import-no", person=person, only_for=only)
    return done, left


def _counts(context: CommandContext, changes: Changes) -> str:
    counts = Counter(sign for sign, _, _ in changes)
    said = (
        (counts["+"], context.count("{count} new", "{count} new", counts["+"])),
        (counts["~"], context.count("{count} changed", "{count} changed", counts["~"])),
        (counts["="], context.count("{count} there already", "{count} there already", counts["="])),
    )
    return " · ".join(words for count, words in said if count)


def _dropped(context: CommandContext) -> channel.Reply:
    context.drop(_state_name(context))
    return context.reply("Nothing is imported.", ok=True)


def _imported(context: CommandContext) -> channel.Reply:
    """Imports the stored text; what it changes depends on the subscriptions that the chat has now."""
    waiting = context.remembered(_state_name(context))
    if waiting is None:
        raise refusal("No import waits here any more.", "Send the text again with /import.")
    context.drop(_state_name(context))
    lines = portable.read_lines(str(waiting.arguments["text"]), context.chat.address, alone=True)
    done = importing.import_lines(context.transaction, lines, now=context.now, who=context.actor)
    return context.reply("Imported: {counts}.", counts=_counts(context, done), ok=True, buttons=context.undo_row)


_DECISIONS = {"yes": _imported, "no": _dropped}


def _state_name(context: CommandContext) -> str:
    """Returns the key under which an import is stored; it is unique per chat and person. A button names the person."""
    by = context.arguments.get("person", context.request.sender)
    return f"import:{context.origin.address}:{context.chat.address}:{by}"


COMMANDS = (
    Command(
        name="import",
        examples=("/import daily 09:00 | diffusion -survey | Diffusion",),
        run=import_,
        needs_manager=True,
        wants_file=FileReader(most=256 * 1024),
        many_lines=True,
        usage="[LINES]",
        summary=errors.Sentence("subscriptions from text or a file"),
    ),
)

CALLBACKS = {
    "import": Callback(run=_imported, needs_manager=True, replaces=True),
    "import-no": Callback(run=_dropped, needs_manager=True, replaces=True),
}
