"""Reads the data of buttons of papers.

A list has too many buttons to store a token for each. So each paper has one, which opens its card, and its other buttons have
the same data with a letter after it. Under a delivery even that one is not stored: its data names delivery and paper.

    d<delivery>.c<n>     the card of its nth paper, from 0
    d<delivery>.m<n>     papers beyond the chat's limit, from the nth of them on; without n from the first
    <card>.f             all that is known of the paper
    <card>.o             the buttons that ⋯ opens
    <card>.b             back to the buttons of the card
    <card>.q             what of it shall be quiet
    <card>.w             why it came
    <card>.x             what its subscription could exclude from now on
    <card>.a             its authors, to be followed
    <card>.l             👍
    <card>.d             👎
    <card>.s             keeps it
    <card>.n             the papers nearest to it

Messages of earlier releases have d<delivery>.f<n> for d<delivery>.c<n>.f. The data is not trusted: delivery and paper are
looked up among the deliveries of the chat where the button was pressed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from bot.commands.context import Callback, CommandContext, CommandFunction, always
from bot.commands.phrasing.reason_words import taste_line
from bot.ports.channel import Button, Reply
from bot.ports.conversation import CallbackRequest
from subscriptions.model import CallbackToken, Item, KnownPaper
from subscriptions.query.links import LIBRARY, mentioned
from subscriptions.query.parse import papers_of_wish
from subscriptions.service import near_papers
from subscriptions.service.chat_status import find_callback
from subscriptions.service.known_papers import as_item
from subscriptions.service.paper_search import papers_named
from subscriptions.states import Signal
from subscriptions.store.database.store import Store
from subscriptions.store.deliveries import delivered_items
from subscriptions.store.known_papers import stored_papers

_CARD = "card"
_OF_DELIVERY = re.compile(
    r"d(?P<delivery>[0-9a-z]{16})\.(?:(?P<what>[cfqwxaldsn])(?P<position>\d{1,6})|m(?P<start>\d{0,6}))"
)
_VERBS = {
    "c": _CARD,
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


def pressed_token(store: Store, data: str, place: str) -> CallbackToken | None:
    """Returns the token for the data of a button; None if there is none."""
    card, _, letter = data.rpartition(".")
    token = read_callback(card, place) or find_callback(store, card) if letter in _VERBS else None
    if token and token.verb == _CARD:  # its number is a place in a list; the numbers of other kinds are subscriptions
        arguments = {name: value for name, value in token.arguments.items() if name != "number"}
        return replace(token, verb=_VERBS[letter], arguments=arguments)
    return read_callback(data, place) or find_callback(store, data)


def read_callback(data: str, place: str) -> CallbackToken | None:
    """Returns the token of a delivery's button whose data names no card; None for any other data."""
    match = _OF_DELIVERY.fullmatch(data)
    if match is None:
        return None
    if match["what"] is None:
        arguments = {"delivery": match["delivery"], "start": int(match["start"] or 0)}
        return CallbackToken(verb="show-more", arguments=arguments, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return CallbackToken(verb=_VERBS[match["what"]], arguments=arguments, place=place)


# ------------------------------------------------------------------ the card of a paper and the replies that show more

# all fields, why it came, and papers beyond a delivery's limit.  Buttons name a paper by its position in a delivery
# (`delivery`, `position`) or by its id in the store (`paper`). Each handler looks the paper up again among those
# delivered to this chat.


PAGE = 16  # papers of a page: two rows of eight numbers


def callback_paper(context: CommandContext) -> Item | None:
    """Returns the paper that the button names; None if it is gone, or was not delivered to this chat as the button says."""
    if "delivery" in context.arguments:
        delivery, position = str(context.arguments["delivery"]), int(context.arguments["position"])
        return next(iter(delivered_items(context.store, context.chat.id, delivery, position=position)), None)
    paper = int(context.arguments["paper"])
    known = stored_papers(context.store, [paper]).get(paper)
    return as_item(context.store, context.chat, known) if known else None


def of_paper(run: Callable[[CommandContext, Item], Reply]) -> CommandFunction:
    """Returns the handler of a button that calls `run` with the paper that the button names, or says that it is gone."""

    def handle(context: CommandContext) -> Reply:
        item = callback_paper(context)
        return run(context, item) if item else paper_gone(context)

    return handle


def card_reply(context: CommandContext, known: KnownPaper) -> Reply:
    """Returns the card of one paper that a person asked for: title, authors, categories, summary, buttons.

    Reads from the store whether and why the paper was delivered to this chat, and notes that the chat opened it.
    """
    _note_opened(context, known.id)
    return _card(as_item(context.store, context.chat, known), {"paper": known.id})


@of_paper
def on_card(context: CommandContext, item: Item) -> Reply:
    """Handles a number under a delivery: shows the card of that paper."""
    _note_opened(context, item.paper.id)
    return _card(item, paper_arguments(context))


@of_paper
def on_more(context: CommandContext, item: Item) -> Reply:
    """Handles [more]: shows all that is known of a paper, with its abstract and every field of its summaries."""
    _note_opened(context, item.paper.id)
    return Reply(
        items=(item,),
        item_layout="whole",
        numbers=(_opens(item, paper_arguments(context), whole=True),),
        replaces=bool(context.arguments.get("on_card")),
    )


@of_paper
def on_menu(context: CommandContext, item: Item) -> Reply:
    """Handles ⋯: shows the rest of the buttons in place of those of the card."""
    return _rebuttoned(context, item, "rest")


@of_paper
def on_back(context: CommandContext, item: Item) -> Reply:
    """Handles [back]: shows the buttons of the card again."""
    return _rebuttoned(context, item, "buttons")


def _rebuttoned(context: CommandContext, item: Item, layout: Literal["buttons", "rest"]) -> Reply:
    if not isinstance(context.request, CallbackRequest):
        return paper_gone(context)
    card, _, _ = context.request.callback_data.rpartition(".")
    opens = Button(label="1", name=_CARD, data=card, arguments=context.arguments)
    return Reply(items=(item,), item_layout=layout, numbers=(opens,), replaces=True)


def opens_a_paper(context: CommandContext) -> bool:
    """Returns whether the text names one paper, whose card is the answer: then it is noted as opened."""
    return bool(context.chat.id) and not context.read_by_strangers and len(mentioned(context.args)) == 1


def _note_opened(context: CommandContext, paper: int) -> None:
    """Notes that the chat opened a paper; not where strangers write, whose interest is not the chat's."""
    if not context.read_by_strangers:
        near_papers.note_signal(context.store, context.chat, [paper], Signal.OPENED, now=context.now)


@of_paper
def on_why(context: CommandContext, item: Item) -> Reply:
    """Handles [why]: shows which subscriptions brought a paper, and by which of its words."""
    return Reply(lines=why_lines(context, item), items=(item,), item_layout="why")


def why_lines(context: CommandContext, item: Item) -> tuple[str, ...]:
    """Returns lines with the papers to which a subscription found this one near, and with the one that moved it up; () if none did."""
    names = [name for because in item.because for name in papers_of_wish(because.text)]
    known = papers_named(context.store, names) if names else {}
    titles = dict.fromkeys(context.title(known[name]) for name in names if name in known)
    best = near_papers.nearest(context.store, context.chat, item.paper)
    is_told = best is not None and best.kind is None  # the entry of the library that it is near to
    if LIBRARY in names and not is_told and (entry := near_papers.entry_near(context.store, context.chat, item.paper)):
        titles[context.title(entry)] = None
    lines = [context.say("Near to {titles}.", titles="; ".join(titles))] if titles else []
    if best:
        lines.append(taste_line(best, context.title(best.paper), context.localizer, in_group=context.read_by_group))
    return tuple(lines)


def on_show_more(context: CommandContext) -> Reply:
    """Handles [show more]: shows a page of papers beyond the chat's limit, numbered on from the delivery."""
    delivery, start = str(context.arguments["delivery"]), int(context.arguments.get("start", 0))
    delivered = delivered_items(context.store, context.chat.id, delivery)
    rest = [item for item in delivered if not item.shown]
    page = tuple(rest[start : start + PAGE])
    if not page:
        return paper_gone(context)
    first = len(delivered) - len(rest) + start + 1
    numbers = tuple(
        Button(label=str(number), name=_CARD, data=f"d{delivery}.c{item.position}")
        for number, item in enumerate(page, first)
    )
    left = len(rest) - start - len(page)
    label = context.localizer.count("show {count} more", "show {count} more", left)
    more = ((Button(label=label, data=f"d{delivery}.m{start + PAGE}"),),) if left else ()
    return Reply(items=page, item_layout="row", first=first, numbers=numbers, buttons=more)


# ------------------------------------------------------------------------------------------------------------ the card


def _card(item: Item, where: Mapping[str, Any]) -> Reply:
    return Reply(items=(item,), item_layout="card", numbers=(_opens(item, where),))


def _opens(item: Item, where: Mapping[str, Any], *, whole: bool = False) -> Button:
    """Returns the button of a card, whose data the other buttons of the card have."""
    arguments = {"paper": item.paper.id, **where, "number": 1, "on_card": True, **({"whole": True} if whole else {})}
    return Button(label="1", name=_CARD, verb=_CARD, arguments=arguments)


# ------------------------------------------------------------------------------------------------------ what is pressed


def paper_arguments(context: CommandContext) -> dict[str, Any]:
    """Returns the arguments of the pressed button that name its paper."""
    return {name: context.arguments[name] for name in ("delivery", "position", "paper") if name in context.arguments}


def paper_gone(context: CommandContext) -> Reply:
    """Returns the answer to a button whose paper is gone."""
    return Reply(toast=context.say("I do not have this paper any more."))


CALLBACKS = {
    "card": Callback(run=on_card, writes=always),
    "card-more": Callback(run=on_more, writes=always),
    "card-menu": Callback(run=on_menu),
    "card-back": Callback(run=on_back),
    "card-why": Callback(run=on_why),
    "show-more": Callback(run=on_show_more),
}
