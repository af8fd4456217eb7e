"""The reply to a new or changed subscription: its advice, how many words of near papers it names, when it asks for the time zone.

It says how the query was read, when it delivers and what it would have found, with advice and buttons.
"""

from dataclasses import replace

from bot.commands import asking, cities, phrasing
from bot.commands.context import CommandContext
from bot.ports import channel
from subscriptions import model
from subscriptions.addresses import facts_of
from subscriptions.meaning import NEAR
from subscriptions.planning.decision import MOST_NEAR
from subscriptions.query import rewriting
from subscriptions.query.parse import parse_query
from subscriptions.service import paper_search
from subscriptions.service.amendments import edit
from subscriptions.service.recent_matches import in_titles
from subscriptions.service.requests import Subscribed, SubscriptionRequest, subscribe
from subscriptions.texts.cutting import cut_at_word

_TITLE = 60  # columns of a title in the echo
_FEW = 1  # papers; a query that finds more needs no advice on its meaning
_MOST_COUNTED = 50  # papers near in meaning
REWRITE = "rewrite"  # verb of the button that applies an advice


def subscribe_and_echo(context: CommandContext, text: str, when: str | None) -> channel.Reply:
    """Subscribes the chat to a query that contains no time, and returns the echo. Raises QueryError, Refused."""
    return echo(context, subscribe_here(context, text, when))


def subscribe_here(context: CommandContext, text: str, when: str | None) -> Subscribed:
    """Subscribes the chat to a query that contains no time; `when` None means no time was named.

    Papers that the button was below do not come again to a private chat. Raises QueryError, Refused.
    """
    seen = frozenset(context.arguments.get("seen", ()) if context.is_about_own_chat else ())
    subscription = SubscriptionRequest(text=text, when=when)
    return subscribe(
        context.transaction, context.chat.address, subscription, now=context.now, who=context.actor, seen=seen
    )


def edit_here(context: CommandContext, number: int, text: str, *, when: str | None = None) -> Subscribed:
    """Changes the query of a subscription, and its time if one is given. Raises NotFound, QueryError, Refused."""
    return edit(
        context.transaction,
        context.chat.address,
        number,
        text,
        when=when,
        now=context.now,
        who=context.actor,
    )


def edit_and_echo(
    context: CommandContext,
    subscription: model.Subscription,
    text: str,
    *,
    when: str | None = None,
) -> channel.Reply:
    """Like `edit_here`, but returns the echo, which says what the query was before."""
    done = edit_here(context, subscription.number, text, when=when)
    return echo(context, done, instead=context.reading(subscription.text))


def echo(
    context: CommandContext,
    done: Subscribed,
    *,
    instead: str = "",
) -> channel.Reply:
    """Returns the echo of a subscription, with advice and buttons; two lines in groups."""
    private = context.origin.kind is model.ChatKind.PRIVATE
    advice, better = _advice(context, done) if private else ("", ())
    localizer, own = context.localizer, done.subscription.zone
    reply = phrasing.subscribed(
        done,
        localizer.in_zone(own) if own else localizer,
        examples=[cut_at_word(context.title(known), _TITLE) for known in done.examples],
        instead=instead,
        advice=advice,
        short=not private,
        now=context.now,
    )
    more = []
    if private and done.query.wants_nearness:
        more.append(context.say("The nearest {most} each time.", most=MOST_NEAR))
    zones: channel.Row = ()
    if _asks_for_zone(context, done):
        more.append(_which_clock(context, done))
        zones = cities.zone_row(context)
        asking.expect(context, "timezone")
    rows = (better, _todays_and_undo(context, done), zones)
    return replace(reply, lines=(*reply.lines, *more), buttons=rows)


def _advice(context: CommandContext, done: Subscribed) -> tuple[str, channel.Row]:
    """Returns at most one line of advice, and its button, which changes the query: only titles, or the meaning."""
    number = done.subscription.number
    if titles := in_titles(context.transaction, done.chat, done.query, now=context.now):
        found = context.count("{count} paper", "{count} papers", titles[1])
        said = context.say("That is more than ten a day. In titles only: {found}.", found=found)
        return said, (context.button("in titles only", REWRITE, number=number, text=titles[0]),)
    if done.found > _FEW:
        return "", ()
    about = rewriting.about_its_words(done.query)
    near = _count_near(context, about) if about else 0
    if not near:
        return "", ()
    said = context.count("{count} paper is near in meaning.", "{count} papers are near in meaning.", near)
    return said, (context.button("subscribe to the meaning", REWRITE, number=number, text=about),)


def _count_near(context: CommandContext, about: str) -> int:
    """Returns how many stored papers are near in meaning to a query's text, at most `_MOST_COUNTED`."""
    found = paper_search.near_in_meaning(context.transaction, parse_query(about), without=(), most=_MOST_COUNTED)
    return sum(one.nearness >= NEAR for one in found)


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
