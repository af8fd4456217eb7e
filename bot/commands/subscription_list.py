"""list: shows the subscriptions of a chat: how many a page, what a line says, [edit], [pause], [resume] and [remove]."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import phrasing, picking
from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.commands.phrasing import ListRow
from bot.commands.search import look_for_button
from bot.ports import channel
from subscriptions import errors, model, states
from subscriptions.service import known_chats, previews
from subscriptions.service.known_chats import Listed, next_deliveries_of, next_deliveries_to
from subscriptions.texts.cutting import cut_letters

A_PAGE = 10
_OF_ALL = 30  # subscriptions of all chats that are lines of a message; more are a file
_ROW = 5  # buttons with numbers in a row
_LABEL = 40  # characters of a button's label


def list_(context: CommandContext) -> channel.Reply:
    """Shows the subscriptions of the chat, page by page; "list 2" shows the second page; "list all", for operators, those of all chats."""
    text = context.args.strip()
    if text.casefold() in ("all", "全部"):
        return _of_all_chats(context)
    return _page(context, int(text) - 1 if text.isdecimal() and len(text) < _ROW else 0)


def _of_all_chats(context: CommandContext) -> channel.Reply:
    if not context.is_operator or context.read_by_group:
        raise refusal("Only the operator of this bot sees the subscriptions of all chats, in private.")
    found = known_chats.listed(context.transaction, None)
    rows = [phrasing.subscription_row(one, context.localizer) for one in found]
    lines = [" · ".join(filter(None, (row.chat, f"{row.number}  {row.reading}", row.when, row.state))) for row in rows]
    chats = context.count("{count} chat", "{count} chats", len({one.chat.id for one in found}))
    head = context.count("{count} subscription in {chats}", "{count} subscriptions in {chats}", len(found), chats=chats)
    if len(lines) > _OF_ALL:
        return channel.Reply(lines=(head,), file=channel.File(name="subscriptions.txt", text="\n".join(lines)))
    return channel.Reply(lines=(head, *lines))


def on_list(context: CommandContext) -> channel.Reply:
    """Handles [previous page] and [next page]: shows another page."""
    return _page(context, int(context.arguments.get("page", 0)))


def change_buttons(context: CommandContext, subscription: model.Subscription) -> channel.Row:
    """Returns [edit], [time], [pause] or [resume], and [remove]."""
    which = subscription.id
    hold = context.button("pause", "pause", subscription=which)
    if subscription.state is states.SubscriptionState.PAUSED:
        hold = context.button("resume", "resume", subscription=which)
    edit, time = (
        context.button("edit", "edit-ask", subscription=which),
        context.button("time", "schedule-ask", subscription=which),
    )
    return (edit, time, hold, context.button("remove", "unsub", subscription=which))


def show_one(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Handles the button with a number: shows that subscription, with buttons to change it."""
    one = next(one for one in picking.listed_here(context) if one.subscription.id == subscription.id)
    back = context.button("list", "list", page=int(context.arguments.get("page", 0)))
    lines = _list_lines(context, _rows(context, [one]), [one])
    if subscription.name:
        lines.append(subscription.text)
    if phrasing.state_of(one) == "active":
        then = next_deliveries_to(context.transaction, context.chat.address, [subscription], now=context.now)
        lines.append(phrasing.next_line(then, context.localizer, context.now))
    return channel.Reply(
        lines=tuple(lines),
        buttons=(change_buttons(context, subscription), (back,)),
    )


def change_list(context: CommandContext, said: str) -> channel.Reply:
    """Returns the list for a text that seems to want a change: a button for each subscription, for all, and to look for the text."""
    shown = _page(context, 0)
    numbers = [
        (
            context.labelled(
                cut_letters(f"{one.number} {one.label}", _LABEL), "subscription", subscription=one.id, page=0
            ),
        )
        for one in picking.subscriptions_here(context)[:A_PAGE]
    ]
    all_of_them = (context.button("pause all", "pause-all"), context.button("remove all", "unsub-all"))
    if context.chat.state is states.ChatState.PAUSED:
        all_of_them = (context.button("resume", "resume"), all_of_them[1])
    others = (context.button("settings", "settings"), *look_for_button(context, said))
    pages = shown.buttons[-1:] if shown.buttons and shown.buttons[-1] else ()
    line = context.say("What do you want to change?")
    if context.read_by_strangers:
        return shown
    return replace(shown, lines=(line, *shown.lines[1:]), buttons=(*numbers, *pages, all_of_them, others))


