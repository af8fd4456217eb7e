"""import: adds the subscriptions of a text or a file, all or none, with [undo]; how large a file may be."""

from collections import Counter

from bot.commands import asking
from bot.commands.context import Command, CommandContext, Wanted, refusal
from bot.ports import channel
from bot.ports.conversation import FileReader
from subscriptions import errors, portable
from subscriptions.service import import_export
from subscriptions.service.import_export import Changes

LARGEST = 256 * 1024  # bytes of a file


def import_(context: CommandContext) -> channel.Reply:
    """Imports the lines of a text or of the attached file; without either, asks for them."""
    text = _text_given(context)
    if not text.strip():
        how = context.say("Send the lines, or a text file with them. A line looks like this:")
        asked = asking.ask(context, "import", how)
        return channel.Reply(lines=asked.lines, code=("daily 09:00 | diffusion -survey | ",), buttons=asked.buttons)
    lines = portable.read_lines(text, context.chat.address, alone=True)
    done = import_export.import_lines(context.transaction, lines, now=context.now, who=context.actor)
    if not done:
        return context.reply("There is no line to import.")
    if all(sign == "=" for sign, _, _ in done):
        return context.reply("All of it is there already.")
    return context.reply("Imported: {counts}.", counts=_counts(context, done), ok=True, buttons=context.undo_row)


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


def _wanted(context: CommandContext) -> Wanted:
    """Wants the texts that the lines ask."""
    lines = portable.read_lines(_text_given(context), context.chat.address, alone=True)
    return Wanted(texts=import_export.texts_asked(lines))


def _counts(context: CommandContext, changes: Changes) -> str:
    counts = Counter(sign for sign, _, _ in changes)
    said = (
        (counts["+"], context.count("{count} new", "{count} new", counts["+"])),
        (counts["~"], context.count("{count} changed", "{count} changed", counts["~"])),
        (counts["="], context.count("{count} there already", "{count} there already", counts["="])),
    )
    return " · ".join(words for count, words in said if count)


COMMANDS = (
    Command(
        name="import",
        examples=("/import daily 09:00 | diffusion -survey | Diffusion",),
        run=import_,
        needs_manager=True,
        wants=_wanted,
        wants_file=FileReader(most=LARGEST),
        many_lines=True,
        usage="[LINES]",
        summary=errors.Sentence("subscriptions from text or a file"),
    ),
)
