"""Due moments of subscriptions, and how the chat's quiet hours and time zone move them (docs/architecture.md, rule 2)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from subscriptions import zones
from subscriptions.model import Cadence, Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.store import Transaction
from subscriptions.store.chat import chats
from subscriptions.store.chat import subscriptions as stored_subscriptions

FOLLOWED = frozenset(
    {"quiet", "timezone"}
)  # settings on which quiet hours depend: after a change, call `apply_new_quiet_hours`

Move = tuple[int, int, stored_subscriptions.DueSpan]  # (id of a subscription, its new cursor, its new due span)


def quiet_until(chat: Chat, moment: datetime) -> datetime | None:
    """The end of the chat's quiet hours if they hold at `moment`; None if they do not."""
    return cadences.quiet_until(chat.settings.quiet, zones.zone(chat.settings.timezone), moment)


def put_off_by_quiet_hours(chat: Chat, due: Sequence[Subscription], now: datetime) -> list[Move]:
    """Moves that put off due `now` subscriptions to the end of the quiet hours.

    A subscription whose papers a person asked for (`hurry`) is not put off.
    """
    at_once = [subscription for subscription in due if subscription.cadence.kind == "now" and not subscription.hurry]
    until = quiet_until(chat, now) if at_once else None
    if until is None:
        return []
    return [(subscription.id, subscription.cursor, (until, None)) for subscription in at_once]


def apply_new_quiet_hours(transaction: Transaction, before: Chat, now: datetime) -> None:
    """Moves what the old quiet hours put off to the end of the new ones; if it is not quiet now, makes it due at once.

    `before` is the chat before its quiet hours or time zone changed.
    """
    until = quiet_until(before, now)
    if until is None:
        return
    after = chats.chats_by_id(transaction, [before.id], zone=before.settings.timezone)[before.id]
    for subscription in stored_subscriptions.subscriptions_of(transaction, [before.id])[before.id]:
        if subscription.cadence.kind == "now" and subscription.next_due_at == until:
            stored_subscriptions.reset_due(transaction, subscription.id, (quiet_until(after, now), None))


def apply_new_zone(transaction: Transaction, chat: Chat, name: str, now: datetime) -> None:
    """Makes subscriptions without a zone of their own due at the same local time in the chat's new zone `name`.

    Overdue ones stay overdue.
    """
    zone = zones.zone(name)
    for subscription in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]:
        overdue = subscription.next_due_at is not None and subscription.next_due_at <= now
        if subscription.zone is None and subscription.next_due_at is not None and not overdue:
            due = cadences.first_due(subscription.cadence, zone, now)
            stored_subscriptions.change_schedule(
                transaction,
                subscription.id,
                cadence=subscription.cadence,
                zone=None,
                due=due_span(subscription.cadence, zone, due),
            )


def reopened_window(subscription: Subscription, chat: Chat, now: datetime) -> stored_subscriptions.DueSpan | None:
    """The due span of a when-out window that is open at `now`, if an earlier one passed while nothing ran; else None."""
    if subscription.cadence.kind != "when-out" or subscription.next_due_at is None:
        return None
    zone = zones.zone(subscription.zone or chat.settings.timezone)
    opened = cadences.first_due(subscription.cadence, zone, now)
    if opened is None or not subscription.next_due_at < opened <= now:
        return None
    return due_span(subscription.cadence, zone, opened)


def moved_near(transaction: Transaction, chat_ids: Sequence[int], now: datetime) -> list[Move]:
    """Moves of the subscriptions of these chats that are due too late, to the moments at which they are due by the right clock."""
    of_chats = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    moves: list[Move] = []
    for chat in chats.chats_by_id(transaction, chat_ids, zone=transaction.zone).values():
        for one in of_chats[chat.id]:
            zone = zones.zone(one.zone or chat.settings.timezone)
            if one.next_due_at is None or not cadences.is_too_far(one.cadence, zone, one.next_due_at, now):
                continue
            if one.cadence.kind == "now":
                moves.append((one.id, one.cursor, (quiet_until(chat, now), None)))
            else:
                first = cadences.first_due(one.cadence, zone, now)
                moves.append((one.id, one.cursor, due_span(one.cadence, zone, first)))
    return moves


def due_span(cadence: Cadence, zone: tzinfo, moment: datetime | None) -> stored_subscriptions.DueSpan:
    """(due moment, latest moment that it may become): for when-out the end of its window, else the same moment twice."""
    if moment is None or cadence.kind != "when-out":
        return moment, moment
    return moment, cadences.closes(cadence, zone, moment)
