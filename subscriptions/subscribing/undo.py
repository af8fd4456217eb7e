"""The log of a chat's changes, and undo.

Each use case that changes a chat first calls `record_change`, which stores the current subscriptions, settings and
pause, and the papers that are saved now. All calls in one transaction make one change. Undo takes back the newest one:
a removed subscription is restored with its old id, which buttons name, its number and its cursor. One that still exists
keeps its present cursor, so no paper is sent twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database import bot_state, columns
from subscriptions.database.store import Transaction
from subscriptions.model import Chat, ChatAddress, ChatState, PauseReason, Signal, Subscription, SubscriptionState
from subscriptions.outbox.stored import entries as outbox
from subscriptions.papers.stored import feedback as interests
from subscriptions.query.links import owned_by
from subscriptions.schedule import due_moments

# what people see of a subscription
_seen_of = attrgetter("text", "canonical", "name", "cadence", "zone", "state", "paused_until")


@dataclass(frozen=True, kw_only=True)
class State:
    """Subscriptions, chosen settings and pause of a chat at one moment, before a change."""

    subscriptions: Mapping[int, Subscription]  # number → subscription
    settings: Mapping[str, str]  # only values that the chat chose
    paused: bool = False  # a person paused the chat, see `is_paused_by_person`
    until: datetime | None = None
    saved: Sequence[int] = ()  # papers that the change saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a chat by a person: how its present state differs in what people see from the one before."""

    id: int
    who: str  # "ID NAME": the platform's id and the plain name of the person; "": unknown
    at: datetime
    before: State
    added: tuple[Subscription, ...] = ()
    removed: tuple[Subscription, ...] = ()
    changed: tuple[tuple[Subscription, Subscription], ...] = ()  # (earlier, later)
    settings: tuple[str, ...] = ()  # names of settings with another value
    pauses: bool = False  # it paused the chat, ended its pause, or moved its end
    saved: tuple[int, ...] = ()  # papers that are saved now

    @property
    def differs(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self.touches_deliveries or self.settings or self.saved)

    @property
    def touches_deliveries(self) -> bool:
        """Whether it is about subscriptions or a pause."""
        return bool(self.added or self.removed or self.changed or self.pauses)


def record_change(
    transaction: Transaction, chat_id: int, *, now: datetime, who: str = "", saved: Sequence[int] = ()
) -> None:
    """Store the state of a chat right before it is changed.

    Each use case that changes subscriptions or settings, or saves the papers `saved`, calls this in its own
    transaction. All calls in one transaction make one change. `who`: "ID NAME" of the person.
    """
    if chat_id not in transaction.begun_changes:
        state = replace(_state_of(transaction, chat_id), saved=saved)
        subscriptions = {number: one._asdict() for number, one in state.subscriptions.items()}
        before = columns.to_json({**vars(state), "subscriptions": subscriptions})
        change = stored_subscriptions.add_change(transaction, chat_id, before, who=who, at=now)
        transaction.begun_changes[chat_id] = change


def begin_change(transaction: Transaction, chat_id: int, *, now: datetime, who: str = "") -> None:
    """Like `record_change`, but for subscriptions or a pause: also adds the chat to `transaction.changed_chats`."""
    record_change(transaction, chat_id, now=now, who=who)
    transaction.changed_chats.add(chat_id)


def change_subscriptions(
    transaction: Transaction,
    before: Sequence[Subscription],
    after: Sequence[Subscription],
    *,
    now: datetime,
    who: str = "",
) -> tuple[Subscription, ...]:
    """Store changed subscriptions of a chat, and records a change if any differs. Return the stored subscriptions."""
    if tuple(before) != tuple(after):
        begin_change(transaction, before[0].chat_id, now=now, who=who)
    pairs = zip(before, after, strict=True)
    return tuple(stored_subscriptions.change_subscription(transaction, old, new) for old, new in pairs)


def save_papers(
    transaction: Transaction, chat: Chat, papers: Sequence[int], *, now: datetime, who: str = ""
) -> tuple[int, ...]:
    """Save papers for a chat, as the newest of its saved papers. Return those that were not saved before."""
    before = _saved_among(transaction, chat.id, papers)
    new = tuple(paper for paper in papers if paper not in before)
    if new:
        record_change(transaction, chat.id, now=now, who=who, saved=new)
    interests.note_signal(transaction, chat, papers, Signal.SAVED, now=now)
    return new


