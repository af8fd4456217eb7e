"""A subscription with a topic of its own in a private chat: what the topic is told, and that its move cannot be undone."""

from datetime import datetime

from subscriptions.model import Chat, Subscription
from subscriptions.notices import of_chats
from subscriptions.service.changes import note_changed_state
from subscriptions.service.notices import notify
from subscriptions.store import chats, moving
from subscriptions.store.database.store import Transaction, writes


@writes
def move_to_topic(
    transaction: Transaction, chat: Chat, subscription: Subscription, topic: str, *, now: datetime
) -> None:
    """Moves a subscription to a topic of its chat, or with "" as the topic out of it. Tells a topic what comes there.

    It is no change that can be undone: an undo would bring the subscription back while the topic has it, too.
    """
    chats.hold_lane(transaction, chat.address.lane)
    target = chats.add_beside(transaction, chat, topic, now=now)
    moving.move_subscription(transaction, chat.id, subscription.number, target.id)
    for one in (chat, target):
        note_changed_state(transaction, one.id)
    if topic:
        notify(
            transaction,
            target.address,
            of_chats.TopicBegins(event=topic, subscription=subscription.label),
            now=now,
        )
