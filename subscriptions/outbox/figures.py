"""Figures of the outbox: the state of the bot and of a chat, and the papers that a chat has yet to get."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from subscriptions.chats.known import get_subscribed
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.outbox.stored import entries as outbox
from subscriptions.outbox.stored.entries import OutboxCounts, outbox_counts
from subscriptions.papers.search import find
from subscriptions.papers.stored.words import Among
from subscriptions.query import parse
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.forecast import NextDelivery
from subscriptions.sources.stored import KnownSource


def undelivered(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, upto: int
) -> dict[int, list[int]]:
    """Return subscription id → ids of the papers up to `upto` that it has yet to deliver, newest first."""
    crosslists = chat.settings.crosslists != "out"
    found: dict[int, Sequence[int]] = {}
    for one in subscriptions:
        among = Among(after=one.cursor, last_sequence=upto, crosslists=crosslists)
        query = parse.parse_canonical(one.canonical)
        found[one.id] = find(transaction, query, among, whole=True).papers
    delivered = stored_deliveries.delivered(transaction, [chat.id], set().union(*found.values()))[chat.id]
    return {number: [paper for paper in papers if paper not in delivered] for number, papers in found.items()}


def chat_of_thread(transaction: Transaction, address: ChatAddress) -> ChatAddress:
    """Return the address of the chat to which messages in a thread belong.

    A thread under a delivery of the bot belongs to the channel: returns the address without the thread. If the thread
    is a separate chat, or if people began it, returns the address of the thread.
    """
    place = ChatAddress(address.platform, address.address)
    if not address.topic or stored_chats.find_chat(transaction, address) is not None:
        return address
    chat = stored_chats.find_chat(transaction, place)
    ours = chat is not None and outbox.was_posted(transaction, chat.id, address.topic)
    return place if ours else address


class Figures(NamedTuple):
    """Figures of the whole bot at one moment."""

    at: datetime
    outbox: OutboxCounts
    stopped: Mapping[str, str]  # platform -> why it is stopped until a person decides
    sources: tuple[KnownSource, ...]  # the sources that the settings declare


def figures(transaction: Transaction, *, now: datetime) -> Figures:
    """Return the figures of the whole bot. Raise StoreError."""
    known = stored_sources.known_sources(transaction)
    return Figures(
        at=now,
        outbox=outbox_counts(transaction),
        stopped=bot_state.stopped_platforms(transaction),
        sources=tuple(one for one in known if one.declared),
    )


class Status(NamedTuple):
    """The state of one chat."""

    chat: Chat
    subscriptions: int
    next_delivery: NextDelivery  # the earliest next delivery of the chat's subscriptions
    outbox: OutboxCounts


def status(transaction: Transaction, address: ChatAddress, *, now: datetime) -> Status:
    """Return the state of a chat. Raise NotFound."""
    chat, found = get_subscribed(transaction, address)
    next_delivery = stored_sources.forecast(transaction, now=now).next_of(chat, found)
    outbox = outbox_counts(transaction, chat.id)
    return Status(chat=chat, subscriptions=len(found), next_delivery=next_delivery, outbox=outbox)
