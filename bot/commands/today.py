"""today and status: what the newest day brings; what came last, what comes next and what waits."""

import re
from collections.abc import Sequence

from bot.commands.asking import subscription_of_button
from bot.commands.base import Callback, Command, Context
from bot.commands.phrasing import next_line, why_paused
from bot.commands.results import (
    count_found,
    days_of,
    lines_above_papers,
    number_buttons,
    papers_reply,
    query_lines,
    subscribe_buttons,
)
from bot.messages import Reply
from subscriptions.chats.known import next_deliveries_to
from subscriptions.chats.stored.access import chats_awaiting_admission
from subscriptions.chats.stored.subscriptions import subscription_counts
from subscriptions.errors import PaperwireError, sentences
from subscriptions.maintenance.findings import stored_findings
from subscriptions.model import Chat, ChatState, MissingHow, Subscription
from subscriptions.outbox.figures import Status
from subscriptions.outbox.figures import status as chat_status
from subscriptions.outbox.stored.entries import outbox_counts
from subscriptions.papers.similarity import why_they_rest
from subscriptions.papers.stored import digests as stored_digests
from subscriptions.plan import previews
from subscriptions.plan.previews import Today
from subscriptions.query.parse import texts_asked
from subscriptions.schedule.times import ending_of
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.forecast import NextDelivery
from subscriptions.subscribing import access

_WEEK = re.compile(r"(?:^|\s+)(?:7\s?d|7 days|week)$", re.IGNORECASE)
_NEWEST = 5  # papers for a chat without subscriptions
_SOURCES = 3  # sources that are shown
_MISSING = sentences(
    {
        MissingHow.LATE: "{source} is late: due since {moment}.",
        MissingHow.FAILED: "{source} could not be read: due since {moment}.",
        MissingHow.AWAITED: "{source} has not come yet: due since {moment}.",
    }
)


def today(context: Context) -> Reply:
    """Show the newest day's papers of the subscriptions, of one of them or of a query.

    Without any, those of the last days.
    """
    typed = context.args.strip()
    asked = _WEEK.sub("", typed)
    return _shown(context, asked, of_week=asked != typed)


def on_today(context: Context) -> Reply:
    """Handle [today's papers]: does the same as /today for one subscription."""
    subscription = subscription_of_button(context)
    return _shown(context, str(subscription.number)) if subscription else context.toast("This subscription is gone.")


def _shown(context: Context, asked: str = "", *, of_week: bool = False) -> Reply:
    ending = ending_of(asked)
    context.ask_for_vectors(texts_asked(ending.query))
    tried = previews.today(context.transaction, context.chat, now=context.now, which=ending.query, of_week=of_week)
    if not tried.subscriptions:
        return _nothing_active(context)
    found = len(tried.delivery.items) if tried.delivery else 0
    lines = [count_found(context, found, tried.base)]
    if tried.day is not None:
        day = context.localizer.day(tried.day)
        lines = [context.count("{count} paper of {day}", "{count} papers of {day}", found, day=day)]
    if tried.query:
        lines += (lines_above_papers if found else query_lines)(context, tried.query, ending)
    resting = why_they_rest(context.transaction, [one.canonical for one in tried.subscriptions])
    lines += [
        f"{one.number}  {one.label} · {context.say(resting[one.canonical])}"
        for one in tried.subscriptions
        if one.canonical in resting  # it finds nothing near in meaning now
    ]
    if had := tried.delivered:
        some = context.count("This chat has had {count} of them.", "This chat has had {count} of them.", had)
        lines.append(context.say("This chat has had all of them.") if had == found else some)
    if tried.query is None and context.chat.id and tried.day is None:
        lines += _waiting(context, tried)
    buttons = subscribe_buttons(context, asked, ending) if tried.query else ()
    shown = [item for item in tried.delivery.items if item.shown] if tried.delivery else []
    return Reply(lines, delivery=tried.delivery, numbers=number_buttons(shown), buttons=buttons)


def _nothing_active(context: Context) -> Reply:
    """Return the reply for a chat without an active subscription: the newest papers."""
    example = context.typed("/today diffusion")
    lines = [context.say("No subscription is active here. With a query I look for that: {example}", example=example)]
    most = 0 if context.read_by_group else _NEWEST
    if papers := previews.newest_papers(context.transaction, now=context.now, most=most):
        lines.append(context.say("The newest papers that I know:"))
    return papers_reply(lines, papers, days=days_of(context, papers))


def _waiting(context: Context, tried: Today) -> tuple[str, ...]:
    """Return at most one line: how many of the papers are still to be delivered, and when, or why they are not."""
    if not tried.waiting:
        return (context.say("Nothing of it is still to come."),) if tried.delivered else ()
    words = context.count("{count} paper is still to come.", "{count} papers are still to come.", tried.waiting)
    then = next_deliveries_to(context.transaction, context.chat.address, tried.subscriptions, now=context.now)
    return (context.localizer.joined(words, _next(context, context.chat, tried.subscriptions, then)),)


