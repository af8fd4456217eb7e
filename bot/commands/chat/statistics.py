"""stats: what the chat got in the last 30 days, day by day, and what it did with it."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.commands.core.context import Callback, Command, CommandContext
from bot.ports.reply import Plot, PlotRow, Reply
from subscriptions.errors import Sentence
from subscriptions.service.operations.chat_status import Statistics, statistics
from subscriptions.states import Signal
from subscriptions.zones import zone

DAYS = 30


def stats(context: CommandContext) -> Reply:
    """Shows the papers of the last 30 days, day by day, and how many were opened, saved and liked."""
    place = zone(context.chat.settings.timezone)
    today = context.now.astimezone(place).date()
    days = tuple(today - timedelta(days=ago) for ago in reversed(range(DAYS)))
    begin = datetime.combine(days[0], time.min, place).astimezone(UTC)
    found = statistics(context.store, context.chat.address, since=begin)
    if not found.papers:
        return Reply(lines=(context.say("No paper came in the last {days} days.", days=DAYS),))
    came = _by_day(found.shown.items(), days, place)
    rows = (
        _row(context, context.say("came"), came),
        _row(context, context.say("opened"), _by_day(_once(found, Signal.OPENED), days, place)),
        _row(context, context.say("saved"), _by_day(_once(found, Signal.SAVED), days, place)),
    )
    title = context.say("Papers of the last {days} days, day by day", days=DAYS)
    plot = Plot(title=title, labels=tuple(f"{day:%m-%d}" for day in days), rows=rows)
    return Reply(lines=_lines(context, found, came), plot=plot)


def _row(context: CommandContext, what: str, amounts: tuple[int, ...]) -> PlotRow:
    """Returns a row with its sum and its scale."""
    if not any(amounts):
        return PlotRow(name=context.say("{label}: {value}", label=what, value=0), amounts=amounts)
    name = context.say("{what}: {count}, at most {most} a day", what=what, count=sum(amounts), most=max(amounts))
    return PlotRow(name=name, amounts=amounts)


def _once(found: Statistics, kind: Signal) -> Iterable[tuple[datetime, int]]:
    return ((at, 1) for at in found.done.get(kind, ()))


def _by_day(amounts: Iterable[tuple[datetime, int]], days: tuple[date, ...], place: tzinfo) -> tuple[int, ...]:
    """Returns the sum of the amounts of each day, by the clock of a place."""
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
        count("{count} opened", "{count} opened", len(found.done.get(Signal.OPENED, ()))),
        count("{count} saved", "{count} saved", len(found.done.get(Signal.SAVED, ()))),
        count("{count} liked", "{count} liked", len(found.done.get(Signal.LIKED, ()))),
    ]
    return (first, " · ".join(done))


COMMANDS = (Command(name="stats", run=stats, summary=Sentence("what came in 30 days, and what became of it")),)
CALLBACKS: dict[str, Callback] = {}
