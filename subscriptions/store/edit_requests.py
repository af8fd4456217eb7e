"""Requests edits of sent messages, because papers were withdrawn, or got a summary while the message was not too old for that."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import or_

from subscriptions.chat_settings import language
from subscriptions.model import DeliveryKind
from subscriptions.store.database.store import Transaction, execute, grouped, in_chunks
from subscriptions.store.deliveries import SHOWN_IN_MESSAGE
from subscriptions.store.rows import MessageRow, tables
from subscriptions.store.wakeups import wake_chats

_chats, _messages, _items = tables("chat", "message", "delivery_item")
_c, _m, _i = _chats.c, _messages.c, _items.c
SUMMARY_EDITS_FOR = timedelta(hours=48)  # messages up to this age are edited because of new summaries


def request_edits_of_withdrawn(transaction: Transaction, papers: Iterable[int], *, now: datetime) -> None:
    """Requests edits of all messages that show one of these papers, because the papers were withdrawn."""
    for part in in_chunks(sorted(papers)):
        _request(transaction, part, [], now)


def request_edits_for_summaries(
    transaction: Transaction, papers: Mapping[int, Iterable[str]], *, now: datetime
) -> None:
    """Requests edits of the messages of the last 48 hours that show one of these papers.

    `papers`: id → languages of its new summaries. Only messages in chats that read one of these languages are edited.
    """
    by_language = grouped((spoken, paper) for paper, codes in papers.items() for spoken in set(map(language, codes)))
    recent = or_(_m.sent_at.is_(None), _m.sent_at > now - SUMMARY_EDITS_FOR)
    for code, ids in by_language.items():
        chosen = sa.func.coalesce(_c.settings["lang"].as_string(), _c.lang)
        reads = chosen.in_(["", "en"]) if code == "en" else chosen == code
        for part in in_chunks(ids):
            _request(transaction, part, [recent, reads], now)


def _request(
    transaction: Transaction, papers: Sequence[int], conditions: list[sa.ColumnElement[bool]], now: datetime
) -> None:
    shown = (
        sa.select(_i.delivery, _i.message, _i.chat)
        .join(_chats, _c.id == _i.chat)
        .join(_messages, SHOWN_IN_MESSAGE)
        .where(_i.paper.in_(papers), _i.shown.is_(True), *conditions)
        .distinct()
    )
    chats: dict[int, DeliveryKind] = {}
    for seq, number, chat in execute(transaction, shown).all():
        chats[chat] = DeliveryKind.BULLETIN  # a low priority, since no person waits for an edit
        message = sa.update(MessageRow).filter_by(delivery=seq, number=number)
        transaction.exec(message.values(edit_requested_at=now))
    wake_chats(transaction, chats)
