"""Reads what a feed contains: the papers that a chat was sent, and how many of the newest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from subscriptions.model import Chat, KnownPaper
from subscriptions.store import known_papers, stored_chats, stored_deliveries
from subscriptions.store.database.store import Transaction, reads

MOST = 100  # papers in a feed


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPapers:
    """The newest papers that a chat was sent."""

    chat: Chat
    begun: datetime  # when the chat got the key of its feed
    papers: Sequence[tuple[KnownPaper, datetime]]  # with the moment when each was sent, newest delivery first


@reads
def sent_papers(transaction: Transaction, key: str) -> SentPapers | None:
    """Returns the papers of the chat whose feed has this key; None for any other text."""
    chat = stored_chats.chat_of_key(transaction, key)
    if chat is None or (begun := stored_chats.key_made_at(transaction, chat.id)) is None:
        return None
    shown = stored_deliveries.newest_shown(transaction, chat.id, MOST)
    known = known_papers.stored_papers(transaction, [paper for paper, _ in shown])
    return SentPapers(chat=chat, begun=begun, papers=[(known[paper], at) for paper, at in shown])
