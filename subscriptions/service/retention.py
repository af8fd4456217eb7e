"""How long data is stored, and how it is erased (docs/architecture.md, rules 8, 10, 11).

This module also restores copies of the database (docs/operating.md, Copies). After a restore, deliveries that were due
before the loss count as sent.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from subscriptions import errors
from subscriptions.model import ChatAddress
from subscriptions.planning.receipts import Loss
from subscriptions.service import ingest, pausing
from subscriptions.service.access import HOUR, QUESTIONS, drop_questions
from subscriptions.service.changes import note_changed_state
from subscriptions.service.listing import get_chat
from subscriptions.service.plan import plan_due
from subscriptions.store import bot_state, chat_data, chats, deliveries, moving, planner, retention
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database import OWNER_ONLY, OWNER_ONLY_FOLDER, conflicts
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Scope, Store, Transaction
from subscriptions.store.known_papers import index_all
from subscriptions.store.outbox import count_as_sent

# deliveries with the texts of their messages; which papers a chat got is stored longer
DELIVERIES = timedelta(days=30)
NOTICES = timedelta(days=90)
UPDATES = timedelta(days=7)
BUTTONS = timedelta(days=90)
STATES = timedelta(0)  # states of conversations, after the moment until which they are needed
LOOKUPS = timedelta(days=1)
CHANGES = timedelta(days=90)
GONE_CHATS = timedelta(days=365)
UNANSWERED = timedelta(days=30)  # chats that were not confirmed
RECEIPTS = timedelta(days=90)
WARNINGS = timedelta(days=90)  # warnings about digests
STEP = 200  # rows that one transaction of the clean-up handles at most (bench/room.py measures how long it takes)

_CleanUp = Callable[[Transaction, datetime, int], int]
_AGES: tuple[tuple[_CleanUp, timedelta], ...] = (
    (partial(retention.drop, "update", "at"), UPDATES),
    (partial(retention.drop, "callback", "at"), BUTTONS),
    (partial(retention.drop, "conversation_state", "until"), STATES),
    (partial(retention.drop, "page_message", "at"), DELIVERIES),
    (partial(retention.drop, "pending_lookup", "at"), LOOKUPS),
    (partial(retention.drop, "wrong_code", "at"), HOUR),
    (partial(retention.drop, "completed_installation", "at"), 2 * pausing.INSTALLED_WITHIN),
    (partial(retention.drop, "model_day", "day"), CHANGES),
    (drop_questions, QUESTIONS),
    (retention.drop_receipts, RECEIPTS),
    (partial(retention.drop, "undo", "at"), CHANGES),
    (retention.drop_warnings, WARNINGS),
    (retention.drop_notices, NOTICES),
    (retention.reduce_deliveries, DELIVERIES),
)
COPY_RETRY = timedelta(hours=1)  # until the next attempt if a copy failed
_DAY_BEGUN = "day-begun"  # name of a stored value: the day (UTC) of the last clean-up
_COPY_DUE = "copy-due"  # name of a stored value: the moment of the next daily copy, or of its next attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What a chat had before it was erased."""

    subscriptions: int
    papers: int  # number of papers that were delivered to it
    denied: bool = False  # an operator denied it, so a hash of its address stays stored


@stored_store.writes
def claim_database(transaction: Transaction, bots: Mapping[str, str], *, new_bot: bool = False) -> None:
    """Stores to which bot this database belongs on each platform.

    Raises StoreError if it belongs to another bot there, unless `new_bot`.
    """
    for platform, bot in bots.items():
        known = bot_state.claim_bot(transaction, platform, bot)
        if known != bot and not new_bot:
            raise _another_bot(platform)
        if known != bot:
            bot_state.put_platform(transaction, platform, bot=bot)


def belongs_to(store: Scope, platform: str, bot: str, *, new_bot: bool = False) -> bool:
    """Whether the database belongs to this bot. Raises StoreError if it belongs to another bot, unless `new_bot`."""
    known = bot_state.bots(store).get(platform)
    if known not in (None, bot) and not new_bot:
        raise _another_bot(platform)
    return known == bot


def _another_bot(platform: str) -> errors.StoreError:
    return errors.StoreError(
        errors.Sentence("This database belongs to another {platform} bot.", {"platform": platform.capitalize()}),
        errors.Sentence("Use that bot's token, or say `paperwire run --new-bot` to give the chats to this one."),
    )


