"""Shows a chat its own state: status, home view and stats."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.commands import phrasing
from bot.commands.asking import not_shown
from bot.commands.context import Command, CommandContext, Event
from bot.commands.subscribe import change_buttons
from bot.ports import channel
from bot.rendering.language import Language
from subscriptions import errors, states
from subscriptions.addresses import facts_of
from subscriptions.model import Chat
from subscriptions.planning.receipts import Outcome
from subscriptions.query.parse import parse_query
from subscriptions.service import access, notices
from subscriptions.service.chat_status import Statistics, Status, statistics
from subscriptions.service.chat_status import status as chat_status
from subscriptions.service.listing import Listed
from subscriptions.service.paper_search import activity
from subscriptions.store import digests
from subscriptions.store import sources as stored_sources
from subscriptions.store.bot_state import stopped_platforms
from subscriptions.store.chats import chats_awaiting_admission
from subscriptions.store.outbox import outbox_counts
from subscriptions.store.subscriptions import subscription_counts
from subscriptions.zones import zone

_SOURCES = 3  # sources that are shown


def status(context: CommandContext) -> channel.Reply:
    """Shows what came last, what comes next and what waits; for operators also the state of the whole bot."""
    lines = [*newest_papers_lines(context), *_chat_lines(context)]
    if context.is_operator and not context.read_by_group:
        lines += _bot_lines(context)
    return channel.Reply(lines=tuple(lines))


def newest_papers_lines(context: CommandContext) -> list[str]:
    """Returns lines about sources: the newest day of each with its number of papers, and when more are expected.

    If several sources have this day, a further line has the total.
    """
    found = digests.newest_days(context.transaction, _SOURCES)
    lines = [
        context.localizer.count(
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
        amount, said = digests.papers_of_day(context.transaction, day), context.localizer.day(day)
        lines.append(
            context.localizer.count(
                "All together, {day}: {count} paper.", "All together, {day}: {count} papers.", amount, day=said
            )
        )
    return [*(lines or [context.say("No digest has come yet.")]), *_expectation_lines(context)]


def _expectation_lines(context: CommandContext) -> list[str]:
    """Returns lines about documents that are late, and about when more papers are expected."""
    seen = stored_sources.forecast(context.transaction, now=context.now)
    lines = []
    for one in seen.missing:
        since = context.localizer.moment(one.due) if one.due else ""
        names = ", ".join(one.behind) or one.name
        match one.outcome:
            case Outcome.LATE:
                lines.append(context.say("{source} is late: due since {moment}.", source=names, moment=since))
            case Outcome.FAILED:
                lines.append(context.say("{source} could not be read: due since {moment}.", source=names, moment=since))
            case _:
                lines.append(context.say("{source} has not come yet: due since {moment}.", source=names, moment=since))
    following = seen.next_due
    if following is not None:
        moment = context.localizer.moment(following, about=True)
        lines.append(context.say("More papers are expected {moment}.", moment=moment))
    return lines


def _chat_lines(context: CommandContext) -> list[str]:
    try:
        here = chat_status(context.transaction, context.chat.address, now=context.now)
    except errors.PaperwireError:
        return [context.say("This chat has no subscriptions.")]
    if not here.subscriptions:
        return [context.say("This chat has no subscriptions."), *_outbox_lines(context, here)]
    return [_next(context, here), *_outbox_lines(context, here)]


def _next(context: CommandContext, here: Status) -> str:
    if access.standing_of(context.transaction, here.chat.address).is_denied:
        return context.say("The operator of this bot has said no to this chat.")
    if here.chat.state is states.ChatState.ASKED:
        return context.say("This chat waits for the operator of this bot.")
    if here.chat.state is states.ChatState.PAUSED:
        return context.say("This chat is paused; /resume ends that.")
    return phrasing.next_line(here.next_delivery, context.localizer, context.now)


def _outbox_lines(context: CommandContext, here: Status) -> list[str]:
    count = context.localizer.count
    lines = (
        (here.waiting, count("{count} delivery waits.", "{count} deliveries wait.", here.waiting)),
        (
            here.unclear,
            count(
                "{count} delivery may have arrived or not.", "{count} deliveries may have arrived or not.", here.unclear
            ),
        ),
        (here.dead, count("{count} delivery could not be sent.", "{count} deliveries could not be sent.", here.dead)),
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
    lines += [
        context.say("Source {source}: {detail}", source=source.name, detail=source.last.detail)
        for source in stored_sources.known_sources(context.transaction)
        if source.state.on and source.last and source.last.outcome in (Outcome.FAILED, Outcome.LATE)
    ]
    for platform, reason in sorted(stopped_platforms(context.transaction).items()):
        name = facts_of(platform).title
        lines.append(context.say("{platform} has stopped: {reason}", platform=name, reason=reason))
    return lines


# ------------------------------------------------------------------------------------------ what a chat sees of itself


HOME_VIEW = "home-view"  # the event when a person opens their home view
MOST = 36  # subscriptions in a home view
MOST_CHATS = 10  # chats in a home view, including the person's own


def on_home_view(context: CommandContext) -> channel.Reply:
    """Shows the chats that a person may manage; the person's own chat is first."""
    chats = access.subscriptions_around(context.transaction, context.origin, context.shared_chats)
    room = MOST
    panels = []
    for chat, subscriptions in chats[:MOST_CHATS]:
        panels.append(_panel(context, chat, subscriptions[:room], hidden=len(subscriptions[room:])))
        room = max(0, room - len(subscriptions))
    sources = channel.HomePanel(title=context.say("Sources"), lines=tuple(newest_papers_lines(context)))
    return channel.Reply(
        home_view=channel.HomeView(panels=(*panels, sources), remark=_remark(context, len(chats) - MOST_CHATS))
    )


