"""library: a chat's own papers, read from a file that Zotero, Mendeley, JabRef or Google Scholar exports."""

from bot.commands.asking import listed_here
from bot.commands.context import NOTHING, Callback, Command, CommandContext, Wanted, with_stored_chat
from bot.library import is_library, read_library
from bot.ports import channel
from bot.ports.conversation import LARGEST, FileReader
from subscriptions import errors
from subscriptions.language import Language
from subscriptions.model import Library
from subscriptions.query.links import LIBRARY_QUERY
from subscriptions.service.paper_search import HOW_TO_SEND, NO_LIBRARY
from subscriptions.store.interests import drop_library, library_of, put_library, titles_to_ask

LIBRARY_FILE = FileReader(most=LARGEST, content=read_library, recognises=is_library)


def library(context: CommandContext) -> channel.Reply:
    """Stores the attached library; without a file, shows what is stored."""
    if isinstance(read := context.file, Library):
        context = with_stored_chat(context)
        put_library(context.transaction, context.chat.id, read, now=context.now)
        return channel.Reply(
            lines=library_lines(read, context.localizer, orders=bool(context.transaction.store.encoder)),
            ok=True,
            buttons=_buttons(context),
        )
    if context.args.casefold() in ("remove", "删除"):
        return on_remove(context)
    if context.args:
        raise errors.Refused(errors.Sentence("I read a library from a file, not from a message."), HOW_TO_SEND)
    found = library_of(context.transaction, context.chat.id)
    if found is None:
        return channel.Reply(lines=(NO_LIBRARY.say(context.say), HOW_TO_SEND.say(context.say)))
    return context.reply(
        "The library here has {entries}; it was stored {moment}. A new file replaces it.",
        entries=_entries(context.localizer, found.entries),
        moment=context.localizer.moment(found.at),
        buttons=_buttons(context),
    )


def on_remove(context: CommandContext) -> channel.Reply:
    """Handles [remove]: removes the chat's library."""
    if not drop_library(context.transaction, context.chat.id):
        return channel.Reply(lines=(NO_LIBRARY.say(context.say),))
    following = [one.subscription.number for one in listed_here(context) if one.subscription.text == LIBRARY_QUERY]
    lines = [context.say("The library is removed.")]
    lines += [
        context.say("Subscription {number} finds nothing without it; /unsub {number} ends it.", number=number)
        for number in following
    ]
    return context.done(*lines)


_LEAVES_OUT = errors.Sentence(
    "The library is stored: {entries}. Papers that are in it are left out. Meaning is off here, so no others come first."
)
_ORDERS = errors.Sentence(
    "The library is stored: {entries}. Papers like these come first, and papers that are in it are left out."
)


def library_lines(read: Library, localizer: Language, *, orders: bool) -> tuple[str, ...]:
    """Returns the lines that describe a library that was just stored, and its unreadable entries.

    `orders`: papers like these come first, since meaning is on.
    """
    stored = localizer.say(_ORDERS if orders else _LEAVES_OUT, entries=_entries(localizer, len(read.entries)))
    if not read.broken:
        return (stored,)
    broken = localizer.count(
        "{count} entry cannot be read: {names}",
        "{count} entries cannot be read, the first: {names}",
        read.broken,
        names=" · ".join(read.examples),
    )
    return stored, broken


def _wanted(context: CommandContext) -> Wanted:
    """Wants the titles of a file, to which papers are compared."""
    return Wanted(texts=tuple(titles_to_ask(context.file))) if isinstance(context.file, Library) else NOTHING


def _entries(localizer: Language, amount: int) -> str:
    return localizer.count("{count} entry", "{count} entries", amount)


def _buttons(context: CommandContext) -> tuple[tuple[channel.Button, ...], ...]:
    bring = context.button("bring such papers", "subscribe-to", text=LIBRARY_QUERY)
    remove = context.button("take out", "library-remove")
    return ((bring, remove),)


COMMANDS = (
    Command(
        name="library",
        examples=("/library",),
        run=library,
        needs_manager=True,
        wants=_wanted,
        wants_file=LIBRARY_FILE,
        usage="[remove]",
        summary=errors.Sentence("your own papers, from a file"),
    ),
)

CALLBACKS = {"library-remove": Callback(on_remove, needs_manager=True)}
