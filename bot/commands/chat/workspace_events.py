"""Events of a workspace: channels are archived, deleted or renamed; members leave; the app is removed."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.commands.context import CommandContext, Event
from bot.ports.channel import Reply
from subscriptions.model import CallbackToken, ChatAddress, Subscription
from subscriptions.notices.chats import SubscriberLeft, SubscriptionsOrphaned
from subscriptions.notices.operations import SendingStopped
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.service.notices import name_of, notify, notify_operators, pause_unreachable
from subscriptions.service.workspaces import pause_for_leaver, uninstall
from subscriptions.states import PauseReason, SubscriptionState


def on_archived(context: CommandContext) -> Reply | None:
    """Handles that a channel was archived: its deliveries wait until it is open again."""
    words, reason = "The channel was archived.", PauseReason.ARCHIVED
    pause_unreachable(context.store, context.origin.address, words, topic=False, reason=reason, now=context.now)
    return None


def on_deleted(context: CommandContext) -> Reply | None:
    """Handles that a channel was deleted: nothing is delivered there any more."""
    pause_unreachable(context.store, context.origin.address, "The channel was deleted.", topic=False, now=context.now)
    return None


def on_renamed(context: CommandContext) -> Reply | None:
    """Does nothing, since the conversation stores new names of every request."""
    del context
    return None


def on_member_left(context: CommandContext) -> Reply | None:
    """Handles that a member left: pauses their subscriptions, and notifies each chat concerned and the operators once."""
    paused = pause_for_leaver(context.store, context.origin.address, context.request.sender, now=context.now)
    for address, subscriptions in paused.items():
        _notify_chat(context, address, subscriptions)
    if paused:
        notice = SubscriberLeft(chat=name_of(context.origin), place=str(context.origin.address))
        notify_operators(context.store, context.bot_info.admins, notice, now=context.now)
    return None


def _notify_chat(context: CommandContext, address: ChatAddress, subscriptions: Sequence[Subscription]) -> None:
    """Notifies a channel or thread which of its subscriptions are paused. A button in the notice resumes only these."""
    chat = get_chat(context.store, address)
    waiting = {
        one.subscription.number
        for one in listed(context.store, address)
        if one.subscription.state is SubscriptionState.PAUSED
    }
    only = str(subscriptions[0].number) if len(subscriptions) == 1 else ""
    notice = SubscriptionsOrphaned(
        event=context.request.update_id,
        who=subscriptions[0].added_by if chat.settings.credits == "on" else "",
        subscriptions=" · ".join(f"{subscription.number} {subscription.label}" for subscription in subscriptions),
        number=only,
    )
    button = CallbackToken(verb="resume", arguments={"number": subscriptions[0].number} if only else {})
    alone = only or waiting == {subscription.number for subscription in subscriptions}
    notify(context.store, address, notice, now=context.now, buttons={"resume": button} if alone else None)


def on_uninstalled(context: CommandContext) -> Reply | None:
    """Handles that the app was removed: all deliveries of the workspace wait, and its data is erased after thirty days."""
    team = context.event_details["team"]
    uninstall(context.store, team, now=context.now)
    notice = SendingStopped(
        platform=f"{context.origin.address.platform}:{team}", reason="The app was removed from the workspace."
    )
    notify_operators(context.store, context.bot_info.admins, notice, now=context.now)
    return None


EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        "archived": Event(run=on_archived),
        "deleted": Event(run=on_deleted),
        "renamed": Event(run=on_renamed),
        "member-left": Event(run=on_member_left),
        "uninstalled": Event(run=on_uninstalled),
    }
)
