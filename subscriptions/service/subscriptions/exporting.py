"""Exports subscriptions as text, and looks up what was delivered."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from subscriptions.model import Chat, ChatAddress, KnownPaper
from subscriptions.portable import subscription_line
from subscriptions.service.subscriptions.selection import get_chat, kind_of
from subscriptions.store import Scope, Transaction, reads
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import deliveries
from subscriptions.store.papers import known_papers

AT_ONCE = 500  # chats that are read in one transaction


def export(store: Scope, address: ChatAddress | None) -> str:
    """The subscriptions of one chat as text, or with None those of all chats with their settings. Raises NotFound."""
    if address is None:
        return "".join(export_all(store))
    with store.read() as transaction:
        chat = get_chat(transaction, address)
        [subscriptions] = stored_subscriptions.subscriptions_of(transaction, [chat.id]).values()
        return _lines([subscription_line(chat, one) for one in subscriptions])


def export_all(store: Scope) -> Iterator[str]:
    """Yields the text of all chats, with their settings, in parts.

    Each part is read in its own transaction, so a slow reader of the text holds up nothing. Every chat is
    complete; what changes meanwhile in chats that were not read yet is in the text.
    """
    after: ChatAddress | None = None
    begun = False
    while True:
        with store.read() as transaction:
            page = stored_chats.chats_after(transaction, after, AT_ONCE, zone=store.zone)
            whole = list(filter(None, _whole(transaction, page)))
        if not page:
            return
        if whole:
            yield ("\n" if begun else "") + "\n".join(whole)
            begun = True
        after = page[-1].address


def _whole(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[str]:
    """Yields all lines that an import needs to make a chat again; "" for one without subscriptions and chosen settings."""
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    for chat in chats:
        settings = [f"set {name} {value}" for name, value in sorted(chat.chosen.items())]
        kind = (
            [] if chat.kind is kind_of(chat.address) else [f"set kind {chat.kind}"]
        )  # a channel's address looks like a group's
        lines = [subscription_line(chat, one) for one in subscriptions[chat.id]]
        yield _lines([f"[{chat.address}]", *kind, *settings, *lines]) if settings or lines else ""


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@reads
def delivered(transaction: Transaction, address: ChatAddress, *, since: datetime) -> tuple[KnownPaper, ...]:
    """The papers that messages of a chat showed at `since` or later, in the order in which they came. Raises NotFound."""
    chat = get_chat(transaction, address)
    ids = deliveries.shown_since(transaction, chat.id, since)
    known = known_papers.stored_papers(transaction, ids)
    return tuple(known[paper_id] for paper_id in ids)
