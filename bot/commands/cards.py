"""A paper's card and its verbs: more, why, follow authors, mute, exclude; and what lies beyond a delivery's limit.

Buttons name a paper by its place in a delivery (`delivery`, `position`), or by its number in the store (`paper`). Each
press looks it up anew among what this chat was told, and the subscription that it is about among those there are now.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.commands.picking import listed_here
from bot.commands.subscribing import follow
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.undoing import undo_row
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import QueryError
from subscriptions.matching import matching_papers
from subscriptions.model import Item, KnownPaper, Subscription
from subscriptions.query import author_rule, narrowed, parse_canonical, parse_query, words_rule
from subscriptions.service.papers import (
    as_item,
    delivered_paper,
    delivered_papers,
    distinctive_words,
    known_paper,
    subscriptions_behind,
)
from subscriptions.service.subscriptions import edit, pause, rename
from subscriptions.wording import mended_name

PAGE = 16  # papers of one page: two rows of eight numbers
MUTED_FOR = timedelta(days=7)
AUTHORS = 8  # that are offered at once
EXCLUDED_AUTHORS = 4
_LABEL = 40  # characters
_IN_ROW = 2


def card_reply(turn: CommandContext, known: KnownPaper, *, delivery: str = "", position: int = 0) -> Reply:
    """The card of a paper: title, authors, categories, what it says; with its verbs, where buttons may stand.

    `delivery` and `position` name it where a delivery told it; else the store is asked what this chat knows of it.
    """
    where: dict[str, Any] = {"delivery": delivery, "position": position} if delivery else {"paper": known.id}
    return _card(turn, as_item(turn.store, turn.chat, known), where)


def press_card(turn: CommandContext) -> Reply:
    """The number under a delivery: that paper's card."""
    item = _pressed_paper(turn)
    return _card(turn, item, _where(turn)) if item else _gone(turn)


def press_more(turn: CommandContext) -> Reply:
    """All that is known of a paper: its abstract, and every field of its summaries."""
    item = _pressed_paper(turn)
    if item is None:
        return _gone(turn)
    on_card = bool(turn.arguments.get("on_card"))
    buttons = _verbs(turn, item, _where(turn), more=False) if on_card else ()
    return Reply(items=(item,), item_layout="whole", buttons=buttons, replaces=on_card)


def press_why(turn: CommandContext) -> Reply:
    """Which subscriptions brought a paper, and which words of it."""
    item = _pressed_paper(turn)
    return Reply(items=(item,), item_layout="why") if item else _gone(turn)


def press_show_more(turn: CommandContext) -> Reply:
    """What lies beyond the chat's limit, a page at a time, numbered on from what the delivery shows."""
    delivery, start = str(turn.arguments["delivery"]), int(turn.arguments.get("start", 0))
    told = delivered_papers(turn.store, turn.chat, delivery)
    rest = [item for item in told if not item.shown]
    page = tuple(rest[start : start + PAGE])
    if not page:
        return _gone(turn)
    first = len(told) - len(rest) + start + 1
    numbers = tuple(
        Button(label=str(number), data=f"d{delivery}.c{item.position}") for number, item in enumerate(page, first)
    )
    left = len(rest) - start - len(page)
    label = turn.localizer.count("show {count} more", "show {count} more", left)
    more = ((Button(label=label, data=f"d{delivery}.m{start + PAGE}"),),) if left else ()
    return Reply(items=page, item_layout="row", first=first, numbers=numbers, buttons=more)


# ------------------------------------------------------------------------------------------------------------ the card


def _card(turn: CommandContext, item: Item, where: Mapping[str, Any]) -> Reply:
    return Reply(items=(item,), item_layout="card", buttons=_verbs(turn, item, where))


def _verbs(turn: CommandContext, item: Item, where: Mapping[str, Any], *, more: bool = True) -> Buttons:
    """What can be done with a paper; none where the buttons would be everybody's."""
    if turn.in_public:
        return ()
    # Three stand side by side on a phone only if they are short.
    short = [Button(label=turn.say("more"), verb="card-more", arguments={**where, "on_card": True})] if more else []
    long = []
    if item.because:
        short.append(Button(label=turn.say("why"), verb="card-why", arguments=where))
    if item.paper.paper.authors:
        long.append(Button(label=turn.say("follow authors"), verb="card-follow", arguments=where))
    if subscriptions_behind(turn.store, turn.chat, item):
        short.append(Button(label=turn.say("mute ▾"), verb="card-mute", arguments=where))
        long.append(Button(label=turn.say("exclude"), verb="card-exclude", arguments=where))
    return tuple(tuple(row) for row in (short, long) if row)


