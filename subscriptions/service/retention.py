"""What is stored about whom, for how long, and what is erased (docs/architecture.md, rules 8, 10, 11)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from subscriptions.errors import Sentence, StoreError
from subscriptions.model import ChatAddress
from subscriptions.service import pausing
from subscriptions.service.access import HOUR
from subscriptions.service.changes import note_changed_state
from subscriptions.service.chat_status import FORGOTTEN
from subscriptions.service.next_deliveries import get_chat
from subscriptions.store import chat_data, chats, deliveries, key_value, moving, planner, platforms, retention
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.chat_data import json_text
from subscriptions.store.database.store import Scope, Store, Transaction, reads, writes

DELIVERIES = timedelta(days=30)  # with the texts of their messages; the chat and the paper stay
NOTICES = timedelta(days=90)
UPDATES = timedelta(days=7)
BUTTONS = timedelta(days=90)
STATES = timedelta(0)  # of conversations, after the moment until which each is needed
LOOKUPS = timedelta(days=1)
CHANGES = timedelta(days=90)
GONE_CHATS = timedelta(days=365)
UNANSWERED = timedelta(days=30)  # chats whose reader did not say yes
RECEIPTS = timedelta(days=90)
WARNINGS = timedelta(days=90)  # of digests
STEP = 200  # rows that one transaction of the clean-up handles at most (bench/room.py: how long)

_CleanUp = Callable[[Transaction, datetime, int], int]
_AGES: tuple[tuple[_CleanUp, timedelta], ...] = (
    (partial(retention.drop, "update", "at"), UPDATES),
    (partial(retention.drop, "callback", "at"), BUTTONS),
    (partial(retention.drop, "conversation_state", "until"), STATES),
    (partial(retention.drop, "page_message", "at"), DELIVERIES),
    (partial(retention.drop, "pending_lookup", "at"), LOOKUPS),
    (partial(retention.drop, "wrong_code", "at"), HOUR),
    (partial(retention.drop, "completed_installation", "at"), 2 * pausing.INSTALLED_WITHIN),
    (retention.drop_receipts, RECEIPTS),
    (partial(retention.drop, "undo", "at"), CHANGES),
    (retention.drop_warnings, WARNINGS),
    (retention.drop_notices, NOTICES),
    (retention.drop_texts_of_notices, DELIVERIES),
    (retention.reduce_deliveries, DELIVERIES),
)
COPY_RETRY = timedelta(hours=1)  # after a copy that failed
_DAY_BEGUN = "day-begun"  # a key: the day (UTC) on which the clean-up was begun last
_COPY_DUE = "copy-due"  # a key: the moment from which the daily copy is to be tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What a chat had before it was erased."""

    subscriptions: int
    papers: int  # that were delivered to it
    denied: bool = False  # an operator denied it, and a hash of its address stays


@writes
def claim_database(transaction: Transaction, platform: str, bot: str, *, new_bot: bool = False) -> None:
    """Stores which bot this database belongs to. Raises StoreError for another bot's token, unless `new_bot`."""
    known = platforms.claim_bot(transaction, platform, bot)
    if known != bot and not new_bot:
        raise _another_bot(platform)
    if known != bot:
        platforms.put(transaction, platform, bot=bot)


def belongs_to(store: Scope, platform: str, bot: str, *, new_bot: bool = False) -> bool:
    """Whether the database belongs to this bot. Raises StoreError if it belongs to another one, unless `new_bot`."""
    known = platforms.bots(store).get(platform)
    if known not in (None, bot) and not new_bot:
        raise _another_bot(platform)
    return known == bot


def _another_bot(platform: str) -> StoreError:
    return StoreError(
        Sentence("This database belongs to another {platform} bot.", {"platform": platform.capitalize()}),
        Sentence("Use that bot's token, or say `paperwire run --new-bot` to give the chats to this one."),
    )


def bot_name(store: Scope, platform: str, current: str = "") -> str:
    """The bot's name on a platform, which links to the bot need: `current`, else as stored last. Stores a new one."""
    with store.read() as transaction:
        known = platforms.bot_name(transaction, platform)
    if current and current != known:
        with store.write() as transaction:
            platforms.put(transaction, platform, bot_name=current)
    return current or known


