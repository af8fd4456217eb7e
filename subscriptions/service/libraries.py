"""A chat's own library: papers that it has are not delivered, papers like them come first."""

from datetime import datetime

from subscriptions import errors
from subscriptions.matching.library import Library
from subscriptions.model import Chat
from subscriptions.store import libraries as stored_libraries
from subscriptions.store.database.store import Transaction, writes

NO_LIBRARY = errors.Sentence("There is no library here.")
HOW_TO_SEND = errors.Sentence(
    "Export yours as BibTeX, RIS or CSL JSON, and send me the file with /library as its caption."
)


@writes
def put_library(transaction: Transaction, chat: Chat, library: Library, *, now: datetime) -> None:
    """Replaces the library of a chat, to which its subscriptions with `like:library` are near from now on.

    If the vectors of its titles cannot be had now, they are made later.
    """
    stored_libraries.put_library(transaction, chat.id, library, now=now)


@writes
def drop_library(transaction: Transaction, chat: Chat) -> bool:
    """Removes the library of a chat. Returns whether it had a library."""
    return stored_libraries.drop_library(transaction, chat.id)
