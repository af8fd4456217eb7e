"""The buttons under papers: their data, and the papers that they name.

A list has too many buttons to store a token for each. Only the button that opens a card has a stored token. The other
buttons of the card have the same data with a letter after it. Under a delivery no token is stored at all: the data
names the delivery and the position of the paper.

    d<delivery>.c<n>     the card of the nth paper of the delivery, counted from 0
    d<delivery>.m<n>     the papers beyond the chat's limit, from the nth of them on; without n, from the first
    <card>.<letter>      another button of the card: the `letter` of its `Callback`

A button names its paper by the position in a delivery (`delivery`, `position`) or by its id in the store (`paper`). The
data is not trusted: delivery and paper are looked up only among the deliveries of the chat where the button was pressed.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.commands.context import CommandContext, CommandFunction, Registry
from bot.ports import channel
from subscriptions import model
from subscriptions.service.asked_papers import as_item
from subscriptions.store.callbacks import find_callback
from subscriptions.store.database.store import Transaction
from subscriptions.store.deliveries import delivered_items
from subscriptions.store.known_papers import stored_papers

CARD = "card"
_OF_DELIVERY = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?:c(?P<position>\d{1,6})|m(?P<start>\d{0,6}))")


def pressed_token(store: Transaction, data: str, place: str, registry: Registry) -> model.CallbackToken | None:
    """Returns the token that belongs to the data of a pressed button; None if there is none."""
    card, _, letter = data.rpartition(".")
    verb = registry.verbs_of_cards.get(letter)
    token = read_callback(card, place) or find_callback(store, card) if verb else None
    if verb and token and token.verb == CARD:  # here `number` is a place in a list; for other verbs, a subscription
        arguments = {name: value for name, value in token.arguments.items() if name != "number"}
        return replace(token, verb=verb, arguments=arguments)
    return read_callback(data, place) or find_callback(store, data)


def read_callback(data: str, place: str) -> model.CallbackToken | None:
    """Returns the token for data such as `d7.c0` and `d7.m16`, whose token is not stored; None for other data."""
    match = _OF_DELIVERY.fullmatch(data)
    if match is None:
        return None
    if match["position"] is None:
        arguments = {"delivery": match["delivery"], "start": int(match["start"] or 0)}
        return model.CallbackToken(verb="show-more", arguments=arguments, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return model.CallbackToken(verb=CARD, arguments=arguments, place=place)


def callback_paper(context: CommandContext) -> model.Item | None:
    """Returns the paper that the button names; None if it is not stored or the named delivery is not one of this chat's."""
    if "delivery" in context.arguments:
        delivery, position = str(context.arguments["delivery"]), int(context.arguments["position"])
        return next(iter(delivered_items(context.transaction, context.chat.id, delivery, position=position)), None)
    paper = int(context.arguments["paper"])
    known = stored_papers(context.transaction, [paper]).get(paper)
    if known:
        return as_item(context.transaction, context.chat, known)
    return None


def of_paper(run: Callable[[CommandContext, model.Item], channel.Reply]) -> CommandFunction:
    """Returns a handler of a button.

    It calls `run` with the paper that the button names; if the paper is gone, it says so.
    """

    def handle(context: CommandContext) -> channel.Reply:
        item = callback_paper(context)
        if item:
            return run(context, item)
        return paper_gone(context)

    return handle


def paper_arguments(context: CommandContext) -> dict[str, Any]:
    """Returns those arguments of the pressed button that name its paper."""
    return {name: context.arguments[name] for name in ("delivery", "position", "paper") if name in context.arguments}


def paper_gone(context: CommandContext) -> channel.Reply:
    """Returns the reply to a button whose paper is no longer stored."""
    return context.toast("I do not have this paper any more.")
