"""Pause chats and topics that the bot cannot write to, and tell who can do something about it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import records as whole_chat
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database.store import Transaction
from subscriptions.model import Chat, ChatAddress, ChatKind, PauseReason
from subscriptions.outbox import notices
from subscriptions.outbox import notify as notifying
from subscriptions.outbox.notices import Notice


def pause_unreachable(
    transaction: Transaction,
    address: ChatAddress,
    detail: str,
    *,
    topic: bool,
    now: datetime,
    reason: PauseReason = PauseReason.GONE,
    by: str = "",
    until: datetime | None = None,
) -> None:
    """Pause all chats at an address, or only one topic if `topic`, because the bot cannot write there.

    Stores the reason, and the platform's sentence as `detail`. At most once a day, tells the owner of the chat, or the
    group of the topic. `by` is the person who caused the pause, and who is not told. `until`: when the bot may write
    again; None: it is not known.
    """
    if topic:
        _pause_topic(transaction, address, reason, detail, now)
        return
    here_and_topics = stored_chats.chats_in(transaction, address.lane)
    lost = [
        one
        for one in here_and_topics
        if stored_chats.mark_unreachable(transaction, one.id, reason, detail, now=now, until=until)
    ]
    if lost:
        chat = min(lost, key=lambda chat: chat.address)  # the group itself comes before its topics
        notifying.notify_owner(transaction, chat, notices.paused(chat.name, chat.address, reason), now=now, by=by)


def _pause_topic(
    transaction: Transaction, address: ChatAddress, reason: PauseReason, detail: str, now: datetime
) -> None:
    """Pause a topic, and notifies its group. What a deleted topic of a private chat has goes to the chat itself."""
    topic = stored_chats.find_chat(transaction, address)
    if topic is None or topic.address != address:  # its chat has its papers already
        return
    if address.topic and reason is PauseReason.TOPIC_DELETED and topic.kind is ChatKind.PRIVATE:
        _notify_group(transaction, topic, now, notices.topic_ended)
        chat = stored_chats.add_around(transaction, topic, now=now)
        whole_chat.topic_gone(transaction, topic, chat, now=now)
    elif stored_chats.mark_unreachable(transaction, topic.id, reason, detail, now=now):
        gone = reason is PauseReason.TOPIC_DELETED
        _notify_group(transaction, topic, now, partial(notices.topic_stopped, is_gone=gone))


def _notify_group(
    transaction: Transaction, topic: Chat, now: datetime, news: Callable[[ChatAddress, Sequence[str]], Notice]
) -> None:
    """Tell the chat of a topic, outside its topics, what happened to the topic with active subscriptions."""
    active = [s.label for s in stored_subscriptions.subscriptions_in(transaction, topic.id) if s.is_active]
    if active and topic.address.topic:
        general = stored_chats.add_around(transaction, topic, now=now)
        notifying.notify(transaction, general.address, news(topic.address, active), now=now)
