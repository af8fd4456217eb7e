"""unsub: removes one subscription, several by their numbers, or all."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext, always
from bot.commands.core.picking import (
    listed_here,
    pick_list,
    subscription_gone,
    subscription_named,
    subscription_numbered,
    undo_row,
)
from bot.commands.phrasing.subscription_words import unsubscribed
from bot.ports.reply import Button, Reply
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import Subscription
from subscriptions.service.subscriptions.amendments import numbers_among, numbers_in, numbers_missing
from subscriptions.service.subscriptions.requests import unsubscribe, unsubscribe_several

_ALL = frozenset({"all", "everything", "*", "全部", "所有"})


def unsub(context: CommandContext) -> Reply:
    """Removes by numbers, by query, or all; without arguments asks which."""
    if not context.args:
        return _which(context)
    if context.args.casefold() in _ALL:
        return unsub_all(context)
    said = numbers_in(context.args)
    there = numbers_among(said, {one.subscription.number for one in listed_here(context)})
    if not there:
        return _removed(context, str(_subscription_of_query(context, said).number))
    gone = unsubscribe_several(context.store, context.chat.address, there, now=context.now, who=context.actor)
    missing = numbers_missing(said, there)
    return replace(unsubscribed(gone, context.localizer, missing=missing), buttons=undo_row(context))


def _subscription_of_query(context: CommandContext, said: Sequence[tuple[int, int]]) -> Subscription:
    """Returns the subscription with this query. Raises QueryError, and NotFound, which lists all the numbers typed."""
    try:
        return subscription_named(context, context.args)
    except NotFound:
        if not said:
            raise
        which = numbers_missing(said, ())
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": which}),
            Sentence("/list shows those that are there."),
        ) from None


def unsub_all(context: CommandContext) -> Reply:
    """Removes all subscriptions without a question, since that can be undone."""
    return _removed(context, "all") if context.chat.id else unsubscribed((), context.localizer)


def on_unsub(context: CommandContext) -> Reply:
    """Handles the pick list: removes that subscription."""
    subscription = subscription_numbered(context, context.arguments.get("number"))
    return (
        subscription_gone(context)
        if subscription is None
        else replace(_removed(context, str(subscription.number)), replaces=True)
    )


def on_unsub_all(context: CommandContext) -> Reply:
    """Handles [remove all]."""
    return replace(unsub_all(context), replaces=True)


def on_unsub_page(context: CommandContext) -> Reply:
    """Handles [back] and [more] of the pick list."""
    return _which(context, page=int(context.arguments["page"]), replaces=True)


def _which(context: CommandContext, *, page: int = 0, replaces: bool = False) -> Reply:
    question = context.say("Which one do you want to remove? /unsub 1 does it, too, and /unsub 1 3 removes two.")
    everything = Button(label=context.say("remove all"), verb="unsub-all")
    return pick_list(context, question, "unsub", page=page, replaces=replaces, last=(everything,))


def _removed(context: CommandContext, which: str) -> Reply:
    found = unsubscribe(context.store, context.chat.address, which, now=context.now, who=context.actor)
    return replace(unsubscribed(found, context.localizer), buttons=undo_row(context) if found else ())


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
    "unsub": Callback(run=on_unsub, needs_manager=True),
    "unsub-all": Callback(run=on_unsub_all, needs_manager=True),
    "unsub-page": Callback(run=on_unsub_page, writes=always),
}