def bot_name(store: Scope, platform: str, current: str = "") -> str:
    """Returns the bot's name on a platform, for links to the bot: `current`, or the stored name if `current` is "".

    Stores `current` if it is new.
    """
    known = bot_state.bot_name(store, platform)
    if current and current != known:
        _store_name(store, platform, current)
    return current or known


@stored_store.writes
def _store_name(transaction: Transaction, platform: str, name: str) -> None:
    bot_state.put_platform(transaction, platform, bot_name=name)


def own_workspace(store: Scope, platform: str, team: str, *, now: datetime) -> None:
    """Removes the id of the bot's own workspace from addresses of chats.

    Chats that were added before the bot knew which workspace is its own have this id in their addresses.
    """
    prefix = f"{team}/"
    for address in chats.addresses_with_prefix(store, platform, prefix):
        moving.chat_moved(store, ChatAddress(platform, address), address.removeprefix(prefix), now=now)


@stored_store.reads
def stored_chat_data(transaction: Transaction, address: ChatAddress) -> str:
    """Returns all stored data of this chat as JSON. Raises NotFound.

    Besides the text, only one page of rows is in memory at a time.
    """
    return chat_data.json_text(chat_data.chat_data(transaction, get_chat(transaction, address).id))


@stored_store.writes
def forget(transaction: Transaction, address: ChatAddress) -> Forgotten:
    """Erases a chat, its subscriptions and deliveries, and everything that names it in other chats. Raises NotFound.

    If an operator denied the chat, a hash of its address stays stored.
    """
    chat = get_chat(transaction, address)
    note_changed_state(transaction, chat.id)
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    papers = deliveries.delivered_count(transaction, chat.id)
    chat_data.erase(transaction, chat.id)
    denied = bool(chats.denial_of(transaction, chat.address.lane))
    return Forgotten(subscriptions=len(subscriptions), papers=papers, denied=denied)


@stored_store.writes
def claim_daily_work(transaction: Transaction, *, now: datetime) -> bool:
    """Claims the clean-up of the day (UTC). Returns False if another process or an earlier call has claimed it."""
    today = now.date().isoformat()
    begun = bot_state.get_value(transaction, _DAY_BEGUN)
    return begun != today and bot_state.swap_value(transaction, _DAY_BEGUN, begun, today)


@stored_store.writes
def claim_copy(transaction: Transaction, *, now: datetime) -> bool:
    """Claims the copy of the day (UTC). Returns False if it is not due.

    Unless the caller then calls `copied`, the copy is due again an hour later.
    """
    due = bot_state.get_value(transaction, _COPY_DUE)
    waits_until = datetime.fromisoformat(due) if due is not None else now
    if now < waits_until <= now + timedelta(days=1):  # a later moment is ignored, since the clock was set back
        return False
    return bot_state.swap_value(transaction, _COPY_DUE, due, (now + COPY_RETRY).isoformat())


