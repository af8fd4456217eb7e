"""The tastes of chats, as they were computed last."""

from collections.abc import Sequence

from subscriptions.matching.profiles import Profile
from subscriptions.store import meanings
from subscriptions.store.conversation_rows import TasteRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, rows_of
from subscriptions.store.rows import TABLES

_tastes = TABLES.tables["taste"]
_ABOUT = "about:"  # begins the name of a taste's meaning, beside its words; no word has a colon


def put_taste(transaction: Transaction, chat_id: int, taste: Profile) -> None:
    """Stores the taste of a chat. An empty taste is removed. Its meaning is stored with the name of the encoder."""
    if taste:
        known = {_ABOUT + meanings.encoder(transaction): taste.meaning.hex()} if taste.meaning else {}
        conflicts.put(transaction, TasteRow(chat=chat_id, words={**taste.weights, **known}))
    else:
        transaction.remove(TasteRow, chat=chat_id)


def tastes(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, Profile]:
    """Returns chat id → taste. Chats without a taste are left out; so is a meaning by another encoder than the store's."""
    about = _ABOUT + meanings.encoder(transaction)
    found = {row.chat: row.words for row in rows_of(transaction, _tastes, _tastes.c.chat, chat_ids)}
    return {
        chat: Profile(
            {word: weight for word, weight in words.items() if not word.startswith(_ABOUT)},
            bytes.fromhex(words.get(about, "")),
        )
        for chat, words in found.items()
    }
