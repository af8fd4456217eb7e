"""unsub: removes subscriptions by number or query, or all of them, without a question, since it can be undone."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.commands import phrasing, picking
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.service import requests

_ALL = frozenset({"all", "everything", "*", "全部", "所有"})


def unsub(context: CommandContext) -> channel.Reply:
    """Removes subscriptions by number or by query, or all of them; without arguments, asks which."""
    if not context.args:
        return _which(context)
    if context.args.casefold() in _ALL:
        return unsub_all(context)
    numbers = [int(number) for number in re.findall(r"\d+", context.args)]
    there = {one.number for one in picking.subscriptions_here(context)}.intersection(numbers)
    if not re.fullmatch(picking.NUMBERS, context.args) or not there:
        return _removed(context, [_subscription_of_query(context, numbers).number])
    missing = dict.fromkeys(str(number) for number in numbers if number not in there)
    return _removed(context, there, missing=", ".join(missing))


def _subscription_of_query(context: CommandContext, numbers: Sequence[int]) -> model.Subscription:
    """Returns the subscription with the typed query. Raises QueryError; NotFound, which lists all typed numbers."""
    try:
        return picking.subscription_named(context, context.args)
    except errors.NotFound:
        if not re.fullmatch(picking.NUMBERS, context.args):
            raise
        raise picking.number_not_found(", ".join(map(str, numbers))) from None


def unsub_all(context: CommandContext) -> channel.Reply:
    """Removes all subscriptions. Does not ask first, since the removal can be undone."""
    if not context.chat.id:
        return phrasing.unsubscribed((), context.localizer)
    return _removed(context, [one.number for one in picking.subscriptions_here(context)])


def _unsub_one(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    return _removed(context, [subscription.number])


def _which(context: CommandContext) -> channel.Reply:
    question = context.say("Which one do you want to remove? /unsub 1 does it, too, and /unsub 1 3 removes two.")
    return picking.pick_list(context, question, "unsub", everything="unsub-all")


def _removed(context: CommandContext, numbers: Collection[int], missing: str = "") -> channel.Reply:
    address = context.chat.address
    gone = requests.unsubscribe_several(context.transaction, address, numbers, now=context.now, who=context.actor)
    return replace(phrasing.unsubscribed(gone, context.localizer, missing=missing), buttons=context.undo_row)


COMMANDS = (
    Command(
        name="unsub",
        examples=("/unsub 1", "/unsub all"),
        aliases=("unsubscribe", "remove"),
        run=unsub,
        needs_manager=True,
        shows_without_args=True,
        usage="[N …|QUERY|all]",
        summary=errors.Sentence("remove a subscription"),
    ),
)

CALLBACKS = {
    "unsub": Callback(run=picking.on_subscription(_unsub_one), needs_manager=True, replaces=True),
    "unsub-all": Callback(run=unsub_all, needs_manager=True, replaces=True),
}
