"""Undoes a change, or an undo.

Only what the change touched is restored, and only if nothing has touched it since. A removed subscription comes back
with its old cursor; one that is still there keeps its cursor, so nothing is sent twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from subscriptions import zones
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.service.subscriptions.changes import (
    KEPT,
    Change,
    Difference,
    State,
    before,
    difference,
    is_paused_by_person,
    is_undone,
    mark_undone,
    note_changed,
    note_changed_state,
    record_change,
    state_of,
    subscription_value,
    undoes,
)
from subscriptions.service.subscriptions.due_moments import FOLLOWED, apply_new_quiet_hours, apply_new_zone, due_span
from subscriptions.service.subscriptions.selection import find
from subscriptions.states import ChatState, PauseReason
from subscriptions.store import Scope, Transaction
from subscriptions.store.chat import chats
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.chat import undo as stored_undo

_Key = tuple[str, str | int]  # ("subscription", number), ("setting", name), ("pause", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The result of an undo."""

    again: int  # the id of this undo, which can be undone itself
    what: Difference  # how the chat differs from what it was just before
    before: Chat
    after: Chat


def last_change(store: Scope, address: ChatAddress) -> Change | None:
    """The newest change that is neither undone nor an undo; None: none is kept."""
    return next(
        (change for change in _log(store, address) if not change.undone and change.undoes is None and change.what), None
    )


def find_change(store: Scope, address: ChatAddress, change_id: int) -> Change | None:
    """A change of this chat, undone or not; None: it is not kept any more."""
    return next((change for change in _log(store, address) if change.id == change_id), None)


def _log(store: Scope, address: ChatAddress) -> Iterator[Change]:
    """The changes of a chat that are kept, the newest first."""
    with store.read() as transaction:
        chat = chats.find_chat(transaction, address, zone=store.zone)
        if chat is None:
            return
        log = stored_undo.changes_of(transaction, chat.id)
        now = state_of(transaction, chat.id)
    for place in range(len(log)):
        yield _change(log, place, now)


def undo(store: Scope, address: ChatAddress, change_id: int, *, now: datetime, who: str = "") -> Undone:
    """Undoes a change of this chat, or an undo. Raises NotFound, and Refused when it cannot be undone any more."""
    with store.write() as transaction:
        chat = find(transaction, address)
        chats.hold_chat(transaction, chat.id)
        log = stored_undo.changes_of(transaction, chat.id)
        place = next((place for place, kept in enumerate(log) if kept.id == change_id), None)
        if place is None:
            raise Refused(
                Sentence("That was too long ago to be undone."),
                Sentence("I keep the last {count} changes.", {"count": KEPT}),
            )
        if is_undone(log[place]):
            raise Refused(Sentence("That is undone already."))
        current = state_of(transaction, chat.id)
        wanted = _parts_to_restore(before(log[place]), _after(log, place, current), current)
        again = record_change(transaction, chat.id, now=now, who=who, undone_change=change_id)
        _restore(transaction, chat, wanted, current, now)
        mark_undone(transaction, chat.id, change_id, undone=True)
        taken_back = undoes(log[place])
        if taken_back is not None:
            mark_undone(transaction, chat.id, taken_back, undone=False)
        what = difference(current, state_of(transaction, chat.id))
        if what.added or what.removed or what.changed:
            note_changed(transaction, chat.id)
        elif what.paused is not None:
            note_changed_state(transaction, chat.id)
        return Undone(
            again=again,
            what=what,
            before=chat,
            after=find(transaction, address),
        )


def _after(log: Sequence[stored_undo.StoredChange], place: int, current: State) -> State:
    """What a chat was after a change: what it was before the next one."""
    return before(log[place - 1]) if place else current


def _change(log: Sequence[stored_undo.StoredChange], place: int, current: State) -> Change:
    kept = log[place]
    what = difference(before(kept), _after(log, place, current))
    return Change(id=kept.id, who=kept.who, at=kept.at, what=what, undone=is_undone(kept), undoes=undoes(kept))


