"""What a person may look after: their own chat, and chats where they are."""

from collections.abc import Collection

from subscriptions.model import Chat, Subscription
from subscriptions.service.subscriptions.requests import Listed
from subscriptions.store import Scope
from subscriptions.store.chat import access
from subscriptions.store.chat import subscriptions as stored_subscriptions


def subscriptions_around(
    store: Scope, own: Chat, shared: Collection[str] | None
) -> tuple[tuple[Chat, tuple[Listed, ...]], ...]:
    """The person's own chat and the chats at these addresses that have asked for something, each with its subscriptions.

    `own` comes first, met or not. Threads and topics of an address are chats of their own. `shared` None: nobody can tell
    where the person is; then the chats that they set up.
    """
    with store.read() as transaction:
        others = (
            access.owned_by(transaction, own.address, zone=store.zone)
            if shared is None
            else access.chats_at(transaction, own.address.platform, shared, zone=store.zone)
        )
        chats = [own, *(chat for chat in others if chat.address != own.address)]
        subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats if chat.id])
    listed = [(chat, tuple(_listed(chat, subscriptions.get(chat.id, ())))) for chat in chats]
    return tuple((chat, found) for chat, found in listed if found or chat is own)


def _listed(chat: Chat, subscriptions: Collection[Subscription]) -> list[Listed]:
    return [
        Listed(chat=chat, subscription=subscription, zone=subscription.zone or chat.settings.timezone)
        for subscription in subscriptions
    ]