# ---------------------------------------------------------------------------------------------------------------- mute


def press_mute(turn: CommandContext) -> Reply:
    """The subscription that brought a paper is quiet for a week; which one is asked where there are several."""
    item = _pressed_paper(turn)
    if item is None:
        return _gone(turn)
    wishes = subscriptions_behind(turn.store, turn.chat, item)
    loud = [wish for wish in wishes if wish.state == "active"]
    if "number" in turn.arguments:
        chosen = _chosen(turn, loud)
        return _muted(turn, chosen, replaces=True) if chosen else _no_subscription(turn, _chosen(turn, wishes))
    if len(loud) == 1:
        return _muted(turn, loud[0])
    if not loud:
        return _no_subscription(turn, wishes)
    rows = tuple(
        (Button(label=_called(wish), verb="card-mute", arguments={**_where(turn), "number": wish.number}),)
        for wish in loud
    )
    return Reply(lines=(turn.say("Which subscription shall be quiet for a week?"),), buttons=rows)


def _muted(turn: CommandContext, wish: Subscription, *, replaces: bool = False) -> Reply:
    until = turn.now + MUTED_FOR
    pause(turn.store, turn.chat.address, wish.number, until=until, now=turn.now, who=turn.actor)
    said = turn.say(
        "{subscription} is quiet until {moment}. Its papers wait until then.",
        subscription=_called(wish),
        moment=turn.localizer.moment(until),
    )
    return Reply(lines=(said,), ok=True, buttons=undo_row(turn), replaces=replaces)


# ------------------------------------------------------------------------------------------------------------- exclude


def press_exclude(turn: CommandContext) -> Reply:
    """What a subscription could leave out from now on, so that papers such as this one do not come again."""
    item = _pressed_paper(turn)
    if item is None:
        return _gone(turn)
    finding = _still_finding(turn, item)
    if not finding:
        return _no_subscription(turn, finding)
    wish = finding[0]
    buttons = [
        Button(label=_short(text), verb="leave-out", arguments={**_where(turn), "number": wish.number, "rule": rule})
        for rule, text in _rules(turn, wish, item).items()
    ]
    if buttons:
        asked = turn.say("What shall {subscription} leave out from now on?", subscription=_called(wish))
        return Reply(lines=(asked,), buttons=_in_rows(buttons))
    example = narrowed(parse_query(wish.text), "survey").text
    lines = (
        turn.say("I find no words in this title that few of the other papers have."),
        turn.say("Write what it shall leave out: /edit {number} {query}", number=wish.number, query=example),
    )
    return Reply(lines=lines)


def _rules(turn: CommandContext, wish: Subscription, item: Item) -> dict[str, str]:
    """What a query could exclude, as it is written there → as people call it: words of the title, then authors."""
    authors = item.paper.paper.authors
    named = [*authors[: EXCLUDED_AUTHORS - 1], *authors[-1:]]
    rules = {words_rule(text): text for text in distinctive_words(turn.store, turn.chat, wish, item)}
    rules |= {author_rule(name): name for name in named}
    return {rule: text for rule, text in rules.items() if _can_leave_out(wish, rule, item)}


def press_leave_out(turn: CommandContext) -> Reply:
    """The rule is written into the query."""
    item = _pressed_paper(turn)
    if item is None:
        return _gone(turn)
    wishes = subscriptions_behind(turn.store, turn.chat, item)
    wish = _chosen(turn, wishes)
    if wish is None:
        return _no_subscription(turn, ())
    rule = str(turn.arguments["rule"])
    less = narrowed(parse_query(wish.text), rule)
    done = edit(turn.store, turn.chat.address, wish.number, less.text, now=turn.now, who=turn.actor)
    lines = [f"{wish.number}  {turn.formatter.reading(done.query)}"]
    buttons = undo_row(turn) if done.outcome == "edited" else ()
    others = [other for other in _still_finding(turn, item) if other.number != wish.number]
    if others:
        lines.append(turn.say("{subscription} still finds such papers.", subscription=_called(others[0])))
        there = {**_where(turn), "number": others[0].number, "rule": rule}
        buttons = ((Button(label=turn.say("leave it out there, too"), verb="leave-out", arguments=there),), *buttons)
    return Reply(lines=tuple(lines), code=(done.subscription.text,), ok=True, buttons=buttons, replaces=True)


def _still_finding(turn: CommandContext, item: Item) -> tuple[Subscription, ...]:
    """The subscriptions behind a paper that would bring it again."""
    wishes = subscriptions_behind(turn.store, turn.chat, item)
    return tuple(wish for wish in wishes if matching_papers(parse_canonical(wish.canonical), [item.paper.paper]))


