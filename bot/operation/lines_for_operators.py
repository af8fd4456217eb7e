"""Lines that `run` prints at its start for the operator."""

from collections.abc import Mapping

from bot.app import App
from bot.operation.web_entry import WhoMayEnter, entry
from bot.settings import unknown_variables
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.service import access
from subscriptions.service.notifying import notify_new_version
from subscriptions.store.database.store import Transaction, writes


def startup_lines(app: App, sources: SourceScheduler) -> list[str]:
    """Returns the lines about platforms, database and sources that `paperwire run` prints at the start."""
    on = ", ".join(sorted(app.platforms))
    off = ", ".join(app.platforms_off)
    lines = [f"paperwire is on: {on}." + (f" Off, without a token: {off}." if off else "")]
    for platform in app.platforms.values():
        lines += platform.startup_lines
    lines.append(f"Database: {app.store.where}")
    lines += [f"{name} means nothing to paperwire. {cure}" for name, cure in unknown_variables(app.settings).items()]
    return lines + sources.descriptions


@writes
def operator_lines(transaction: Transaction, app: App) -> list[str]:
    """Returns a line that says how to become the operator, if there is none. Notifies operators of a new version."""
    conversation, admins = app.deps.conversation, app.settings.admins
    if conversation.bot_info.version:
        notify_new_version(transaction, admins, conversation.bot_info.version, now=app.clock.now())
    if not _needs_operator(app) or access.has_operator(transaction, admins):
        return []
    return [f"This bot has no operator yet. To become it, send in private: /admin {access.new_code(transaction)}"]


def _needs_operator(app: App) -> bool:
    """Returns whether an operator must let people in. This is not so if only users of this machine can talk to the bot."""
    may_come = entry(app.settings)[0] is WhoMayEnter.PASSWORD
    return any(platform.api and (may_come or not platform.facts.keeps_messages) for platform in app.platforms.values())


def unread_lines(unread: Mapping[str, str]) -> list[str]:
    """Returns a line that says that no source could be read, and why; no line if `unread` is empty."""
    reasons = "; ".join(f"{name}: {why.rstrip('.')}" for name, why in unread.items())
    if unread:
        return [f"No source could be read. {reasons}. paperwire check says what to do."]
    return []