def _saved_among(transaction: Transaction, chat_id: int, papers: Sequence[int]) -> tuple[int, ...]:
    signals = interests.signals_of_papers(transaction, chat_id, papers)
    return tuple(paper for paper in papers if (paper, Signal.SAVED) in signals)


def _state_of(transaction: Transaction, chat_id: int) -> State:
    """Return the current state of a chat."""
    chat = stored_chats.chats_by_id(transaction, [chat_id])[chat_id]
    paused = is_paused_by_person(chat)
    return State(
        subscriptions={one.number: one for one in stored_subscriptions.subscriptions_in(transaction, chat_id)},
        settings=dict(chat.chosen),
        paused=paused,
        until=chat.paused_until if paused else None,
    )


def is_paused_by_person(chat: Chat) -> bool:
    """Whether this chat is paused because a person paused it."""
    return chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.PERSON


def last_change(transaction: Transaction, address: ChatAddress, *, now: datetime) -> Change | None:
    """Return the newest change of a chat that differs from its present state; None if there is none.

    Pauses that have ended since are over in the state before it, too.
    """
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        return None
    present = _state_of(transaction, chat.id)
    for kept in stored_subscriptions.changes_of(transaction, chat.id):
        before = _without_ended(columns.adapter_of(State).validate_python(kept.before), kept.at, now)
        change = Change(id=kept.id, who=kept.who, at=kept.at, before=before)
        if before.saved:  # such a change is only that, also if later ones are not kept any more
            change = replace(change, saved=_saved_among(transaction, chat.id, before.saved))
        else:
            change = _compared(change, chat.id, present)
        if change.differs:
            return change
    return None


def _without_ended(state: State, since: datetime, now: datetime) -> State:
    """Return a state of the moment `since` without the pauses that have ended from then to `now`."""

    def is_over(until: datetime | None) -> bool:
        return until is not None and since < until <= now

    subscriptions = {
        number: one._replace(state=SubscriptionState.ACTIVE, paused_until=None) if is_over(one.paused_until) else one
        for number, one in state.subscriptions.items()
    }
    if is_over(state.until):
        state = replace(state, paused=False, until=None)
    return replace(state, subscriptions=subscriptions)


def _compared(change: Change, chat_id: int, present: State) -> Change:
    """Return a change with what is different now in what people see. The chat may have moved since."""
    before, later = change.before, present.subscriptions
    earlier = {
        number: one._replace(chat_id=chat_id, canonical=owned_by(chat_id, one.canonical))
        for number, one in before.subscriptions.items()
    }
    both = [(earlier[number], later[number]) for number in sorted(earlier.keys() & later.keys())]
    names = sorted(before.settings.keys() | present.settings.keys())
    return replace(
        change,
        before=replace(before, subscriptions=earlier),
        added=tuple(later[number] for number in sorted(later.keys() - earlier.keys())),
        removed=tuple(earlier[number] for number in sorted(earlier.keys() - later.keys())),
        changed=tuple((old, new) for old, new in both if _seen_of(old) != _seen_of(new)),
        settings=tuple(name for name in names if before.settings.get(name) != present.settings.get(name)),
        pauses=(before.paused, before.until) != (present.paused, present.until),
    )


class Undone(NamedTuple):
    """A change that was taken back, and the chat before and after that."""

    change: Change
    before: Chat
    after: Chat


def undo(transaction: Transaction, address: ChatAddress, *, now: datetime) -> Undone | None:
    """Undo the newest change of this chat; None if there is none."""
    chat, change = stored_chats.find_chat(transaction, address), last_change(transaction, address, now=now)
    if chat is None or change is None:
        return None
    for name in change.settings:
        stored_chats.choose_setting(transaction, chat.id, name, change.before.settings.get(name))
    after = apply_new_clock(transaction, chat, now)
    _restore_subscriptions(transaction, after, change, now)
    if change.pauses:
        _restore_pause(transaction, chat, change, now)
    for paper in change.saved:
        interests.take_back(transaction, chat, paper, Signal.SAVED)
    stored_subscriptions.drop_changes_from(transaction, chat.id, change.id)
    transaction.begun_changes.pop(chat.id, None)
    if change.touches_deliveries:
        transaction.changed_chats.add(chat.id)
    return Undone(change, chat, stored_chats.chats_by_id(transaction, [chat.id])[chat.id])


