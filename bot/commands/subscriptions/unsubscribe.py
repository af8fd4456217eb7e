"""unsub: what a chat asks for, taken back: one, several by their numbers, or everything."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.picking import gone, listed_here, named, numbered, pick_list
from bot.commands.core.undo_button import undo_row
from bot.commands.phrasing.subscription_words import unsubscribed
from bot.ports.button import Button
from bot.ports.reply import Reply
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import Subscription
from subscriptions.service.subscriptions import (
    numbers_among,
    numbers_in,
    numbers_missing,
    unsubscribe,
    unsubscribe_several,
)

_ALL = frozenset({"all", "everything", "*", "全部", "所有"})


def unsub(turn: CommandContext) -> Reply:
    """Removes by numbers or query, or everything; without words it asks which."""
    if not turn.args:
        return _which(turn)
    if turn.args.casefold() in _ALL:
        return unsub_all(turn)
    said = numbers_in(turn.args)
    there = numbers_among(said, {one.subscription.number for one in listed_here(turn)})
    if not there:
        return _removed(turn, str(_the_one(turn, said).number))
    gone = unsubscribe_several(turn.store, turn.chat.address, there, now=turn.now, who=turn.actor)
    missing = numbers_missing(said, there)
    return replace(unsubscribed(gone, turn.localizer, missing=missing), buttons=undo_row(turn))


def _the_one(turn: CommandContext, said: Sequence[tuple[int, int]]) -> Subscription:
    """The subscription that is named by its query. Raises NotFound, for numbers with all of them; QueryError."""
    try:
        return named(turn, turn.args)
    except NotFound:
        if not said:
            raise
        which = numbers_missing(said, ())
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": which}),
            Sentence("/list shows those that are there."),
        ) from None


def unsub_all(turn: CommandContext) -> Reply:
    """Removes everything, without a question: it can be undone."""
    return _removed(turn, "all") if turn.chat.id else unsubscribed((), turn.localizer)


def press_unsub(turn: CommandContext) -> Reply:
    """Removes the one that was picked."""
    wish = numbered(turn, turn.arguments.get("number"))
    return gone(turn) if wish is None else replace(_removed(turn, str(wish.number)), replaces=True)


def press_unsub_all(turn: CommandContext) -> Reply:
    """Removes everything."""
    return replace(unsub_all(turn), replaces=True)


def press_unsub_page(turn: CommandContext) -> Reply:
    """Another page of the pick list."""
    return _which(turn, page=int(turn.arguments["page"]), replaces=True)


def _which(turn: CommandContext, *, page: int = 0, replaces: bool = False) -> Reply:
    question = turn.say("Which one do you want to remove? /unsub 1 does it, too, and /unsub 1 3 removes two.")
    everything = Button(label=turn.say("remove all"), verb="unsub-all")
    return pick_list(turn, question, "unsub", page=page, replaces=replaces, last=(everything,))


def _removed(turn: CommandContext, which: str) -> Reply:
    found = unsubscribe(turn.store, turn.chat.address, which, now=turn.now, who=turn.actor)
    return replace(unsubscribed(found, turn.localizer), buttons=undo_row(turn) if found else ())


COMMANDS = (
    Command(
        name="unsub",
        aliases=("unsubscribe", "remove"),
        run=unsub,
        needs_manager=True,
        shows_without_args=True,
        usage="[N …|QUERY|all]",
        summary=Sentence("remove a subscription"),
    ),
    Command(
        name="unsuball", run=unsub_all, needs_manager=True, summary=Sentence("remove all subscriptions"), listed=False
    ),
)
CALLBACKS = {
    "unsub": Callback(run=press_unsub, needs_manager=True),
    "unsub-all": Callback(run=press_unsub_all, needs_manager=True),
    "unsub-page": Callback(run=press_unsub_page),
}
