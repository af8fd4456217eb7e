"""What the operator is told: at the start, in the log, and on the page of health."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.app import App
from bot.operation.web.guard import Entry, entry
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.platforms import declared
from subscriptions.service.chats.access import has_operator, new_code
from subscriptions.service.notices import notify_new_version
from subscriptions.service.outbox.owners import claim_unlogged_trouble, outbox_trouble
from subscriptions.store import Store
from subscriptions.store.outbox.backlog import Trouble


def startup_lines(app: App, sources: SourceScheduler) -> list[str]:
    """Returns the lines about platforms, database and sources."""
    on = ", ".join(sorted(app.platforms))
    off = ", ".join(
        sorted(facts.name for facts in declared() if facts.token_variable and facts.name not in app.platforms)
    )
    lines = [f"paperwire is on: {on}." + (f" Off, without a token: {off}." if off else "")]
    for platform in app.platforms.values():
        lines += platform.startup_lines
    lines.append(f"Database: {app.store.where}")
    return lines + sources.descriptions


def operator_lines(store: Store, app: App) -> list[str]:
    """Returns a line that tells how to become the operator, if there is none. Notifies operators of a new version."""
    conversation, admins = app.context.conversation, app.settings.admins
    if conversation is None:
        return []
    if conversation.bot_info.version:
        notify_new_version(store, admins, conversation.bot_info.version, now=app.clock.now())
    if not _needs_operator(app) or has_operator(store, admins):
        return []
    return [f"Nobody runs this bot yet. To do so, send it in private: /admin {new_code(store)}"]


def _needs_operator(app: App) -> bool:
    """Returns whether people may come whom an operator must let in: not where only whoever sits at the machine can talk."""
    may_come = entry(app.settings)[0] in (Entry.PASSWORD, Entry.PROXY)
    return any(platform.api and (may_come or not platform.pages) for platform in app.platforms.values())


def unread_lines(unread: Mapping[str, str]) -> list[str]:
    """Returns a line that no source could be read, with the reason of each; no line if `unread` is empty."""
    reasons = "; ".join(f"{name}: {why.rstrip('.')}" for name, why in unread.items())
    return [f"No source could be read. {reasons}. paperwire check says what to do."] if unread else []


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
    found, said = outbox_trouble(store, now=now), {}
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
