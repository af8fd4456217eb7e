"""Shows the papers that a query found: rows, counts, days, how the query and its time were read, [subscribe]."""

from collections.abc import Iterable, Sequence

from bot.commands.base import Context
from bot.commands.phrasing import being_read, day_words, days_known, when_words
from bot.messages import Button, Buttons, Reply, Row
from subscriptions.matching.reasons import why
from subscriptions.model import Item, MatchReason, StoredPaper
from subscriptions.papers.stored.feedback import owned
from subscriptions.plan.previews import Base
from subscriptions.query.tree import Query
from subscriptions.schedule.times import Ending, as_words


def result_items(papers: Sequence[StoredPaper], query: Query | None = None) -> tuple[Item, ...]:
    """Return the papers as items, in this order; the words that the query matched are marked.

    They are marked as those of number 0, since they belong to no subscription.
    """
    items = []
    for at, known in enumerate(papers):
        words = dict.fromkeys(word for hit in why(query, known.paper) for word in hit.words) if query else ()
        because = (MatchReason(number=0, text="", words=tuple(words)),) if words else ()
        items.append(Item(paper=known, because=because, position=at))
    return tuple(items)


def count_found(context: Context, found: int, base: Base) -> str:
    """Return a sentence such as "6 papers in the last 7 days"."""
    if not base.of:
        return nothing_known(context)
    days = days_known(context.localizer, base)
    if not found:
        return context.count(
            "The only paper of {days} does not fit.",
            "Nothing fits among the {count} papers of {days}.",
            base.of,
            days=days,
        )
    return context.count("{count} paper in {days}", "{count} papers in {days}", found, days=days)


def nothing_known(context: Context) -> str:
    """Return that no papers are known, or that the first ones are being read."""
    return being_read(context.localizer, context.transaction.store.being_read) or context.say(
        "No papers are known yet."
    )


def days_of(context: Context, papers: Sequence[StoredPaper]) -> tuple[str, ...]:
    """Return one text for each paper: its day, "" for today, and a mark if the chat's library has the paper."""
    today = context.localizer.local(context.now).date()
    found = owned(context.transaction, [context.chat.id], [known.id for known in papers])
    had, mark = found.get(context.chat.id, ()), context.say("in the library")
    said = (
        ("" if known.day == today else context.localizer.day(known.day, seen_from=today), known.id in had)
        for known in papers
    )
    return tuple(" · ".join(filter(None, (day, mark if is_had else ""))) for day, is_had in said)


def number_buttons(items: Sequence[Item], *, first: int = 1) -> Row:
    """Return a numbered button for each paper; the button opens the paper's card."""
    return tuple(
        Button(str(number), name="card", verb="card", arguments={"paper": item.paper.id, "number": number})
        for number, item in enumerate(items, start=first)
    )


def papers_reply(
    lines: Iterable[str],
    papers: Sequence[StoredPaper],
    *,
    days: Sequence[str] = (),
    first: int = 1,
    buttons: Buttons = (),
) -> Reply:
    """Return a reply with papers as a numbered list, as `result_items` and `number_buttons` make it."""
    items = result_items(papers)
    return Reply(
        [*lines],
        items=items,
        days=days,
        first=first,
        numbers=number_buttons(items, first=first),
        buttons=buttons,
    )


def subscribe_buttons(context: Context, text: str, ending: Ending, seen: Sequence[int] = ()) -> Buttons:
    """Return [subscribe], with the time that was typed in its label; without one, beside it two times to choose from.

    Each does the same as /sub with this text. `seen`: the papers above the button, which a private chat is not sent
    again.
    """
    wanted, shown = " ".join(text.split()), list(seen)
    if ending.either:
        wanted = as_words(wanted)
    elif ending.when is not None:
        when = day_words(ending.when, context.localizer, context.chat.settings.schedule)
        label = context.say("subscribe: {when}", when=when)
        return ((context.labelled(label, "subscribe-to", text=wanted, seen=shown),),)
    subscribe = context.button("subscribe", "subscribe-to", text=wanted, seen=shown)
    at_8 = context.button("daily at 8", "subscribe-to", text=f"{wanted} daily 8", seen=shown)
    mondays = context.button("mondays at 9", "subscribe-to", text=f"{wanted} weekly mon 9", seen=shown)
    return ((subscribe, at_8, mondays),)


def query_lines(context: Context, query: Query, ending: Ending) -> tuple[str, ...]:
    """Return lines: how the query and its time were read, then hints; in groups only the first line."""
    reading = context.reading(query)
    if ending.when is not None:
        when = when_words(ending.when, context.localizer, context.chat.settings.schedule)
        reading = f"{reading} · {when}"
    if context.read_by_group:
        return (reading,)
    return (reading, *(context.say("({inner})", inner=context.say(hint)) for hint in query.hints))


def lines_above_papers(context: Context, query: Query, ending: Ending) -> tuple[str, ...]:
    """Like `query_lines`, but returns nothing for a query that is read just as it was written."""
    lines = query_lines(context, query, ending)
    said = context.message.text.strip() if context.message else ""
    return () if lines == (said,) else lines
