"""Shows the papers that a query found: rows, counts, [subscribe], no active subscription."""

from collections.abc import Iterable, Sequence

from bot.commands import phrasing
from bot.commands.context import CommandContext
from bot.ports import channel
from subscriptions import model
from subscriptions.matching.reasons import why
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import Ending, as_words
from subscriptions.query.tree import Query
from subscriptions.service import previews
from subscriptions.service.nearness import are_late
from subscriptions.service.previews import Base
from subscriptions.store.interests import owned

_NEWEST = 5  # papers for a chat without subscriptions


def result_items(papers: Sequence[model.KnownPaper], query: Query | None = None) -> tuple[model.Item, ...]:
    """Returns the papers as items, in this order; the words that the query matched are marked."""
    return tuple(
        model.Item(paper=known, because=_matched_words(known, query), position=at) for at, known in enumerate(papers)
    )


def _matched_words(known: model.KnownPaper, query: Query | None) -> tuple[model.Because, ...]:
    """Returns the words of a paper that the query matched, with number 0, since they belong to no subscription."""
    words = dict.fromkeys(word for hit in why(query, known.paper) for word in hit.words) if query else {}
    if words:
        return (model.Because(number=0, text="", words=tuple(words)),)
    return ()


def count_found(context: CommandContext, found: int, base: Base) -> str:
    """Returns a sentence such as "6 papers in the last 7 days": the count, and the days in which papers were counted."""
    if not base.of:
        return context.say("No papers are known yet.")
    days = phrasing.days_known(context.localizer, base)
    if not found:
        return context.count(
            "The only paper of {days} does not fit.",
            "Nothing fits among the {count} papers of {days}.",
            base.of,
            days=days,
        )
    return context.count("{count} paper in {days}", "{count} papers in {days}", found, days=days)


def late_lines(context: CommandContext, text: str) -> list[str]:
    """Returns a line that says that the papers near to a text are missing because its vector takes too long; or none."""
    if not are_late(context.transaction, [text]):
        return []
    return [context.say("What is near in meaning takes longer; ask again in a moment.")]


def days_of(context: CommandContext, papers: Sequence[model.KnownPaper]) -> tuple[str, ...]:
    """Returns one text for each paper: its day, "" for today, and a mark if the chat's library has the paper."""
    today = context.localizer.local(context.now).date()
    found = owned(context.transaction, [context.chat.id], [known.id for known in papers])
    had, mark = found.get(context.chat.id, ()), context.say("in the library")
    said = (
        ("" if known.day == today else context.localizer.day(known.day, seen_from=today), known.id in had)
        for known in papers
    )
    return tuple(" · ".join(filter(None, (day, mark if is_had else ""))) for day, is_had in said)


def card_buttons(items: Sequence[model.Item], *, first: int = 1) -> channel.Row:
    """Returns a numbered button for each paper; the button opens the paper's card."""
    return tuple(
        channel.Button(
            label=str(number), name="card", verb="card", arguments={"paper": item.paper.id, "number": number}
        )
        for number, item in enumerate(items, start=first)
    )


def papers_reply(
    lines: Iterable[str],
    papers: Sequence[model.KnownPaper],
    *,
    query: Query | None = None,
    days: tuple[str, ...] = (),
    first: int = 1,
    buttons: channel.Buttons = (),
) -> channel.Reply:
    """Returns a reply with papers as a numbered list, as `result_items` and `card_buttons` make it."""
    items = result_items(papers, query)
    return channel.Reply(
        lines=tuple(lines),
        items=items,
        days=days,
        first=first,
        numbers=card_buttons(items, first=first),
        buttons=buttons,
    )


def subscribe_buttons(
    context: CommandContext, text: str, ending: Ending | None = None, seen: Sequence[int] = ()
) -> channel.Buttons:
    """Returns [subscribe], with the time that was typed in its label; without one, beside it two times to choose from.

    Each does the same as /sub with this text. `seen`: the papers above the button, which a private chat is not sent again.
    """
    wanted, shown = " ".join(text.split()), list(seen)
    if ending is not None and ending.when is not None and not ending.either:
        when = phrasing.day_words(ending.when, context.localizer, parse_cadence(context.chat.settings.schedule))
        label = context.say("subscribe: {when}", when=when)
        return ((context.labelled(label, "subscribe-to", text=wanted, seen=shown),),)
    if ending is not None and ending.either:
        wanted = as_words(wanted)
    subscribe = context.button("subscribe", "subscribe-to", text=wanted, seen=shown)
    if ending is None:
        return ((subscribe,),)
    at_8 = context.button("daily at 8", "subscribe-to", text=f"{wanted} daily 8", seen=shown)
    mondays = context.button("mondays at 9", "subscribe-to", text=f"{wanted} weekly mon 9", seen=shown)
    return ((subscribe, at_8, mondays),)


def named_by_number(context: CommandContext, subscription: model.Subscription) -> str:
    """Returns a line that says which subscription was meant."""
    number, name = subscription.number, subscription.label
    return context.say("This is subscription {number}: {name}", number=number, name=name)


def query_lines(context: CommandContext, query: Query, ending: Ending | None) -> tuple[str, ...]:
    """Returns lines: how the query and its time were read, then hints; in groups only the first line."""
    reading = context.reading(query)
    if ending and ending.when is not None:
        when = phrasing.when_words(ending.when, context.localizer, parse_cadence(context.chat.settings.schedule))
        reading = f"{reading} · {when}"
    if context.read_by_group:
        return (reading,)
    odd = [context.say(hint) for hint in query.hints]
    return (reading, *(context.say("({inner})", inner=one) for one in odd))


def lines_above_papers(context: CommandContext, query: Query, ending: Ending) -> tuple[str, ...]:
    """Like `query_lines`, but returns nothing for a query that is read just as it was written."""
    lines = query_lines(context, query, ending)
    said = context.message.text.strip() if context.message else ""
    return () if lines == (said,) else lines


def nothing_active(context: CommandContext, example: str) -> channel.Reply:
    """Returns the reply for a chat without an active subscription: the newest papers; `example` is a command with a query."""
    words = context.say(
        "No subscription is active here. With a query I look for that: {example}", example=context.typed(example)
    )
    papers: Sequence[model.KnownPaper] = ()
    if not context.read_by_group:
        papers = previews.newest_papers(context.transaction, now=context.now, most=_NEWEST)
    newest = (context.say("The newest papers that I know:"),) if papers else ()
    return papers_reply((words, *newest), papers, days=days_of(context, papers))
