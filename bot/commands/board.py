"""A person's board: what they ask for, themselves and in chats that they may manage, and what came last."""

from collections.abc import Sequence

from bot.commands.access import came_last
from bot.commands.coming import next_line
from bot.commands.turn import CommandContext, CommandFunction
from bot.commands.wishes import rows_of, state_of
from bot.ports.button import Button, Buttons
from bot.ports.forms import HomeItem, HomePanel, HomeView
from bot.ports.reply import Reply
from subscriptions.model import Chat
from subscriptions.query import parse_query
from subscriptions.service.chats import subscriptions_around
from subscriptions.service.notices import name_of, why_paused
from subscriptions.service.operations import status
from subscriptions.service.papers import activity
from subscriptions.service.subscriptions import Listed
from subscriptions.states import ChatState

HOME_VIEW = "board"  # what happens when a person looks at their board
MOST = 36  # subscriptions on one board
MOST_CHATS = 10  # on one board, the person's own among them


def home_view(turn: CommandContext) -> Reply:
    """All that a person may look after, chat by chat, their own first."""
    chats = subscriptions_around(turn.store, turn.origin, turn.shared_chats)
    room = MOST
    panels = []
    for chat, wishes in chats[:MOST_CHATS]:
        panels.append(_panel(turn, chat, wishes[:room], hidden=len(wishes[room:])))
        room = max(0, room - len(wishes))
    sources = HomePanel(title=turn.say("Sources"), lines=tuple(came_last(turn)))
    return Reply(home_view=HomeView(panels=(*panels, sources), remark=_remark(turn, len(chats) - MOST_CHATS)))


def _remark(turn: CommandContext, left_out: int) -> str:
    """Which chats are not here, and why."""
    if turn.shared_chats is None:
        return turn.say("I cannot see which channels you are in, so only those that you set up are listed.")
    if left_out <= 0:
        return ""
    return turn.localizer.count(
        "{count} more channel is not listed here; /list in it shows its subscriptions.",
        "{count} more channels are not listed here; /list in one of them shows its subscriptions.",
        left_out,
    )


def _panel(turn: CommandContext, chat: Chat, wishes: Sequence[Listed], *, hidden: int) -> HomePanel:
    own = chat.address == turn.origin.address
    title = turn.say("Your subscriptions") if own else name_of(chat)
    if chat.address.topic:
        title = turn.say("{chat}, in a thread", chat=title)
    lines = list(_state(turn, chat, wishes)) if chat.id else []
    lines += [turn.say("No subscriptions yet.")] if not wishes and not hidden else []
    lines += [_not_shown(turn, hidden)] if hidden else []
    return HomePanel(
        title=title,
        items=tuple(_items(turn, chat, wishes)),
        lines=tuple(lines),
        buttons=_buttons(turn, chat),
        about=None if own else chat.address,
    )


def _not_shown(turn: CommandContext, count: int) -> str:
    return turn.localizer.count(
        "{count} more is not shown here; /list shows all.", "{count} more are not shown here; /list shows all.", count
    )


def _state(turn: CommandContext, chat: Chat, wishes: Sequence[Listed]) -> Sequence[str]:
    """Why nothing comes, or when something does."""
    if chat.state is ChatState.ASKED:
        return [turn.say("This chat waits for whoever runs this bot.")]
    if chat.state is ChatState.PAUSED:
        reason = turn.localizer.translate(why_paused(chat)).rstrip(".")
        return [turn.say("Paused: {reason}.", reason=reason) if reason else turn.say("Paused.")]
    if not any(one.subscription.state == "active" for one in wishes):
        return []
    stands = status(turn.store, chat.address, now=turn.now)
    return [
        next_line(stands.coming, turn.localizer.speaking(turn.origin.settings.lang, chat.settings.timezone), turn.now)
    ]


def _buttons(turn: CommandContext, chat: Chat) -> Buttons:
    new = Button(label=turn.say("new subscription"), verb="new-wish")
    held = chat.state is ChatState.PAUSED
    return ((new, Button(label=turn.say("resume"), verb="resume")),) if held else ((new,),)


def _items(turn: CommandContext, chat: Chat, wishes: Sequence[Listed]) -> Sequence[HomeItem]:
    if not wishes:
        return ()
    found = activity(turn.store, chat, [one.subscription for one in wishes], now=turn.now)

    def voice(one: Listed) -> object:
        return turn.localizer.speaking(turn.origin.settings.lang, one.zone)

    rows = rows_of(wishes, lambda text: turn.formatter.reading(parse_query(text)), voice)  # type: ignore[arg-type]
    items = []
    for one, row in zip(wishes, rows, strict=True):
        wish = one.subscription
        parts = [row.when]
        fixed = wish.cadence.kind not in ("now", "when-out")  # of the others the line above tells about when
        coming = fixed and wish.next_due_at and wish.next_due_at > turn.now and state_of(one) == "active"
        parts += [turn.say("next {moment}", moment=row.next_due)] if coming else []
        if found.base.week and found.base.whole:
            parts.append(turn.localizer.count("{count} a week", "{count} a week", found.found[wish.canonical]))
        parts += [row.state] if row.state and chat.state is ChatState.ACTIVE else []
        items.append(HomeItem(text=f"{row.number}  {row.reading}", remark=" · ".join(parts), menu=_menu(turn, one)))
    return items


def _menu(turn: CommandContext, one: Listed) -> tuple[Button, ...]:
    number = {"number": one.subscription.number}
    held = one.subscription.state == "paused"
    return (
        Button(label=turn.say("edit"), verb="edit-ask", arguments=number),
        Button(label=turn.say("resume"), verb="resume", arguments=number)
        if held
        else Button(label=turn.say("pause"), verb="pause", arguments=number),
        Button(label=turn.say("remove"), verb="unsub", arguments=number),
    )


HAPPENINGS: dict[str, CommandFunction] = {HOME_VIEW: home_view}
