"""The echo of a subscription: how it was read, when it comes, what it would have found, and buttons."""

from dataclasses import replace

from bot.commands.core.asking import awaits
from bot.commands.core.context import CommandContext
from bot.commands.core.picking import shown_buttons
from bot.commands.core.typed_times import as_words_button, read_as_time
from bot.commands.core.undo_button import undo_row
from bot.commands.core.zone_buttons import zone_buttons
from bot.commands.phrasing.localizer import Localizer
from bot.commands.phrasing.subscription_words import subscribed
from bot.commands.subscriptions.echo_advice import advice_button, advice_for, advice_line
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.model import ChatKind
from subscriptions.planning.times import Ending
from subscriptions.service.subscriptions import Subscribed, SubscriptionRequest, subscribe


def at(turn: CommandContext, text: str, when: str | None) -> Reply:
    """Subscribes to a query that holds no time, and echoes it. Raises QueryError, Refused."""
    return echo(turn, subscribe_here(turn, text, when))


def subscribe_here(turn: CommandContext, text: str, when: str | None) -> Subscribed:
    """Subscribes the chat to a query that holds no time. Raises QueryError, Refused."""
    wish = SubscriptionRequest(text=text, when=when, added_by=turn.request.sender_name)
    return subscribe(turn.store, turn.chat.address, wish, now=turn.now, who=turn.actor)


def echo(
    turn: CommandContext,
    done: Subscribed,
    *,
    instead: str = "",
    replaces: bool = False,
    ending: Ending | None = None,
    typed: str = "",
    number: int | None = None,
) -> Reply:
    """What became of a wish, with advice and buttons; two lines in groups.

    `ending` is how `typed` was taken apart where its time may have been meant as words, `number` the subscription
    that was to be changed.
    """
    private = turn.origin.kind is ChatKind.PRIVATE
    advice = advice_for(turn, done)
    reply = subscribed(
        done,
        _by_its_clock(turn, done),
        reading=turn.formatter.reading(done.query),
        examples=[turn.title(known) for known in done.examples],
        instead=instead,
        advice=advice_line(turn, advice) if advice and private else "",
        short=not private,
        now=turn.now,
    )
    words: tuple[Button, ...] = ()
    if ending is not None and ending.either and done.outcome != "known":
        reply, words = read_as_time(turn, ending, reply), as_words_button(turn, typed, number)
    better = advice_button(turn, advice, done.subscription.number) if advice else None
    zones: Buttons = ()
    if _asks_for_zone(turn, done):
        reply = replace(reply, lines=(*reply.lines, _which_clock(turn, done)))
        zones = zone_buttons(turn)
        awaits(turn, "answer-zone")
    rows = (words, (better,) if better else (), _todays_and_undo(turn, done), *zones)
    return replace(reply, buttons=shown_buttons(turn, rows), replaces=replaces)


def _todays_and_undo(turn: CommandContext, done: Subscribed) -> tuple[Button, ...]:
    undoing = tuple(_undo(turn, done))
    if turn.origin.kind is not ChatKind.PRIVATE or done.outcome != "added" or not done.found:
        return undoing
    number = done.subscription.number
    return (Button(label=turn.say("today's now"), verb="today", arguments={"number": number}), *undoing)


def _by_its_clock(turn: CommandContext, done: Subscribed) -> Localizer:
    """Whoever says a time by the clock of a place reads by it when it comes."""
    own = done.subscription.zone
    return turn.localizer.speaking(turn.origin.settings.lang, own) if own else turn.localizer


def _undo(turn: CommandContext, done: Subscribed) -> list[Button]:
    rows = undo_row(turn) if done.outcome != "known" else ()
    return [button for row in rows for button in row]


def _which_clock(turn: CommandContext, done: Subscribed) -> str:
    zone = turn.chat.settings.timezone
    if done.subscription.zone:
        return turn.say("All other times are those of {zone}. Which clock is yours?", zone=zone)
    return turn.say("The times are those of {zone}. Which clock is yours?", zone=zone)


def _asks_for_zone(turn: CommandContext, done: Subscribed) -> bool:
    """At the first wish of a person whose clock nobody knows."""
    return (
        turn.chat.kind is ChatKind.PRIVATE
        and turn.chat.address.platform == "telegram"
        and turn.chat.address == turn.origin.address
        and (done.outcome, done.subscription.number) == ("added", 1)
        and turn.chat.settings.timezone == turn.bot_info.timezone
    )
