"""The log of a chat's changes that can be undone, with what the chat was before each.

Every use case that changes a chat calls `record_change` first, which stores the subscriptions, the settings and what papers the
chat judged, as they are. All calls in one transaction make one change. The newest five changes that can be undone are kept;
judgements between them do not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from subscriptions.model import Chat, Subscription
from subscriptions.planning.cadence import cadence_text, parse_cadence
from subscriptions.states import ChatState, PauseReason, Signal, SubscriptionPauseReason, SubscriptionState
from subscriptions.store import chats, signals, undo
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction

KEPT = 5  # changes that can be undone
LOGGED = 20  # changes kept in all, with undone ones, undos and judgements
JUDGEMENTS = (Signal.SAVED, Signal.LIKED, Signal.DISLIKED)  # what people do with a paper so that it stays so

Judgement = tuple[Signal, int]  # with the id of the paper


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Subscriptions, chosen settings, judgements and pause of a chat at one moment."""

    address: str  # of the chat, without platform and topic
    subscriptions: Mapping[int, Subscription]  # by number
    settings: Mapping[str, str]  # those that the chat chose
    judged: Mapping[Judgement, datetime]  # with its moment
    paused: bool = False  # by a person, see `is_paused_by_person`
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a later state differs from an earlier one."""

    added: tuple[Subscription, ...] = ()
    removed: tuple[Subscription, ...] = ()
    changed: tuple[tuple[Subscription, Subscription], ...] = ()  # (earlier, later)
    settings: tuple[str, ...] = ()  # names
    judged: tuple[tuple[Judgement, bool], ...] = ()  # whether it is there later; else it was there earlier
    paused: bool | None = None  # True: the chat is paused now; False: not any more; None: as it was

    def __bool__(self) -> bool:
        parts = (self.added, self.removed, self.changed, self.settings, self.judged)
        return any(parts) or self.paused is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a chat by a person."""

    id: int
    who: str  # "ID NAME", the platform's id and the plain name; "": not known
    at: datetime
    what: Difference
    undone: bool = False
    undoes: int | None = None  # the id of the change that this one undid; None: it is no undo


def record_change(
    transaction: Transaction,
    chat_id: int,
    *,
    now: datetime,
    who: str = "",
    undone_change: int | None = None,
    judges: bool = False,
) -> int:
    """Stores what a chat is, right before it is changed; returns the id of the change.

    Every use case that changes subscriptions or settings calls it in its own transaction. All calls in one transaction
    make one change. From then on no other process changes the chat until the transaction ends. `who` is "ID NAME" of the person; `undone_change` is the id of the change that this one undoes.
    `judges`: only papers are judged.
    """
    begun = transaction.begun_changes
    if undone_change is None and chat_id in begun:
        return begun[chat_id]
    chats.hold_chat(transaction, chat_id)
    _record(transaction, [chat_id], now, who, {"undoes": undone_change, "judges": judges})
    return begun[chat_id]


def begin_change(transaction: Transaction, chat_id: int, *, now: datetime, who: str = "") -> None:
    """As `record_change`, of a chat whose subscriptions change."""
    record_change(transaction, chat_id, now=now, who=who)
    note_changed(transaction, chat_id)


@contextmanager
def judging(store: Scope, chat: Chat, *, now: datetime, who: str = "") -> Iterator[Transaction]:
    """A transaction in which a chat saves, likes or dislikes papers, which is a change. Nothing is kept of a chat that is not stored."""
    with store.write() as transaction:
        if chat.id:
            record_change(transaction, chat.id, now=now, who=who, judges=True)
        yield transaction


def record_changes(transaction: Transaction, chat_ids: Sequence[int], *, now: datetime, who: str = "") -> None:
    """As `record_change`, with a few statements for all these chats but those that this transaction changed before."""
    fresh = [chat_id for chat_id in chat_ids if chat_id not in transaction.begun_changes]
    chats.hold_chats(transaction, fresh)
    _record(transaction, fresh, now, who)