def _remark(context: CommandContext, left_out: int) -> str:
    """Returns a sentence that says which chats are left out and why; "" if none are."""
    if context.shared_chats is None:
        return context.say("I cannot see which channels you are in, so only those that you set up are listed.")
    if left_out <= 0:
        return ""
    return context.localizer.count(
        "{count} more channel is not listed here; /list in it shows its subscriptions.",
        "{count} more channels are not listed here; /list in one of them shows its subscriptions.",
        left_out,
    )


def _panel(context: CommandContext, chat: Chat, subscriptions: Sequence[Listed], *, hidden: int) -> channel.HomePanel:
    own = chat.address == context.origin.address
    title = context.say("Your subscriptions") if own else chat.name
    if chat.address.topic:
        title = context.say("{chat}, in a thread", chat=title)
    lines = list(_state(context, chat, subscriptions)) if chat.id else []
    lines += [context.say("No subscriptions yet.")] if not subscriptions and not hidden else []
    return channel.HomePanel(
        title=title,
        items=tuple(_items(context, chat, subscriptions)),
        lines=(*lines, *not_shown(context, hidden)),
        buttons=_buttons(context, chat),
        about=None if own else chat.address,
    )


def _state(context: CommandContext, chat: Chat, subscriptions: Sequence[Listed]) -> Sequence[str]:
    """Returns at most one line: why nothing is delivered, or when the next delivery comes."""
    if chat.state is states.ChatState.ASKED:
        return [context.say("This chat waits for the operator of this bot.")]
    if chat.state is states.ChatState.PAUSED:
        reason = context.localizer.translate(notices.why_paused(chat)).rstrip(".")
        return [context.say("Paused: {reason}.", reason=reason) if reason else context.say("Paused.")]
    if not any(one.subscription.state is states.SubscriptionState.ACTIVE for one in subscriptions):
        return []
    chat_has = chat_status(context.transaction, chat.address, now=context.now)
    return [
        phrasing.next_line(
            chat_has.next_delivery,
            context.localizer.speaking(context.origin.settings.lang, chat.settings.timezone),
            context.now,
        )
    ]


def _buttons(context: CommandContext, chat: Chat) -> channel.Buttons:
    new = channel.Button(label=context.say("new subscription"), verb="new-subscription")
    held = chat.state is states.ChatState.PAUSED
    return ((new, channel.Button(label=context.say("resume"), verb="resume")),) if held else ((new,),)


