"""Parts of replies with the papers that a query found: rows, buttons that open their cards, [subscribe]."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.commands import typed_times
from bot.commands.asking import subscription_numbered
from bot.commands.context import CommandContext
from bot.commands.phrasing import Localizer
from bot.commands.phrasing.setting_words import when_words
from bot.commands.phrasing.subscription_words import days_known
from bot.commands.typed_times import OnlyTime
from bot.commands.words.subject import is_available
from bot.ports.channel import Button, Buttons, Reply
from subscriptions import zones
from subscriptions.errors import Sentence
from subscriptions.matching.hits import why
from subscriptions.model import Because, Item, KnownPaper, Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import Ending, NoSuchTime, as_words, read_when
from subscriptions.query import Query
from subscriptions.query.variants import Variant
from subscriptions.service.next_deliveries import typed_number
from subscriptions.service.paper_search import Base, newest_papers
from subscriptions.store.signals import owned

_NEWEST = 5  # papers for a chat without subscriptions
_VARIANTS: Mapping[str, Sentence] = MappingProxyType(
    {
        "phrase": Sentence("words side by side as a phrase"),
        "titles": Sentence("words in titles only"),
        "primary": Sentence("without cross-lists"),
        "initials": Sentence("authors also with initials"),
        "anywhere": Sentence("words in any text"),
        "any": Sentence("any of these words"),
        "allowed": Sentence("allow {part}"),
        "without": Sentence("leave out {part}"),
        "year": Sentence("the last year"),
    }
)


def result_items(papers: Sequence[KnownPaper], query: Query | None = None) -> tuple[Item, ...]:
    """Returns the papers as items, in this order, with the words marked that the query found."""
    return tuple(
        Item(paper=known, because=_matched_words(known, query), position=at) for at, known in enumerate(papers)
    )


def _matched_words(known: KnownPaper, query: Query | None) -> tuple[Because, ...]:
    """Returns the words of a paper that the query found. They belong to no subscription, since none delivered it."""
    words = dict.fromkeys(word for hit in why(query, known.paper) for word in hit.terms) if query else {}
    return (Because(number=0, text="", words=tuple(words)),) if words else ()


def count_found(context: CommandContext, found: int, base: Base) -> str:
    """Returns a count such as "6 papers in the last 7 days", which names the days in which papers were counted."""
    if not base.of:
        return context.say("No papers are known yet.")
    days = days_known(context.localizer, base)
    if not found:
        return context.localizer.count(
            "The only paper of {days} does not fit.",
            "Nothing fits among the {count} papers of {days}.",
            base.of,
            days=days,
        )
    return context.localizer.count("{count} paper in {days}", "{count} papers in {days}", found, days=days)


def days_of(context: CommandContext, papers: Sequence[KnownPaper]) -> tuple[str, ...]:
    """Returns the day of each paper, "" for today, and whether the chat's library has the paper."""
    today = context.now.astimezone(zones.zone(context.chat.settings.timezone)).date()
    found = owned(context.store, [context.chat.id], [known.id for known in papers])
    had, mark = found.get(context.chat.id, ()), context.say("in the library")
    said = (
        ("" if known.day == today else context.localizer.day(known.day, seen_from=today), known.id in had)
        for known in papers
    )
    return tuple(" · ".join(filter(None, (day, mark if is_had else ""))) for day, is_had in said)


def variant_label(localizer: Localizer, one: Variant) -> str:
    """Returns what a variant of a query changes; the query itself if that says it best."""
    known = _VARIANTS.get(one.kind)
    return replace(known, values={"part": one.part}).say(localizer.translate) if known else one.text


def card_buttons(context: CommandContext, items: Sequence[Item], *, first: int = 1) -> tuple[Button, ...]:
    """Returns a numbered button for each paper, which opens its card; none where strangers could press them."""
    if context.read_by_strangers:
        return ()
    return tuple(
        Button(label=str(number), name="card", verb="card", arguments={"paper": item.paper.id, "number": number})
        for number, item in enumerate(items, start=first)
    )


def subscribe_button(context: CommandContext, text: str, ending: Ending | None = None) -> Buttons:
    """Returns [subscribe], which does what /sub with this text would. The text is put on one line: /sub takes several.

    If its time may have been meant as words, [as words] follows, which previews all words as a query.
    """
    if context.read_by_strangers:
        return ()
    rows = [("subscribe-to", context.say("subscribe"), " ".join(text.split()))]
    if ending and ending.either:
        rows.append(("try", context.say("as words"), as_words(text)))
    return tuple((Button(label=label, verb=verb, arguments={"text": words}),) for verb, label, words in rows)


def only_time_reply(context: CommandContext, typed: str) -> Reply:
    """Returns the refusal of a time without a query; if the chat has subscriptions, with how to schedule them."""
    words = Button(label=context.say("as words"), verb="try", arguments={"text": as_words(typed)})
    reply = typed_times.only_time_refused(context, OnlyTime(typed), words)
    if not context.chat.id or not is_available(typed):
        return reply
    return replace(reply, lines=(*reply.lines, context.say("For all subscriptions: /schedule {when}", when=typed)))


def time_refusal(context: CommandContext, ending: Ending) -> Reply | None:
    """Returns the refusal of a time that is not available, with buttons for the nearest ones; None if it is available."""
    text = " ".join(ending.query.split())
    try:
        read_when(str(ending.when))
    except NoSuchTime as error:
        if meant := subscription_numbered(context, typed_number(text)):
            number = {"number": meant.number}
            reply = typed_times.time_refused_with_nearest(
                context, error, Button(label="", verb="schedule", arguments=number)
            )
            return replace(reply, lines=(*reply.lines, named_by_number(context, meant)))
        words = Button(label=context.say("as words"), verb="try", arguments={"text": as_words(context.args)})
        button = Button(label="", verb="subscribe-at", arguments={"text": text})
        return typed_times.time_refused_with_nearest(context, error, button, (words,))
    return None


def named_by_number(context: CommandContext, subscription: Subscription) -> str:
    """Returns the line that says which subscription was meant."""
    number, name = subscription.number, subscription.label
    return context.say("This is subscription {number}: {name}", number=number, name=name)


def query_lines(context: CommandContext, query: Query, ending: Ending | None) -> tuple[str, ...]:
    """Returns how a query was read, with the time after it, and hints; in groups only the first line."""
    reading = context.formatter.reading(query)
    if ending and ending.when is not None:
        when = when_words(ending.when, context.localizer, parse_cadence(context.chat.settings.schedule))
        reading = f"{reading} · {when}"
    if context.read_by_group:
        return (reading,)
    odd = [hint.say(context.localizer.translate) for hint in query.hints]
    if ending and (note := typed_times.time_note(context, ending)):
        odd.insert(0, note)
    return (reading, *(context.say("({inner})", inner=one) for one in odd))


def nothing_active(context: CommandContext, example: str) -> Reply:
    """Returns the reply where no subscription is active: the newest papers; `example` is the command with a query."""
    words = context.say("No subscription is active here. With a query I look for that: {example}", example=example)
    papers = () if context.read_by_group else newest_papers(context.store, now=context.now, most=_NEWEST)
    items = result_items(papers)
    newest = (context.say("The newest papers that I know:"),) if papers else ()
    return Reply(
        lines=(words, *newest), items=items, days=days_of(context, papers), numbers=card_buttons(context, items)
    )