@stored_store.writes
def copied(transaction: Transaction, *, now: datetime) -> None:
    """Stores that the copy of the day was made. The next copy is due on the next day (UTC)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    bot_state.put_value(transaction, _COPY_DUE, (midnight + timedelta(days=1)).isoformat())


def clean_up_steps(store: Store, *, now: datetime, papers: timedelta | None = None) -> Iterator[int]:
    """Removes old data. After each transaction, yields the number of rows that it handled.

    Each transaction is short, so that others can write in between. After a crash, or if the caller stops, the next call
    removes the rest. Papers that are older than `papers` keep only what is needed to recognize them again;
    None: papers stay as they are.
    """
    for clean, age in _AGES:
        yield from _steps(store, clean, now - age)
    yield from _steps(store, lambda transaction, _, most: planner.drop_changes(transaction, most), now)
    if papers is not None:
        yield from _steps(store, retention.prune_papers, now - papers)
    for chat_id in _chats_to_erase(store, now):
        _erase_if_gone(store, chat_id, now)
        yield 1
    pausing.forget_workspaces(store, now=now)


@stored_store.writes
def _erase_if_gone(transaction: Transaction, chat_id: int, now: datetime) -> None:
    """Erases a chat, unless it has become reachable in the meantime."""
    if chat_id in _chats_to_erase(transaction, now):
        chat_data.erase(transaction, chat_id)


@stored_store.reads
def _chats_to_erase(transaction: Transaction, now: datetime) -> list[int]:
    """Returns the ids of the chats to erase.

    These are chats that were unreachable for a year, unconfirmed for thirty days, or in a workspace without the app for
    thirty days.
    """
    lost = pausing.chats_of_lost_workspaces(transaction, now=now)
    unanswered = chats.unconfirmed_since(transaction, now - UNANSWERED)
    return list(dict.fromkeys((*chats.unreachable_since(transaction, now - GONE_CHATS), *unanswered, *lost)))


def _steps(store: Store, clean: _CleanUp, before: datetime) -> Iterator[int]:
    """Calls a function of the clean-up, each time in its own transaction, until it finds nothing more to remove."""
    step = stored_store.writes(clean)
    while True:
        done = step(store, before, STEP)
        yield done
        if done < STEP:
            return


# ------------------------------------------------------------------------------------- restores copies of the database


BUSY_SECONDS = 10.0
_LOGS = ("-wal", "-shm", "-journal")  # suffixes of the other files of a SQLite database
_BESIDE = ("", *_LOGS)
_DAMAGED = "The copy {copy} is damaged."
_TAKE_ANOTHER = "Take an older copy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The result of a restore."""

    kept: Path | None  # where the replaced database is now; None: there was no database
    counted: int  # number of deliveries that count as sent from now on


def restore(store: Store, copy: Path, *, copies: Path, lost_at: datetime | None, now: datetime) -> Restored:
    """Replaces the database by a copy, completely or not at all. The caller must hold the sender lock.

    The copy must be undamaged, made by this or an older version, and belong to the same bot. The replaced database is
    kept in the folder `copies`. If `lost_at` is given, everything that was due until then counts as sent. Raises
    StoreError.
    """
    look_for_copy(copy)
    store.path.parent.mkdir(parents=True, exist_ok=True)
    prepared = store.path.with_name(f"{store.path.name}.restoring")
    try:
        _take(copy, prepared)
        candidate = Store(f"sqlite:///{prepared}", zone=store.zone)
        candidate.where = str(copy)  # so that errors name the copy
        try:
            _look_at(candidate, copy)
            candidate.open(now=now)
            _refuse_another_bot(candidate, store)
            counted = count_lost_as_sent(candidate, lost_at, now=now) if lost_at else 0
        finally:
            candidate.close()
        kept = _replace(store, prepared, copies, now)
    except errors.StoreError as error:
        error.exit_code = errors.StoreError.exit_code  # the problem is the copy, not wrong usage
        raise
    except (OSError, sqlite3.Error) as error:
        if "disk is full" in str(error) or (isinstance(error, OSError) and errors.is_disk_full(error)):
            raise errors.StoreError(*errors.disk_full(store.where)) from error
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise errors.StoreError(errors.Sentence("The copy cannot be put back: {why}.", {"why": why})) from error
    finally:
        for suffix in _BESIDE:
            prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    return Restored(kept=kept, counted=counted)


def count_lost_as_sent(store: Store, lost_at: datetime, *, now: datetime) -> int:
    """Plans everything that was due until `lost_at`, and marks it as sent. Returns the number of deliveries.

    `store` is a copy of the lost database. This function also stores the loss, so that papers that come again count as
    sent (docs/architecture.md, rule 13). The caller must hold the sender lock. After a crash, a second call does the
    rest.
    """
    with store.write() as transaction:
        noted = retention.last_loss(transaction)
        if noted is None or noted.lost_at != lost_at:
            loss = Loss(lost_at=lost_at, copied_at=retention.last_moment(transaction) or lost_at, restored_at=now)
            pausing.end_pauses(transaction, now=lost_at)
            ingest.note_loss(transaction, loss)
    plan_due(store, now=lost_at)
    with store.write() as transaction:
        ingest.count_known(transaction)
        return count_as_sent(transaction, lost_at + timedelta(microseconds=1), now=now)


def look_for_copy(copy: Path) -> None:
    """Raises StoreError if the copy is not a file."""
    if not copy.is_file():
        raise errors.StoreError(
            errors.Sentence("There is no file {copy}.", {"copy": copy}),
            errors.Sentence("paperwire backup FILE makes one."),
        )