def _items(context: CommandContext, chat: Chat, subscriptions: Sequence[Listed]) -> Sequence[channel.HomeItem]:
    if not subscriptions:
        return ()
    found = activity(context.transaction, chat, [one.subscription for one in subscriptions], now=context.now)

    def localizer_of(one: Listed) -> Language:
        return context.localizer.speaking(context.origin.settings.lang, one.zone)

    rows = phrasing.subscription_rows(subscriptions, lambda text: context.reading(parse_query(text)), localizer_of)
    items = []
    for one, row in zip(subscriptions, rows, strict=True):
        subscription = one.subscription
        parts = [row.when]
        # subscriptions with these two cadences show no time, since the line of the chat shows it
        fixed = subscription.cadence.kind not in (
            "now",
            "when-out",
        )
        is_due_later = (
            fixed
            and subscription.next_due_at
            and subscription.next_due_at > context.now
            and phrasing.state_of(one) == "active"
        )
        parts += [context.say("next {moment}", moment=row.next_due)] if is_due_later else []
        if found.base.week and found.base.whole:
            parts.append(
                context.localizer.count("{count} a week", "{count} a week", found.found[subscription.canonical])
            )
        parts += [row.state] if row.state and chat.state is states.ChatState.ACTIVE else []
        menu = change_buttons(context, subscription)
        items.append(channel.HomeItem(text=f"{row.number}  {row.reading}", remark=" · ".join(parts), menu=menu))
    return items


EVENTS = {HOME_VIEW: Event(run=on_home_view, writes=False)}


# --------------------------------------------------------------------------------------------------------------- stats


DAYS = 30


def stats(context: CommandContext) -> channel.Reply:
    """Shows the papers of the last 30 days, day by day, and how many were opened, saved and liked."""
    place = zone(context.chat.settings.timezone)
    today = context.now.astimezone(place).date()
    days = tuple(today - timedelta(days=ago) for ago in reversed(range(DAYS)))
    begin = datetime.combine(days[0], time.min, place).astimezone(UTC)
    found = statistics(context.transaction, context.chat.address, since=begin)
    if not found.papers:
        return channel.Reply(lines=(context.say("No paper came in the last {days} days.", days=DAYS),))
    came = _by_day(found.shown.items(), days, place)
    rows = (
        _row(context, context.say("came"), came),
        _row(context, context.say("opened"), _by_day(_once(found, states.Signal.OPENED), days, place)),
        _row(context, context.say("saved"), _by_day(_once(found, states.Signal.SAVED), days, place)),
    )
    title = context.say("Papers of the last {days} days, day by day", days=DAYS)
    plot = channel.Plot(title=title, labels=tuple(f"{day:%m-%d}" for day in days), rows=rows)
    return channel.Reply(lines=_lines(context, found, came), plot=plot)


def _row(context: CommandContext, what: str, amounts: tuple[int, ...]) -> channel.PlotRow:
    """Returns a row of a plot. Its label shows the total and the largest amount of one day."""
    if not any(amounts):
        return channel.PlotRow(name=context.say("{label}: {value}", label=what, value=0), amounts=amounts)
    name = context.say("{what}: {count}, at most {most} a day", what=what, count=sum(amounts), most=max(amounts))
    return channel.PlotRow(name=name, amounts=amounts)


def _once(found: Statistics, kind: states.Signal) -> Iterable[tuple[datetime, int]]:
    return ((at, 1) for at in found.done.get(kind, ()))


def _by_day(amounts: Iterable[tuple[datetime, int]], days: tuple[date, ...], place: tzinfo) -> tuple[int, ...]:
    """Returns, for each of `days`, the sum of the amounts of that day. A day begins at midnight of the zone `place`."""
    by_day: Counter[date] = Counter()
    for at, amount in amounts:
        by_day[at.astimezone(place).date()] += amount
    return tuple(by_day[day] for day in days)


def _lines(context: CommandContext, found: Statistics, came: tuple[int, ...]) -> tuple[str, ...]:
    count = context.localizer.count
    first = context.say(
        "In the last {all} days {papers} came, on {days}; {most} on the fullest.",
        all=DAYS,
        papers=count("{count} paper", "{count} papers", found.papers),
        days=count("{count} day", "{count} days", sum(map(bool, came))),
        most=max(came),
    )
    done = [
        count("{count} opened", "{count} opened", len(found.done.get(states.Signal.OPENED, ()))),
        count("{count} saved", "{count} saved", len(found.done.get(states.Signal.SAVED, ()))),
        count("{count} liked", "{count} liked", len(found.done.get(states.Signal.LIKED, ()))),
    ]
    return (first, " · ".join(done))


COMMANDS = (
    Command(name="stats", run=stats, summary=errors.Sentence("what came in 30 days, and what became of it")),
    Command(
        name="status",
        aliases=("health",),
        run=status,
        summary=errors.Sentence("what came last, what comes next, what waits"),
        stays_here=True,
    ),
)
