"""Deliveries that are dead or wait for long: the log has each dead one once, and long waits once a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from subscriptions.store import (
    bot_state,
    delivery_trouble,
    platform_states,
)
from subscriptions.store.database.store import Transaction, writes

# Trouble is dead messages, and deliveries that have waited for long.


_DEAD_LOGGED = "logged:dead"  # name of a stored value: the moment up to which dead messages are in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTrouble:
    """Dead messages, and for each platform the deliveries that have waited for long."""

    dead: delivery_trouble.Trouble = field(default_factory=lambda: delivery_trouble.Trouble(count=0))
    waiting: Mapping[str, delivery_trouble.Trouble] = field(default_factory=dict)


@writes
def claim_unlogged_trouble(transaction: Transaction, *, now: datetime) -> OutboxTrouble:
    """Returns trouble that is not logged yet, and marks it as logged: dead messages once, long waits once a day (UTC).

    Of several processes, or runs by cron, only one gets the trouble. A crash right after this call loses a line of the
    log. Notices to operators, `check` and the health page do not depend on this call, since they read the outbox
    itself.
    """
    known = bot_state.get_value(transaction, _DEAD_LOGGED)
    dead = delivery_trouble.dead_since(transaction, datetime.fromisoformat(known) if known else None)
    if dead.count and not bot_state.swap_value(transaction, _DEAD_LOGGED, known, now.isoformat()):
        dead = replace(dead, count=0)  # another process has claimed them first
    logged = platform_states.waiting_logged(transaction)
    waiting = delivery_trouble.waiting_since(transaction, now - delivery_trouble.LONG)
    new = {platform: one for platform, one in waiting.items() if logged.get(platform) != now.date()}
    for platform in new:
        platform_states.put_platform(transaction, platform, waiting_logged_on=now.date())
    return OutboxTrouble(dead=dead, waiting=new)