def _record(
    transaction: Transaction,
    chat_ids: Sequence[int],
    now: datetime,
    who: str,
    marks: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    marks = {"undoes": None, "undone": False, "judges": False, **marks}
    states = states_of(transaction, chat_ids)
    before = {chat_id: (state.address, _to_json(state) | marks) for chat_id, state in states.items()}
    transaction.begun_changes.update(undo.add_changes(transaction, before, who=who, at=now))
    for chat_id in undo.with_more_than(transaction, chat_ids, KEPT):  # of the others none is too old
        _drop_old(transaction, chat_id)


def note_changed(transaction: Transaction, chat_id: int) -> None:
    """Records in the transaction that a chat's list of subscriptions shows something new."""
    transaction.changed_chats.add(chat_id)


def note_changed_state(transaction: Transaction, chat_id: int) -> None:
    """Records in the transaction that a chat with subscriptions is paused, resumed, admitted or erased."""
    if stored_subscriptions.subscriptions_of(transaction, [chat_id])[chat_id]:
        note_changed(transaction, chat_id)


def person_of(who: str) -> str:
    """The platform's id in "ID NAME"."""
    return who.partition(" ")[0]


def before(change: undo.StoredChange, after: State) -> State:
    """The chat before a stored change; `after` is the chat after it. Older changes have no judgements."""
    value = change.before
    subscriptions = [_subscription_from_json(subscription, change.chat_id) for subscription in value["subscriptions"]]
    return State(
        address=after.address,
        subscriptions={subscription.number: subscription for subscription in subscriptions},
        settings=value["settings"],
        judged={(Signal(kind), paper): datetime.fromisoformat(at) for kind, paper, at in value["judged"]}
        if "judged" in value
        else after.judged,
        paused=value["paused"],
        until=_read(value["until"]),
    )


def is_undone(change: undo.StoredChange) -> bool:
    """Whether a change was undone."""
    return bool(change.before["undone"])


def undoes(change: undo.StoredChange) -> int | None:
    """The id of the change that this one undid; None: it is no undo."""
    taken_back: int | None = change.before["undoes"]
    return taken_back


def mark_undone(transaction: Transaction, chat: Chat, change_id: int) -> None:
    """Stores that a change is undone. If it was an undo itself, what that undid is not undone any more, and so on."""
    kept = {change.id: change for change in undo.changes_of(transaction, chat.id)}
    marked, undone = kept.get(change_id), True
    while marked is not None:
        undo.rewrite_change(transaction, marked.id, chat.address.address, {**marked.before, "undone": undone})
        marked, undone = kept.get(undoes(marked) or 0), not undone


def state_of(transaction: Transaction, chat_id: int) -> State:
    """What a chat is now."""
    return states_of(transaction, [chat_id])[chat_id]


def states_of(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, State]:
    """What chats are now, by their ids."""
    found = chats.chats_by_id(transaction, chat_ids, zone="UTC")
    subscriptions = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    judged = signals.signals_of_chats(transaction, chat_ids, JUDGEMENTS)
    return {
        chat_id: State(
            address=chat.address.address,
            subscriptions={s.number: s for s in subscriptions[chat_id]},
            settings=chat.chosen,
            judged={(one.kind, one.paper): one.at for one in judged[chat_id]},
            paused=is_paused_by_person(chat),
            until=chat.paused_until if is_paused_by_person(chat) else None,
        )
        for chat_id, chat in found.items()
    }


def is_paused_by_person(chat: Chat) -> bool:
    """Whether this chat is paused because a person asked for that."""
    return chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.PERSON


def difference(earlier: State, later: State) -> Difference:
    """How `later` differs from `earlier` in what people see; cursors do not count."""
    both = sorted(earlier.subscriptions.keys() & later.subscriptions.keys())
    pairs = ((earlier.subscriptions[number], later.subscriptions[number]) for number in both)
    names = sorted(earlier.settings.keys() | later.settings.keys())
    before, after = (earlier.paused, earlier.until), (later.paused, later.until)
    return Difference(
        added=tuple(later.subscriptions[n] for n in sorted(later.subscriptions.keys() - earlier.subscriptions.keys())),
        removed=tuple(
            earlier.subscriptions[n] for n in sorted(earlier.subscriptions.keys() - later.subscriptions.keys())
        ),
        changed=tuple((old, new) for old, new in pairs if subscription_value(old) != subscription_value(new)),
        settings=tuple(name for name in names if earlier.settings.get(name) != later.settings.get(name)),
        judged=tuple((one, one in later.judged) for one in sorted(earlier.judged.keys() ^ later.judged.keys())),
        paused=None if before == after else later.paused,
    )


def subscription_value(subscription: Subscription | None) -> object:
    """What people see of a subscription, for comparison; None for None."""
    if subscription is None:
        return None
    return (
        subscription.text,
        subscription.canonical,
        subscription.name,
        subscription.cadence,
        subscription.zone,
        subscription.state,
        subscription.paused_until,
    )


def _drop_old(transaction: Transaction, chat_id: int) -> None:
    """Drops the oldest changes: keeps five that can be undone, with the undone ones, undos and judgements between, at most twenty.

    Newer ones are never dropped: SQLite would give the id of the newest row to the next.
    """
    alive = 0
    too_old = []
    for place, kept in enumerate(undo.changes_of(transaction, chat_id)):
        if alive == KEPT or place >= LOGGED:
            too_old.append(kept.id)
        elif not is_undone(kept) and undoes(kept) is None and not kept.before.get("judges"):
            alive += 1
    undo.drop_changes(transaction, too_old)


def _to_json(state: State) -> dict[str, Any]:
    return {
        "settings": dict(state.settings),
        "judged": [[kind, paper, at.isoformat()] for (kind, paper), at in state.judged.items()],
        "paused": state.paused,
        "until": _written(state.until),
        "subscriptions": [_subscription_to_json(subscription) for subscription in state.subscriptions.values()],
    }


def _subscription_to_json(subscription: Subscription) -> dict[str, Any]:
    return {
        "number": subscription.number,
        "text": subscription.text,
        "canonical": subscription.canonical,
        "cadence": cadence_text(subscription.cadence),
        "zone": subscription.zone,
        "name": subscription.name,
        "state": subscription.state,
        "paused_until": _written(subscription.paused_until),
        "pause_reason": subscription.pause_reason,
        "added_by": subscription.added_by,
        "subscriber": subscription.subscriber,
        "since": _written(subscription.since),
        "cursor": subscription.cursor,
        "next_due_at": _written(subscription.next_due_at),
        "counted_until": _written(subscription.counted_until),
    }


def _subscription_from_json(value: Mapping[str, Any], chat_id: int) -> Subscription:
    reason = value["pause_reason"]
    return Subscription(
        id=0,
        chat_id=chat_id,
        **{
            **value,
            "pause_reason": SubscriptionPauseReason(reason) if reason else None,
            "state": SubscriptionState(value["state"]),
            "cadence": parse_cadence(value["cadence"]),
            "paused_until": _read(value["paused_until"]),
            "since": _read(value["since"]),
            "next_due_at": _read(value["next_due_at"]),
            "counted_until": _read(value["counted_until"]),
        },
    )


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
