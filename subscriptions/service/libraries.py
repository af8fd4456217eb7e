"""A chat's own library: one more thing that tells what it likes, and the papers that it has."""

from datetime import datetime

from subscriptions.model import Chat
from subscriptions.query.links import LIBRARY
from subscriptions.query.parse import parse_query, words_kept
from subscriptions.query.syntax import FIELDS
from subscriptions.ranking import Library
from subscriptions.service.changes import begin_change
from subscriptions.service.near_papers import learn, words_of_library
from subscriptions.store import libraries as stored_libraries
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, writes


@writes
def put_library(transaction: Transaction, chat: Chat, library: Library, *, now: datetime, who: str = "") -> None:
    """Stores the library of a chat in place of the one before, and gives its words to the subscription that asks for them."""
    stored_libraries.put_library(transaction, chat.id, library, now=now)
    learn(transaction, chat.id)
    for one in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]:
        kept = words_kept([one.canonical])
        if LIBRARY in kept and (words := words_of_library(transaction, chat.id)):
            fields = FIELDS.knowing(kept | {LIBRARY: words})
            query = parse_query(one.text, fields)
            begin_change(transaction, chat.id, now=now, who=who)
            stored_subscriptions.edit_query(transaction, one.id, text=one.text, canonical=query.canonical)


@writes
def drop_library(transaction: Transaction, chat: Chat) -> bool:
    """Removes the library of a chat; returns whether there was one."""
    is_gone = stored_libraries.drop_library(transaction, chat.id)
    learn(transaction, chat.id)
    return is_gone
