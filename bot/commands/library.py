"""library: the chat's own papers, from a file that Zotero, Mendeley, JabRef or Google Scholar exports."""

from collections.abc import Sequence

from bot.commands.asking import listed_here, shown_buttons, with_stored_chat
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing.localizer import Localizer
from bot.ports.channel import Button, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.query.links import LIBRARY_QUERY
from subscriptions.ranking import Library
from subscriptions.service.libraries import drop_library, put_library
from subscriptions.service.near_papers import HOW_TO_SEND, NO_LIBRARY
from subscriptions.store.libraries import library_of

_REMOVE = ("remove", "删除")


def library(context: CommandContext) -> Reply:
    """Stores the attached library; without a file shows what is stored."""
    if (read := context.library) is not None:
        context = with_stored_chat(context)
        put_library(context.store, context.chat, read, now=context.now, who=context.actor)
        return Reply(lines=library_lines(read, context.localizer), ok=True, buttons=_buttons(context))
    if context.args.casefold() in _REMOVE:
        return on_remove(context)
    if context.args:
        raise Refused(Sentence("I read a library from a file, not from a message."), HOW_TO_SEND)
    found = library_of(context.store, context.chat.id)
    if found is None:
        return Reply(lines=(NO_LIBRARY.say(context.say), HOW_TO_SEND.say(context.say)))
    entries = _entries(context.localizer, found.words.entries)
    day = context.localizer.moment(found.at)
    said = context.say(
        "The library here has {entries}; it was stored {moment}. A new file replaces it.", entries=entries, moment=day
    )
    return Reply(lines=(said,), buttons=_buttons(context))


def on_remove(context: CommandContext) -> Reply:
    """Handles [remove]."""
    if not drop_library(context.store, context.chat):
        return Reply(lines=(NO_LIBRARY.say(context.say),))
    following = [one.subscription.number for one in listed_here(context) if one.subscription.text == LIBRARY_QUERY]
    lines = [context.say("The library is removed.")]
    lines += [
        context.say("Subscription {number} still finds papers near to it; /unsub {number} ends it.", number=number)
        for number in following
    ]
    return Reply(lines=tuple(lines), ok=True)


def library_lines(read: Library, localizer: Localizer) -> tuple[str, ...]:
    """Returns what is said of a library that was stored."""
    entries = _entries(localizer, read.words.entries)
    stored = localizer.say(
        "The library is stored: {entries}. Papers like these come first, and papers that are in it are left out.",
        entries=entries,
    )
    return (stored, *_broken(read.broken, read.examples, localizer))


def _entries(localizer: Localizer, amount: int) -> str:
    return localizer.count("{count} entry", "{count} entries", amount)


def _broken(amount: int, examples: Sequence[str], localizer: Localizer) -> tuple[str, ...]:
    if not amount:
        return ()
    names = " · ".join(examples)
    return (
        localizer.count(
            "{count} entry cannot be read: {names}",
            "{count} entries cannot be read, the first: {names}",
            amount,
            names=names,
        ),
    )


def _buttons(context: CommandContext) -> tuple[tuple[Button, ...], ...]:
    bring = Button(label=context.say("bring such papers"), verb="subscribe-to", arguments={"text": LIBRARY_QUERY})
    remove = Button(label=context.say("remove"), verb="library-remove")
    return shown_buttons(context, ((bring, remove),))


COMMANDS = (
    Command(
        name="library",
        run=library,
        needs_manager=True,
        wants_file="library",
        usage="[remove]",
        summary=Sentence("your own papers, from a file"),
    ),
)
CALLBACKS = {"library-remove": Callback(run=on_remove, needs_manager=True)}
