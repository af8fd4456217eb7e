"""Undoes a change, or an undo.

Only what the change touched is restored, and only if nothing has touched it since. A removed subscription comes back
with its old cursor; one that is still there keeps its cursor, so nothing is sent twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.service import changes, next_deliveries
from subscriptions.service.near_papers import restore_signals
from subscriptions.states import ChatState, PauseReason, Signal
from subscriptions.store import chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store import undo as stored_undo
from subscriptions.store.database.store import Scope, Transaction, writes

_Key = tuple[str, str | int]  # ("subscription", number), ("setting", name), ("pause", ""), ("saved", paper) and so on


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The result of an undo."""

    again: int  # the id of this undo, which can be undone itself
    what: changes.Difference  # how the chat differs from what it was just before
    before: Chat
    after: Chat


def last_change(store: Scope, address: ChatAddress) -> changes.Change | None:
    """The newest change that is neither undone nor an undo; None: none is kept."""
    return next(
        (change for change in _log(store, address) if not change.undone and change.undoes is None and change.what), None
    )


def find_change(store: Scope, address: ChatAddress, change_id: int) -> changes.Change | None:
    """A change of this chat, undone or not; None: it is not kept any more."""
    return next((change for change in _log(store, address) if change.id == change_id), None)


def _log(store: Scope, address: ChatAddress) -> Iterator[changes.Change]:
    """The changes of a chat that are kept, the newest first."""
    with store.read() as transaction:
        chat = chats.find_chat(transaction, address, zone=store.zone)
        if chat is None:
            return
        log = stored_undo.changes_of(transaction, chat.id)
        now = changes.state_of(transaction, chat.id)
    for kept, earlier, after in _states(log, now):
        what = changes.difference(earlier, after)
        yield changes.Change(
            id=kept.id, who=kept.who, at=kept.at, what=what, undone=changes.is_undone(kept), undoes=changes.undoes(kept)
        )


def _states(
    log: Iterable[stored_undo.StoredChange], current: changes.State
) -> Iterator[tuple[stored_undo.StoredChange, changes.State, changes.State]]:
    """Yields each change, the newest first, with the chat before it and after it."""
    after = current
    for kept in log:
        earlier = changes.before(kept, after)
        yield kept, earlier, after
        after = earlier


@writes
def undo(transaction: Transaction, address: ChatAddress, change_id: int, *, now: datetime, who: str = "") -> Undone:
    """Undoes a change of this chat, or an undo. Raises NotFound, and Refused when it cannot be undone any more."""
    chat = next_deliveries.get_chat(transaction, address)
    chats.hold_chat(transaction, chat.id)
    current = changes.state_of(transaction, chat.id)
    log = _states(stored_undo.changes_of(transaction, chat.id), current)
    found = next((entry for entry in log if entry[0].id == change_id), None)
    if found is None:
        raise Refused(
            Sentence("That was too long ago to be undone."),
            Sentence("I keep the last {count} changes.", {"count": changes.KEPT}),
        )
    change, earlier, after = found
    if changes.is_undone(change):
        raise Refused(Sentence("That is undone already."))
    wanted = _parts_to_restore(earlier, after, current)
    again = changes.record_change(transaction, chat.id, now=now, who=who, undone_change=change_id)
    _restore(transaction, chat, wanted, now)
    changes.mark_undone(transaction, chat, change_id)
    what = changes.difference(current, changes.state_of(transaction, chat.id))
    if what.added or what.removed or what.changed:
        changes.note_changed(transaction, chat.id)
    elif what.paused is not None:
        changes.note_changed_state(transaction, chat.id)
    return Undone(
        again=again,
        what=what,
        before=chat,
        after=next_deliveries.get_chat(transaction, address),
    )


def _parts_to_restore(earlier: changes.State, after: changes.State, current: changes.State) -> dict[_Key, object]:
    """The parts to restore, each with its old value. Raises Refused when a newer change is in the way."""
    old, new, is_now = _parts(earlier), _parts(after), _parts(current)
    touched = {key for key in old.keys() | new.keys() if _value(old.get(key)) != _value(new.get(key))}
    for key in touched:
        if _value(is_now.get(key)) not in (_value(new.get(key)), _value(old.get(key))):
            raise _refuse_out_of_order()
    wanted = {key: old.get(key) for key in touched}
    canonical = [
        subscription.canonical
        for subscription in ({**is_now, **wanted}).values()
        if isinstance(subscription, Subscription)
    ]
    if len(set(canonical)) < len(canonical):
        raise _refuse_out_of_order()
    return wanted


