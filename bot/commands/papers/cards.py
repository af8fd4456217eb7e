"""Reads the data of buttons under a delivery.

Deliveries have too many buttons to store a token for each, so their data names the delivery and the paper itself:

    d<delivery>.c<n>   the card of its nth paper, from 0
    d<delivery>.f<n>   all that is known of it
    d<delivery>.q<n>   pauses the subscription that brought it
    d<delivery>.w<n>   why it came
    d<delivery>.x<n>   what its subscription could exclude from now on
    d<delivery>.a<n>   its authors, to be followed
    d<delivery>.l<n>   👍
    d<delivery>.d<n>   👎
    d<delivery>.s<n>   keeps it
    d<delivery>.n<n>   the papers nearest to it
    d<delivery>.m<n>   papers beyond the chat's limit, from the nth of them on; without n from the first

The data is not trusted: delivery and paper are looked up among the deliveries of the chat where the button was pressed.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.commands.context import Callback, Command, CommandContext, always
from bot.commands.phrasing.setting_words import taste_line
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.model import CallbackToken, Item, KnownPaper
from subscriptions.query.links import mentioned
from subscriptions.query.nearness import papers_of_wish
from subscriptions.service.papers.known_papers import as_item, subscriptions_behind
from subscriptions.service.papers.paper_search import papers_named
from subscriptions.service.papers.signals import nearest, note_signal
from subscriptions.states import Signal
from subscriptions.store.outbox.deliveries import delivered_items
from subscriptions.store.papers.known_papers import stored_papers

_PRESS = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?:(?P<what>[cfqwxaldsn])(?P<position>\d{1,6})|m(?P<start>\d{0,6}))")
_VERBS = {
    "c": "card",
    "f": "card-more",
    "q": "card-mute",
    "w": "card-why",
    "x": "card-exclude",
    "a": "card-follow",
    "l": "card-like",
    "d": "card-dislike",
    "s": "card-save",
    "n": "more-like-this",
}


def read_callback(data: str, place: str) -> CallbackToken | None:
    """Returns the token for the data of a button under a delivery; None for any other data."""
    match = _PRESS.fullmatch(data)
    if match is None:
        return None
    if match["what"] is None:
        arguments = {"delivery": match["delivery"], "start": int(match["start"] or 0)}
        return CallbackToken(verb="show-more", arguments=arguments, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return CallbackToken(verb=_VERBS[match["what"]], arguments=arguments, place=place)


# ------------------------------------------------------------------ the card of a paper and the replies that show more

# all fields, why it came, and papers beyond a delivery's limit.  Buttons name a paper by its position in a delivery
# (`delivery`, `position`) or by its id in the store (`paper`). Each handler looks it up again among what was delivered
# to this chat.


PAGE = 16  # papers of a page: two rows of eight numbers


def card_reply(context: CommandContext, known: KnownPaper) -> Reply:
    """Returns the card of one paper that a person asked for: title, authors, categories, summary, buttons.

    There are no buttons if strangers could press them. Reads from the store whether and why the paper was delivered to
    this chat, and notes that the chat opened it.
    """
    _note_opened(context, known.id)
    return _card(context, as_item(context.store, context.chat, known), {"paper": known.id})


def on_card(context: CommandContext) -> Reply:
    """Handles a number under a delivery: shows the card of that paper."""
    item = callback_paper(context)
    if item is None:
        return paper_gone(context)
    _note_opened(context, item.paper.id)
    return _card(context, item, paper_arguments(context))


def on_more(context: CommandContext) -> Reply:
    """Handles [more]: shows all that is known of a paper, with its abstract and every field of its summaries."""
    item = callback_paper(context)
    if item is None:
        return paper_gone(context)
    _note_opened(context, item.paper.id)
    on_card = bool(context.arguments.get("on_card"))
    where = paper_arguments(context)
    buttons = _verbs(context, item, where, more=False) if on_card else _judging(context, item, where)
    return Reply(items=(item,), item_layout="whole", buttons=buttons, replaces=on_card)


def opens_a_paper(context: CommandContext) -> bool:
    """Returns whether the text names one paper, whose card is the answer: then it is noted as opened."""
    return bool(context.chat.id) and not context.read_by_strangers and len(mentioned(context.args)) == 1


def _note_opened(context: CommandContext, paper: int) -> None:
    """Notes that the chat opened a paper; not where strangers write, whose interest is not the chat's."""
    if not context.read_by_strangers:
        note_signal(context.store, context.chat, [paper], Signal.OPENED, now=context.now)


