"""Undoes a change of a chat, or an undo: which parts are restored, when it is too late, and when a later change forbids it.

An undo restores only the parts that the change touched, and only if no later change touched them. A removed subscription
is restored with its old cursor. A subscription that still exists keeps its present cursor, so no paper is sent twice. An
undo is a change, so it can be undone, too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from subscriptions import errors
from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning import forecast
from subscriptions.service import changes, listing, new_clock, signals
from subscriptions.states import PauseReason, Signal
from subscriptions.store import chat_changes, chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, reads, writes

_Key = tuple[str, str | int]  # ("subscription", number), ("setting", name), ("pause", ""), ("saved", paper) and so on


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The result of an undo."""

    again: int  # the id of this undo, by which it can be undone
    what: changes.Difference  # what the undo changed
    before: Chat
    after: Chat


def changes_to_undo(transaction: Transaction, address: ChatAddress) -> tuple[changes.Change, ...]:
    """Returns the stored changes that are not undone and no undos themselves, the newest first."""
    return tuple(one for one in _log(transaction, address) if not one.undone and not one.is_undo and one.what)


@reads
def last_change(transaction: Transaction, address: ChatAddress) -> changes.Change | None:
    """Returns the newest change that can be undone; None if there is none."""
    return next(iter(changes_to_undo(transaction, address)), None)


def last_removal(transaction: Transaction, address: ChatAddress) -> changes.Change | None:
    """Returns the newest change that can be undone and removed a subscription; None if there is none."""
    return next((one for one in changes_to_undo(transaction, address) if one.what.removed), None)


def changed_at(transaction: Transaction, address: ChatAddress) -> datetime | None:
    """Returns the moment of the newest stored change of a chat, which may be an undo; None if there is none."""
    return next((one.at for one in _log(transaction, address)), None)


def undos_in_a_row(transaction: Transaction, address: ChatAddress) -> int:
    """Returns how many of the newest changes of a chat are undos that are in effect."""
    return len(list(takewhile(lambda one: one.is_undo and not one.undone, _log(transaction, address))))


def find_change(transaction: Transaction, address: ChatAddress, change_id: int) -> changes.Change | None:
    """Returns a change of this chat, undone or not; None if it is no longer stored."""
    return next((change for change in _log(transaction, address) if change.id == change_id), None)


def _log(transaction: Transaction, address: ChatAddress) -> Iterator[changes.Change]:
    """Yields the stored changes of a chat, newest first."""
    chat = chats.find_chat(transaction, address)
    if chat is None:
        return
    log = chat_changes.changes_of(transaction, chat.id)
    now = changes.state_of(transaction, chat.id)
    for kept, earlier, after in _states(log, now):
        what = changes.difference(earlier, after)
        yield changes.Change(
            id=kept.id,
            who=kept.who,
            at=kept.at,
            what=what,
            undone=kept.before["undone"],
            undoes=kept.before["undoes"],
            does_more=kept.before.get("more", False),
        )


def _states(
    log: Iterable[chat_changes.StoredChange], current: changes.State
) -> Iterator[tuple[chat_changes.StoredChange, changes.State, changes.State]]:
    """Yields (change, state before it, state after it) for each change in `log`, which begins with the newest."""
    after = current
    for kept in log:
        earlier = changes.before(kept, after)
        yield kept, earlier, after
        after = earlier


@writes
def undo(transaction: Transaction, address: ChatAddress, change_id: int, *, now: datetime, who: str = "") -> Undone:
    """Undoes a change of this chat, which may be an undo. Raises NotFound, and Refused if it is too late to undo it."""
    chat = listing.get_chat(transaction, address)
    chats.hold_chat(transaction, chat.id)
    current = changes.state_of(transaction, chat.id)
    log = _states(chat_changes.changes_of(transaction, chat.id), current)
    found = next((entry for entry in log if entry[0].id == change_id), None)
    if found is None:
        raise errors.Refused(
            errors.Sentence("That was too long ago to be undone."),
            errors.Sentence("I keep the last {count} changes.", {"count": changes.KEPT}),
        )
    change, earlier, after = found
    if change.before["undone"]:
        raise errors.Refused(errors.Sentence("That is undone already."))
    wanted = _parts_to_restore(earlier, after, current)
    again = changes.record_change(transaction, chat.id, now=now, who=who, undone_change=change_id)
    _restore(transaction, chat, wanted, now)
    changes.mark_undone(transaction, chat, change_id)
    what = changes.difference(current, changes.state_of(transaction, chat.id))
    if what.added or what.removed or what.changed:
        transaction.changed_chats.add(chat.id)
    elif what.paused is not None:
        changes.note_changed_state(transaction, chat.id)
    return Undone(
        again=again,
        what=what,
        before=chat,
        after=listing.get_chat(transaction, address),
    )