def own_workspace(store: Scope, platform: str, team: str, *, now: datetime) -> None:
    """Drops the own workspace's id from addresses of chats that were added before the id was known."""
    with store.read() as transaction:
        known = chats.addresses_with_prefix(transaction, platform, f"{team}/")
    if known:
        with store.write() as transaction:
            for address in known:
                moving.chat_moved(
                    transaction, ChatAddress(platform, address), address.removeprefix(f"{team}/"), now=now
                )


@reads
def stored_chat_data(transaction: Transaction, address: ChatAddress) -> str:
    """Everything stored of this chat and of no other one, as JSON. Raises NotFound.

    Only a page of its rows is in memory beside the text.
    """
    return json_text(chat_data.chat_data(transaction, get_chat(transaction, address).id))


@reads
def is_just_stored(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Whether a chat was stored at `now`, and nothing else of it ever. Raises NotFound."""
    return chat_data.is_bare(transaction, get_chat(transaction, address).id, now)


@writes
def forget(transaction: Transaction, address: ChatAddress) -> Forgotten:
    """Erases a chat with its subscriptions, deliveries and outbox, and what names it elsewhere. Raises NotFound.

    That an operator denied it is remembered by a hash of its address.
    """
    chat = get_chat(transaction, address)
    note_changed_state(transaction, chat.id)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    papers = deliveries.delivered_count(transaction, chat.id)
    places = chat_data.erase(transaction, chat.id)
    transaction.info.setdefault(FORGOTTEN, set()).update(places)
    denied = bool(chats.denial_of(transaction, chat.address.lane))
    return Forgotten(subscriptions=len(subscriptions), papers=papers, denied=denied)


@writes
def claim_daily_work(transaction: Transaction, *, now: datetime) -> bool:
    """Whether the day's clean-up (by UTC) is still to be done; from then on it counts as done."""
    today = now.date().isoformat()
    begun = key_value.get_value(transaction, _DAY_BEGUN)
    return begun != today and key_value.swap_value(transaction, _DAY_BEGUN, begun, today)


@writes
def claim_copy(transaction: Transaction, *, now: datetime) -> bool:
    """Whether the day's copy (by UTC) is still to be made. If the caller does not call `copied`, it is due again an hour later."""
    due = key_value.get_value(transaction, _COPY_DUE)
    waits_until = datetime.fromisoformat(due) if due is not None else now
    if now < waits_until <= now + timedelta(days=1):  # else the clock was set back
        return False
    return key_value.swap_value(transaction, _COPY_DUE, due, (now + COPY_RETRY).isoformat())


@writes
def copied(transaction: Transaction, *, now: datetime) -> None:
    """The day's copy was made: the next one is due on the next day (UTC)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    key_value.put_value(transaction, _COPY_DUE, (midnight + timedelta(days=1)).isoformat())


def clean_up_steps(store: Store, *, now: datetime, papers: timedelta | None = None) -> Iterator[int]:
    """Deletes what was stored long enough; yields after each transaction how many rows it handled.

    Each transaction is short, so others get their turn in between. After a crash, or if the caller stops, the next call
    deletes the rest. `papers`: the age from which papers are reduced to what is needed to know them again; None: they
    are kept.
    """
    for clean, age in _AGES:
        yield from _steps(store, clean, now - age)
    yield from _steps(store, lambda transaction, _, most: planner.drop_changes(transaction, most), now)
    if papers is not None:
        yield from _steps(store, retention.prune_papers, now - papers)
    with store.read() as transaction:
        gone = _chats_to_erase(transaction, now)
    for chat_id in gone:
        with store.write() as transaction:
            if chat_id in _chats_to_erase(transaction, now):  # it may have come back meanwhile
                chat_data.erase(transaction, chat_id)
        yield 1
    with store.write() as transaction:
        pausing.forget_workspaces(transaction, now=now)


def _chats_to_erase(transaction: Transaction, now: datetime) -> list[int]:
    """Ids of the chats that have been gone for a year, or for thirty days not confirmed or without the app of their workspace."""
    lost = pausing.chats_of_lost_workspaces(transaction, now=now)
    unanswered = chats.unconfirmed_since(transaction, now - UNANSWERED)
    return list(dict.fromkeys((*chats.unreachable_since(transaction, now - GONE_CHATS), *unanswered, *lost)))


def _steps(store: Store, clean: _CleanUp, before: datetime) -> Iterator[int]:
    """Calls a step of the clean-up until nothing is left for it, each time in its own transaction."""
    while True:
        with store.write() as transaction:
            done = clean(transaction, before, STEP)
        yield done
        if done < STEP:
            return
