"""What the plan of some chats depends on beside the papers, and whether it is still so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from subscriptions.model import Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.ranking import Taste
from subscriptions.service.planner.delivery_keys import free_keys
from subscriptions.service.planner.plan_context import PlanContext
from subscriptions.service.subscriptions.due_moments import Move, put_off_by_quiet_hours, reopened_window
from subscriptions.service.subscriptions.next_deliveries import zone_of
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import Transaction
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import signals as stored_signals
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.planner import StoredRow, rows_of_chats

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