def _page(context: CommandContext, page: int) -> channel.Reply:
    found = picking.listed_here(context)
    if not found:
        return picking.no_subscriptions(context)
    pages = -(-len(found) // A_PAGE)
    page = min(max(page, 0), pages - 1)
    shown = found[page * A_PAGE : (page + 1) * A_PAGE]
    head = context.count("{count} subscription", "{count} subscriptions", len(found))
    if pages > 1:
        head = f"{head} · {context.say('page {page} of {pages}', page=page + 1, pages=pages)}"
    rows = _rows(context, shown)
    if not context.chat.is_active:  # all are held for the same reason, so it is shown once
        head, rows = f"{head} · {rows[0].state}", [replace(row, state="") for row in rows]
    else:
        expected = next_deliveries_of(context.transaction, shown, now=context.now)
        held = [phrasing.held_back(then, context.localizer) if then.is_held else "" for then in expected]
        rows = [replace(row, state=row.state or why) for row, why in zip(rows, held, strict=True)]
    rows = [replace(row, reading=phrasing.shortened(row.reading)) for row in rows]
    buttons = _buttons(context, shown, page, pages)
    more = []
    if page + 1 < pages and context.read_by_strangers:
        more.append(context.say("/list {page} shows the next.", page=page + 2))
    return channel.Reply(lines=(head, *_list_lines(context, rows, shown), *more), buttons=buttons)


def _buttons(context: CommandContext, shown: Sequence[Listed], page: int, pages: int) -> channel.Buttons:
    numbers = [
        context.labelled(str(one.subscription.number), "subscription", subscription=one.subscription.id, page=page)
        for one in shown
    ]
    rows = [tuple(numbers[start : start + _ROW]) for start in range(0, len(numbers), _ROW)]
    return (*rows, picking.pager(context, page, pages, "list"))


def _rows(context: CommandContext, shown: Sequence[Listed]) -> list[ListRow]:
    return [phrasing.subscription_row(one, context.localizer, context.now) for one in shown]


def _list_lines(context: CommandContext, rows: Sequence[ListRow], shown: Sequence[Listed]) -> list[str]:
    """Returns a line for each subscription: number, name or query, time, papers found, last delivery, why it is held."""
    about = previews.activity(context.transaction, context.chat, [one.subscription for one in shown], now=context.now)
    lines = []
    for one, row in zip(shown, rows, strict=True):
        subscription = one.subscription
        parts = [f"{row.number}  {row.reading}", row.when]
        if about.found[subscription.canonical].base.days:
            parts.append(_often(context, about.found[subscription.canonical]))
        if subscription.number in about.came:
            parts.append(context.say("last {moment}", moment=context.localizer.moment(about.came[subscription.number])))
        lines.append(" · ".join(filter(None, (*parts, row.state))))
    return lines


def _often(context: CommandContext, found: previews.Matches) -> str:
    """Returns how many papers a subscription found in the known days: "6 a week", "6 in 3 days"."""
    amount, base = len(found.papers), found.base
    if base.week and base.whole:
        return context.count("{count} a week", "{count} a week", amount)
    days = context.count("{count} day", "{count} days", base.days)
    days = phrasing.of_the_newest(context.localizer, days, base)
    return context.count("{count} in {days}", "{count} in {days}", amount, days=days)


COMMANDS = (
    Command(
        name="list",
        examples=("/list",),
        aliases=("subscriptions",),
        run=list_,
        usage="[PAGE | all]",
        summary=errors.Sentence("your subscriptions"),
    ),
)

CALLBACKS = {
    "list": Callback(run=on_list, replaces=True),
    "subscription": Callback(run=picking.on_subscription(show_one), replaces=True),
}
