"""The reply to a new or changed subscription: its advice, how many words of near papers it names, when it asks for the time zone.

It says how the query was read, when it delivers and what it would have found, with advice and buttons.
"""

from dataclasses import replace

from bot.commands import asking, cities, frame, phrasing, typed_times
from bot.commands.context import CommandContext
from bot.commands.search import query_of
from bot.ports import channel
from subscriptions import model
from subscriptions.addresses import facts_of
from subscriptions.planning.decision import MOST_NEAR
from subscriptions.planning.times import Ending, split_when
from subscriptions.query.parse import parse_query
from subscriptions.query.parse import query_of as read_query
from subscriptions.service import near_papers, unknown_words
from subscriptions.service.amendments import edit
from subscriptions.service.recent_matches import in_titles
from subscriptions.service.requests import Subscribed, SubscriptionRequest, subscribe

_MOST_WORDS = 8  # words by which papers are near to those that a query names
REWRITE = "rewrite"  # verb of the button that applies an advice


def subscribe_and_echo(context: CommandContext, text: str, when: str | None) -> channel.Reply:
    """Subscribes the chat to a query that contains no time, and returns the echo. Raises QueryError, Refused."""
    return echo(context, subscribe_here(context, text, when))


def subscribe_here(context: CommandContext, text: str, when: str | None) -> Subscribed:
    """Subscribes the chat to a query that contains no time; `when` None means no time was named.

    Raises QueryError, Refused.
    """
    # in a private chat, the only reader has already seen the papers that the last answer showed for the same query
    shown = frame.load(context).shown if context.is_about_own_chat else frame.Shown()
    seen = frozenset(shown.papers.values()) if _is_searched(shown, text) else frozenset()
    subscription = SubscriptionRequest(text=text, when=when)
    return subscribe(
        context.transaction, context.chat.address, subscription, now=context.now, who=context.actor, seen=seen
    )


def edit_here(
    context: CommandContext, number: int, text: str, *, when: str | None = None, tz: str | None = None
) -> Subscribed:
    """Changes the query of a subscription, and its time and zone if they are given. Raises NotFound, QueryError, Refused."""
    return edit(
        context.transaction,
        context.chat.address,
        number,
        text,
        when=when,
        tz=tz,
        now=context.now,
        who=context.actor,
    )


def edit_and_echo(
    context: CommandContext,
    subscription: model.Subscription,
    text: str,
    *,
    when: str | None = None,
    tz: str | None = None,
) -> channel.Reply:
    """Like `edit_here`, but returns the echo, which says what the query was before."""
    done = edit_here(context, subscription.number, text, when=when, tz=tz)
    return echo(context, done, instead=context.reading(subscription.text))


def _is_searched(shown: frame.Shown, text: str) -> bool:
    """Returns whether the papers of the last list are those of this query, since it was looked for or a button offered it."""
    offered = [str(one.arguments["text"]) for one in shown.choices if one.verb == "subscribe-to"]
    searched = {query.canonical for one in (shown.query, *offered) if (query := read_query(split_when(one).query))}
    asked = read_query(text)
    return asked is not None and asked.canonical in searched


def echo(
    context: CommandContext,
    done: Subscribed,
    *,
    instead: str = "",
    ending: Ending | None = None,
    typed: str = "",
    number: int | None = None,
) -> channel.Reply:
    """Returns the echo of a subscription, with advice and buttons; two lines in groups.

    `ending` says how `typed` was split into query and time; it is given if the time may have been meant as words.
    `number` is the number of the subscription that was edited; None for a new one.
    """
    private = context.origin.kind is model.ChatKind.PRIVATE
    titles = in_titles(context.transaction, done.chat, done.query, now=context.now) if private else None
    localizer, own = context.localizer, done.subscription.zone
    reply = phrasing.subscribed(
        done,
        localizer.in_zone(own) if own else localizer,
        examples=[context.title(known) for known in done.examples],
        instead=instead,
        advice=_in_titles_line(context, titles[1]) if titles else "",
        short=not private,
        now=context.now,
    )
    more = []
    if private and done.query.wants_nearness:
        near = ", ".join(near_papers.words_near(context.transaction, done.query)[:_MOST_WORDS])
        more.append(context.say("Near by the words {words}; the nearest {most} each time.", words=near, most=MOST_NEAR))
    words: channel.Row = ()
    if ending is not None and done.outcome != "known":
        reply = typed_times.with_time_note(context, ending, reply)
        words = typed_times.as_words_button(context, typed, number) if ending.either else ()
    better: channel.Row = ()
    if titles:
        better = (context.button("in titles only", REWRITE, number=done.subscription.number, text=titles[0]),)
    meant = _meant_instead(context, done, ending) if private and not done.found else ""
    if meant:
        more.append(context.say("Did you mean “{meant}”?", meant=meant))
        better = (context.labelled(meant, REWRITE, number=done.subscription.number, text=meant),)
    zones: channel.Row = ()
    if _asks_for_zone(context, done):
        more.append(_which_clock(context, done))
        zones = cities.zone_row(context)
        asking.expect_answer(context, "answer-zone")
    rows = (words, better, _todays_and_undo(context, done), zones)
    did = "sub" if done.outcome == "added" else ""
    about = channel.About(number=done.subscription.number, did=did, asks=bool(meant))
    return replace(reply, lines=(*reply.lines, *more), buttons=rows, about=about)


def _in_titles_line(context: CommandContext, amount: int) -> str:
    found = context.count("{count} paper", "{count} papers", amount)
    return context.say("That is more than ten a day. In titles only: {found}.", found=found)


def _meant_instead(context: CommandContext, done: Subscribed, ending: Ending | None) -> str:
    """Returns the query that was probably meant by one that finds nothing; "" if there is none.

    It is the query in other spelling. If a sentence was typed, it is the query in the sentence.
    """
    if meant := unknown_words.spelling(context.transaction, done.query).meant:
        return meant
    asked = split_when(query_of(ending.query)).query if ending else ""
    if asked and parse_query(asked).canonical != done.query.canonical:
        return asked
    return ""


def _todays_and_undo(context: CommandContext, done: Subscribed) -> channel.Row:
    undoing, number = context.undo_button, done.subscription.number
    if context.origin.kind is not model.ChatKind.PRIVATE or done.outcome != "added" or not done.found:
        return undoing
    if done.seen:
        return (context.button("edit", "edit-ask", number=number), *undoing)
    return (context.button("today's now", "today", number=number), *undoing)


def _which_clock(context: CommandContext, done: Subscribed) -> str:
    zone = context.chat.settings.timezone
    if done.subscription.zone:
        return context.say("All other times are those of {zone}. Which clock is yours?", zone=zone)
    return context.say("The times are those of {zone}. Which clock is yours?", zone=zone)


def _asks_for_zone(context: CommandContext, done: Subscribed) -> bool:
    """Returns whether to ask for the time zone: after the first subscription of a person whose zone is unknown."""
    return (
        context.is_about_own_chat
        and facts_of(context.chat.address.platform).asks_for_zone
        and (done.outcome, done.subscription.number) == ("added", 1)
        and context.chat.settings.timezone == context.bot_info.timezone
        and "timezone" not in context.chat.chosen
    )
