"""What is stored, for how long and of whom; what is erased (docs/architecture.md, rules 8, 10, 11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from subscriptions.errors import Sentence, StoreError
from subscriptions.model import ChatAddress
from subscriptions.service.chats.conversation_state import FORGOTTEN
from subscriptions.service.chats.workspaces import forget_workspaces
from subscriptions.service.subscriptions.changes import note_changed_state
from subscriptions.service.subscriptions.selection import find
from subscriptions.store import Scope, callbacks, key_value, sources, updates
from subscriptions.store.chat import chat_data, chats, denials, moving
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import deliveries, entries

PAYLOADS = timedelta(days=30)
UPDATES = timedelta(days=7)
BUTTONS = timedelta(days=90)
GONE_CHATS = timedelta(days=365)
RECEIPTS = timedelta(days=90)
_DAY_BEGUN = "day-begun"  # a key: the day (UTC) on which the daily work was begun last


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What a chat had before it was erased."""

    subscriptions: int
    papers: int  # that were delivered to it
    denied: bool = False  # an operator denied it, and a hash of its address stays


def claim_database(store: Scope, platform: str, bot: str, *, new_bot: bool = False) -> None:
    """Stores which bot this database belongs to. Raises StoreError for another bot's token, unless `new_bot`."""
    with store.write() as transaction:
        key_value.swap_value(transaction, f"bot:{platform}", None, bot)
        known = key_value.get_value(transaction, f"bot:{platform}")
        if known is not None and known != bot and not new_bot:
            raise StoreError(
                Sentence("This database belongs to another {platform} bot.", {"platform": platform.capitalize()}),
                Sentence("Use that bot's token, or say `paperwire run --new-bot` to give the chats to this one."),
            )
        if known != bot:
            key_value.put_value(transaction, f"bot:{platform}", bot)


def bot_name(store: Scope, platform: str, current: str = "") -> str:
    """The bot's name on a platform, which links to the bot need: `current`, else as stored last. Stores a new one."""
    with store.read() as transaction:
        known = key_value.get_value(transaction, f"name:{platform}") or ""
    if current and current != known:
        with store.write() as transaction:
            key_value.put_value(transaction, f"name:{platform}", current)
    return current or known


def own_workspace(store: Scope, platform: str, team: str, *, now: datetime) -> None:
    """Drops the own workspace's id from addresses of chats that were added before the id was known."""
    with store.read() as transaction:
        known = chats.addresses_with_prefix(transaction, platform, f"{team}/")
    if known:
        with store.write() as transaction:
            for address in known:
                moving.move_address(transaction, platform, address, address.removeprefix(f"{team}/"), now=now)


def owners(store: Scope) -> dict[str, str]:
    """Platform -> the bot that this database belongs to."""
    with store.read() as transaction:
        return key_value.values_with_prefix(transaction, "bot:")


def stored_chat_data(store: Scope, address: ChatAddress) -> dict[str, Any]:
    """All that is stored of a chat and of nobody else, as JSON values. Raises NotFound."""
    with store.read() as transaction:
        return chat_data.chat_data(transaction, find(transaction, address).id)


def forget(store: Scope, address: ChatAddress) -> Forgotten:
    """Erases a chat with its subscriptions, deliveries and outbox, and what names it elsewhere. Raises NotFound.

    That an operator denied it is remembered by a hash of its address.
    """
    with store.write() as transaction:
        chat = find(transaction, address)
        note_changed_state(transaction, chat.id)
        subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
        papers = deliveries.delivered_count(transaction, chat.id)
        places = chat_data.erase(transaction, chat.id)
        transaction.info.setdefault(FORGOTTEN, set()).update(places)
        denied = bool(denials.denial_of(transaction, chat.address.lane))
    return Forgotten(subscriptions=len(subscriptions), papers=papers, denied=denied)


def claim_daily_work(store: Scope, *, now: datetime) -> bool:
    """Whether the daily work (clean-up and backup, by UTC) is still to be done; from then on it counts as done."""
    today = now.date().isoformat()
    with store.write() as transaction:
        begun = key_value.get_value(transaction, _DAY_BEGUN)
        return begun != today and key_value.swap_value(transaction, _DAY_BEGUN, begun, today)


def clean_up(store: Scope, *, now: datetime) -> None:
    """Deletes what was stored long enough."""
    with store.write() as transaction:
        entries.drop_payloads(transaction, now - PAYLOADS)
        updates.drop_updates(transaction, now - UPDATES)
        callbacks.drop_callbacks(transaction, now - BUTTONS)
        forget_workspaces(transaction, now=now)
        sources.drop_receipts(transaction, now - RECEIPTS)
        for chat_id in chats.unreachable_since(transaction, now - GONE_CHATS):
            chat_data.erase(transaction, chat_id)
