"""Cards of papers, and the buttons under papers: what counts as opening one, [more], [why], [show more] and how many a page, [less of this].

A list has too many buttons to store a token for each. Only the button that opens a card has a stored token. The other
buttons of the card have the same data with a letter after it. Under a delivery no token is stored at all: the data
names the delivery and the position of the paper.

    d<delivery>.c<n>     the card of the nth paper of the delivery, counted from 0
    d<delivery>.m<n>     the papers beyond the chat's limit, from the nth of them on; without n, from the first
    <card>.<letter>      another button of the card: the `letter` of its `Callback`

The data is not trusted: delivery and paper are looked up only among the deliveries of the chat where the button was pressed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.commands import asking, cities, phrasing
from bot.commands.context import Callback, CommandContext, CommandFunction, Registry
from bot.commands.subscribe import edit_here
from bot.ports import channel
from subscriptions import errors, model, states
from subscriptions.errors import Sentence
from subscriptions.matching.paper_index import matching_papers
from subscriptions.matching.reasons import Hit, why
from subscriptions.query import FIELDS, LIKE, links, parse, rewriting
from subscriptions.query.parse import query_of
from subscriptions.service import delivered_papers, nearness, paper_search
from subscriptions.service.delivered_papers import as_item
from subscriptions.service.nearness import with_known_vectors
from subscriptions.service.pausing import pause
from subscriptions.states import Signal
from subscriptions.store import interests
from subscriptions.store.conversations import find_callback
from subscriptions.store.database.store import Transaction
from subscriptions.store.known_papers import stored_papers
from subscriptions.store.stored_deliveries import delivered_items

CARD = "card"
_OF_DELIVERY = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?:c(?P<position>\d{1,6})|m(?P<start>\d{0,6}))")
PAGE = 16  # papers on a page: two rows of eight numbers
_PAUSED_FOR = timedelta(days=7)
_AUTHORS = 3  # authors that are offered: the first ones and the last
_LABEL = 40  # characters of a name in a label


def pressed_token(
    store: Transaction, data: str, place: model.ChatAddress | None, registry: Registry
) -> model.CallbackToken | None:
    """Returns the token that belongs to the data of a pressed button; None if there is none."""
    card, _, letter = data.rpartition(".")
    verb = registry.verbs_of_cards.get(letter)
    token = read_callback(card, place) or find_callback(store, card) if verb else None
    if verb and token and token.verb == CARD:
        return replace(token, verb=verb)
    return read_callback(data, place) or find_callback(store, data)


def read_callback(data: str, place: model.ChatAddress | None) -> model.CallbackToken | None:
    """Returns the token for data such as `d7.c0` and `d7.m16`, whose token is not stored; None for other data."""
    match = _OF_DELIVERY.fullmatch(data)
    if match is None:
        return None
    if match["position"] is None:
        arguments = {"delivery": match["delivery"], "start": int(match["start"] or 0)}
        return model.CallbackToken(verb="show-more", arguments=arguments, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return model.CallbackToken(verb=CARD, arguments=arguments, place=place)


def callback_paper(context: CommandContext) -> model.Item | None:
    """Returns the paper that the button names; None if it is not stored or the named delivery is not one of this chat's."""
    if "delivery" in context.arguments:
        delivery, position = str(context.arguments["delivery"]), int(context.arguments["position"])
        return next(iter(delivered_items(context.transaction, context.chat.id, delivery, position=position)), None)
    paper = int(context.arguments["paper"])
    known = stored_papers(context.transaction, [paper]).get(paper)
    if known:
        return as_item(context.transaction, context.chat, known)
    return None


def of_paper(run: Callable[[CommandContext, model.Item], channel.Reply]) -> CommandFunction:
    """Returns a handler of a button.

    It calls `run` with the paper that the button names; if the paper is gone, it says so.
    """

    def handle(context: CommandContext) -> channel.Reply:
        item = callback_paper(context)
        if item:
            return run(context, item)
        return paper_gone(context)

    return handle


def paper_arguments(context: CommandContext) -> dict[str, Any]:
    """Returns those arguments of the pressed button that name its paper."""
    return {name: context.arguments[name] for name in ("delivery", "position", "paper") if name in context.arguments}


def paper_gone(context: CommandContext) -> channel.Reply:
    """Returns the reply to a button whose paper is no longer stored."""
    return context.toast("I do not have this paper any more.")


_BECAUSE: Mapping[Signal | None, Sentence] = {
    None: Sentence("Further up, because your library has “{title}”"),
    Signal.OPENED: Sentence("Further up, because you opened “{title}”"),
    Signal.FOLLOWED: Sentence("Further up, because you follow an author of “{title}”"),
    Signal.SAVED: Sentence("Further up, because you saved “{title}”"),
    Signal.LIKED: Sentence("Further up, because you liked “{title}”"),
}
_BECAUSE_HERE: Mapping[Signal | None, Sentence] = {
    None: Sentence("Further up, because the library here has “{title}”"),
    Signal.OPENED: Sentence("Further up, because somebody here opened “{title}”"),
    Signal.FOLLOWED: Sentence("Further up, because an author of “{title}” is followed here"),
    Signal.SAVED: Sentence("Further up, because somebody here saved “{title}”"),
    Signal.LIKED: Sentence("Further up, because somebody here liked “{title}”"),
}


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


