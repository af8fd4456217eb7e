"""list: what a chat asks for, page by page; a number opens what can be done with it."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.coming import next_line
from bot.commands.picking import gone, listed_here, no_subscriptions, numbered, pager, shown_buttons
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.wishes import Row, in_short, of_the_newest, rows_of, state_of
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.errors import Sentence
from subscriptions.query import parse_query
from subscriptions.service.operations import next_deliveries_to
from subscriptions.service.papers import MatchCount, activity
from subscriptions.service.subscriptions import Listed
from subscriptions.states import ChatState

A_PAGE = 10
_ROW = 5  # numbers side by side


def list_(turn: CommandContext) -> Reply:
    """The subscriptions of the chat; "list 2" is the second page."""
    text = turn.args.strip()
    return _page(turn, int(text) - 1 if text.isdecimal() and len(text) < _ROW else 0)


def press_list(turn: CommandContext) -> Reply:
    """Another page, or back from one subscription."""
    return _page(turn, int(turn.arguments.get("page", 0)), replaces=True)


def press_subscription(turn: CommandContext) -> Reply:
    """One subscription, with what can be done with it."""
    wish = numbered(turn, turn.arguments.get("number"))
    if wish is None:
        return gone(turn)
    one = next(one for one in listed_here(turn) if one.subscription.number == wish.number)
    number = {"number": wish.number}
    held = wish.state == "paused"
    verbs = (
        Button(label=turn.say("edit"), verb="edit-ask", arguments=number),
        Button(label=turn.say("resume"), verb="resume", arguments=number)
        if held
        else Button(label=turn.say("pause"), verb="pause", arguments=number),
        Button(label=turn.say("remove"), verb="unsub", arguments=number),
    )
    back = Button(label=turn.say("list"), verb="list", arguments={"page": int(turn.arguments.get("page", 0))})
    lines = [*_lines(turn, _rows(turn, [one]), [one]), *([wish.text] if wish.name else [])]
    if state_of(one) == "active":
        lines.append(
            next_line(next_deliveries_to(turn.store, turn.chat.address, [wish], now=turn.now), turn.localizer, turn.now)
        )
    return Reply(lines=tuple(lines), buttons=shown_buttons(turn, (verbs, (back,))), replaces=True)


def _page(turn: CommandContext, page: int, *, replaces: bool = False) -> Reply:
    found = listed_here(turn)
    if not found:
        return no_subscriptions(turn)
    pages = -(-len(found) // A_PAGE)
    page = min(max(page, 0), pages - 1)
    shown = found[page * A_PAGE : (page + 1) * A_PAGE]
    head = turn.localizer.count("{count} subscription", "{count} subscriptions", len(found))
    if pages > 1:
        head = f"{head} · {turn.say('page {page} of {pages}', page=page + 1, pages=pages)}"
    rows = _rows(turn, shown)
    if turn.chat.state is not ChatState.ACTIVE:  # one reason holds them all
        head, rows = f"{head} · {rows[0].state}", [replace(row, state="") for row in rows]
    rows = [replace(row, reading=in_short(row.reading)) for row in rows]
    buttons = shown_buttons(turn, _buttons(turn, shown, page, pages))
    more = [turn.say("/list {page} shows the next.", page=page + 2)] if page + 1 < pages and not buttons else []
    return Reply(lines=(head, *_lines(turn, rows, shown), *more), buttons=buttons, replaces=replaces)


def _buttons(turn: CommandContext, shown: Sequence[Listed], page: int, pages: int) -> Buttons:
    numbers = [
        Button(
            label=str(one.subscription.number), verb="wish", arguments={"number": one.subscription.number, "page": page}
        )
        for one in shown
    ]
    rows = [tuple(numbers[start : start + _ROW]) for start in range(0, len(numbers), _ROW)]
    turned = pager(turn, page, pages, lambda to: Button(label="", verb="list", arguments={"page": to}))
    return (*rows, turned)


def _rows(turn: CommandContext, shown: Sequence[Listed]) -> list[Row]:
    return rows_of(shown, lambda text: turn.formatter.reading(parse_query(text)), lambda _: turn.localizer, turn.now)


def _lines(turn: CommandContext, rows: Sequence[Row], shown: Sequence[Listed]) -> list[str]:
    """A line for each: number, name or reading, when, how many, the last time, what holds it."""
    about = activity(turn.store, turn.chat, [one.subscription for one in shown], now=turn.now)
    lines = []
    for one, row in zip(shown, rows, strict=True):
        wish = one.subscription
        parts = [f"{row.number}  {row.reading}", row.when]
        parts += [_often(turn, about, about.found[wish.canonical])] if about.base.days else []
        if wish.number in about.came:
            parts.append(turn.say("last {moment}", moment=turn.localizer.moment(about.came[wish.number])))
        lines.append(" · ".join((*parts, *([row.state] if row.state else []))))
    return lines


def _often(turn: CommandContext, about: MatchCount, found: int) -> str:
    """How many papers it finds, by the days known: "6 a week", "6 in 3 days"."""
    if about.base.week and about.base.whole:
        return turn.localizer.count("{count} a week", "{count} a week", found)
    days = of_the_newest(
        turn.localizer, turn.localizer.count("{count} day", "{count} days", about.base.days), about.base
    )
    return turn.localizer.count("{count} in {days}", "{count} in {days}", found, days=days)


COMMANDS = (
    Command(
        name="list", aliases=("subscriptions", "ls"), run=list_, usage="[PAGE]", summary=Sentence("your subscriptions")
    ),
)
PRESSES = {"list": Callback(run=press_list), "wish": Callback(run=press_subscription)}