def _can_leave_out(wish: Subscription, rule: str, item: Item) -> bool:
    """Whether a rule can be written into the query, and with it the query would not find this paper any more."""
    try:
        less = narrowed(parse_query(wish.text), rule)
    except QueryError:  # initials alone are no author, for one
        return False
    return not matching_papers(less, [item.paper.paper])


# ------------------------------------------------------------------------------------------------------ follow authors


def press_follow(turn: CommandContext) -> Reply:
    """The authors of a paper, each to be followed."""
    item = _pressed_paper(turn)
    if item is None:
        return _gone(turn)
    authors, start = item.paper.paper.authors, int(turn.arguments.get("start", 0))
    page = authors[start : start + AUTHORS]
    if not page:
        return _gone(turn)
    buttons = [
        Button(label=_short(name), verb="follow-author", arguments={"name": name}) for name in page if _is_name(name)
    ]
    rows = _in_rows(buttons)
    left = len(authors) - start - len(page)
    if left:
        label = turn.localizer.count("{count} more", "{count} more", left)
        further = {**_where(turn), "start": start + AUTHORS}
        rows = (*rows, (Button(label=label, verb="card-follow", arguments=further),))
    return Reply(lines=(turn.say("Whose papers shall I tell you of?"),), buttons=rows, replaces=start > 0)


def _is_name(author: str) -> bool:
    """Whether one can ask for this author: initials alone would fit too many."""
    try:
        parse_query(author_rule(author))
    except QueryError:
        return False
    return True


def press_follow_author(turn: CommandContext) -> Reply:
    """An author becomes a subscription, named after them."""
    name = str(turn.arguments["name"])
    rule = author_rule(name)
    reply = follow(turn, rule)
    canonical = parse_query(rule).canonical
    for one in listed_here(turn):
        if one.subscription.canonical == canonical and not one.subscription.name:
            called = mended_name(_short(name))
            rename(turn.store, turn.chat.address, one.subscription.number, called, now=turn.now, who=turn.actor)
    return reply


# ------------------------------------------------------------------------------------------------------ what is pressed


def _pressed_paper(turn: CommandContext) -> Item | None:
    """The paper that a button names; None when this chat was not told it so, or it is gone."""
    if "delivery" in turn.arguments:
        return delivered_paper(turn.store, turn.chat, str(turn.arguments["delivery"]), int(turn.arguments["position"]))
    known = known_paper(turn.store, int(turn.arguments["paper"]))
    return as_item(turn.store, turn.chat, known) if known else None


def _where(turn: CommandContext) -> dict[str, Any]:
    """How the pressed button names its paper."""
    return {name: turn.arguments[name] for name in ("delivery", "position", "paper") if name in turn.arguments}


def _chosen(turn: CommandContext, wishes: Sequence[Subscription]) -> Subscription | None:
    """The subscription that the button names, if it is one of these."""
    number = turn.arguments.get("number")
    return next((wish for wish in wishes if wish.number == number), None)


def _gone(turn: CommandContext) -> Reply:
    return Reply(toast=turn.say("I do not have this paper any more."))


def _no_subscription(turn: CommandContext, wishes: object) -> Reply:
    """Nothing can be done: the subscription is quiet already, or it is not there."""
    if wishes:
        return Reply(toast=turn.say("It is paused already."))
    return Reply(toast=turn.say("No subscription of this chat brings this paper any more."))


def _called(wish: Subscription) -> str:
    """A subscription as a button or a line names it."""
    return f"{wish.number}  {_short(wish.name or wish.text)}"


def _short(text: str) -> str:
    return cut_letters(" ".join(text.split()), _LABEL)


def _in_rows(buttons: Sequence[Button]) -> Buttons:
    return tuple(tuple(buttons[start : start + _IN_ROW]) for start in range(0, len(buttons), _IN_ROW))


COMMANDS: tuple[Command, ...] = ()
PRESSES = {
    "card": Callback(run=press_card),
    "card-more": Callback(run=press_more),
    "card-why": Callback(run=press_why),
    "show-more": Callback(run=press_show_more),
    "card-mute": Callback(run=press_mute, needs_manager=True),
    "card-exclude": Callback(run=press_exclude, needs_manager=True),
    "leave-out": Callback(run=press_leave_out, needs_manager=True),
    "card-follow": Callback(run=press_follow, needs_manager=True),
    "follow-author": Callback(run=press_follow_author, needs_manager=True),
}
