"""Moves due moments after the clock of a chat changed."""

from collections.abc import Sequence
from datetime import datetime

from subscriptions.model import Chat
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast
from subscriptions.store import chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction


def apply_new_clock(transaction: Transaction, before: Chat, now: datetime) -> Chat:
    """Adjusts due moments after the zone or the quiet hours of a chat changed. Returns the chat with its new settings."""
    after = chats.chats_by_id(transaction, [before.id])[before.id]
    clocks = [(chat.settings.timezone, chat.settings.quiet) for chat in (before, after)]
    if clocks[0] == clocks[1]:
        return after
    for one in stored_subscriptions.subscriptions_in(transaction, before.id):
        stored_subscriptions.change_subscription(transaction, one, forecast.by_new_clock(one, before, after, now))
    return after


def moved_near(transaction: Transaction, chat_ids: Sequence[int], now: datetime) -> list[forecast.Move]:
    """Returns moves that correct due moments of these chats that are too far in the future.

    Such moments were stored while the machine's clock was wrong.
    """
    of_chats = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    moves: list[forecast.Move] = []
    for chat in chats.chats_by_id(transaction, chat_ids).values():
        for one in of_chats[chat.id]:
            zone = forecast.zone_of(one, chat)
            if one.next_due_at is None or not cadences.is_too_far(one.cadence, zone, one.next_due_at, now):
                continue
            if one.cadence.kind == "now":
                moves.append((one.id, one.cursor, (forecast.quiet_until(chat, now), None)))
            else:
                moves.append((one.id, one.cursor, forecast.first_span(one.cadence, zone, now)))
    return moves
