"""Workspaces: one that takes the app away and gives it back, and people who leave the channels that they set up."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from subscriptions.model import CallbackToken, Chat, ChatAddress, Lane, Subscription
from subscriptions.platforms import declared
from subscriptions.service.subscriptions.changes import changing, note_changed, note_changed_state
from subscriptions.service.subscriptions.pausing import hold_back
from subscriptions.states import ChatState, PauseReason, SubscriptionPauseReason, SubscriptionState
from subscriptions.store import Scope, Transaction, callbacks, key_value
from subscriptions.store import installations as stored_installations
from subscriptions.store.chat import access, chat_data
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import subscriptions as stored_subscriptions

GRACE = timedelta(days=30)  # how long what a workspace has is kept after it took the app away
INSTALLED_WITHIN = timedelta(minutes=10)  # how long an installation may take its person
INSTALLING = "installing"  # the place of installations that were completed lately
REMOVED = "The app was removed from the workspace."

Subscriptions = tuple[Subscription, ...]


def uninstall(store: Scope, team: str, *, now: datetime) -> None:
    """A workspace took the app away: everything there waits until it gives it back, and goes after thirty days."""
    with store.write() as transaction:
        stored_installations.uninstall(transaction, team, now=now)
        for chat_id in _chats_of(transaction, team):
            stored_chats.mark_unreachable(transaction, chat_id, PauseReason.APP_REMOVED, REMOVED, now=now)


def install_again(store: Scope, team: str, *, now: datetime) -> bool:
    """A workspace has the app again: what waited goes on. False: it never took it away."""
    with store.write() as transaction:
        if not stored_installations.install_again(transaction, team, now=now):
            return False
        _goes_on(transaction, team, now)
        return True


def install(store: Scope, team: str, tokens: str, *, now: datetime) -> None:
    """A workspace installed the app, perhaps again: its tokens are kept, sealed, and what waited goes on."""
    with store.write() as transaction:
        if stored_installations.install_again(transaction, team, now=now):
            _goes_on(transaction, team, now)
        stored_installations.put_installation(transaction, team, tokens, now=now)


def renew_tokens(store: Scope, team: str, tokens: str) -> bool:
    """The sealed tokens of a workspace from now on. False: it does not have the app any more."""
    with store.write() as transaction:
        return stored_installations.renew_tokens(transaction, team, tokens)


def installations(store: Scope) -> Mapping[str, str]:
    """The workspaces that installed the app and have it: team → its sealed tokens."""
    with store.read() as transaction:
        return stored_installations.installations(transaction)


def is_spent(store: Scope, installation: str) -> bool:
    """Whether an installation was completed already."""
    with store.read() as transaction:
        return callbacks.find_callback(transaction, f"{INSTALLING}:{installation}") is not None


def spend(store: Scope, installation: str, *, now: datetime) -> bool:
    """An installation is completed, and cannot be once more. False: it was completed before."""
    name = f"{INSTALLING}:{installation}"
    with store.write() as transaction:
        callbacks.drop_callbacks_at(transaction, INSTALLING, before=now - 2 * INSTALLED_WITHIN)
        if callbacks.find_callback(transaction, name) is not None:
            return False
        callbacks.put_callback(transaction, name, CallbackToken(verb="install", place=INSTALLING), now=now)
        return True


def uninstalled(store: Scope) -> tuple[str, ...]:
    """The workspaces that took the app away."""
    with store.read() as transaction:
        return tuple(stored_installations.uninstalled(transaction))


def come_back(store: Scope, address: ChatAddress, *, now: datetime) -> bool:
    """A place that the bot could not write to can be written to again, with its topics; a topic by itself.

    What would go at once waits ten minutes, so that a person can say that they do not want it. False: it was not gone.
    """
    with store.write() as transaction:
        ids = stored_chats.chats_of_lane(transaction, address.lane)
        chats = stored_chats.chats_by_id(transaction, ids, zone=store.zone).values()
        returning = [chat for chat in chats if _returns(chat, address)]
        back = [chat for chat in returning if stored_chats.mark_reachable(transaction, chat.id, now=now)]
        for chat in back:
            note_changed_state(transaction, chat.id)
            hold_back(transaction, chat, now)
    return bool(back)


def _returns(chat: Chat, address: ChatAddress) -> bool:
    """Whether a chat of the place comes back with `address`: a topic that is closed stays so when its group is back."""
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed


def forget_workspaces(transaction: Transaction, *, now: datetime) -> None:
    """Erases what workspaces had that took the app away long enough ago."""
    for team in stored_installations.uninstalled(transaction, now - GRACE):
        for chat_id in _chats_of(transaction, team):
            chat_data.erase(transaction, chat_id)
    stored_installations.drop_installations(transaction, now - GRACE)


def leave_place(
    store: Scope, address: ChatAddress, person: str, *, now: datetime
) -> Mapping[ChatAddress, Subscriptions]:
    """Somebody left a channel: what they asked for there, and in its threads, is paused until somebody resumes it.

    Nobody looks after it from then on. Returns what is paused by this, chat by chat.
    """
    paused: dict[ChatAddress, Subscriptions] = {}
    with store.write() as transaction:
        there = stored_chats.chats_of_lane(transaction, address.lane)
        for chat_id, subscriptions in stored_subscriptions.subscriptions_of(transaction, there).items():
            if access.owner_of(transaction, chat_id) == person:
                access.set_owner(transaction, chat_id, "")
            theirs = [subscription for subscription in subscriptions if subscription.subscriber == person]
            held = [
                subscription
                for subscription in theirs
                if subscription.state is SubscriptionState.ACTIVE or subscription.paused_until
            ]
            if held:
                changing(transaction, chat_id, now=now)
                note_changed(transaction, chat_id)
                paused[stored_chats.chats_by_id(transaction, [chat_id], zone=store.zone)[chat_id].address] = tuple(held)
            for subscription in held:
                stored_subscriptions.pause_subscription(
                    transaction, subscription.id, reason=SubscriptionPauseReason.SUBSCRIBER_LEFT
                )
            for subscription in theirs:
                stored_subscriptions.clear_subscriber(transaction, subscription.id)
    return paused


def _goes_on(transaction: Transaction, team: str, now: datetime) -> None:
    """What waited only because the app was gone."""
    chats = stored_chats.chats_by_id(transaction, _chats_of(transaction, team), zone=transaction.zone)
    for chat in chats.values():
        if chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.APP_REMOVED:
            stored_chats.mark_reachable(transaction, chat.id, now=now)


def _chats_of(transaction: Transaction, team: str) -> list[int]:
    """Returns the chats of a workspace; those of the own one do not name it."""
    lanes = [lane for facts in declared() if facts.has_workspaces for lane in _lanes_of(transaction, facts.name, team)]
    return [chat_id for lane in lanes for chat_id in stored_chats.chats_of_lane(transaction, lane)]


def _lanes_of(transaction: Transaction, platform: str, team: str) -> list[Lane]:
    own = (key_value.get_value(transaction, f"bot:{platform}") or "").partition(":")[0]
    if team == own:
        places = [
            address for address in stored_chats.addresses_with_prefix(transaction, platform, "") if "/" not in address
        ]
    else:
        places = stored_chats.addresses_with_prefix(transaction, platform, f"{team}/")
    return [Lane(platform, place) for place in places]