def _next(context: Context, chat: Chat, subscriptions: Sequence[Subscription], then: NextDelivery) -> str:
    """Return a sentence that says when these subscriptions deliver next, or why they do not."""
    if chat.state is ChatState.ASKED:
        return context.say("This chat waits for the operator of this bot.")
    paused = why_paused(chat, subscriptions, context.localizer)
    return paused or next_line(then, context.localizer, context.now)


def status(context: Context) -> Reply:
    """Show what came last, what comes next and what waits; for operators also the state of the whole bot."""
    lines = [*_newest_papers_lines(context), *_chat_lines(context)]
    if context.is_operator and not context.read_by_group:
        lines += _bot_lines(context)
    return Reply(lines)


def _newest_papers_lines(context: Context) -> list[str]:
    """Return lines about sources: the newest day of each with its number of papers, and when more are expected.

    If several sources have this day, a further line has the total.
    """
    found = stored_digests.newest_days(context.transaction, _SOURCES)
    lines = [
        context.count(
            "{source}, {day}: {count} paper.",
            "{source}, {day}: {count} papers.",
            one.papers,
            source=one.source,
            day=context.localizer.day(one.day),
        )
        for one in found
    ]
    day = found[0].day if found else None
    if day and sum(one.day == day for one in found) > 1:
        amount, said = stored_digests.papers_of_day(context.transaction, day), context.localizer.day(day)
        lines.append(
            context.count(
                "All together, {day}: {count} paper.", "All together, {day}: {count} papers.", amount, day=said
            )
        )
    return [*(lines or [context.say("No digest has come yet.")]), *_expectation_lines(context)]


def _expectation_lines(context: Context) -> list[str]:
    """Return lines about documents that are late, and about when more papers are expected."""
    seen = stored_sources.forecast(context.transaction, now=context.now)
    lines = []
    for one in seen.missing:
        names, since = ", ".join(one.behind) or one.name, context.localizer.moment(one.due)
        lines.append(context.say(_MISSING[one.how], source=names, moment=since))
    if seen.next_due is not None:
        moment = context.localizer.moment(seen.next_due, about=True)
        lines.append(context.say("More papers are expected {moment}.", moment=moment))
    return lines


def _chat_lines(context: Context) -> list[str]:
    """Return lines about what comes next in this chat, and what waits or went wrong."""
    try:
        here = chat_status(context.transaction, context.chat.address, now=context.now)
    except PaperwireError:
        return [context.say("This chat has no subscriptions.")]
    if not here.subscriptions:
        said = context.say("This chat has no subscriptions.")
    elif access.access_status(context.transaction, here.chat.address).is_denied:
        said = context.say("The operator of this bot has said no to this chat.")
    else:
        said = _next(context, here.chat, (), here.next_delivery)
    return [said, *_outbox_lines(context, here)]


def _outbox_lines(context: Context, here: Status) -> list[str]:
    count, has = context.count, here.outbox
    lines = (
        (has.waiting, count("{count} delivery waits.", "{count} deliveries wait.", has.waiting)),
        (
            has.unclear,
            count(
                "{count} delivery may have arrived or not.", "{count} deliveries may have arrived or not.", has.unclear
            ),
        ),
        (has.dead, count("{count} delivery could not be sent.", "{count} deliveries could not be sent.", has.dead)),
    )
    return [line for number, line in lines if number]


def _bot_lines(context: Context) -> list[str]:
    """Return the state of the whole bot, for operators."""
    amounts, outbox = subscription_counts(context.transaction), outbox_counts(context.transaction)
    count = context.localizer.count
    chats = count("{count} chat", "{count} chats", amounts[0])
    subscriptions = count("{count} subscription", "{count} subscriptions", amounts[1])
    lines = ["", context.say("The whole bot: {chats}, {subscriptions}.", chats=chats, subscriptions=subscriptions)]
    if asking := len(chats_awaiting_admission(context.transaction)):
        lines.append(count("{count} chat asks to be let in: /allow", "{count} chats ask to be let in: /allow", asking))
    lines.append(
        context.say(
            "Outbox: {waiting} waiting, {unclear} unclear, {dead} dead.",
            waiting=outbox.waiting,
            unclear=outbox.unclear,
            dead=outbox.dead,
        )
    )
    found = stored_findings(context.transaction, now=context.now)
    return lines + [context.localizer.joined(*one.lines(context.localizer)) for one in found]


COMMANDS = (
    Command(
        today,
        "today",
        "see the newest papers",
        examples=("/today", "/today cat:cs.LG", "/today 1 7d"),
        aliases=("preview",),
        usage="[QUERY|N] [7d]",
    ),
    Command(
        status,
        "status",
        "what came last, what comes next, what waits",
        examples=("/status",),
    ),
)

CALLBACKS = {
    "today": Callback(on_today),
    "preview": Callback(lambda context: _shown(context, of_week=True)),
    # under the notice that nothing matches, which is not sent again until something has matched
    "fine": Callback(
        lambda context: context.reply("Good. I say no more of it until something has come.", ok=True), replaces=True
    ),
}
