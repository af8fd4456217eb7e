"""list and unsub: shows the subscriptions of a chat with their buttons, and removes some or all."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.commands.asking import (
    listed_here,
    no_subscriptions,
    not_found,
    on_subscription,
    pager,
    pick_list,
    subscription_button,
    subscriptions_here,
)
from bot.commands.base import Callback, Change, Command, Context, refusal
from bot.commands.phrasing import (
    ListRow,
    held_back,
    next_line,
    of_the_newest,
    shortened,
    state_of,
    subscription_labels,
    subscription_row,
)
from bot.free_text.bare_commands import NUMBERS
from bot.messages import File, Reply
from subscriptions.chats import known as known_chats
from subscriptions.chats.known import Listed, next_deliveries_of, next_deliveries_to
from subscriptions.model import ChatState, Subscription, SubscriptionState
from subscriptions.plan.previews import Matches, activity
from subscriptions.subscribing.subscribe import unsubscribe_several
from subscriptions.text.cutting import cut_at_word

A_PAGE = 10
_OF_ALL = 30  # subscriptions of all chats that are lines of a message; more are a file
_ROW = 5  # buttons with numbers in a row
_LONGEST = 40  # characters of a typed text that a button repeats
_ALL = frozenset({"all", "everything", "*", "全部", "所有"})


def list_(context: Context) -> Reply:
    """Show the subscriptions of the chat, page by page; "list 2" shows the second page.

    "list all", for operators, those of all chats.

    Handles [previous page] and [next page], too.
    """
    text = context.args.strip()
    if text.casefold() in ("all", "全部"):
        return _of_all_chats(context)
    page = known_chats.typed_number(text)
    return _page(context, page - 1 if page else int(context.arguments.get("page", 0)))


def _of_all_chats(context: Context) -> Reply:
    if not context.is_operator or context.read_by_group:
        raise refusal("Only the operator of this bot sees the subscriptions of all chats, in private.")
    found = known_chats.listed(context.transaction, None)
    rows = [subscription_row(one, context.localizer) for one in found]
    lines = [" · ".join(filter(None, (row.chat, f"{row.number}  {row.reading}", row.when, row.state))) for row in rows]
    chats = context.count("{count} chat", "{count} chats", len({one.chat.id for one in found}))
    head = context.count("{count} subscription in {chats}", "{count} subscriptions in {chats}", len(found), chats=chats)
    if len(lines) > _OF_ALL:
        return Reply((head,), file=File("subscriptions.txt", "\n".join(lines)))
    return Reply((head, *lines))


def show_one(context: Context, subscription: Subscription) -> Reply:
    """Handle the button with a number: shows that subscription with its buttons."""
    which = subscription.id
    one = next(one for one in listed_here(context) if one.subscription.id == which)
    lines = _list_lines(context, [subscription_row(one, context.localizer, context.now)], [one])
    if subscription.name:
        lines.append(subscription.text)
    if state_of(one) == "active":
        then = next_deliveries_to(context.transaction, context.chat.address, [subscription], now=context.now)
        lines.append(next_line(then, context.localizer.in_zone(subscription.zone), context.now))
    hold = context.button("pause", "pause", subscription=which)
    if subscription.state is SubscriptionState.PAUSED:
        hold = context.button("resume", "resume", subscription=which)
    changes = (
        context.button("edit", "edit-ask", subscription=which),
        context.button("time", "schedule-ask", subscription=which),
        hold,
        context.button("remove", "unsub", subscription=which),
    )
    back = context.button("list", "list", page=int(context.arguments.get("page", 0)))
    return Reply(lines, buttons=(changes, (back,)))


def change_list(context: Context, said: str) -> Reply:
    """Return the list for a text that seems to want a change.

    A button for each subscription, for all, and to look for the text.
    """
    shown = _page(context, 0)
    if context.read_by_strangers:
        return shown
    rows = [(subscription_button(context, one, "subscription"),) for one in subscriptions_here(context)[:A_PAGE]]
    hold = context.button("pause all", "pause-all")
    if context.chat.state is ChatState.PAUSED:
        hold = context.button("resume", "resume")
    of_all = (hold, context.button("remove all", "unsub-all"))
    words = " ".join(said.split())
    look = context.labelled(
        context.say("look for “{words}”", words=cut_at_word(words, _LONGEST)), "look-for", text=words
    )
    others = (context.button("settings", "set"), look)
    line = context.say("What do you want to change?")
    return replace(shown, lines=(line, *shown.lines[1:]), buttons=(*rows, *shown.buttons[-1:], of_all, others))


def _page(context: Context, page: int) -> Reply:
    found = listed_here(context)
    if not found:
        return no_subscriptions(context)
    pages = -(-len(found) // A_PAGE)
    page = min(max(page, 0), pages - 1)
    shown = found[page * A_PAGE : (page + 1) * A_PAGE]
    head = context.count("{count} subscription", "{count} subscriptions", len(found))
    if pages > 1:
        head = f"{head} · {context.say('page {page} of {pages}', page=page + 1, pages=pages)}"
    rows = [subscription_row(one, context.localizer, context.now) for one in shown]
    if not context.chat.is_active:  # all are held for the same reason, so it is shown once
        head, states = f"{head} · {rows[0].state}", [""] * len(rows)
    else:
        expected = next_deliveries_of(context.transaction, shown, now=context.now)
        held = [held_back(then, context.localizer) if then.is_held else "" for then in expected]
        states = [row.state or why for row, why in zip(rows, held, strict=True)]
    rows = [replace(row, state=state, reading=shortened(row.reading)) for row, state in zip(rows, states, strict=True)]
    lines = [head, *_list_lines(context, rows, shown)]
    if page + 1 < pages and context.read_by_strangers:
        lines.append(context.say("/list {page} shows the next.", page=page + 2))
    numbers = [
        context.labelled(str(one.subscription.number), "subscription", subscription=one.subscription.id, page=page)
        for one in shown
    ]
    in_rows = [tuple(numbers[start : start + _ROW]) for start in range(0, len(numbers), _ROW)]
    return Reply(lines, buttons=(*in_rows, pager(context, page, pages, "list")))


def _list_lines(context: Context, rows: Sequence[ListRow], shown: Sequence[Listed]) -> list[str]:
    """Return a line for each subscription: number, name or query, time, papers found, last delivery, what holds it."""
    subscriptions = [one.subscription for one in shown]
    found, came = activity(context.transaction, context.chat, subscriptions, now=context.now)
    lines = []
    for one, row in zip(subscriptions, rows, strict=True):
        parts = [f"{row.number}  {row.reading}", row.when]
        if found[one.canonical].base.days:
            parts.append(_often(context, found[one.canonical]))
        if one.number in came:
            moment = context.localizer.in_zone(one.zone).moment(came[one.number])
            parts.append(context.say("last {moment}", moment=moment))
        lines.append(" · ".join(filter(None, (*parts, row.state))))
    return lines


def _often(context: Context, found: Matches) -> str:
    """Return how many papers a subscription found in the known days: "6 a week", "6 in 3 days"."""
    amount, base = len(found.papers), found.base
    if base.week and base.whole:
        return context.count("{count} a week", "{count} a week", amount)
    days = of_the_newest(context.localizer, context.count("{count} day", "{count} days", base.days), base)
    return context.count("{count} in {days}", "{count} in {days}", amount, days=days)


def unsub(context: Context) -> Reply:
    """Remove subscriptions by number or by query, or all of them; without arguments, asks which.

    Raise NotFound, QueryError.
    """
    typed = context.args.strip()
    if not typed:
        question = context.say("Which one do you want to remove? /unsub 1 3 removes two.")
        return pick_list(context, question, "unsub", everything="unsub-all")
    if typed.casefold() in _ALL:
        return unsub_all(context)
    there = subscriptions_here(context)
    numbers = list(map(int, re.findall(r"\d+", typed))) if re.fullmatch(NUMBERS, typed) else []
    if known := {one.number for one in there}.intersection(numbers):
        missing = dict.fromkeys(str(number) for number in numbers if number not in known)
        return _removed(context, known, missing=", ".join(missing))
    if named := known_chats.named(there, typed):
        return _removed(context, [named.number])
    raise not_found(", ".join(map(str, numbers)) or typed)


def unsub_all(context: Context) -> Reply:
    """Remove all subscriptions. Do not ask first, since the removal can be undone."""
    return _removed(context, [one.number for one in subscriptions_here(context)])


def _removed(context: Context, numbers: Collection[int], missing: str = "") -> Reply:
    """Remove subscriptions by their numbers; `missing` are the typed numbers that no subscription has."""
    if not numbers:
        return context.reply("There was no subscription to remove.")
    address = context.chat.address
    gone = unsubscribe_several(context.transaction, address, numbers, now=context.now, who=context.actor)
    lines = [
        context.count("Removed {count} subscription:", "Removed {count} subscriptions:", len(gone)),
        *subscription_labels(gone, context.localizer),
    ]
    if missing:
        lines.append(context.say("There is no {numbers} here.", numbers=missing))
    return context.done(*lines, buttons=context.undo_row)


COMMANDS = (
    Command(
        list_,
        "list",
        "your subscriptions",
        examples=("/list",),
        aliases=("subscriptions",),
        usage="[PAGE | all]",
    ),
    Command(
        unsub,
        "unsub",
        "remove a subscription",
        examples=("/unsub 1", "/unsub all"),
        aliases=("unsubscribe", "remove"),
        needs_manager=True,
        shows_without_args=True,
        usage="[N …|QUERY|all]",
    ),
)

CALLBACKS = {
    "list": Callback(list_, replaces=True),
    "subscription": Callback(on_subscription(show_one), replaces=True),
    "unsub": Change(on_subscription(lambda context, one: _removed(context, [one.number]))),
    "unsub-all": Change(unsub_all),
}