def _refuse_out_of_order() -> Refused:
    return Refused(
        Sentence("A newer change stands on that one."), Sentence("/undo takes back the newest change first.")
    )


def _parts(state: changes.State) -> dict[_Key, object]:
    parts: dict[_Key, object] = {
        ("subscription", number): subscription for number, subscription in state.subscriptions.items()
    }
    parts |= {("setting", name): value for name, value in state.settings.items()}
    parts |= {(kind, paper): at for (kind, paper), at in state.judged.items()}
    parts["pause", ""] = (state.paused, state.until)
    return parts


def _value(part: object) -> object:
    if isinstance(part, datetime):  # of a judgement: when does not matter
        return True
    return changes.subscription_value(part) if isinstance(part, Subscription) else part


def _restore(transaction: Transaction, chat: Chat, wanted: Mapping[_Key, object], now: datetime) -> None:
    settings = {str(name): value for (kind, name), value in wanted.items() if kind == "setting"}
    for name, value in settings.items():
        if value is None:
            chats.unchoose_setting(transaction, chat.id, name)
        else:
            chats.choose_setting(transaction, chat.id, name, str(value))
    after = next_deliveries.apply_new_clock(transaction, chat, now) if settings else chat
    subscriptions = {
        int(number): subscription for (kind, number), subscription in wanted.items() if kind == "subscription"
    }
    _restore_subscriptions(transaction, after, subscriptions, now)
    judged = {
        (Signal(kind), int(paper)): at if isinstance(at, datetime) else None
        for (kind, paper), at in wanted.items()
        if kind in changes.JUDGEMENTS
    }
    if judged:
        restore_signals(transaction, chat.id, judged)
    if ("pause", "") in wanted:
        _restore_pause(transaction, chat, wanted["pause", ""], now)


def _restore_subscriptions(
    transaction: Transaction, chat: Chat, subscriptions: Mapping[int, object], now: datetime
) -> None:
    """Restores subscriptions. All touched ones are removed first, so that no two have the same query in between."""
    there = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    stayed = {one.number: one for one in there if one.number in subscriptions}
    stored_subscriptions.remove_subscriptions(transaction, [one.id for one in stayed.values()])
    wanted = [(number, one) for number, one in subscriptions.items() if isinstance(one, Subscription)]
    restored = [_restored(one, stayed.get(number), chat, now) for number, one in wanted]
    stored_subscriptions.add_subscriptions(transaction, restored)


def _restored(wanted: Subscription, stayed: Subscription | None, chat: Chat, now: datetime) -> Subscription:
    """A subscription to restore. One that `stayed` keeps its cursor, and its due moment if its time did not change.

    Else the old moment counts if it is still to come.
    """
    zone, due = next_deliveries.zone_of(wanted, chat), wanted.next_due_at
    if stayed is not None:
        wanted = wanted._replace(cursor=stayed.cursor)
    if stayed is not None and (stayed.cadence, next_deliveries.zone_of(stayed, chat)) == (wanted.cadence, zone):
        due = stayed.next_due_at
    elif wanted.cadence.kind == "now":
        due = None  # a moment only while it is held back
    elif due is None or due <= now:
        return next_deliveries.with_due(wanted, next_deliveries.first_span(wanted.cadence, zone, now))
    return next_deliveries.with_due(
        wanted, (due, None) if wanted.cadence.kind == "now" else next_deliveries.due_span(wanted.cadence, zone, due)
    )


def _restore_pause(transaction: Transaction, chat: Chat, pause: object, now: datetime) -> None:
    """Restores a pause by a person. A chat that cannot be written to, or waits for an operator, stays so."""
    assert isinstance(pause, tuple)  # noqa: S101 - as `_parts` made it
    paused, until = pause
    if paused and chat.state is ChatState.ACTIVE:
        chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)
    elif not paused and changes.is_paused_by_person(chat):
        chats.resume_chat(transaction, chat.id, now=now)
