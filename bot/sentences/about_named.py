"""Reads a sentence with the names of the chat's subscriptions: "switch kelp to moss" is "switch #1 to moss". Pure.

With numbers in place of names, it is clearer what is an order, and what belongs to a query: "kelp limited by light" stays one.
"""

from collections.abc import Sequence

from bot.sentences import change_said, meant
from bot.sentences.words import days, names, orders, reader
from bot.sentences.words.said import CERTAIN, HALF, SURE, Said
from subscriptions.model import Subscription
from subscriptions.planning.times.reading import is_time

OF_ONE = ("unsub", "pause", "resume")  # actions that need only the name of a subscription
_OF_SUBSCRIPTIONS = (*OF_ONE, "stop", *change_said.INTENTS)
# intents of the whole chat → what they are if the sentence names one subscription
_AS_ONE = {"unsub-all": "unsub", "stop": "unsub", "schedule-now": "now", "schedule-weekdays": "weekdays"}


def read(said: Said, there: Sequence[Subscription]) -> Said:
    """Returns the meaning of a sentence where these subscriptions are."""
    return _of_one(with_number(said, there), there)


def _of_one(said: Said, there: Sequence[Subscription]) -> Said:
    """If a sentence of the whole chat names a subscription, returns it as a sentence about one.

    "Not on weekends" is about each of them, since the time of day stays, and so do those that come on other days.
    """
    if said.intent == "schedule-weekdays" and days.days_in(said).denied and there:
        return said._replace(found=(reader.Score("schedule", said.sure),))
    if said.intent not in _AS_ONE or not there or not names_one(said, there):
        return said
    return said._replace(found=(reader.Score(_AS_ONE[said.intent], HALF if said.intent == "stop" else said.sure),))


def names_one(said: Said, there: Sequence[Subscription]) -> bool:
    """Returns whether a sentence names a subscription: by words, or by a number that can only be that of a subscription.

    Chinese words are only a name if a subscription has them, since words for a manner look like names: 别写那么长.
    """
    if names.is_numbered(said.text):
        return True
    if any(meant.is_named(reader.folded(said.text), one) for one in there):
        return True
    named = names.names_in(said.text, said.intent)
    return any(names.refers(said.text) or any(meant.fits(name, one) for one in there) for name in named)


def with_number(said: Said, there: Sequence[Subscription]) -> Said:
    """If a sentence names a subscription by its words, returns its meaning with the number of the subscription instead."""
    said = _order_behind_query(said, there)
    if said.sure < SURE and is_time(said.text) and there:
        return said._replace(found=(reader.Score("schedule", 1.0),))
    numbered = change_said.with_numbers(said, there)
    is_likelier = numbered.sure >= (min(SURE, said.sure) if numbered.intent == said.intent else SURE)
    likeliest = numbered if numbered.intent in _likely_of_one(said, numbered) and is_likelier else said
    if numbered is not said and orders.is_rather_no_order(
        said.tokens, numbered.tokens
    ):  # "would kelp weekly be better?"
        return likeliest.half_sure
    return likeliest


def _order_behind_query(said: Said, there: Sequence[Subscription]) -> Said:
    """Returns a sentence that looks like a query, but may be an order about a subscription, as that: "pause the kelp papers"."""
    if said.intent != reader.QUERY or len(said.found) < 2 or said.found[1].intent not in (*OF_ONE, "stop"):  # noqa: PLR2004 - a second one
        return said
    order = said._replace(found=said.found[1:])
    if order.is_clear and all_fit(order, there):
        return order
    return said


def _likely_of_one(said: Said, numbered: Said) -> Sequence[str]:
    """Returns the intents that a sentence may have, once there are numbers in place of the names of subscriptions."""
    if orders.is_surely_order(numbered.tokens):
        return _OF_SUBSCRIPTIONS
    if said.intent in change_said.INTENTS:
        return (said.intent,)
    if said.intent in (reader.QUERY, *reader.ASKING) and said.sure >= CERTAIN:  # "kelp limited by light"
        return ("schedule",)
    return _OF_SUBSCRIPTIONS


def all_fit(said: Said, there: Sequence[Subscription]) -> bool:
    """Returns whether all words by which a sentence names subscriptions fit one."""
    called = names.names_in(said.text, said.intent)
    return bool(called) and all(any(meant.fits(name, one) for one in there) for name in called)
