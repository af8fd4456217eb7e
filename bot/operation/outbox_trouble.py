"""Names what of the outbox needs a person's eye: in the log, and on the page of health."""

import logging
from datetime import datetime, timedelta

from subscriptions.service.outbox import OutboxTrouble, claim_unlogged_trouble, outbox_trouble
from subscriptions.store import Store
from subscriptions.store.outbox.backlog import Trouble

log = logging.getLogger("paperwire")


def log_new_trouble(store: Store, *, now: datetime) -> None:
    """Logs each dead message once, and each long wait once a day. Most installations have no operator's chat."""
    found = claim_unlogged_trouble(store, now=now)
    if dead := found.dead.count:
        log.error(
            "Deliveries that could not be sent: %d (%s). Usual reason: %s paperwire outbox --state dead lists them.",
            dead,
            " ".join(found.dead.ids),
            _reason(found.dead),
        )
    for platform, late in found.waiting.items():
        log.warning(
            "Deliveries to %s that have waited for more than an hour: %d, the first since %s. Usual reason: %s They are"
            " tried again; paperwire outbox lists them.",
            platform,
            late.count,
            f"{late.since:%Y-%m-%dT%H:%MZ}",
            _reason(late),
        )


def attention(store: Store, *, now: datetime) -> dict[str, str]:
    """Returns what the page of health says beside its problems, by name, each with its age: no address and no reason."""
    return attention_to(outbox_trouble(store, now=now), now)


def attention_to(found: OutboxTrouble, now: datetime) -> dict[str, str]:
    """Returns one sentence for the dead deliveries, and one for each platform whose deliveries wait for long."""
    said = {}
    if found.dead.count:
        said["dead"] = f"{found.dead.count} deliveries could not be sent, the first {_age(found.dead.since, now)} ago"
    for platform, late in found.waiting.items():
        said[f"waiting {platform}"] = f"{late.count} deliveries wait, the first for {_age(late.since, now)}"
    return said


def _reason(trouble: Trouble) -> str:
    return f"{trouble.reason.rstrip('.') or 'none is known'}."


def _age(since: datetime | None, now: datetime) -> str:
    age = max(now - since, timedelta(0)) if since else timedelta(0)
    for unit, name in ((timedelta(days=1), "d"), (timedelta(hours=1), "h")):
        if age >= 2 * unit:
            return f"{age // unit} {name}"
    return f"{age // timedelta(minutes=1)} min"
