"""What the bot brought to a chat ("what did you send me this morning?"): in which order, and how many papers on a page."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from bot.commands import results, status
from bot.commands.context import Callback, CommandContext
from bot.ports import channel
from bot.sentences.words import reader
from bot.sentences.words.past_times import past_time
from subscriptions.store.deliveries import Shown, shown_between
from subscriptions.store.known_papers import stored_papers
from subscriptions.zones import zone

PAGE = 5  # papers on a page
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_A_MOMENT, _AT_ONCE, _A_DAY = timedelta(microseconds=1), timedelta(minutes=10), timedelta(days=1)


def what_came(context: CommandContext, said: str) -> channel.Reply:
    """Returns the reply to a question about what came: the papers of the time that it names, else those that came last."""
    found = past_time(reader.folded(said))
    bounds = found.bounds(context.now.astimezone(zone(context.chat.settings.timezone))) if found else None
    if bounds:
        return _page(context, bounds[0], bounds[1], 0)
    shown = _shown(context, _EVER, context.now)
    if not shown:
        return _nothing(context, context.say("Nothing has come here yet."))
    last = [one.at for one in shown if one.delivery == shown[-1].delivery]
    reply = _page(context, last[0], context.now, 0)
    unknown = [context.say("There was no such day: “{words}”.", words=found.found[0].strip())] if found else []
    all_of_them = context.localizer.count("In all {count} paper came.", "In all {count} papers came.", len(shown))
    return replace(reply, lines=(*unknown, *reply.lines, all_of_them, *status.chat_lines(context)))


def on_page(context: CommandContext) -> channel.Reply:
    """Handles [newer] and [show more]: replaces the page with another one."""
    since, until = (datetime.fromisoformat(str(context.arguments[name])) for name in ("since", "until"))
    return replace(_page(context, since, until, int(context.arguments["start"])), replaces=True)


def _shown(context: CommandContext, since: datetime, until: datetime) -> Sequence[Shown]:
    if not context.chat.id:
        return []
    return shown_between(context.transaction, context.chat.id, since.astimezone(UTC), until.astimezone(UTC))


def _nothing(context: CommandContext, said: str) -> channel.Reply:
    return channel.Reply(lines=(said, *status.chat_lines(context)))


def _page(context: CommandContext, since: datetime, until: datetime, start: int) -> channel.Reply:
    """Returns a page of the papers that came between two moments: those of the last day first, each day in the order of sending."""
    shown = _shown(context, since, until)
    if not shown:
        return _nothing(context, context.say("{time}: nothing came here.", time=_time(context, since, until)))
    place = zone(context.chat.settings.timezone)
    ordered = sorted(shown, key=lambda one: one.at.astimezone(place).date(), reverse=True)
    known = stored_papers(context.transaction, [one.paper for one in ordered[start : start + PAGE]])
    papers = [known[one.paper] for one in ordered[start : start + PAGE]]
    items = results.result_items(papers)
    came = _time(context, shown[0].at, shown[-1].at)
    head = context.localizer.count(
        "{time}: {count} paper came here.", "{time}: {count} papers came here.", len(shown), time=came
    )
    return channel.Reply(
        lines=(head,),
        items=items,
        days=results.days_of(context, papers),
        first=start + 1,
        numbers=results.card_buttons(items, first=start + 1),
        buttons=_turning(context, since, until, start, len(shown)),
    )


def _time(context: CommandContext, first: datetime, last: datetime) -> str:
    """Returns one moment, a part of a day, or days: Fri 23 Jan 06:00; Fri 23 Jan 00:00–12:00; Mon 19 – Fri 23 Jan."""
    begin, end = (context.localizer.local(one) for one in (first, last - _A_MOMENT))
    if begin.date() != end.date() or last - first == _A_DAY or (begin.time() == time.min and last == context.now):
        return context.localizer.days([begin.date(), end.date()], seen_from=context.localizer.local(context.now).date())
    moment = context.localizer.moment(first)
    if last - first < _AT_ONCE:
        return moment
    return f"{moment}–{context.localizer.local(last):%H:%M}"


def _turning(context: CommandContext, since: datetime, until: datetime, start: int, amount: int) -> channel.Buttons:
    """Returns [newer] and [show more], if there are such pages. The buttons hold the time, so that no page moves."""

    def button(label: str, at: int) -> channel.Button:
        arguments = {"since": since.isoformat(), "until": until.isoformat(), "start": at}
        return channel.Button(label=label, verb="history-page", arguments=arguments)

    row = [button(context.say("newer"), start - PAGE)] if start else []
    row += [button(context.say("show more"), start + PAGE)] if start + PAGE < amount else []
    return (tuple(row),)


CALLBACKS = {"history-page": Callback(run=on_page)}
