"""The echo of a subscription: how it was read, when it delivers, what it would have found, with advice and buttons."""

from dataclasses import replace

from bot.commands.core.asking import expect_answer
from bot.commands.core.context import CommandContext
from bot.commands.core.picking import shown_buttons
from bot.commands.core.typed_times import as_words_button, with_time_note
from bot.commands.core.undo_button import undo_row
from bot.commands.core.zone_buttons import zone_buttons
from bot.commands.phrasing.localizer import Localizer
from bot.commands.phrasing.subscription_words import nearness_line, subscribed
from bot.commands.subscriptions.echo_advice import REWRITE, advice_button, advice_for, advice_line
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.model import ChatKind
from subscriptions.planning.times import Ending
from subscriptions.platforms import facts_of
from subscriptions.service.papers import search, spelling, words_near
from subscriptions.service.subscriptions import Subscribed, SubscriptionRequest, subscribe


def subscribe_and_echo(context: CommandContext, text: str, when: str | None) -> Reply:
    """Subscribes to a query without a time in it, and returns the echo. Raises QueryError, Refused."""
    return echo(context, subscribe_here(context, text, when))


def subscribe_here(context: CommandContext, text: str, when: str | None) -> Subscribed:
    """Subscribes the chat to a query without a time in it. Raises QueryError, Refused."""
    subscription = SubscriptionRequest(text=text, when=when, added_by=context.request.sender_name)
    return subscribe(context.store, context.chat.address, subscription, now=context.now, who=context.actor)


def echo(
    context: CommandContext,
    done: Subscribed,
    *,
    instead: str = "",
    replaces: bool = False,
    ending: Ending | None = None,
    typed: str = "",
    number: int | None = None,
) -> Reply:
    """Returns the echo of a subscription, with advice and buttons; two lines in groups.

    `ending` says how `typed` was split into query and time, if the time may have been meant as words. `number` is the number
    of the subscription that was edited.
    """
    private = context.origin.kind is ChatKind.PRIVATE
    advice = advice_for(context, done)
    reply = subscribed(
        done,
        _localizer_of(context, done),
        reading=context.formatter.reading(done.query),
        examples=[context.title(known) for known in done.examples],
        instead=instead,
        advice=advice_line(context, advice) if advice and private else "",
        short=not private,
        now=context.now,
    )
    if private and done.query.wants_nearness:
        near = nearness_line(context.localizer, words_near(context.store, done.query))
        reply = replace(reply, lines=(*reply.lines, near))
    words: tuple[Button, ...] = ()
    if ending is not None and done.outcome != "known":
        reply = with_time_note(context, ending, reply)
        words = as_words_button(context, typed, number) if ending.either else ()
    better = advice_button(context, advice, done.subscription.number) if advice else None
    meant = spelling(context.store, done.query).meant if private and not done.found else ""
    if meant:
        reply = replace(reply, lines=(*reply.lines, context.say("Did you mean “{meant}”?", meant=meant)))
        arguments = {"number": done.subscription.number, "text": meant}
        better = Button(label=meant, verb=REWRITE, arguments=arguments)
    elif private and not done.found and (older := search(context.store, done.query, most=1).found):
        said = context.localizer.count("{count} older paper fits.", "{count} older papers fit.", older)
        reply = replace(reply, lines=(*reply.lines, said))
        shown = Button(label=context.say("show them"), verb="look-for", arguments={"text": done.subscription.text})
        better = better or shown
    zones: Buttons = ()
    if _asks_for_zone(context, done):
        reply = replace(reply, lines=(*reply.lines, _which_clock(context, done)))
        zones = zone_buttons(context)
        expect_answer(context, "answer-zone")
    rows = (words, (better,) if better else (), _todays_and_undo(context, done), *zones)
    return replace(reply, buttons=shown_buttons(context, rows), replaces=replaces)


def _todays_and_undo(context: CommandContext, done: Subscribed) -> tuple[Button, ...]:
    undoing = tuple(_undo(context, done))
    if context.origin.kind is not ChatKind.PRIVATE or done.outcome != "added" or not done.found:
        return undoing
    number = done.subscription.number
    return (Button(label=context.say("today's now"), verb="today", arguments={"number": number}), *undoing)


def _localizer_of(context: CommandContext, done: Subscribed) -> Localizer:
    """Returns the localizer for the subscription's own zone, if it has one."""
    own = done.subscription.zone
    return context.localizer.speaking(context.origin.settings.lang, own) if own else context.localizer


def _undo(context: CommandContext, done: Subscribed) -> list[Button]:
    rows = undo_row(context) if done.outcome != "known" else ()
    return [button for row in rows for button in row]


def _which_clock(context: CommandContext, done: Subscribed) -> str:
    zone = context.chat.settings.timezone
    if done.subscription.zone:
        return context.say("All other times are those of {zone}. Which clock is yours?", zone=zone)
    return context.say("The times are those of {zone}. Which clock is yours?", zone=zone)


def _asks_for_zone(context: CommandContext, done: Subscribed) -> bool:
    """Returns whether to ask for the time zone: at the first subscription of a person whose zone is unknown."""
    return (
        context.chat.kind is ChatKind.PRIVATE
        and facts_of(context.chat.address.platform).asks_for_zone
        and context.chat.address == context.origin.address
        and (done.outcome, done.subscription.number) == ("added", 1)
        and context.chat.settings.timezone == context.bot_info.timezone
    )
