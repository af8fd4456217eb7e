"""Exports subscriptions as text that can be imported, with the settings if all chats are exported, and the papers that a chat got."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from subscriptions import portable
from subscriptions.model import Chat, ChatAddress, KnownPaper
from subscriptions.service import listing
from subscriptions.store import known_papers, stored_chats, stored_deliveries, stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, reads

AT_ONCE = 500  # chats that are read in one transaction


def export(store: Scope, address: ChatAddress | None) -> str:
    """Returns the subscriptions of a chat as text. For None, returns all chats with their settings. Raises NotFound."""
    if address is None:
        return "".join(export_all(store))
    with store.read() as transaction:
        chat, subscriptions = listing.get_subscribed(transaction, address)
        return _lines([portable.subscription_line(chat, one) for one in subscriptions])


def export_all(store: Scope) -> Iterator[str]:
    """Yields the text of all chats, with their settings, in parts.

    Each part is read in its own transaction, so a slow reader of the text delays no one. Each chat is complete. Changes
    during the export are included if their chats have not been read before.
    """
    after: ChatAddress | None = None
    begun = False
    while True:
        with store.read() as transaction:
            page = stored_chats.chats_after(transaction, after, AT_ONCE)
            whole = list(_whole(transaction, page))
        if not page:
            return
        if whole:
            yield ("\n" if begun else "") + "\n".join(whole)
            begun = True
        after = page[-1].address


def _whole(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[str]:
    """Yields, for each chat with subscriptions or chosen settings, the lines from which an import can restore it."""
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    for chat in chats:
        settings = [f"set {name} {value}" for name, value in sorted(chat.chosen.items())]
        # the address of a channel looks like that of a group, so the kind has to be written
        kind = [] if chat.kind is listing.kind_of(chat.address) else [f"set kind {chat.kind}"]
        lines = [portable.subscription_line(chat, one) for one in subscriptions[chat.id]]
        if settings or lines:
            yield _lines([f"[{chat.address}]", *kind, *settings, *lines])


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@reads
def delivered(transaction: Transaction, address: ChatAddress, *, since: datetime) -> tuple[KnownPaper, ...]:
    """Returns the papers that messages have shown to a chat from `since` on, in the order of sending. Raises NotFound."""
    chat = listing.get_chat(transaction, address)
    ids = [one.paper for one in stored_deliveries.shown_between(transaction, chat.id, since)]
    known = known_papers.stored_papers(transaction, ids)
    return tuple(known[paper_id] for paper_id in ids)
