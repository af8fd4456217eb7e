"""Undoes the newest change of a chat: what it restores, and which cursors stay.

A removed subscription is restored with its old id, which buttons name, its number and its cursor. A subscription that still
exists keeps its present cursor, so no paper is sent twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning import due_moments
from subscriptions.service import changes, listing, subscribing
from subscriptions.states import PauseReason
from subscriptions.store import stored_chats, stored_subscriptions
from subscriptions.store.database.store import Transaction, reads, writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The result of an undo."""

    what: changes.Difference  # what the undo changed
    who: str  # who had made the change, see `Change.who`
    before: Chat
    after: Chat


@reads
def last_change(transaction: Transaction, address: ChatAddress) -> changes.Change | None:
    """Returns the newest change of a chat that differs from its present state; None if there is none."""
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        return None
    now = changes.state_of(transaction, chat.id)
    for kept in stored_subscriptions.changes_of(transaction, chat.id):
        before = changes.before(kept)
        if what := changes.difference(before, now):
            return changes.Change(id=kept.id, who=kept.who, before=before, what=what)
    return None


@writes
def undo(transaction: Transaction, address: ChatAddress, *, now: datetime) -> Undone | None:
    """Undoes the newest change of this chat; None if there is none."""
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        return None
    change = last_change(transaction, address)
    if change is None:
        return None
    current = changes.state_of(transaction, chat.id)
    _restore(transaction, chat, change, now)
    stored_subscriptions.drop_changes_from(transaction, chat.id, change.id)
    transaction.begun_changes.pop(chat.id, None)
    what = changes.difference(current, changes.state_of(transaction, chat.id))
    if what.added or what.removed or what.changed:
        transaction.changed_chats.add(chat.id)
    elif what.paused is not None:
        changes.note_changed_state(transaction, chat.id)
    return Undone(what=what, who=change.who, before=chat, after=listing.get_chat(transaction, address))


def _restore(transaction: Transaction, chat: Chat, change: changes.Change, now: datetime) -> None:
    what, before = change.what, change.before
    for name in what.settings:
        stored_chats.choose_setting(transaction, chat.id, name, before.settings.get(name))
    after = subscribing.apply_new_clock(transaction, chat, now) if what.settings else chat
    numbers = [one.number for one in (*what.added, *what.removed, *(new for _, new in what.changed))]
    wanted = {number: before.subscriptions.get(number) for number in numbers}
    _restore_subscriptions(transaction, after, wanted, now)
    if what.paused is not None:
        _restore_pause(transaction, chat, before, now)


def _restore_subscriptions(
    transaction: Transaction, chat: Chat, wanted: Mapping[int, Subscription | None], now: datetime
) -> None:
    """Restores subscriptions. First removes all that it restores, so that no two of them ever have the same query."""
    there = stored_subscriptions.subscriptions_in(transaction, chat.id)
    stayed = {one.number: one for one in there if one.number in wanted}
    stored_subscriptions.remove_subscriptions(transaction, [one.id for one in stayed.values()])
    restored = [_restored(one, stayed.get(number), chat, now) for number, one in wanted.items() if one]
    stored_subscriptions.restore_subscriptions(transaction, restored)


def _restored(wanted: Subscription, stayed: Subscription | None, chat: Chat, now: datetime) -> Subscription:
    """Returns the subscription to store when `wanted`, an old state of it, is restored.

    If the subscription still exists (`stayed`), it keeps its present cursor, and its present due moment if its time is
    the same. Otherwise its old due moment counts if that is in the future.
    """
    zone, due = due_moments.zone_of(wanted, chat), wanted.next_due_at
    if stayed is not None:
        wanted = wanted._replace(cursor=stayed.cursor)
    if stayed is not None and (stayed.cadence, due_moments.zone_of(stayed, chat)) == (wanted.cadence, zone):
        due = stayed.next_due_at
    elif wanted.cadence.kind == "now":
        due = None  # a `now` subscription has a due moment only while quiet hours delay it
    elif due is None or due <= now:
        return due_moments.with_due(wanted, due_moments.first_span(wanted.cadence, zone, now))
    if wanted.cadence.kind == "now":
        return due_moments.with_due(wanted, (due, None))
    return due_moments.with_due(wanted, due_moments.due_span(wanted.cadence, zone, due))


def _restore_pause(transaction: Transaction, chat: Chat, before: changes.State, now: datetime) -> None:
    """Pauses or resumes the chat as before. A chat that is unreachable or waits for an operator stays as it is."""
    if before.paused and chat.is_active:
        stored_chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=before.until)
    elif not before.paused and changes.is_paused_by_person(chat):
        stored_chats.resume_chat(transaction, chat.id, now=now)
