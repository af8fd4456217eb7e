"""What a chat asks for and has chosen, and the changes of it that can be taken back.

Whatever changes a chat says so first: `changing` writes down what the chat was. One transaction is one change, however
many use cases it joins. The newest five are kept; which of them were undone is written beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from subscriptions.model import Chat, Subscription
from subscriptions.planning.cadence import cadence_text, parse_cadence
from subscriptions.states import ChatState, PauseReason, SubscriptionPauseReason, SubscriptionState
from subscriptions.store import Transaction
from subscriptions.store.chat import chats, undo
from subscriptions.store.chat import subscriptions as stored_subscriptions

KEPT = 5  # changes that can be undone
LOGGED = 20  # with those that were undone and those that undid them


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a chat asks for and has chosen at one moment."""

    subscriptions: Mapping[int, Subscription]  # by number; `cursor` is never None here
    settings: Mapping[str, str]  # what the chat chose itself
    paused: bool = False  # by a person
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a later state differs from an earlier one."""

    added: tuple[Subscription, ...] = ()
    removed: tuple[Subscription, ...] = ()
    changed: tuple[tuple[Subscription, Subscription], ...] = ()  # (earlier, later)
    settings: tuple[str, ...] = ()  # names
    paused: bool | None = None  # True: the chat is paused now; False: not any more; None: as it was

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.settings or self.paused is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that a person changed in a chat."""

    id: int
    who: str  # "ID NAME", the platform's id and the plain name; "" where nobody is named
    at: datetime
    what: Difference
    undone: bool = False
    undoes: int | None = None  # the change that this one took back


def changing(
    transaction: Transaction, chat_id: int, *, now: datetime, who: str = "", taking_back: int | None = None
) -> int:
    """Writes down what a chat is, right before it is changed; returns the id of the change that begins.

    To be called by every use case that changes subscriptions or settings, in its own transaction. Where several make one
    transaction, the first call counts for all. `who` is "ID NAME" of the person, as Turn.who gives it.
    """
    begun: dict[int, int] = transaction.info.setdefault("changing", {})
    if taking_back is None and chat_id in begun and undo.change_is_of(transaction, begun[chat_id], chat_id):
        return begun[chat_id]
    state = _to_json(state_of(transaction, chat_id)) | {"undoes": taking_back, "undone": False}
    begun[chat_id] = undo.add_change(transaction, chat_id, who=who, at=now, before=state)
    _drop_old(transaction, chat_id)
    return begun[chat_id]


def note_changed(transaction: Transaction, chat_id: int) -> None:
    """Tells the transaction that subscriptions of a chat changed: what a list of them shows, not only their settings."""
    transaction.changed_chats.add(chat_id)


def note_changed_state(transaction: Transaction, chat_id: int) -> None:
    """Tells the transaction that the state of a chat changed, if that holds or frees any subscription."""
    if stored_subscriptions.subscriptions_of(transaction, [chat_id])[chat_id]:
        note_changed(transaction, chat_id)


def person_of(who: str) -> str:
    """The platform's id in "ID NAME"."""
    return who.partition(" ")[0]


def before(change: undo.StoredChange) -> State:
    """What the chat was before a change that is kept."""
    value = change.before
    subscriptions = [_subscription_from_json(subscription, change.chat_id) for subscription in value["wishes"]]
    return State(
        subscriptions={subscription.number: subscription for subscription in subscriptions},
        settings=value["settings"],
        paused=value["paused"],
        until=_read(value["until"]),
    )


def is_undone(change: undo.StoredChange) -> bool:
    """Whether a change was taken back."""
    return bool(change.before["undone"])


def undoes(change: undo.StoredChange) -> int | None:
    """The id of the change that this one took back."""
    taken_back: int | None = change.before["undoes"]
    return taken_back


def mark_undone(transaction: Transaction, chat_id: int, change_id: int, *, undone: bool) -> None:
    """Writes beside a change that it was undone, or that it holds again."""
    for kept in undo.changes_of(transaction, chat_id):
        if kept.id == change_id:
            undo.rewrite_change(transaction, change_id, {**kept.before, "undone": undone})


def state_of(transaction: Transaction, chat_id: int) -> State:
    """What a chat asks for and has chosen now."""
    chat = chats.chats_by_id(transaction, [chat_id], zone="UTC")[chat_id]
    shared_cursor = stored_subscriptions.shared_cursor(transaction)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat_id])[chat_id]
    paused = is_paused_by_person(chat)
    return State(
        subscriptions={
            s.number: s if s.cursor is not None else replace(s, cursor=shared_cursor) for s in subscriptions
        },
        settings=chats.chosen_settings(transaction, chat_id),
        paused=paused,
        until=chat.paused_until if paused else None,
    )


def is_paused_by_person(chat: Chat) -> bool:
    """Whether a person paused this chat, and not what happened to it."""
    return chat.state is ChatState.PAUSED and chat.pause_reason is PauseReason.PERSON


def difference(earlier: State, later: State) -> Difference:
    """What must have been done to come from one state to the other; the cursor of a subscription is no part of it."""
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
    """Returns what a person sees of a subscription; if two values are equal, nothing has changed for them."""
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
    """Keeps five changes that can be undone, and what was undone since. Only the oldest go: ids are not given again."""
    alive = 0
    too_old = []
    for place, kept in enumerate(undo.changes_of(transaction, chat_id)):
        if alive == KEPT or place >= LOGGED:
            too_old.append(kept.id)
        elif not is_undone(kept) and undoes(kept) is None:
            alive += 1
    undo.drop_changes(transaction, too_old)


def _to_json(state: State) -> dict[str, Any]:
    return {
        "settings": dict(state.settings),
        "paused": state.paused,
        "until": _written(state.until),
        "wishes": [_subscription_to_json(subscription) for subscription in state.subscriptions.values()],
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
        "state_reason": subscription.pause_reason or "",
        "added_by": subscription.added_by,
        "subscriber": subscription.subscriber,
        "since": _written(subscription.since),
        "seen": subscription.cursor,
        "next_due_at": _written(subscription.next_due_at),
    }


def _subscription_from_json(value: Mapping[str, Any], chat_id: int) -> Subscription:
    same = {name: text for name, text in value.items() if name not in ("seen", "state_reason")}
    reason = value.get("state_reason")
    return Subscription(
        id=0,
        chat_id=chat_id,
        cursor=value["seen"],
        pause_reason=SubscriptionPauseReason(reason) if reason else None,
        **{
            **same,
            "state": SubscriptionState(value["state"]),
            "cadence": parse_cadence(value["cadence"]),
            "paused_until": _read(value["paused_until"]),
            "since": _read(value["since"]),
            "next_due_at": _read(value["next_due_at"]),
        },
    )


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
