"""Buttons that reword a subscription: follow the advice, read a time as words, take an available time."""

from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext, query_of_button
from bot.commands.core.picking import subscription_gone, subscription_numbered
from bot.commands.core.typed_times import AS_WORDS
from bot.commands.subscriptions.echo import REWRITE, echo, subscribe_and_echo
from bot.ports.reply import Reply
from subscriptions.planning.cadence import cadence_text
from subscriptions.query.parsing.parse import parse_query
from subscriptions.service.subscriptions.amendments import edit
from subscriptions.service.subscriptions.undoing import find_change


def on_subscribe_at(context: CommandContext) -> Reply:
    """Handles an available time under a refused one: subscribes to the query and the time of the button."""
    when = context.arguments.get("when")
    return subscribe_and_echo(context, str(context.arguments["text"]), str(when) if when else None)


def on_as_words(context: CommandContext) -> Reply:
    """Handles [as words]: reads the whole text as a query, with the former time."""
    change = find_change(context.store, context.chat.address, int(context.arguments["change"]))
    text = str(context.arguments["text"])
    if change is None or change.undone:
        return Reply(toast=context.say("That is undone already."))
    if change.what.added:
        return _in_words(context, change.what.added[0].number, text, context.chat.settings.schedule, "")
    old = next((old for old, _ in change.what.changed), None)
    if old is None or subscription_numbered(context, old.number) is None:
        return subscription_gone(context)
    when, tz = cadence_text(old.cadence), old.zone or ""
    if context.arguments.get("number") is not None:  # the words were read as the time of an edit
        return _in_words(context, old.number, text, when, tz)
    edit(
        context.store, context.chat.address, old.number, old.text, when=when, tz=tz, now=context.now, who=context.actor
    )
    return replace(subscribe_and_echo(context, text, None), replaces=True)


def _in_words(context: CommandContext, number: int, text: str, when: str, tz: str) -> Reply:
    before = subscription_numbered(context, number)
    if before is None:
        return subscription_gone(context)
    done = edit(context.store, context.chat.address, number, text, when=when, tz=tz, now=context.now, who=context.actor)
    return echo(context, done, instead=context.formatter.reading(parse_query(before.text)), replaces=True)


def on_rewrite(context: CommandContext) -> Reply:
    """Handles the button of an advice: rewrites the query."""
    subscription = subscription_numbered(context, context.arguments.get("number"))
    if subscription is None:
        return subscription_gone(context)
    text = str(context.arguments["text"])
    done = edit(context.store, context.chat.address, subscription.number, text, now=context.now, who=context.actor)
    return echo(context, done, instead=context.formatter.reading(parse_query(subscription.text)), replaces=True)


COMMANDS: tuple[Command, ...] = ()
CALLBACKS = {
    AS_WORDS: Callback(run=on_as_words, needs_manager=True, queries=query_of_button),
    REWRITE: Callback(run=on_rewrite, needs_manager=True, queries=query_of_button),
    "subscribe-at": Callback(run=on_subscribe_at, needs_manager=True, queries=query_of_button),
}