def apply_new_clock(transaction: Transaction, before: Chat, now: datetime) -> Chat:
    """Adjust due moments after the zone or the quiet hours of a chat changed.

    Return the chat with its new settings.
    """
    after = stored_chats.chats_by_id(transaction, [before.id])[before.id]
    clocks = [(chat.settings.timezone, chat.settings.quiet) for chat in (before, after)]
    if clocks[0] != clocks[1]:
        _move_due(transaction, before, after, now)
    return after


def apply_new_zone(transaction: Transaction, *, now: datetime) -> None:
    """Adjust due moments of the chats in the operator's zone, if that has changed since the last start."""
    before = bot_state.get_value(transaction, bot_state.ZONE) or ""
    if before == transaction.zone:
        return
    bot_state.put_value(transaction, bot_state.ZONE, transaction.zone)
    for page in stored_chats.all_chats(transaction) if before else ():
        for chat in page:
            if "timezone" not in chat.chosen:
                was = chat._replace(settings=replace(chat.settings, timezone=before))
                _move_due(transaction, was, chat, now)


def _move_due(transaction: Transaction, before: Chat, after: Chat, now: datetime) -> None:
    for one in stored_subscriptions.subscriptions_in(transaction, before.id):
        stored_subscriptions.change_subscription(transaction, one, due_moments.by_new_clock(one, before, after, now))


def _restore_subscriptions(transaction: Transaction, chat: Chat, change: Change, now: datetime) -> None:
    """Restore subscriptions. First removes all that it restores, so that no two of them ever have the same query."""
    numbers = [one.number for one in (*change.added, *change.removed, *(new for _, new in change.changed))]
    there = stored_subscriptions.subscriptions_in(transaction, chat.id)
    stayed = {one.number: one for one in there if one.number in numbers}
    stored_subscriptions.remove_subscriptions(transaction, [one.id for one in stayed.values()])
    wanted = [change.before.subscriptions[number] for number in numbers if number in change.before.subscriptions]
    within = skip_within(transaction)
    restored = [_restored(one, stayed.get(one.number), chat, now, within) for one in wanted]
    stored_subscriptions.insert_subscriptions(transaction, restored)


def _restored(
    wanted: Subscription, stayed: Subscription | None, chat: Chat, now: datetime, within: timedelta
) -> Subscription:
    """Return the subscription to store when `wanted`, an old state of it, is restored.

    If the subscription still exists (`stayed`), it keeps its present cursor, and its present due moment if its time is
    the same. Otherwise its old due moment counts if that is in the future. `within`: how long papers wait to be skipped.
    """
    zone = due_moments.zone_of(wanted, chat)
    if stayed is not None:
        wanted = wanted._replace(cursor=stayed.cursor)
        if (stayed.cadence, due_moments.zone_of(stayed, chat)) == (wanted.cadence, zone):
            kept = due_moments.with_due(wanted, (stayed.next_due_at, stayed.latest_due_at))
            return kept if stayed.is_active else due_moments.after_return(kept, chat, now, delay=within)
    if wanted.cadence.kind == "now" or wanted.next_due_at is None or wanted.next_due_at <= now:
        return due_moments.with_due(wanted, due_moments.first_span(wanted.cadence, zone, now))
    return wanted


def _restore_pause(transaction: Transaction, chat: Chat, change: Change, now: datetime) -> None:
    """Pause or resumes the chat as before. A chat that is unreachable or waits for an operator stays as it is.

    A pause that is undone at once is as if it had not been: a window that was open in that moment still counts.
    """
    before = change.before
    if before.paused and (chat.is_active or is_paused_by_person(chat)):
        stored_chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=before.until)
    elif not before.paused and is_paused_by_person(chat):
        stored_chats.resume_chat(transaction, chat.id, now=now)
        if now - change.at > due_moments.ANSWER_WITHIN:
            delay(transaction, chat, now)


def skip_within(transaction: Transaction) -> timedelta:
    """Return how long papers wait for a person to skip them. Not at all in a process that could not send them then."""
    return timedelta(0) if transaction.store.ends_soon else due_moments.ANSWER_WITHIN


def delay(transaction: Transaction, chat: Chat, now: datetime) -> None:
    """Delay what a chat that gets messages again would be sent at once, so that a person can skip it."""
    within = skip_within(transaction)
    outbox.hold_planned(transaction, chat.id, now + within)
    for one in stored_subscriptions.subscriptions_in(transaction, chat.id):
        after = due_moments.after_return(one, chat, now, delay=within)
        stored_subscriptions.change_subscription(transaction, one, after)
