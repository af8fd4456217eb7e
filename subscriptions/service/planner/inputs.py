"""What is the same for all chats that are planned at one moment."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from subscriptions.model import Chat, KnownPaper, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.decision import Evidence
from subscriptions.planning.forecast import Forecast
from subscriptions.ranking import Taste
from subscriptions.service.planner.window import Window, evidence_of_fits
from subscriptions.service.subscriptions.next_deliveries import (
    DeliveryForecast,
    Move,
    put_off_by_quiet_hours,
    reopened_window,
    zone_of,
)
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import Transaction
from subscriptions.store.chat import (
    chats as stored_chats,
)
from subscriptions.store.chat import (
    signals as stored_signals,
)
from subscriptions.store.chat import (
    subscriptions as stored_subscriptions,
)
from subscriptions.store.outbox import planned as stored_planned
from subscriptions.store.planner import StoredRow, rows_of_chats


@dataclass(slots=True)
class PlanContext:
    """What is the same for all chats that are planned at one moment."""

    now: datetime
    delivery_forecast: DeliveryForecast
    window: Window
    matching: Callable[[], AbstractContextManager[object]] = nullcontext  # entered while queries are matched
    moving: frozenset[int] = frozenset()  # the shared cursors that move up to here once all is planned
    evidence: Callable[[Subscription, KnownPaper], Evidence] = field(init=False)

    def __post_init__(self) -> None:
        """Makes the evidence, which depends on how rare words are in the window."""
        self.evidence = evidence_of_fits(lambda: self.window.rarity)

    @property
    def forecast(self) -> Forecast:
        """The forecast of the sources."""
        return self.delivery_forecast.forecast


# ---------------------------------------------------------------------------------------------------------------------
# The dedupe keys of deliveries, and the moments that they come from (docs/architecture.md, rule 5).


_MINUTE = "%Y-%m-%dT%H:%M"


def due_moment(chat: Chat, due_subscriptions: Sequence[Subscription], now: datetime) -> datetime:
    """The latest of the moments that made a chat due; for cadence now, and for an open window, that is `now`."""
    return max(moment_of(s, chat, now) for s in due_subscriptions)


def moment_of(subscription: Subscription, chat: Chat, now: datetime) -> datetime:
    """The moment that made a subscription due."""
    if subscription.next_due_at is None or subscription.cadence.kind == "now":
        return now  # `now` has a moment only while it is held back after a pause
    if subscription.cadence.kind == "when-out":
        return min(now, cadences.closes(subscription.cadence, zone_of(subscription, chat), subscription.next_due_at))
    return subscription.next_due_at


def free_keys(
    transaction: Transaction,
    due: Sequence[tuple[Chat, Sequence[Subscription]]],
    last_sequence: int,
    now: datetime,
) -> dict[int, str]:
    """Chat id -> the dedupe key of its delivery; without the chats that have had their delivery of this minute.

    These wait for the next minute. Where the due minute itself is over by then, the key is extended: else the
    subscriptions would stay due for ever and never be sent.
    """
    keys = {chat.id: _dedupe_key(chat, due_subscriptions, last_sequence, now) for chat, due_subscriptions in due}
    taken = stored_planned.taken_keys(transaction, list(keys.values()))
    for chat, due_subscriptions in due:
        if keys[chat.id] in taken and f"{due_moment(chat, due_subscriptions, now):{_MINUTE}}" != f"{now:{_MINUTE}}":
            keys[chat.id] += f":{last_sequence}:" + ",".join(str(s.number) for s in due_subscriptions)
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _dedupe_key(chat: Chat, due_subscriptions: Sequence[Subscription], last_sequence: int, now: datetime) -> str:
    """The dedupe key of a delivery (docs/architecture.md, rule 5): one delivery per chat and due minute.

    Where no subscription has a due moment, one per chat and range of papers.
    """
    if any(s.next_due_at is not None for s in due_subscriptions):
        return f"{chat.id}:{due_moment(chat, due_subscriptions, now):{_MINUTE}}"
    numbers = ",".join(str(s.number) for s in due_subscriptions)
    cursor = min(s.cursor for s in due_subscriptions)
    return f"{chat.id}:now:{cursor}-{last_sequence}:{numbers}"


# ---------------------------------------------------------------------------------------------------------------------
# What the plan of some chats depends on beside the papers, and whether it is still so.


ToPlan = tuple[Chat, Sequence[Subscription], tuple[Subscription, ...]]  # a chat, all its subscriptions, those due now


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the plan of some chats depends on at one moment, except the papers."""

    rows: Sequence[StoredRow]  # of the chats and their subscriptions, from which all else but keys and tastes follows
    chats: Mapping[int, Chat]
    subscriptions: Mapping[int, Sequence[Subscription]]  # of each chat
    due: Mapping[int, tuple[Subscription, ...]]  # of each active chat
    waits: Sequence[Move]  # of the subscriptions that have to wait
    keys: Mapping[int, str]  # id of a chat that is planned now -> the dedupe key of its delivery
    tastes: Mapping[int, Taste]  # of those of these chats that have one

    @property
    def to_plan(self) -> list[ToPlan]:
        """The chats that are planned now."""
        return [(self.chats[chat_id], self.subscriptions[chat_id], self.due[chat_id]) for chat_id in self.keys]


