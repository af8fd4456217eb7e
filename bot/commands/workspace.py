"""What happens in a Slack workspace: channels are archived, deleted, renamed; people leave; the app is taken away."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.commands.turn import CommandContext, CommandFunction
from bot.ports.reply import Reply
from subscriptions.model import CallbackToken, ChatAddress, Subscription
from subscriptions.notices.chats import SubscriberLeft, SubscriptionsOrphaned
from subscriptions.notices.sending import SenderStopped
from subscriptions.service.chats import leave_place, uninstall
from subscriptions.service.notices import lose_place, name_of, notify, notify_operators
from subscriptions.service.subscriptions import get_chat, listed
from subscriptions.states import PauseReason


def archived(turn: CommandContext) -> Reply | None:
    """Nobody can write there; what the channel asked for waits until it is open again."""
    words, reason = "The channel was archived.", PauseReason.ARCHIVED
    lose_place(turn.store, turn.origin.address, words, topic=False, reason=reason, now=turn.now)
    return None


def deleted(turn: CommandContext) -> Reply | None:
    """Nobody can write there any more."""
    lose_place(turn.store, turn.origin.address, "The channel was deleted.", topic=False, now=turn.now)
    return None


def renamed(turn: CommandContext) -> Reply | None:
    """Its name was taken over with the request."""
    del turn
    return None


def member_left(turn: CommandContext) -> Reply | None:
    """What somebody asked for waits when they leave: each chat there is told once how it goes on, and the operators."""
    paused = leave_place(turn.store, turn.origin.address, turn.request.sender, now=turn.now)
    for address, wishes in paused.items():
        _tell_chat(turn, address, wishes)
    if paused:
        notice = SubscriberLeft(chat=name_of(turn.origin), place=str(turn.origin.address))
        notify_operators(turn.store, turn.bot_info.admins, notice, now=turn.now)
    return None


def _tell_chat(turn: CommandContext, address: ChatAddress, wishes: Sequence[Subscription]) -> None:
    """The channel, or the thread, whose subscriptions wait. The button resumes these and nothing else."""
    chat = get_chat(turn.store, address)
    waiting = {one.subscription.number for one in listed(turn.store, address) if one.subscription.state == "paused"}
    only = str(wishes[0].number) if len(wishes) == 1 else ""
    notice = SubscriptionsOrphaned(
        event=turn.request.update_id,
        who=wishes[0].added_by if chat.settings.credits == "on" else "",
        subscriptions=" · ".join(f"{wish.number} {wish.name or wish.text}" for wish in wishes),
        number=only,
    )
    button = CallbackToken(verb="resume", arguments={"number": wishes[0].number} if only else {})
    alone = only or waiting == {wish.number for wish in wishes}
    notify(turn.store, address, notice, now=turn.now, buttons={"resume": button} if alone else None)


def removed(turn: CommandContext) -> Reply | None:
    """The app was taken away: everything of the workspace waits, and is erased after thirty days."""
    team = turn.request.details["team"]
    uninstall(turn.store, team, now=turn.now)
    notice = SenderStopped(platform=f"slack:{team}", reason="The app was removed from the workspace.")
    notify_operators(turn.store, turn.bot_info.admins, notice, now=turn.now)
    return None


HAPPENINGS: Mapping[str, CommandFunction] = MappingProxyType(
    {"archived": archived, "deleted": deleted, "renamed": renamed, "member-left": member_left, "uninstalled": removed}
)