def opens_a_paper(context: CommandContext) -> bool:
    """Returns whether the text names exactly one paper, so that its card is shown and the paper counts as opened."""
    return bool(context.chat.id) and not context.read_by_strangers and len(links.mentioned(context.args)) == 1


def _note_opened(context: CommandContext, paper: int) -> None:
    """Stores the signal that the chat opened a paper, unless strangers can open it: their interest is not the chat's."""
    if not context.read_by_strangers:
        interests.note_signal(context.transaction, context.chat, [paper], Signal.OPENED, now=context.now)


@of_paper
def on_why(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [why]: shows which subscriptions brought a paper, and which of its words they matched."""
    return channel.Reply(lines=why_lines(context, item), items=(item,), item_layout="why")


def why_lines(context: CommandContext, item: model.Item) -> tuple[str, ...]:
    """Returns lines: how near it is to which texts and papers, which paper moved it up, and which model summarised it.

    A line is left out if there are none.
    """
    lines = [*_how_near(context, item)]
    if best := nearness.nearest_liked(context.transaction, context.chat, item.paper):
        because = (_BECAUSE_HERE if context.read_by_group else _BECAUSE)[best.kind]
        lines.append(context.say(because, title=context.title(best.paper)))
    return (*lines, *by_model(context, item.paper))


def by_model(context: CommandContext, known: model.KnownPaper) -> tuple[str, ...]:
    """Returns a line that says which model made the summary of a paper in the chat's language, if one did."""
    made = next((one for one in known.paper.by_model if one.language == context.chat.settings.lang), None)
    if made is None:
        return ()
    day = context.localizer.day(made.made_at.date(), seen_from=context.now.date())
    if made.fields:
        return (context.say("Its summary is by a language model, {model}, {day}.", model=made.model, day=day),)
    return (
        context.say("The translation of its title is by a language model, {model}, {day}.", model=made.model, day=day),
    )


def _how_near(context: CommandContext, item: model.Item) -> Iterator[str]:
    """Yields a line for each text (`about:`) and each papers (`like:`) of the subscriptions to which the paper is near."""
    hits: dict[str, float] = {}
    for because in item.because:
        if query := query_of(because.text, FIELDS.of_chat(context.chat.id)):
            query = with_known_vectors(context.transaction, query)
            found = (hit for hit in why(query, item.paper.paper) if hit.near is not None)
            hits |= {_to_what(context, hit, item.paper): hit.near or 0.0 for hit in found}
    for text, near in hits.items():
        related = phrasing.how_related(context.localizer, near)
        yield context.say("In meaning {related} to “{text}”.", text=text, related=related)


def _to_what(context: CommandContext, hit: Hit, known: model.KnownPaper) -> str:
    """Returns the text to which a paper is near, or the titles of the papers, with the nearest entry of the library."""
    text = hit.terms[0]
    if hit.field is not LIKE:
        return text
    names = text.split(",")
    papers = paper_search.papers_named(context.transaction, names)
    titles = [context.title(papers[name]) for name in names if name in papers]
    if links.LIBRARY in names and (entry := nearness.nearest_entry(context.transaction, context.chat, known)):
        titles.append(entry.paper.title)
    return "; ".join(titles) or text


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
        channel.Button(label=str(number), name=CARD, data=f"d{delivery}.c{item.position}")
        for number, item in enumerate(page, first)
    )
    left = len(rest) - start - len(page)
    label = context.count("show {count} more", "show {count} more", left)
    more = ((channel.Button(label=label, data=f"d{delivery}.m{start + PAGE}"),),) if left else ()
    return channel.Reply(items=page, item_layout="row", first=first, numbers=numbers, buttons=more)


def _card(item: model.Item, where: Mapping[str, Any]) -> channel.Reply:
    return channel.Reply(items=(item,), item_layout="card", numbers=(_opens(item, where),))


def _opens(item: model.Item, where: Mapping[str, Any], *, whole: bool = False) -> channel.Button:
    """Returns the button that opens a card; the data of the card's other buttons is this button's data and a letter."""
    arguments = {"paper": item.paper.id, **where, "number": 1, "on_card": True, "whole": whole}
    return channel.Button(label="1", name=CARD, verb=CARD, arguments=arguments)