def _parts_to_restore(earlier: State, after: State, current: State) -> dict[_Key, object]:
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


def _parts(state: State) -> dict[_Key, object]:
    parts: dict[_Key, object] = {
        ("subscription", number): subscription for number, subscription in state.subscriptions.items()
    }
    parts |= {("setting", name): value for name, value in state.settings.items()}
    parts["pause", ""] = (state.paused, state.until)
    return parts


def _value(part: object) -> object:
    return subscription_value(part) if isinstance(part, Subscription) else part


def _restore(
    transaction: Transaction, chat: Chat, wanted: Mapping[_Key, object], current: State, now: datetime
) -> None:
    settings = {str(name): value for (kind, name), value in wanted.items() if kind == "setting"}
    for name, value in settings.items():
        if value is None:
            chats.unchoose_setting(transaction, chat.id, name)
        else:
            chats.choose_setting(transaction, chat.id, name, str(value))
    zone = chats.chats_by_id(transaction, [chat.id], zone=chat.settings.timezone)[chat.id].settings.timezone
    if "timezone" in settings:
        apply_new_zone(transaction, chat, zone, now)
    subscriptions = {
        int(number): subscription for (kind, number), subscription in wanted.items() if kind == "subscription"
    }
    _restore_subscriptions(transaction, chat, subscriptions, current, zone=zone, now=now)
    if not FOLLOWED.isdisjoint(settings):
        apply_new_quiet_hours(transaction, chat, now)
    if ("pause", "") in wanted:
        _restore_pause(transaction, chat, wanted["pause", ""], now)


def _restore_subscriptions(
    transaction: Transaction,
    chat: Chat,
    subscriptions: Mapping[int, object],
    current: State,
    *,
    zone: str,
    now: datetime,
) -> None:
    """Restores subscriptions. All touched ones are removed first, so that no two have the same query in between."""
    there = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    stored_subscriptions.remove_subscriptions(transaction, [s.id for s in there if s.number in subscriptions])
    for number, subscription in subscriptions.items():
        if not isinstance(subscription, Subscription):
            continue
        stayed = current.subscriptions.get(number)
        cursor = subscription.cursor if stayed is None else stayed.cursor
        clock = chat.settings.timezone if stayed is None or stayed.zone is None else stayed.zone
        same_time = stayed is not None and (stayed.cadence, clock) == (subscription.cadence, subscription.zone or zone)
        due = stayed.next_due_at if stayed is not None and same_time else None
        stored_subscriptions.restore_subscription(
            transaction, subscription, cursor=cursor, due=_due(subscription, due, zone, now)
        )


def _due(
    subscription: Subscription, same: datetime | None, chat_zone: str, now: datetime
) -> stored_subscriptions.DueSpan:
    """The due span of a restored subscription: `same` if its time did not change, else its old or its next moment.

    `same` is the due moment now, None if the time changed. The old moment counts if it is still to come.
    """
    zone = zones.zone(subscription.zone or chat_zone)
    if subscription.cadence.kind == "now":
        return same, None  # a moment only while it is held back
    if same is not None:
        return due_span(subscription.cadence, zone, same)
    if subscription.next_due_at is not None and subscription.next_due_at > now:
        return due_span(subscription.cadence, zone, subscription.next_due_at)
    return due_span(subscription.cadence, zone, cadences.first_due(subscription.cadence, zone, now))


def _restore_pause(transaction: Transaction, chat: Chat, pause: object, now: datetime) -> None:
    """Restores a pause by a person. A chat that cannot be written to, or waits for an operator, stays so."""
    assert isinstance(pause, tuple)  # noqa: S101 - as `_parts` made it
    paused, until = pause
    if paused and chat.state is ChatState.ACTIVE:
        chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)
    elif not paused and is_paused_by_person(chat):
        chats.resume_chat(transaction, chat.id, now=now)
