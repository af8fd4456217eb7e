"""status: what came last (of how many sources), what comes next and what waits, of a chat and of the bot."""

from bot.commands import phrasing
from bot.commands.context import Command, CommandContext
from bot.ports import channel
from subscriptions import errors, states
from subscriptions.model import MissingHow
from subscriptions.service import access
from subscriptions.service.findings import stored_findings
from subscriptions.service.known_chats import Status
from subscriptions.service.known_chats import status as chat_status
from subscriptions.store import stored_digests, stored_sources
from subscriptions.store.outbox import outbox_counts
from subscriptions.store.stored_chats import chats_awaiting_admission
from subscriptions.store.stored_subscriptions import subscription_counts

_SOURCES = 3  # sources that are shown


def status(context: CommandContext) -> channel.Reply:
    """Shows what came last, what comes next and what waits; for operators also the state of the whole bot."""
    lines = [*_newest_papers_lines(context), *chat_lines(context)]
    if context.is_operator and not context.read_by_group:
        lines += _bot_lines(context)
    return channel.Reply(lines=tuple(lines))


def _newest_papers_lines(context: CommandContext) -> list[str]:
    """Returns lines about sources: the newest day of each with its number of papers, and when more are expected.

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


def _expectation_lines(context: CommandContext) -> list[str]:
    """Returns lines about documents that are late, and about when more papers are expected."""
    seen = stored_sources.forecast(context.transaction, now=context.now)
    lines = []
    for one in seen.missing:
        since = context.localizer.moment(one.due)
        names = ", ".join(one.behind) or one.name
        match one.how:
            case MissingHow.LATE:
                lines.append(context.say("{source} is late: due since {moment}.", source=names, moment=since))
            case MissingHow.FAILED:
                lines.append(context.say("{source} could not be read: due since {moment}.", source=names, moment=since))
            case MissingHow.AWAITED:
                lines.append(context.say("{source} has not come yet: due since {moment}.", source=names, moment=since))
    following = seen.next_due
    if following is not None:
        moment = context.localizer.moment(following, about=True)
        lines.append(context.say("More papers are expected {moment}.", moment=moment))
    return lines


def chat_lines(context: CommandContext) -> list[str]:
    """Returns lines about what comes next in this chat, and what waits or went wrong."""
    try:
        here = chat_status(context.transaction, context.chat.address, now=context.now)
    except errors.PaperwireError:
        return [context.say("This chat has no subscriptions.")]
    return [_next(context, here), *_outbox_lines(context, here)]


def _next(context: CommandContext, here: Status) -> str:
    if not here.subscriptions:
        return context.say("This chat has no subscriptions.")
    if access.standing_of(context.transaction, here.chat.address).is_denied:
        return context.say("The operator of this bot has said no to this chat.")
    if here.chat.state is states.ChatState.ASKED:
        return context.say("This chat waits for the operator of this bot.")
    if here.chat.state is states.ChatState.PAUSED:
        return context.say("This chat is paused; /resume ends that.")
    return phrasing.next_line(here.next_delivery, context.localizer, context.now)


def _outbox_lines(context: CommandContext, here: Status) -> list[str]:
    count, has = context.localizer.count, here.outbox
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


def _bot_lines(context: CommandContext) -> list[str]:
    """Returns the state of the whole bot, for operators."""
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
        name="status",
        examples=("/status",),
        run=status,
        summary=errors.Sentence("what came last, what comes next, what waits"),
    ),
)