def _parts_to_restore(earlier: changes.State, after: changes.State, current: changes.State) -> dict[_Key, object]:
    """Returns part -> old value for the parts to restore. Raises Refused if a newer change touched one of them."""
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


def _refuse_out_of_order() -> errors.Refused:
    return errors.Refused(
        errors.Sentence("A newer change depends on that one."),
        errors.Sentence("/undo takes back the newest change first."),
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
    if isinstance(part, datetime):  # the moment of a judgement, which makes no difference
        return True
    if isinstance(part, Subscription):
        return changes.subscription_value(part)
    return part


def _restore(transaction: Transaction, chat: Chat, wanted: Mapping[_Key, object], now: datetime) -> None:
    settings = {str(name): value for (kind, name), value in wanted.items() if kind == "setting"}
    for name, value in settings.items():
        chats.choose_setting(transaction, chat.id, name, None if value is None else str(value))
    after = new_clock.apply_new_clock(transaction, chat, now) if settings else chat
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
        signals.restore_signals(transaction, chat.id, judged)
    if ("pause", "") in wanted:
        _restore_pause(transaction, chat, wanted["pause", ""], now)


def _restore_subscriptions(
    transaction: Transaction, chat: Chat, subscriptions: Mapping[int, object], now: datetime
) -> None:
    """Restores subscriptions. First removes all that it restores, so that no two of them ever have the same query."""
    there = stored_subscriptions.subscriptions_in(transaction, chat.id)
    stayed = {one.number: one for one in there if one.number in subscriptions}
    stored_subscriptions.remove_subscriptions(transaction, [one.id for one in stayed.values()])
    wanted = [(number, one) for number, one in subscriptions.items() if isinstance(one, Subscription)]
    restored = [_restored(one, stayed.get(number), chat, now) for number, one in wanted]
    stored_subscriptions.add_subscriptions(transaction, restored)


def _restored(wanted: Subscription, stayed: Subscription | None, chat: Chat, now: datetime) -> Subscription:
    """Returns the subscription to store when `wanted`, an old state of it, is restored.

    If the subscription still exists (`stayed`), it keeps its present cursor, and its present due moment if its time is
    the same. Otherwise its old due moment counts if that is in the future.
    """
    zone, due = forecast.zone_of(wanted, chat), wanted.next_due_at
    if stayed is not None:
        wanted = wanted._replace(cursor=stayed.cursor)
    if stayed is not None and (stayed.cadence, forecast.zone_of(stayed, chat)) == (wanted.cadence, zone):
        due = stayed.next_due_at
    elif wanted.cadence.kind == "now":
        due = None  # a `now` subscription has a due moment only while quiet hours delay it
    elif due is None or due <= now:
        return forecast.with_due(wanted, forecast.first_span(wanted.cadence, zone, now))
    if wanted.cadence.kind == "now":
        return forecast.with_due(wanted, (due, None))
    return forecast.with_due(wanted, forecast.due_span(wanted.cadence, zone, due))


def _restore_pause(transaction: Transaction, chat: Chat, pause: object, now: datetime) -> None:
    """Pauses or resumes the chat as before. A chat that is unreachable or waits for an operator stays as it is."""
    assert isinstance(pause, tuple)  # noqa: S101 - as `_parts` made it
    paused, until = pause
    if paused and chat.is_active:
        chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)
    elif not paused and changes.is_paused_by_person(chat):
        chats.resume_chat(transaction, chat.id, now=now)
