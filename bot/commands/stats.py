"""stats: what came in the last thirty days, and what became of it."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.commands.context import Command, CommandContext
from bot.ports import channel
from subscriptions import errors, states
from subscriptions.service.chat_status import Statistics, statistics

DAYS = 30


def stats(context: CommandContext) -> channel.Reply:
    """Shows the papers of the last 30 days, day by day, and how many were opened, saved and liked."""
    place = context.localizer.zone
    today = context.now.astimezone(place).date()
    days = tuple(today - timedelta(days=ago) for ago in reversed(range(DAYS)))
    begin = datetime.combine(days[0], time.min, place).astimezone(UTC)
    found = statistics(context.transaction, context.chat.address, since=begin)
    if not found.papers:
        return context.reply("No paper came in the last {days} days.", days=DAYS)
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
    Command(
        name="stats",
        examples=("/stats",),
        run=stats,
        summary=errors.Sentence("what came in 30 days, and what became of it"),
    ),
)
