"""How long data is stored and how it is erased, when the daily clean-up and copy are due (rules 8, 10)."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from subscriptions.chats.known import get_chat
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import records as whole_chat
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database import bot_state
from subscriptions.database.store import Store, Transaction
from subscriptions.maintenance.stored import cleanup as old_rows
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.papers.stored import llm_requests as model_requests
from subscriptions.subscribing.access import QUESTIONS, drop_questions

# deliveries with the texts of their messages; which papers a chat got is stored longer
DELIVERIES = timedelta(days=30)
NOTICES = timedelta(days=90)
UPDATES = timedelta(days=2)
CHANGES = timedelta(days=90)
GONE_CHATS = timedelta(days=365)
UNANSWERED = timedelta(days=30)  # chats that were not confirmed
TALKED = timedelta(days=30)  # chats that have nothing but words
STEP = 200  # rows that one transaction of the clean-up handles at most
CHATS = 10  # chats that one transaction of the clean-up erases at most

_CleanUp = Callable[[Transaction, datetime, int], int]
_AGES: tuple[tuple[_CleanUp, timedelta], ...] = (
    (partial(old_rows.drop, "update", "at"), UPDATES),
    (partial(old_rows.drop, "callback", "until"), timedelta(0)),
    (partial(old_rows.drop, "page_message", "at"), DELIVERIES),
    (model_requests.drop_readings, CHANGES),
    (drop_questions, QUESTIONS),
    (partial(old_rows.drop, "undo", "at"), CHANGES),
    (old_rows.drop_notices, NOTICES),
    (old_rows.empty_notices, DELIVERIES),
    (old_rows.reduce_deliveries, DELIVERIES),
)
_ERASED = ((whole_chat.unreachable, GONE_CHATS), (whole_chat.unconfirmed, UNANSWERED), (whole_chat.only_talked, TALKED))
CLEAN_UP, COPY = bot_state.WORK_FAILS  # daily work
RETRY = timedelta(hours=1)  # until the next attempt if daily work failed


def stored_chat_data(transaction: Transaction, address: ChatAddress) -> str:
    """Return all stored data of this chat as JSON. Raise NotFound."""
    data = whole_chat.chat_data(transaction, get_chat(transaction, address).id)
    return json.dumps(data, ensure_ascii=False, indent=2, default=str)


def erased_together(transaction: Transaction, address: ChatAddress) -> list[Chat]:
    """Return the chats that are erased at once: a private chat with its topics, any other chat alone.

    Raise NotFound.
    """
    chat = get_chat(transaction, address)
    if chat.kind is not ChatKind.PRIVATE or address.topic:
        return [chat]
    return stored_chats.chats_in(transaction, chat.address.lane)


def forget(transaction: Transaction, address: ChatAddress) -> tuple[int, int]:
    """Erase a chat, its subscriptions and deliveries, and everything that names it in other chats. Raise NotFound.

    Return (how many subscriptions it had, how many papers were delivered to it).
    """
    subscriptions, papers = 0, 0
    for chat in erased_together(transaction, address):
        subscriptions += len(stored_subscriptions.subscriptions_in(transaction, chat.id))
        papers += stored_deliveries.delivered_count(transaction, chat.id)
        whole_chat.erase(transaction, chat.id)
    return subscriptions, papers


def claim(transaction: Transaction, work: str, *, now: datetime, until: datetime | None = None) -> bool:
    """Claim daily work, such as CLEAN_UP or COPY. Return False if it is not due.

    It is due again at `until`; without it, an hour later unless the caller then calls `done`.
    """
    due = bot_state.get_moment(transaction, _due(work)) or now
    if now < due <= now + timedelta(days=1):  # a later moment is ignored, since the clock was set back
        return False
    bot_state.put_value(transaction, _due(work), (until or now + RETRY).isoformat())
    return True


def done(transaction: Transaction, work: str, *, now: datetime) -> None:
    """Store that daily work was done. It is due again on the next day (UTC)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    bot_state.put_value(transaction, _due(work), (midnight + timedelta(days=1)).isoformat())
    bot_state.note_fails(transaction, bot_state.WORK_FAILS[work], None)


def _due(work: str) -> str:
    """Return the name of the stored moment at which daily work is due."""
    return f"{work}-due"


def clean_up_steps(store: Store, *, now: datetime) -> Iterator[int]:
    """Remove old data. After each transaction, yields the number of rows that it handled.

    Each transaction is short, so that others can write in between. After a crash, or if the caller stops, the next call
    removes the rest.
    """
    for clean, age in _AGES:
        yield from _steps(store, clean, now - age, STEP)
    for which, age in _ERASED:
        yield from _steps(store, partial(whole_chat.erase_old, which), now - age, CHATS)


def _steps(store: Store, clean: _CleanUp, before: datetime, most: int) -> Iterator[int]:
    """Call a function of the clean-up, each time in its own transaction, until it finds nothing more to remove."""
    while True:
        done = store.write_now(clean, before, most)
        yield done
        if done < most:
            return
