"""What of the outbox needs a person's eye: messages that are dead, and deliveries that wait for long."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from subscriptions.store import Scope, key_value, platforms
from subscriptions.store.outbox.backlog import LONG, Trouble, dead_since, waiting_since

_DEAD_LOGGED = "logged:dead"  # a key: the moment up to which dead messages are in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTrouble:
    """Dead messages, and by platform the deliveries that have waited for long."""

    dead: Trouble = field(default_factory=lambda: Trouble(count=0))
    waiting: Mapping[str, Trouble] = field(default_factory=dict)


def outbox_trouble(store: Scope, *, now: datetime) -> OutboxTrouble:
    """Returns what is dead and not dismissed, and what has waited for long."""
    with store.read() as transaction:
        return OutboxTrouble(dead=dead_since(transaction, None), waiting=waiting_since(transaction, now - LONG))


def claim_unlogged_trouble(store: Scope, *, now: datetime) -> OutboxTrouble:
    """Returns what the log has not named yet, and counts it as named: each dead message once, a long wait once a day.

    The day is in UTC. Of several processes, or rounds under cron, one gets it. A crash after it loses a line of the
    log; notices to operators, `check` and the health page read the outbox itself.
    """
    with store.read() as transaction:
        known = key_value.get_value(transaction, _DEAD_LOGGED)
        dead = dead_since(transaction, datetime.fromisoformat(known) if known else None)
        logged = platforms.waiting_logged(transaction)
        waiting = waiting_since(transaction, now - LONG)
    new = {platform: one for platform, one in waiting.items() if logged.get(platform) != now.date()}
    if not dead.count and not new:
        return OutboxTrouble()
    with store.write() as transaction:
        if key_value.get_value(transaction, _DEAD_LOGGED) != known:
            dead = replace(dead, count=0)  # another process was faster
        elif dead.count:
            key_value.put_value(transaction, _DEAD_LOGGED, now.isoformat())
        for platform in new:
            platforms.note_waiting_logged(transaction, platform, now.date())
    return OutboxTrouble(dead=dead, waiting=new)
