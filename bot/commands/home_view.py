"""Shows a chat its home view: its subscriptions, its state and the newest papers; how many chats and subscriptions it has."""

from collections.abc import Sequence

from bot.commands import phrasing
from bot.commands.context import CommandContext, Event
from bot.commands.picking import not_shown
from bot.commands.status import newest_papers_lines
from bot.commands.subscription_list import change_buttons
from bot.ports import channel
from subscriptions import states
from subscriptions.model import Chat
from subscriptions.service import access, notices
from subscriptions.service.chat_status import status as chat_status
from subscriptions.service.listing import Listed
from subscriptions.service.recent_matches import activity

HOME_VIEW = "home-view"  # the event when a person opens their home view
MOST = 36  # subscriptions in a home view
MOST_CHATS = 10  # chats in a home view, including the person's own


def on_home_view(context: CommandContext) -> channel.Reply:
    """Shows the chats that a person may manage; the person's own chat is first."""
    chats = access.subscriptions_around(context.transaction, context.origin, context.shared_chats)
    room = MOST
    panels = []
    for chat, subscriptions in chats[:MOST_CHATS]:
        panels.append(_panel(context, chat, subscriptions[:room], hidden=len(subscriptions[room:])))
        room = max(0, room - len(subscriptions))
    sources = channel.HomePanel(title=context.say("Sources"), lines=tuple(newest_papers_lines(context)))
    return channel.Reply(
        home_view=channel.HomeView(panels=(*panels, sources), remark=_remark(context, len(chats) - MOST_CHATS))
    )


def _remark(context: CommandContext, left_out: int) -> str:
    """Returns a sentence that says which chats are left out and why; "" if none are."""
    if context.shared_chats is None:
        return context.say("I cannot see which channels you are in, so only those that you set up are listed.")
    if left_out <= 0:
        return ""
    return context.count(
        "{count} more channel is not listed here; /list in it shows its subscriptions.",
        "{count} more channels are not listed here; /list in one of them shows its subscriptions.",
        left_out,
    )


def _panel(context: CommandContext, chat: Chat, subscriptions: Sequence[Listed], *, hidden: int) -> channel.HomePanel:
    own = chat.address == context.origin.address
    title = context.say("Your subscriptions") if own else chat.name
    if chat.address.topic:
        title = context.say("{chat}, in a thread", chat=title)
    lines = list(_state(context, chat, subscriptions)) if chat.id else []
    if not subscriptions and not hidden:
        lines.append(context.say("No subscriptions yet."))
    return channel.HomePanel(
        title=title,
        items=tuple(_items(context, chat, subscriptions)),
        lines=(*lines, *not_shown(context, hidden)),
        buttons=_buttons(context, chat),
        about=None if own else chat.address,
    )


def _state(context: CommandContext, chat: Chat, subscriptions: Sequence[Listed]) -> Sequence[str]:
    """Returns at most one line: why nothing is delivered, or when the next delivery comes."""
    if chat.state is states.ChatState.ASKED:
        return [context.say("This chat waits for the operator of this bot.")]
    if chat.state is states.ChatState.PAUSED:
        if reason := context.localizer.translate(notices.why_paused(chat)).rstrip("."):
            return [context.say("Paused: {reason}.", reason=reason)]
        return [context.say("Paused.")]
    if not any(one.subscription.is_active for one in subscriptions):
        return []
    chat_has = chat_status(context.transaction, chat.address, now=context.now)
    there = context.localizer.in_zone(chat.settings.timezone)
    return [phrasing.next_line(chat_has.next_delivery, there, context.now)]


def _buttons(context: CommandContext, chat: Chat) -> channel.Buttons:
    new = context.button("new subscription", "new-subscription")
    if chat.state is states.ChatState.PAUSED:
        return ((new, context.button("resume", "resume")),)
    return ((new,),)


def _items(context: CommandContext, chat: Chat, subscriptions: Sequence[Listed]) -> Sequence[channel.HomeItem]:
    found = activity(context.transaction, chat, [one.subscription for one in subscriptions], now=context.now)
    items = []
    for one in subscriptions:
        subscription = one.subscription
        row = phrasing.subscription_row(one, context.localizer.in_zone(one.zone))
        parts = [row.when]
        # subscriptions with these two cadences show no time, since the line of the chat shows it
        is_fixed = subscription.cadence.kind not in ("now", "when-out")
        is_due_later = subscription.next_due_at is not None and subscription.next_due_at > context.now
        if is_fixed and is_due_later and phrasing.state_of(one) == "active":
            parts.append(context.say("next {moment}", moment=row.next_due))
        if found.base.week and found.base.whole:
            parts.append(context.count("{count} a week", "{count} a week", found.found[subscription.canonical]))
        if row.state and chat.is_active:
            parts.append(row.state)
        menu = change_buttons(context, subscription)
        items.append(channel.HomeItem(text=f"{row.number}  {row.reading}", remark=" · ".join(parts), menu=menu))
    return items


EVENTS = {HOME_VIEW: Event(run=on_home_view, writes=False)}