@of_paper
def on_less(context: CommandContext, item: model.Item) -> channel.Reply:
    """Asks what the subscription that brought a paper shall leave out: an author, a category, a word that one writes."""
    behind = delivered_papers.subscriptions_behind(context.transaction, context.chat, item)
    finding = [one for one in behind if _finds(context, one, item)]
    if not finding:
        return _nothing_to_change(context)
    subscription = finding[0]
    here = {**paper_arguments(context), "subscription": subscription.id}
    buttons = [
        context.button(
            errors.Sentence(
                "leave {what} out of {number}",
                {"what": phrasing.shortened(what, _LABEL), "number": subscription.number},
            ),
            "leave-out",
            **here,
            rule=rule,
        )
        for what, rule in _offered(item)
        if _can_leave_out(subscription, rule, item)
    ]
    pauses = [
        context.button(
            errors.Sentence("pause {number} for a week", {"number": one.number}),
            "pause-week",
            **{**here, "subscription": one.id},
        )
        for one in behind
        if one.is_active
    ]
    called = phrasing.subscription_label(subscription, _LABEL)
    said = context.say("What shall {subscription} leave out from now on? Write a word, or press:", subscription=called)
    asked = asking.ask(context, "leave-out", said, **here)
    return channel.Reply(lines=asked.lines, buttons=(*cities.button_rows([*buttons, *pauses]), *asked.buttons))


def _finds(context: CommandContext, subscription: model.Subscription, item: model.Item) -> bool:
    """Returns whether the query of a subscription, which may have been changed, still matches a paper."""
    query = with_known_vectors(context.transaction, parse.parse_canonical(subscription.canonical))
    return bool(matching_papers(query, [item.paper.paper]))


def _offered(item: model.Item) -> Iterator[tuple[str, str]]:
    """Yields (what can be left out, its query): authors, then categories of the paper."""
    paper = item.paper.paper
    names = dict.fromkeys((*paper.authors[: _AUTHORS - 1], *paper.authors[-1:]))
    yield from ((name, rewriting.author_rule(name)) for name in names)
    yield from ((code, f"cat:{code}") for code in paper.categories)


def _can_leave_out(subscription: model.Subscription, rule: str, item: model.Item) -> bool:
    """Returns whether the query can exclude the rule, and would then no longer find this paper."""
    try:
        less = rewriting.narrowed(parse.parse_query(subscription.text), rule)
    except errors.PaperwireError:  # for example if the author has only initials, which no query accepts
        return False
    return not matching_papers(less, [item.paper.paper])


@of_paper
def on_leave_out(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles an offer or the word that a person wrote: excludes it from the query."""
    subscription = _chosen(context, item)
    if subscription is None:
        return _nothing_to_change(context)
    is_answer = "rule" not in context.arguments
    if not is_answer:
        asking.drop_question(context, "leave-out")
    rule = rewriting.words_rule(context.args.lstrip(" -")) if is_answer else str(context.arguments["rule"])
    less = rewriting.narrowed(parse.parse_query(subscription.text), rule)
    done = edit_here(context, subscription.number, less.text)
    interests.note_signal(context.transaction, context.chat, [item.paper.id], states.Signal.EXCLUDED, now=context.now)
    reading = context.reading(done.query)
    return channel.Reply(
        lines=(f"{subscription.number}  {reading}",),
        code=(done.subscription.text,) if done.subscription.text != reading else (),
        ok=True,
        buttons=context.undo_row,
        replaces=not is_answer,
    )


@of_paper
def on_pause_week(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [pause N for a week]: its papers wait until then."""
    subscription = _chosen(context, item)
    if subscription is None:
        return _nothing_to_change(context)
    asking.drop_question(context, "leave-out")
    until = context.now + _PAUSED_FOR
    interests.note_signal(context.transaction, context.chat, [item.paper.id], states.Signal.MUTED, now=context.now)
    address, number = context.chat.address, subscription.number
    pause(context.transaction, address, number, until=until, now=context.now, who=context.actor)
    return context.reply(
        "{subscription} is paused until {moment}.",
        subscription=phrasing.subscription_label(subscription, _LABEL),
        moment=context.localizer.moment(until, now=context.now),
        ok=True,
        buttons=context.undo_row,
        replaces=True,
    )


def _chosen(context: CommandContext, item: model.Item) -> model.Subscription | None:
    """Returns the subscription that the button or question names, if it still brings the paper."""
    behind = delivered_papers.subscriptions_behind(context.transaction, context.chat, item)
    return next((one for one in behind if one.id == context.arguments.get("subscription")), None)


def _nothing_to_change(context: CommandContext) -> channel.Reply:
    said = context.say("No subscription of this chat brings this paper any more.")
    if context.message:
        return channel.Reply(lines=(said,), ok=False)
    return channel.Reply(toast=said)


CALLBACKS = {
    "card": Callback(run=on_card, writes=True),
    "card-more": Callback(letter="f", run=on_more, writes=True),
    "card-why": Callback(letter="w", run=on_why),
    "show-more": Callback(run=on_show_more),
    "card-less": Callback(letter="x", run=on_less, needs_manager=True),
    "leave-out": Callback(run=on_leave_out, needs_manager=True),
    "pause-week": Callback(run=on_pause_week, needs_manager=True),
}
