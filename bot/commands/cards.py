"""The card of a paper and what counts as opening it; [more], [why] (also why it is further up), [show more] and how many a page."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.commands import phrasing
from bot.commands.context import Callback, CommandContext
from bot.commands.paper_buttons import CARD, of_paper, paper_arguments, paper_gone
from bot.ports import channel
from subscriptions import model
from subscriptions.errors import Sentence
from subscriptions.matching.reasons import Hit, why
from subscriptions.query import FIELDS, LIKE, links, links_in_text
from subscriptions.query.parse import query_of
from subscriptions.service import paper_search, signals, taste
from subscriptions.service.asked_papers import as_item
from subscriptions.service.questions import with_known_vectors
from subscriptions.states import Signal
from subscriptions.store.deliveries import delivered_items

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


PAGE = 16  # papers on a page: two rows of eight numbers


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
    return bool(context.chat.id) and not context.read_by_strangers and len(links_in_text.mentioned(context.args)) == 1


def _note_opened(context: CommandContext, paper: int) -> None:
    """Stores the signal that the chat opened a paper, unless strangers can open it: their interest is not the chat's."""
    if not context.read_by_strangers:
        signals.note_signal(context.transaction, context.chat, [paper], Signal.OPENED, now=context.now)


@of_paper
def on_why(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [why]: shows which subscriptions brought a paper, and which of its words they matched."""
    return channel.Reply(lines=why_lines(context, item), items=(item,), item_layout="why")


def why_lines(context: CommandContext, item: model.Item) -> tuple[str, ...]:
    """Returns lines: how near it is to which texts and papers, which paper moved it up, and which model summarised it.

    A line is left out if there are none.
    """
    lines = [*_how_near(context, item)]
    if best := taste.nearest(context.transaction, context.chat, item.paper):
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
    if links.LIBRARY in names and (entry := taste.nearest_entry(context.transaction, context.chat, known)):
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


CALLBACKS = {
    "card": Callback(run=on_card, writes=True),
    "card-more": Callback(letter="f", run=on_more, writes=True),
    "card-why": Callback(letter="w", run=on_why),
    "show-more": Callback(run=on_show_more),
}
