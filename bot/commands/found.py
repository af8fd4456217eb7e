"""Papers that were found for a query, as they stand under a reply: rows, the numbers that open them, [subscribe]."""

from collections.abc import Sequence

from bot.commands.turn import Turn
from bot.commands.wishes import of_the_newest
from bot.ports import Button, Buttons
from subscriptions import Because, Item, KnownPaper, Query, Tried, cadence_text, parse_cadence, why


def rows_of(papers: Sequence[KnownPaper], query: Query | None = None) -> tuple[Item, ...]:
    """Papers in this order. What a query found in them is marked."""
    return tuple(Item(paper=known, because=_found(known, query), position=at) for at, known in enumerate(papers))


def _found(known: KnownPaper, query: Query | None) -> tuple[Because, ...]:
    """The words that hit, under no name: no subscription brought the paper."""
    words = dict.fromkeys(word for hit in why(query, known.paper) for word in hit.terms) if query else {}
    return (Because(number=0, text="", words=tuple(words)),) if words else ()


def count_found(turn: Turn, tried: Tried) -> str:
    """Such as "6 papers in the 3 days known": a count names its base."""
    if not tried.base.of:
        return turn.say("No papers are known yet.")
    found = len(tried.delivery.items) if tried.delivery else 0
    days = turn.voice.count("the one day known", "the {count} days known", tried.base.days)
    days = of_the_newest(turn.voice, days, tried.base)
    if not found:
        return turn.voice.count(
            "The only paper of {days} does not fit.",
            "None of the {count} papers of {days} fits.",
            tried.base.of,
            days=days,
        )
    return turn.voice.count("{count} paper in {days}", "{count} papers in {days}", found, days=days)


def card_buttons(turn: Turn, items: Sequence[Item], *, first: int = 1) -> tuple[Button, ...]:
    """A number for each paper, that opens its card; none where they would be everybody's."""
    if turn.in_public:
        return ()
    return tuple(
        Button(label=str(number), verb="card", arguments={"paper": item.paper.id})
        for number, item in enumerate(items, start=first)
    )


def subscribe_button(turn: Turn, text: str) -> Buttons:
    """[subscribe] to exactly this text, as if it had been typed behind /sub; in one line, since /sub takes several."""
    if turn.in_public:
        return ()
    arguments = {"text": " ".join(text.split())}
    return ((Button(label=turn.say("subscribe"), verb="subscribe-to", arguments=arguments),),)


def query_lines(turn: Turn, query: Query, when: str | None) -> tuple[str, ...]:
    """How a query was read, with the schedule that stood behind it, and what was odd about it. In groups the first."""
    reading = turn.words.reading(query)
    if when is not None:
        schedule = parse_cadence(when, parse_cadence(turn.chat.settings.schedule))
        reading = f"{reading} · {cadence_text(schedule)}"
    if turn.seen_by_all:
        return (reading,)
    return (reading, *(turn.say("({inner})", inner=hint.say(turn.voice.translate)) for hint in query.hints))