def read_inputs(transaction: Transaction, chat_ids: Sequence[int], context: PlanContext) -> Inputs:
    """Reads the inputs of the plan of these chats."""
    chats = stored_chats.chats_by_id(transaction, chat_ids, zone=transaction.zone)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    return inputs_of(transaction, rows_of_chats(transaction, chat_ids), chats, subscriptions, context)


def inputs_of(
    transaction: Transaction,
    rows: Sequence[StoredRow],
    chats: Mapping[int, Chat],
    subscriptions: Mapping[int, Sequence[Subscription]],
    context: PlanContext,
) -> Inputs:
    """The inputs computed from the rows read. `rows` may be empty if they are not needed again."""
    waits: list[Move] = []
    due: dict[int, tuple[Subscription, ...]] = {}
    for chat_id, chat in chats.items():
        if chat.state is ChatState.ACTIVE:
            due[chat_id], held_back = _due_now(chat, subscriptions[chat_id], context)
            waits += held_back
    keys = _keys(transaction, chats, due, context)
    return Inputs(rows, chats, subscriptions, due, waits, keys, stored_signals.tastes(transaction, list(keys)))


def _keys(
    transaction: Transaction, chats: Mapping[int, Chat], due: Mapping[int, Sequence[Subscription]], context: PlanContext
) -> dict[int, str]:
    with_due = [(chats[chat_id], subscribed) for chat_id, subscribed in due.items() if subscribed]
    return free_keys(transaction, with_due, context.window.last_sequence, context.now)


def _due_now(
    chat: Chat, subscriptions: Sequence[Subscription], context: PlanContext
) -> tuple[tuple[Subscription, ...], list[Move]]:
    """The due subscriptions of a chat, and the moves of those among them that have to wait."""
    now, all_reported = context.now, context.forecast.all_reported

    def due(s: Subscription) -> bool:
        came = s.cursor < context.window.last_sequence
        zone = zone_of(s, chat)
        return s.state is SubscriptionState.ACTIVE and cadences.is_due(
            s.cadence, zone, s.next_due_at, now, came, all_reported=all_reported
        )

    found = [s for s in subscriptions if due(s)]
    waits = put_off_by_quiet_hours(chat, found, now)
    if all_reported is False:
        waits += [(s.id, s.cursor, opened) for s in found if (opened := reopened_window(s, chat, now))]
    waiting = {subscription_id for subscription_id, _, _ in waits}
    return tuple(s for s in found if s.id not in waiting), waits


def still_holds(transaction: Transaction, chat_ids: Sequence[int], inputs: Inputs, context: PlanContext) -> bool:
    """Whether `read_inputs` would give the same again."""
    return (
        rows_of_chats(transaction, chat_ids) == inputs.rows
        and _keys(transaction, inputs.chats, inputs.due, context) == inputs.keys
        and stored_signals.tastes(transaction, list(inputs.keys)) == inputs.tastes
    )
