"""Quiet hours: what would come at once is held until they end (docs/architecture.md, rule 2)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from subscriptions import zones
from subscriptions.model import Cadence, Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.store import Transaction
from subscriptions.store.chat import chats
from subscriptions.store.chat import subscriptions as stored_subscriptions

FOLLOWED = frozenset({"quiet", "timezone"})  # settings that say when it is quiet

Move = tuple[int, int, stored_subscriptions.DueSpan]  # of a subscription: its id, what it has seen, when it is due


def silent_until(chat: Chat, moment: datetime) -> datetime | None:
    """When the quiet hours of a chat that hold at `moment` end; None outside of them."""
    return cadences.quiet_until(chat.settings.quiet, zones.zone(chat.settings.timezone), moment)


def held(chat: Chat, due: Sequence[Subscription], shared_cursor: int, now: datetime) -> list[Move]:
    """Where those of these due subscriptions move that quiet hours hold; what a person asked for is not held."""
    at_once = [subscription for subscription in due if subscription.cadence.kind == "now" and not subscription.hurry]
    until = silent_until(chat, now) if at_once else None
    if until is None:
        return []
    return [
        (subscription.id, shared_cursor if subscription.cursor is None else subscription.cursor, (until, None))
        for subscription in at_once
    ]


def follow_quiet(transaction: Transaction, before: Chat, now: datetime) -> None:
    """The chat has other quiet hours, or another clock, than `before`: what was held by those is held by these, or goes."""
    until = silent_until(before, now)
    if until is None:
        return
    after = chats.chats_by_id(transaction, [before.id], zone=before.settings.timezone)[before.id]
    for subscription in stored_subscriptions.subscriptions_of(transaction, [before.id])[before.id]:
        if subscription.cadence.kind == "now" and subscription.next_due_at == until:
            stored_subscriptions.reset_due(transaction, subscription.id, (silent_until(after, now), None))


def follow_zone(transaction: Transaction, chat: Chat, name: str, now: datetime) -> None:
    """Subscriptions that follow the chat's zone are due at the same local time in the new one."""
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
                due=span(subscription.cadence, zone, due),
            )


def span(cadence: Cadence, zone: tzinfo, moment: datetime | None) -> stored_subscriptions.DueSpan:
    """A due moment with the latest one that it may become: for when-out the end of its window."""
    if moment is None or cadence.kind != "when-out":
        return moment, moment
    return moment, cadences.closes(cadence, zone, moment)
