"""Workspaces that installed or removed the app: for how long their chats are kept, how they return; people who left a channel."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from subscriptions.addresses import declared
from subscriptions.model import Chat, ChatAddress, Lane, Subscription
from subscriptions.service import changes
from subscriptions.service.pausing import as_paused, delay_after_return
from subscriptions.states import ChatState, PauseReason, SubscriptionPauseReason
from subscriptions.store import (
    admitted_chats,
    installations,
    platform_states,
)
from subscriptions.store import chats as stored_chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, writes

GRACE = timedelta(days=30)  # how long the chats of a workspace are kept after it uninstalled the app
INSTALLED_WITHIN = timedelta(minutes=10)  # a person must complete an installation within this time
REMOVED = "The app was removed from the workspace."

Subscriptions = tuple[Subscription, ...]


@writes
def uninstall(transaction: Transaction, team: str, *, now: datetime) -> None:
    """Pauses all chats of a workspace that uninstalled the app.

    The chats are erased if the workspace does not install the app again within thirty days.
    """
    installations.uninstall(transaction, team, now=now)
    for chat in _chats_of(transaction, team):
        stored_chats.mark_unreachable(transaction, chat.id, PauseReason.APP_REMOVED, REMOVED, now=now)


@writes
def install_again(transaction: Transaction, team: str, *, now: datetime) -> bool:
    """Reactivates the chats that were paused because their workspace uninstalled the app.

    Returns False if the workspace had not uninstalled the app.
    """
    if not installations.install_again(transaction, team, now=now):
        return False
    for chat in _chats_of(transaction, team):
        if chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.APP_REMOVED:
            stored_chats.mark_reachable(transaction, chat.id, now=now)
    return True


@writes
def install(transaction: Transaction, team: str, tokens: str, *, now: datetime) -> None:
    """Stores the sealed tokens of a workspace that installed the app.

    If the workspace had uninstalled the app before, reactivates its chats.
    """
    install_again(transaction, team, now=now)
    installations.put_installation(transaction, team, tokens, now=now)


@writes
def reactivate(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Reactivates the chats at an address to which the bot could not write. An address with a topic means only this topic.

    Papers that would be sent at once wait ten minutes, so that a person can skip them. Returns False if none of these
    chats was unreachable.
    """
    chats = stored_chats.chats_in(transaction, address.lane)
    returning = [chat for chat in chats if _returns(chat, address)]
    back = [chat for chat in returning if stored_chats.mark_reachable(transaction, chat.id, now=now)]
    for chat in back:
        changes.note_changed_state(transaction, chat.id)
        delay_after_return(transaction, chat, now=now)
    return bool(back)


def _returns(chat: Chat, address: ChatAddress) -> bool:
    """Whether to reactivate a chat when `address` is reachable again. Topics that were closed or deleted stay paused."""
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed


def chats_of_lost_workspaces(transaction: Transaction, *, now: datetime) -> list[int]:
    """Returns the ids of the chats of workspaces that uninstalled the app more than thirty days ago."""
    lost = installations.uninstalled(transaction, now - GRACE)
    return [chat.id for team in lost for chat in _chats_of(transaction, team)]


@writes
def forget_workspaces(transaction: Transaction, *, now: datetime) -> None:
    """Erases the workspaces that uninstalled the app more than thirty days ago, once all their chats are erased."""
    if not chats_of_lost_workspaces(transaction, now=now):
        installations.drop_installations(transaction, now - GRACE)


@writes
def pause_for_leaver(
    transaction: Transaction, address: ChatAddress, person: str, *, now: datetime
) -> Mapping[ChatAddress, Subscriptions]:
    """Pauses the subscriptions in a channel and its threads that a person added who has left the channel.

    These subscriptions stay paused until another person resumes them. The person who left is no longer stored as owner
    or subscriber there. Returns chat → the subscriptions that this call paused.
    """
    paused: dict[ChatAddress, Subscriptions] = {}
    there = stored_chats.chats_in(transaction, address.lane)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in there])
    for chat in there:
        if chat.owner == person:
            admitted_chats.set_owner(transaction, chat.id, "")
        of_person = [subscription for subscription in subscriptions[chat.id] if subscription.subscriber == person]
        held = [subscription for subscription in of_person if subscription.is_active or subscription.paused_until]
        if held:
            changes.begin_change(transaction, chat.id, now=now)
            paused[chat.address] = tuple(held)
        for subscription in of_person:
            after = subscription
            if subscription in held:
                after = as_paused(subscription, None, SubscriptionPauseReason.SUBSCRIBER_LEFT)
            stored_subscriptions.change_subscription(transaction, subscription, after._replace(subscriber=""))
    return paused


def _chats_of(transaction: Transaction, team: str) -> list[Chat]:
    """Returns the chats of a workspace. In the bot's own workspace, their addresses have no workspace id."""
    lanes = [lane for facts in declared() if facts.has_workspaces for lane in _lanes_of(transaction, facts.name, team)]
    return [chat for lane in lanes for chat in stored_chats.chats_in(transaction, lane)]


def _lanes_of(transaction: Transaction, platform: str, team: str) -> list[Lane]:
    own = platform_states.bots(transaction).get(platform, "").partition(":")[0]
    if team == own:
        places = [
            address for address in stored_chats.addresses_with_prefix(transaction, platform, "") if "/" not in address
        ]
    else:
        places = stored_chats.addresses_with_prefix(transaction, platform, f"{team}/")
    return [Lane(platform, place) for place in places]