def _take(copy: Path, prepared: Path) -> None:
    """Copies `copy` to `prepared`, because reading a database may change its file."""
    for suffix in _BESIDE:  # removes files of a restore that was killed
        prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    for suffix in ("", "-wal"):
        source, target = copy.with_name(copy.name + suffix), prepared.with_name(prepared.name + suffix)
        if source.is_file():
            target.touch(mode=OWNER_ONLY)
            shutil.copyfile(source, target)


def _look_at(candidate: Store, copy: Path) -> None:
    """Raises StoreError unless this is an undamaged database of paperwire."""
    try:
        with closing(sqlite3.connect(str(candidate.path))) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError:
        found = None
    if found != ("ok",):
        raise errors.StoreError(errors.Sentence(_DAMAGED, {"copy": copy}), errors.Sentence(_TAKE_ANOTHER))
    if not _is_ours(candidate):
        raise errors.StoreError(
            errors.Sentence("The file {copy} is not a copy of a paperwire database.", {"copy": copy})
        )


def _is_ours(candidate: Store) -> bool:
    try:
        return candidate.revision() is not None
    except errors.StoreError:  # the file has tables of another program
        return False


def _refuse_another_bot(candidate: Store, store: Store) -> None:
    try:
        ours = bot_state.bots(store) if store.revision() else {}
    except errors.StoreError:  # a damaged database belongs to no bot
        return
    for platform, bot in bot_state.bots(candidate).items():
        if ours.get(platform, bot) != bot:
            raise errors.StoreError(
                errors.Sentence(
                    "The copy belongs to another {platform} bot than this database.", {"platform": platform.title()}
                ),
                errors.Sentence("Name a database of its own in PAPERWIRE_DATABASE_URL to look into it."),
            )


def _replace(store: Store, prepared: Path, copies: Path, now: datetime) -> Path | None:
    """Replaces the database by the prepared file. Returns the path of the replaced database; None if there was none."""
    if not store.path.exists():
        _drop_logs(store.path)  # SQLite would apply these files of the lost database to the copy
        prepared.replace(store.path)
        return None
    kept = copies / f"replaced-{now:%Y%m%dT%H%M%SZ}.db"
    try:
        store.backup(kept)
    except errors.StoreError:  # the database cannot be read as a database, so its files are copied
        store.close()
        copies.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        for suffix in _BESIDE:
            part, moved = store.path.with_name(store.path.name + suffix), kept.with_name(kept.name + suffix)
            if part.exists():
                moved.touch(mode=OWNER_ONLY)
                shutil.copyfile(part, moved)
        _drop_logs(store.path)
        prepared.replace(store.path)  # the last step, so that there is a database at any moment
        return kept
    # SQLite replaces the content in one transaction. Other processes see either the old or the new content, and the file
    # is never missing.
    with (
        closing(sqlite3.connect(prepared)) as source,
        closing(sqlite3.connect(store.path, timeout=BUSY_SECONDS)) as target,
    ):
        source.backup(target)
    return kept


def _drop_logs(database: Path) -> None:
    for suffix in _LOGS:
        database.with_name(database.name + suffix).unlink(missing_ok=True)


# --------------------------------------------------------------------------- copies a whole database into an empty one

# For example to move from SQLite to PostgreSQL, or back.


def copy_database(source: Store, target: Store) -> int:
    """Copies all rows, including open deliveries, completely or not at all. Returns the number of rows.

    The caller must hold the sender locks of both databases, and both must have the newest schema. If the process of the
    source was killed while it sent messages, they are recovered in the target, as after any crash. Raises StoreError,
    and Refused if the target has rows.
    """
    with source.read() as old, target.write() as new:
        if conflicts.holds_rows(new):
            raise errors.Refused(
                errors.Sentence(
                    "The database {where} is not empty, so nothing is copied into it.", {"where": target.where}
                ),
                errors.Sentence("Name a new one."),
            )
        copied = conflicts.copy_rows(old, new)
        if conflicts.count_rows(new) != copied:
            raise errors.StoreError(
                errors.Sentence("The copy in {where} is not whole, and is taken back.", {"where": target.where})
            )
        index_all(new)
        conflicts.gather_statistics(new)
    return sum(copied.values())