def on_why(context: CommandContext) -> Reply:
    """Handles [why]: shows which subscriptions brought a paper, and by which of its words."""
    item = callback_paper(context)
    if item is None:
        return paper_gone(context)
    lines = (*near_lines(context, item), *taste_lines(context, item.paper))
    return Reply(lines=lines, items=(item,), item_layout="why")


def taste_lines(context: CommandContext, known: KnownPaper) -> tuple[str, ...]:
    """Returns a line that names the paper that moved this one up, if the chat wants the best first; () if none did."""
    found = nearest(context.store, context.chat, known)
    if found is None:
        return ()
    title = context.title(found.paper)
    return (taste_line(found, title, context.localizer, in_group=context.read_by_group),)


def near_lines(context: CommandContext, item: Item) -> tuple[str, ...]:
    """Returns a line with the titles of the papers that a subscription named and this one is near to; () if none."""
    names = [name for because in item.because for name in papers_of_wish(because.text)]
    known = papers_named(context.store, names) if names else {}
    titles = dict.fromkeys(context.title(known[name]) for name in names if name in known)
    return (context.say("Near to {titles}.", titles="; ".join(titles)),) if titles else ()


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
        Button(label=str(number), data=f"d{delivery}.c{item.position}") for number, item in enumerate(page, first)
    )
    left = len(rest) - start - len(page)
    label = context.localizer.count("show {count} more", "show {count} more", left)
    more = ((Button(label=label, data=f"d{delivery}.m{start + PAGE}"),),) if left else ()
    return Reply(items=page, item_layout="row", first=first, numbers=numbers, buttons=more)


# ------------------------------------------------------------------------------------------------------------ the card


def _card(context: CommandContext, item: Item, where: Mapping[str, Any]) -> Reply:
    return Reply(items=(item,), item_layout="card", buttons=_verbs(context, item, where))


def _verbs(context: CommandContext, item: Item, where: Mapping[str, Any], *, more: bool = True) -> Buttons:
    """Returns the buttons of a card; none where strangers could press them."""
    if context.read_by_strangers:
        return ()
    # Three buttons fit side by side on a phone only if they are short.
    short = [Button(label=context.say("more"), verb="card-more", arguments={**where, "on_card": True})] if more else []
    long = []
    if item.because:
        short.append(Button(label=context.say("why"), verb="card-why", arguments=where))
    if item.paper.paper.authors:
        long.append(Button(label=context.say("follow authors"), verb="card-follow", arguments=where))
    if subscriptions_behind(context.store, context.chat, item):
        short.append(Button(label=context.say("mute ▾"), verb="card-mute", arguments=where))
        long.append(Button(label=context.say("exclude"), verb="card-exclude", arguments=where))
    return (*(tuple(row) for row in (short, long) if row), *_judging(context, item, where))


def _judging(context: CommandContext, item: Item, where: Mapping[str, Any]) -> Buttons:
    """Returns [more like this], and 👍 👎 [save] if the chat is stored; nothing where strangers could press them."""
    if context.read_by_strangers:
        return ()
    near = (Button(label=context.say("more like this"), verb="more-like-this", arguments=where),)
    if not context.chat.id:
        return (near,)
    labels = (
        ("👍", "card-like", Signal.LIKED),
        ("👎", "card-dislike", Signal.DISLIKED),
        (context.say("save"), "card-save", Signal.SAVED),
    )
    judging = (
        Button(label=label, verb=verb, arguments=where, shows=f"{kind.name}:{item.paper.id}")
        for label, verb, kind in labels
    )
    return (tuple(judging), near)


# ------------------------------------------------------------------------------------------------------ what is pressed


def callback_paper(context: CommandContext) -> Item | None:
    """Returns the paper that the button names; None if it is gone, or was not delivered to this chat as the button says."""
    if "delivery" in context.arguments:
        delivery, position = str(context.arguments["delivery"]), int(context.arguments["position"])
        return next(iter(delivered_items(context.store, context.chat.id, delivery, position=position)), None)
    paper = int(context.arguments["paper"])
    known = stored_papers(context.store, [paper]).get(paper)
    return as_item(context.store, context.chat, known) if known else None


def paper_arguments(context: CommandContext) -> dict[str, Any]:
    """Returns the arguments of the pressed button that name its paper."""
    return {name: context.arguments[name] for name in ("delivery", "position", "paper") if name in context.arguments}


def paper_gone(context: CommandContext) -> Reply:
    """Returns the answer to a button whose paper is gone."""
    return Reply(toast=context.say("I do not have this paper any more."))


COMMANDS: tuple[Command, ...] = ()
CALLBACKS = {
    "card": Callback(run=on_card, writes=always),
    "card-more": Callback(run=on_more, writes=always),
    "card-why": Callback(run=on_why),
    "show-more": Callback(run=on_show_more),
}
