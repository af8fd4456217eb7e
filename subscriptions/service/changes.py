"""The log of a chat's changes, for undo: what is kept of a state, and what counts as one change.

Each use case that changes a chat first calls `record_change`, which stores the current subscriptions, settings and pause.
All calls in one transaction make one change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from subscriptions.model import Chat, Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.query.links import owned_by
from subscriptions.states import ChatState, PauseReason
from subscriptions.store import columns, stored_chats, stored_subscriptions
from subscriptions.store.database.store import Transaction

# fields of a subscription that an undo does not restore
_NOT_LOGGED = frozenset({"chat_id", "latest_due_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Subscriptions, chosen settings and pause of a chat at one moment."""

    subscriptions: Mapping[int, Subscription]  # number → subscription
    settings: Mapping[str, str]  # only values that the chat chose
    paused: bool = False  # a person paused the chat, see `is_paused_by_person`
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a later state differs from an earlier one."""

    added: tuple[Subscription, ...] = ()
    removed: tuple[Subscription, ...] = ()
    changed: tuple[tuple[Subscription, Subscription], ...] = ()  # (earlier, later)
    settings: tuple[str, ...] = ()  # names of settings with another value
    paused: bool | None = None  # True: the chat is paused now; False: it is not paused any more; None: unchanged

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.changed, self.settings)) or self.paused is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a chat by a person."""

    id: int
    who: str  # "ID NAME": the platform's id and the plain name of the person; "": unknown
    before: State
    what: Difference  # how the present state differs from the one before


def record_change(transaction: Transaction, chat_id: int, *, now: datetime, who: str = "") -> int:
    """Stores the state of a chat right before it is changed. Returns the id of the change.

    Each use case that changes subscriptions or settings calls this in its own transaction. All calls in one transaction
    make one change. `who`: "ID NAME" of the person.
    """
    if chat_id not in transaction.begun_changes:
        before = _to_json(state_of(transaction, chat_id))
        transaction.begun_changes[chat_id] = stored_subscriptions.add_change(
            transaction, chat_id, before, who=who, at=now
        )
    return transaction.begun_changes[chat_id]


def begin_change(transaction: Transaction, chat_id: int, *, now: datetime, who: str = "") -> None:
    """Like `record_change`, but for a change of subscriptions: also adds the chat to `transaction.changed_chats`."""
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
    """Stores changed subscriptions of a chat, and records a change if any differs. Returns the stored subscriptions."""
    pairs = list(zip(before, after, strict=True))
    if any(old != new for old, new in pairs):
        begin_change(transaction, before[0].chat_id, now=now, who=who)
    return tuple(stored_subscriptions.change_subscription(transaction, old, new) for old, new in pairs)


def note_changed_state(transaction: Transaction, chat_id: int) -> None:
    """Adds a chat that was paused, resumed, admitted or erased to `transaction.changed_chats` if it has subscriptions."""
    if stored_subscriptions.subscriptions_in(transaction, chat_id):
        transaction.changed_chats.add(chat_id)


def before(change: stored_subscriptions.StoredChange) -> State:
    """Returns the state of a chat before a stored change."""
    value = change.before
    subscriptions = [_subscription_from_json(subscription, change.chat_id) for subscription in value["subscriptions"]]
    return State(
        subscriptions={subscription.number: subscription for subscription in subscriptions},
        settings=value["settings"],
        paused=value["paused"],
        until=columns.adapter_of(datetime | None).validate_python(value["until"]),
    )


def state_of(transaction: Transaction, chat_id: int) -> State:
    """Returns the current state of a chat."""
    chat = stored_chats.chats_by_id(transaction, [chat_id])[chat_id]
    return State(
        subscriptions={one.number: one for one in stored_subscriptions.subscriptions_in(transaction, chat_id)},
        settings=chat.chosen,
        paused=is_paused_by_person(chat),
        until=chat.paused_until if is_paused_by_person(chat) else None,
    )


def is_paused_by_person(chat: Chat) -> bool:
    """Whether this chat is paused because a person paused it."""
    return chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.PERSON


def difference(earlier: State, later: State) -> Difference:
    """Returns how `later` differs from `earlier` in what people see. Ignores other differences, such as cursors."""
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
        paused=None if before == after else later.paused,
    )


def subscription_value(subscription: Subscription | None) -> object:
    """Returns those values of a subscription that people see, to compare subscriptions; None for None."""
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


def _to_json(state: State) -> dict[str, Any]:
    subscriptions = [
        {name: value for name, value in one._asdict().items() if name not in _NOT_LOGGED}
        | {"cadence": str(one.cadence)}
        for one in state.subscriptions.values()
    ]
    logged: dict[str, Any] = columns.to_json(
        {
            "settings": dict(state.settings),
            "paused": state.paused,
            "until": state.until,
            "subscriptions": subscriptions,
        }
    )
    return logged


def _subscription_from_json(value: Mapping[str, Any], chat_id: int) -> Subscription:
    values = {
        **value,
        "chat_id": chat_id,
        "canonical": owned_by(chat_id, value["canonical"]),  # the chat may have moved since
        "cadence": parse_cadence(value["cadence"]),
    }
    subscription: Subscription = columns.adapter_of(Subscription).validate_python(values)
    return subscription
