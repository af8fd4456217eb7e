"""stats: what the chat got in the last 30 days, day by day, and what it did with it."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from bot.commands.core.context import Callback, Command, CommandContext
from bot.ports.reply import Reply
from subscriptions.errors import Sentence
from subscriptions.service.operations import Statistics, statistics
from subscriptions.states import Signal
from subscriptions.zones import zone

DAYS = 30
_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def stats(context: CommandContext) -> Reply:
    """Shows the papers of the last 30 days as a bar for each day, and how many were opened, saved and liked."""
    local = context.now.astimezone(zone(context.chat.settings.timezone))
    today = local.date()
    first = today - timedelta(days=DAYS - 1)
    found = statistics(context.store, context.chat.address, since=context.now - timedelta(days=DAYS))
    if not found.papers:
        return Reply(lines=(context.say("No paper came in the last {days} days.", days=DAYS),))
    by_day: Counter[int] = Counter()
    for at, amount in found.shown.items():
        by_day[(at.astimezone(local.tzinfo).date() - first).days] += amount
    days = [by_day[day] for day in range(DAYS)]
    begins, ends = f"{first:%m-%d}", f"{today:%m-%d}"
    axis = f"{begins}{ends:>{DAYS - len(begins)}}"
    return Reply(lines=_lines(context, found, days), code=(bars(days), axis))


def bars(amounts: Sequence[int]) -> str:
    """Returns a bar for each amount, the highest for the largest; a dot for none."""
    most = max(amounts, default=0)
    return "".join(_BARS[-(-amount * len(_BARS) // most) - 1] if amount else _NONE for amount in amounts)


def _lines(context: CommandContext, found: Statistics, days: Sequence[int]) -> tuple[str, ...]:
    count = context.localizer.count
    papers = count("{count} paper", "{count} papers", found.papers)
    on = count("{count} day", "{count} days", sum(map(bool, days)))
    lines = [
        context.say(
            "In the last {all} days {papers} came, on {days}; {most} on the fullest.",
            all=DAYS,
            papers=papers,
            days=on,
            most=max(days),
        )
    ]
    done = [
        count("{count} opened", "{count} opened", found.done.get(Signal.OPENED, 0)),
        count("{count} saved", "{count} saved", found.done.get(Signal.SAVED, 0)),
        count("{count} liked", "{count} liked", found.done.get(Signal.LIKED, 0)),
    ]
    return (*lines, " · ".join(done))


COMMANDS = (Command(name="stats", run=stats, summary=Sentence("what came in 30 days, and what became of it")),)
CALLBACKS: dict[str, Callback] = {}
