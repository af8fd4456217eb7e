"""Papers in replies: rows of found papers, cards, and [subscribe].

The data of buttons: a list has too many buttons to store a token for each. Only the button that opens a card has a
stored token. The other buttons of the card have the same data with a letter after it. Under a delivery no token is
stored at all: the data names the delivery and the position of the paper.

    d<delivery>.c<n>     the card of the nth paper of the delivery, counted from 0
    d<delivery>.m<n>     the papers beyond the chat's limit, from the nth of them on; without n, from the first
    <card>.f             everything that is known about the paper
    <card>.o             the buttons that ⋯ opens
    <card>.b             back to the buttons of the card
    <card>.q             what can be muted
    <card>.w             why the paper came
    <card>.x             what its subscription could exclude from now on
    <card>.a             its authors, each of whom can be followed
    <card>.l             👍
    <card>.d             👎
    <card>.s             saves the paper
    <card>.n             the papers nearest to this one

The data is not trusted: delivery and paper are looked up only among the deliveries of the chat where the button was
pressed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from bot.commands import asking, phrasing
from bot.commands.asking import OnlyTime
from bot.commands.context import Callback, CommandContext, CommandFunction
from bot.commands.words.subjects import is_available
from bot.ports import channel
from bot.ports.conversation import CallbackRequest
from bot.rendering.language import Language
from subscriptions import model, zones
from subscriptions.errors import Sentence
from subscriptions.matching.hits import why
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import Ending, NoSuchTime, as_words, read_when, split_when, split_wish
from subscriptions.query import ABOUT, Query, links
from subscriptions.query.advice import Variant
from subscriptions.query.parse import papers_of_wish, query_of
from subscriptions.service import near_papers, paper_search
from subscriptions.service.chat_status import find_callback
from subscriptions.service.known_papers import as_item
from subscriptions.service.listing import typed_number
from subscriptions.service.paper_search import Base
from subscriptions.service.questions import with_known_vectors
from subscriptions.states import Signal
from subscriptions.store.database.store import Scope
from subscriptions.store.deliveries import delivered_items
from subscriptions.store.known_papers import stored_papers
from subscriptions.store.signals import owned

_MOST_WORDS = 5  # words that the explanation of a paper's rank names
_BECAUSE: Mapping[Signal | None, Sentence] = {
    None: Sentence("Further up, because your library has “{title}”: {words}"),
    Signal.OPENED: Sentence("Further up, because you opened “{title}”: {words}"),
    Signal.FOLLOWED: Sentence("Further up, because you follow an author of “{title}”: {words}"),
    Signal.SAVED: Sentence("Further up, because you saved “{title}”: {words}"),
    Signal.LIKED: Sentence("Further up, because you liked “{title}”: {words}"),
}
_BECAUSE_HERE: Mapping[Signal | None, Sentence] = {
    None: Sentence("Further up, because the library here has “{title}”: {words}"),
    Signal.OPENED: Sentence("Further up, because somebody here opened “{title}”: {words}"),
    Signal.FOLLOWED: Sentence("Further up, because an author of “{title}” is followed here: {words}"),
    Signal.SAVED: Sentence("Further up, because somebody here saved “{title}”: {words}"),
    Signal.LIKED: Sentence("Further up, because somebody here liked “{title}”: {words}"),
}


_CARD = "card"
_OF_DELIVERY = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?:c(?P<position>\d{1,6})|m(?P<start>\d{0,6}))")
_VERBS = {
    "f": "card-more",
    "o": "card-menu",
    "b": "card-back",
    "q": "card-mute",
    "w": "card-why",
    "x": "card-exclude",
    "a": "card-follow",
    "l": "card-like",
    "d": "card-dislike",
    "s": "card-save",
    "n": "more-like-this",
}


def pressed_token(store: Scope, data: str, place: str) -> model.CallbackToken | None:
    """Returns the token that belongs to the data of a pressed button; None if there is none."""
    card, _, letter = data.rpartition(".")
    token = read_callback(card, place) or find_callback(store, card) if letter in _VERBS else None
    if token and token.verb == _CARD:  # here `number` is a place in a list; for other verbs, a subscription
        arguments = {name: value for name, value in token.arguments.items() if name != "number"}
        return replace(token, verb=_VERBS[letter], arguments=arguments)
    return read_callback(data, place) or find_callback(store, data)


def read_callback(data: str, place: str) -> model.CallbackToken | None:
    """Returns the token for data such as `d7.c0` and `d7.m16`, whose token is not stored; None for other data."""
    match = _OF_DELIVERY.fullmatch(data)
    if match is None:
        return None
    if match["position"] is None:
        arguments = {"delivery": match["delivery"], "start": int(match["start"] or 0)}
        return model.CallbackToken(verb="show-more", arguments=arguments, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return model.CallbackToken(verb=_CARD, arguments=arguments, place=place)


# ------------------------------------------------------------------ the card of a paper and the replies that show more

# These replies show all fields of a paper, why it came, or the papers beyond a delivery's limit. A button names its
# paper by the position in a delivery (`delivery`, `position`) or by its id in the store (`paper`). A position is looked
# up only among the deliveries to this chat.


PAGE = 16  # papers on a page: two rows of eight numbers


def callback_paper(context: CommandContext) -> model.Item | None:
    """Returns the paper that the button names; None if it is not stored or the named delivery is not one of this chat's."""
    if "delivery" in context.arguments:
        delivery, position = str(context.arguments["delivery"]), int(context.arguments["position"])
        return next(iter(delivered_items(context.transaction, context.chat.id, delivery, position=position)), None)
    paper = int(context.arguments["paper"])
    known = stored_papers(context.transaction, [paper]).get(paper)
    return as_item(context.transaction, context.chat, known) if known else None


