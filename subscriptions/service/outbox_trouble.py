"""Deliveries that are dead or wait for long: the log has each dead one once, and long waits once a day."""

from datetime import datetime

from subscriptions.notices.findings import Finding
from subscriptions.service.findings import dead_deliveries, waiting_deliveries
from subscriptions.store import bot_state, delivery_trouble, platform_states
from subscriptions.store.database.store import Transaction, writes

_DEAD_LOGGED = "logged:dead"  # name of a stored value: the moment up to which dead messages are in the log


@writes
def claim_unlogged_trouble(transaction: Transaction, *, now: datetime) -> list[Finding]:
    """Returns trouble that is not logged yet, and marks it as logged: dead messages once, long waits once a day (UTC).

    Of several processes, or runs by cron, only one gets the trouble. A crash right after this call loses a line of the
    log. Notices to operators, `check` and the health page do not depend on this call, since they read the outbox
    itself.
    """
    found: list[Finding] = []
    known = bot_state.get_value(transaction, _DEAD_LOGGED)
    dead = delivery_trouble.dead_since(transaction, datetime.fromisoformat(known) if known else None)
    if dead.count and bot_state.swap_value(transaction, _DEAD_LOGGED, known, now.isoformat()):
        found.append(dead_deliveries(dead))
    logged = platform_states.waiting_logged(transaction)
    for platform, late in delivery_trouble.waiting_since(transaction, now - delivery_trouble.LONG).items():
        if logged.get(platform) != now.date():
            platform_states.put_platform(transaction, platform, waiting_logged_on=now.date())
            found.append(waiting_deliveries(platform, late, now))
    return found
