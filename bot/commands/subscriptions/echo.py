"""One piece of advice under an echo: a sentence, and a button that follows it."""

from dataclasses import replace

from bot.commands.core.asking import expect_answer
from bot.commands.core.context import CommandContext
from bot.commands.core.picking import shown_buttons, undo_row
from bot.commands.core.typed_times import as_words_button, with_time_note
from bot.commands.core.zone_buttons import zone_buttons
from bot.commands.phrasing.localizer import Localizer
from bot.commands.phrasing.subscription_words import nearness_line, subscribed
from bot.ports.reply import Button, Buttons, Reply
from subscriptions.model import ChatKind
from subscriptions.planning.times._ending import Ending
from subscriptions.platforms import facts_of
from subscriptions.query.advice import Advice
from subscriptions.query.fields import ValueKind
from subscriptions.query.parsing.parse import parse_query
from subscriptions.service.papers.near_papers import words_near
from subscriptions.service.papers.recent import advice_on
from subscriptions.service.papers.spelling import spelling
from subscriptions.service.subscriptions.requests import Subscribed, SubscriptionRequest, subscribe

REWRITE = "rewrite"  # verb of the button


def advice_for(context: CommandContext, done: Subscribed) -> Advice | None:
    """Returns the most useful advice for a subscription; None if there is nothing to advise."""
    return advice_on(context.store, done.chat, done.query, now=context.now, categorised=context.bot_info.categorised)


def advice_line(context: CommandContext, advice: Advice) -> str:
    """Returns the advice as a sentence."""
    found = context.localizer.count("{count} paper", "{count} papers", advice.found)
    if advice.kind == "chinese":
        return context.say(
            "Only papers with Chinese text can fit: {found} of the {of} I know.", found=found, of=advice.of
        )
    if advice.kind == "many":
        return context.say("That is more than ten a day; one more word would narrow it.")
    if advice.absent and advice.absent.absence:
        return context.say(advice.absent.absence.template, names=", ".join(advice.names))
    return _variant(context, advice, found)


def _variant(context: CommandContext, advice: Advice, found: str) -> str:
    reading = context.formatter.reading(parse_query(advice.text))
    match advice.kind:
        case "one-author" | "named-category":
            return context.say("You may mean {reading}: {found}.", reading=reading, found=found)
        case "phrase":
            return context.say("As a phrase, {reading}: {found}.", reading=reading, found=found)
        case "initials":
            return context.say("With the initial too, {reading}: {found}.", reading=reading, found=found)
        case "primary":
            return context.say("Without cross-lists: {found}.", found=found)
    return context.say("That is more than ten a day. In titles only: {found}.", found=found)


def advice_button(context: CommandContext, advice: Advice, number: int) -> Button | None:
    """Returns the button that rewrites the query; None if the advice rewrites nothing."""
    if not advice.text:
        return None
    labels = {
        "one-author": context.say("as one author"),
        "named-category": context.say("as that category"),
        "phrase": context.say("as a phrase"),
        "primary": context.say("without cross-lists"),
        "initials": context.say("with initials too"),
        "titles": context.say("in titles only"),
    }
    in_any_text = advice.absent is not None and advice.absent.kind is ValueKind.WORDS
    anywhere = context.say("in any text") if in_any_text else context.say("without it")
    label = labels.get(advice.kind, anywhere)
    return Button(label=label, verb=REWRITE, arguments={"number": number, "text": advice.text})


# ---------------------------------------------------------------------------------------------------------------------
# The echo of a subscription: how it was read, when it delivers, what it would have found, with advice and buttons.


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
    elif private and not done.found and better is None:
        better = Button(
            label=context.say("look for older papers"), verb="look-for", arguments={"text": done.subscription.text}
        )
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