def of_paper(run: Callable[[CommandContext, model.Item], channel.Reply]) -> CommandFunction:
    """Returns a handler of a button.

    It calls `run` with the paper that the button names; if the paper is gone, it says so.
    """

    def handle(context: CommandContext) -> channel.Reply:
        item = callback_paper(context)
        return run(context, item) if item else paper_gone(context)

    return handle


def card_reply(context: CommandContext, known: model.KnownPaper) -> channel.Reply:
    """Returns the card of one paper that a person asked for: title, authors, categories, summary, buttons.

    Reads from the store whether and why the paper was delivered to this chat. Stores the signal that the chat opened
    the paper.
    """
    _note_opened(context, known.id)
    return _card(as_item(context.transaction, context.chat, known), {"paper": known.id})


@of_paper
def on_card(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles a number under a delivery: shows the card of that paper."""
    _note_opened(context, item.paper.id)
    return _card(item, paper_arguments(context))


@of_paper
def on_more(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [more]: shows everything that is known about a paper, with its abstract and all fields of its summaries."""
    _note_opened(context, item.paper.id)
    return channel.Reply(
        items=(item,),
        item_layout="whole",
        numbers=(_opens(item, paper_arguments(context), whole=True),),
        replaces=bool(context.arguments.get("on_card")),
    )


def _rebuttoned(context: CommandContext, item: model.Item, layout: Literal["buttons", "rest"]) -> channel.Reply:
    """Replaces the buttons of a card: `rest` shows the further buttons, `buttons` shows the first ones again."""
    if not isinstance(context.request, CallbackRequest):
        return paper_gone(context)
    card, _, _ = context.request.callback_data.rpartition(".")
    opens = channel.Button(label="1", name=_CARD, data=card, arguments=context.arguments)
    return channel.Reply(items=(item,), item_layout=layout, numbers=(opens,), replaces=True)


def opens_a_paper(context: CommandContext) -> bool:
    """Returns whether the text names exactly one paper, so that its card is shown and the paper counts as opened."""
    return bool(context.chat.id) and not context.read_by_strangers and len(links.mentioned(context.args)) == 1


def _note_opened(context: CommandContext, paper: int) -> None:
    """Stores the signal that the chat opened a paper, unless strangers can open it: their interest is not the chat's."""
    if not context.read_by_strangers:
        near_papers.note_signal(context.transaction, context.chat, [paper], Signal.OPENED, now=context.now)


@of_paper
def on_why(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [why]: shows which subscriptions brought a paper, and which of its words they matched."""
    return channel.Reply(lines=why_lines(context, item), items=(item,), item_layout="why")


def why_lines(context: CommandContext, item: model.Item) -> tuple[str, ...]:
    """Returns lines: to which texts and papers this one is near, and which paper moved it up in the order.

    A line is left out if there are none.
    """
    names = [name for because in item.because for name in papers_of_wish(because.text)]
    known = paper_search.papers_named(context.transaction, names) if names else {}
    titles = dict.fromkeys(context.title(known[name]) for name in names if name in known)
    best = near_papers.nearest(context.transaction, context.chat, item.paper)
    is_told = best is not None and best.kind is None  # then the last line names an entry of the library anyway
    if (
        links.LIBRARY in names
        and not is_told
        and (entry := near_papers.entry_near(context.transaction, context.chat, item.paper))
    ):
        titles[context.title(entry)] = None
    lines = [*_near_to_texts(context, item)]
    lines += [context.say("Near to {titles}.", titles="; ".join(titles))] if titles else []
    if best:
        because = (_BECAUSE_HERE if context.read_by_group else _BECAUSE)[best.kind]
        words = ", ".join(best.words[:_MOST_WORDS]) or context.say(ABOUT.place.template)
        lines.append(context.say(because.template, title=context.title(best.paper), words=words))
    return tuple(lines)


def _near_to_texts(context: CommandContext, item: model.Item) -> Iterator[str]:
    """Yields a line for each text of the subscriptions (`about:`) to which the paper is near in meaning."""
    hits: dict[str, float] = {}
    for because in item.because:
        if query := query_of(because.text):
            query = with_known_vectors(context.transaction, query)
            hits |= {hit.terms[0]: hit.near for hit in why(query, item.paper.paper) if hit.near is not None}
    for text, near in hits.items():
        yield context.say("Near to “{text}”, {nearness}.", text=text, nearness=f"{near:.2f}")


def on_show_more(context: CommandContext) -> channel.Reply:
    """Handles [show more]: shows a page of papers beyond the chat's limit; their numbers continue those of the delivery."""
    delivery, start = str(context.arguments["delivery"]), int(context.arguments.get("start", 0))
    delivered = delivered_items(context.transaction, context.chat.id, delivery)
    rest = [item for item in delivered if not item.shown]
    page = tuple(rest[start : start + PAGE])
    if not page:
        return paper_gone(context)
    first = len(delivered) - len(rest) + start + 1
    numbers = tuple(
        channel.Button(label=str(number), name=_CARD, data=f"d{delivery}.c{item.position}")
        for number, item in enumerate(page, first)
    )
    left = len(rest) - start - len(page)
    label = context.localizer.count("show {count} more", "show {count} more", left)
    more = ((channel.Button(label=label, data=f"d{delivery}.m{start + PAGE}"),),) if left else ()
    return channel.Reply(items=page, item_layout="row", first=first, numbers=numbers, buttons=more)


# ------------------------------------------------------------------------------------------------------------ the card


def _card(item: model.Item, where: Mapping[str, Any]) -> channel.Reply:
    return channel.Reply(items=(item,), item_layout="card", numbers=(_opens(item, where),))


def _opens(item: model.Item, where: Mapping[str, Any], *, whole: bool = False) -> channel.Button:
    """Returns the button that opens a card; the data of the card's other buttons is this button's data and a letter."""
    arguments = {"paper": item.paper.id, **where, "number": 1, "on_card": True, **({"whole": True} if whole else {})}
    return channel.Button(label="1", name=_CARD, verb=_CARD, arguments=arguments)


# ------------------------------------------------------------------------------------------------------ what is pressed


def paper_arguments(context: CommandContext) -> dict[str, Any]:
    """Returns those arguments of the pressed button that name its paper."""
    return {name: context.arguments[name] for name in ("delivery", "position", "paper") if name in context.arguments}


def paper_gone(context: CommandContext) -> channel.Reply:
    """Returns the reply to a button whose paper is no longer stored."""
    return channel.Reply(toast=context.say("I do not have this paper any more."))


# -------------------------------------------------------------------------------------------- papers that a query found


_NEWEST = 5  # papers for a chat without subscriptions
_VARIANTS: Mapping[str, Sentence] = {
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


def result_items(papers: Sequence[model.KnownPaper], query: Query | None = None) -> tuple[model.Item, ...]:
    """Returns the papers as items, in this order; the words that the query matched are marked."""
    return tuple(
        model.Item(paper=known, because=_matched_words(known, query), position=at) for at, known in enumerate(papers)
    )


def _matched_words(known: model.KnownPaper, query: Query | None) -> tuple[model.Because, ...]:
    """Returns the words of a paper that the query matched, with number 0, since they belong to no subscription."""
    words = dict.fromkeys(word for hit in why(query, known.paper) for word in hit.words) if query else {}
    return (model.Because(number=0, text="", words=tuple(words)),) if words else ()


def count_found(context: CommandContext, found: int, base: Base) -> str:
    """Returns a sentence such as "6 papers in the last 7 days": the count, and the days in which papers were counted."""
    if not base.of:
        return context.say("No papers are known yet.")
    days = phrasing.days_known(context.localizer, base)
    if not found:
        return context.localizer.count(
            "The only paper of {days} does not fit.",
            "Nothing fits among the {count} papers of {days}.",
            base.of,
            days=days,
        )
    return context.localizer.count("{count} paper in {days}", "{count} papers in {days}", found, days=days)


def days_of(context: CommandContext, papers: Sequence[model.KnownPaper]) -> tuple[str, ...]:
    """Returns one text for each paper: its day, "" for today, and a mark if the chat's library has the paper."""
    today = context.now.astimezone(zones.zone(context.chat.settings.timezone)).date()
    found = owned(context.transaction, [context.chat.id], [known.id for known in papers])
    had, mark = found.get(context.chat.id, ()), context.say("in the library")
    said = (
        ("" if known.day == today else context.localizer.day(known.day, seen_from=today), known.id in had)
        for known in papers
    )
    return tuple(" · ".join(filter(None, (day, mark if is_had else ""))) for day, is_had in said)


def variant_label(localizer: Language, one: Variant) -> str:
    """Returns a description of what a variant of a query changes; for kinds without a description, the variant itself."""
    known = _VARIANTS.get(one.kind)
    return replace(known, values={"part": one.part}).say(localizer.translate) if known else one.text


def card_buttons(items: Sequence[model.Item], *, first: int = 1) -> tuple[channel.Button, ...]:
    """Returns a numbered button for each paper; the button opens the paper's card."""
    return tuple(
        channel.Button(
            label=str(number), name="card", verb="card", arguments={"paper": item.paper.id, "number": number}
        )
        for number, item in enumerate(items, start=first)
    )


def subscribe_button(context: CommandContext, text: str, ending: Ending | None = None) -> channel.Buttons:
    """Returns [subscribe], which does the same as /sub with this text. Line breaks in the text become spaces.

    If the time may have been meant as words of the query, [as words] follows, which searches for all of the text.
    """
    wanted = " ".join(text.split())
    if split_when(wanted).when is None and split_wish(wanted).when is not None:  # it was searched for as words
        wanted = as_words(wanted)
    rows = [("subscribe-to", context.say("subscribe"), wanted)]
    if ending and ending.either:
        rows.append(("try", context.say("as words"), as_words(text)))
    return tuple((channel.Button(label=label, verb=verb, arguments={"text": words}),) for verb, label, words in rows)


def only_time_reply(context: CommandContext, typed: str) -> channel.Reply:
    """Returns the reply that refuses a time without a query; tells a known chat how to use the time for all subscriptions."""
    words = channel.Button(label=context.say("as words"), verb="try", arguments={"text": as_words(typed)})
    reply = asking.only_time_refused(context, OnlyTime(typed), words)
    if not context.chat.id or not is_available(typed):
        return reply
    return replace(reply, lines=(*reply.lines, context.say("For all subscriptions: /schedule {when}", when=typed)))


def time_refusal(context: CommandContext, ending: Ending) -> channel.Reply | None:
    """Returns the reply that refuses an unavailable time, with buttons for the nearest ones; None for an available time."""
    text = " ".join(ending.query.split())
    try:
        read_when(str(ending.when))
    except NoSuchTime as error:
        if meant := asking.subscription_numbered(context, typed_number(text)):
            number = {"number": meant.number}
            reply = asking.time_refused_with_nearest(
                context, error, channel.Button(label="", verb="schedule", arguments=number)
            )
            return replace(reply, lines=(*reply.lines, named_by_number(context, meant)))
        words = channel.Button(label=context.say("as words"), verb="try", arguments={"text": as_words(context.args)})
        button = channel.Button(label="", verb="subscribe-at", arguments={"text": text})
        return asking.time_refused_with_nearest(context, error, button, (words,))
    return None


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
    odd = [hint.say(context.localizer.translate) for hint in query.hints]
    if ending and (note := asking.time_note(context, ending)):
        odd.insert(0, note)
    return (reading, *(context.say("({inner})", inner=one) for one in odd))


def nothing_active(context: CommandContext, example: str) -> channel.Reply:
    """Returns the reply for a chat without an active subscription: the newest papers; `example` is a command with a query."""
    words = context.say("No subscription is active here. With a query I look for that: {example}", example=example)
    papers = (
        () if context.read_by_group else paper_search.newest_papers(context.transaction, now=context.now, most=_NEWEST)
    )
    items = result_items(papers)
    newest = (context.say("The newest papers that I know:"),) if papers else ()
    return channel.Reply(
        lines=(words, *newest), items=items, days=days_of(context, papers), numbers=card_buttons(items)
    )


CALLBACKS = {
    "card": Callback(run=on_card, writes=True),
    "card-more": Callback(run=on_more, writes=True),
    "card-menu": Callback(run=of_paper(partial(_rebuttoned, layout="rest"))),
    "card-back": Callback(run=of_paper(partial(_rebuttoned, layout="buttons"))),
    "card-why": Callback(run=on_why),
    "show-more": Callback(run=on_show_more),
}
