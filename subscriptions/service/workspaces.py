"""Workspaces that install or remove the app, places that can be written to again, people who leave a channel."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from subscriptions.addresses import declared
from subscriptions.model import Chat, ChatAddress, Lane, Subscription
from subscriptions.service.changes import begin_change, note_changed_state
from subscriptions.service.pausing import delay_after_return
from subscriptions.states import ChatState, PauseReason, SubscriptionPauseReason, SubscriptionState
from subscriptions.store import access, platforms
from subscriptions.store import chats as stored_chats
from subscriptions.store import installations as stored_installations
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, writes

GRACE = timedelta(days=30)  # how long the chats of a workspace are kept after it removed the app
INSTALLED_WITHIN = timedelta(minutes=10)  # how long a person may take over an installation
REMOVED = "The app was removed from the workspace."

Subscriptions = tuple[Subscription, ...]


@writes
def uninstall(transaction: Transaction, team: str, *, now: datetime) -> None:
    """Pauses all chats of a workspace that removed the app. After thirty days without the app they are erased."""
    stored_installations.uninstall(transaction, team, now=now)
    for chat in _chats_of(transaction, team):
        stored_chats.mark_unreachable(transaction, chat.id, PauseReason.APP_REMOVED, REMOVED, now=now)


@writes
def install_again(transaction: Transaction, team: str, *, now: datetime) -> bool:
    """Reactivates the chats of a workspace that has the app again. False: it never removed the app."""
    if not stored_installations.install_again(transaction, team, now=now):
        return False
    _reactivate_chats(transaction, team, now)
    return True


@writes
def install(transaction: Transaction, team: str, tokens: str, *, now: datetime) -> None:
    """Stores the sealed tokens of a workspace that installed the app; reactivates its chats if it had removed the app."""
    if stored_installations.install_again(transaction, team, now=now):
        _reactivate_chats(transaction, team, now)
    stored_installations.put_installation(transaction, team, tokens, now=now)


@writes
def reactivate(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Reactivates the chats at an address to which the bot could not write; with a topic, that topic alone.

    What would be sent at once waits ten minutes, so that a person can skip it. False: none of them was unreachable.
    """
    chats = stored_chats.chats_in(transaction, address.lane, zone=transaction.zone)
    returning = [chat for chat in chats if _returns(chat, address)]
    back = [chat for chat in returning if stored_chats.mark_reachable(transaction, chat.id, now=now)]
    for chat in back:
        note_changed_state(transaction, chat.id)
        delay_after_return(transaction, chat, now=now)
    return bool(back)


def _returns(chat: Chat, address: ChatAddress) -> bool:
    """Whether a chat at the address can be written to again; a closed topic stays so when its group comes back."""
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed


def chats_of_lost_workspaces(transaction: Transaction, *, now: datetime) -> list[int]:
    """The ids of the chats of workspaces that removed the app more than thirty days ago."""
    lost = stored_installations.uninstalled(transaction, now - GRACE)
    return [chat.id for team in lost for chat in _chats_of(transaction, team)]


def forget_workspaces(transaction: Transaction, *, now: datetime) -> None:
    """Erases the workspaces that removed the app more than thirty days ago, once their chats are erased."""
    if not chats_of_lost_workspaces(transaction, now=now):
        stored_installations.drop_installations(transaction, now - GRACE)


@writes
def pause_for_leaver(
    transaction: Transaction, address: ChatAddress, person: str, *, now: datetime
) -> Mapping[ChatAddress, Subscriptions]:
    """Pauses what a person who left a channel subscribed to there and in its threads, until someone else resumes it.

    The person is no longer owner or subscriber there. Returns what this pauses, by chat.
    """
    paused: dict[ChatAddress, Subscriptions] = {}
    there = stored_chats.chats_in(transaction, address.lane, zone=transaction.zone)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in there])
    for chat in there:
        if chat.owner == person:
            access.set_owner(transaction, chat.id, "")
        of_person = [subscription for subscription in subscriptions[chat.id] if subscription.subscriber == person]
        held = [
            subscription
            for subscription in of_person
            if subscription.state is SubscriptionState.ACTIVE or subscription.paused_until
        ]
        if held:
            begin_change(transaction, chat.id, now=now)
            paused[chat.address] = tuple(held)
        for subscription in held:
            stored_subscriptions.pause_subscription(
                transaction, subscription.id, reason=SubscriptionPauseReason.SUBSCRIBER_LEFT
            )
        for subscription in of_person:
            stored_subscriptions.clear_subscriber(transaction, subscription.id)
    return paused


def _reactivate_chats(transaction: Transaction, team: str, now: datetime) -> None:
    """Reactivates the chats that were paused only because the app was removed."""
    for chat in _chats_of(transaction, team):
        if chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.APP_REMOVED:
            stored_chats.mark_reachable(transaction, chat.id, now=now)


def _chats_of(transaction: Transaction, team: str) -> list[Chat]:
    """The chats of a workspace; addresses of the own workspace do not name it."""
    lanes = [lane for facts in declared() if facts.has_workspaces for lane in _lanes_of(transaction, facts.name, team)]
    return [chat for lane in lanes for chat in stored_chats.chats_in(transaction, lane, zone=transaction.zone)]


def _lanes_of(transaction: Transaction, platform: str, team: str) -> list[Lane]:
    own = (platforms.bot_of(transaction, platform) or "").partition(":")[0]
    if team == own:
        places = [
            address for address in stored_chats.addresses_with_prefix(transaction, platform, "") if "/" not in address
        ]
    else:
        places = stored_chats.addresses_with_prefix(transaction, platform, f"{team}/")
    return [Lane(platform, place) for place in places]
