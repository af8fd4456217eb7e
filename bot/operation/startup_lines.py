"""The lines that `paperwire run` prints for the operator."""

from collections.abc import Mapping

from bot.app import App
from bot.operation.web.pages.guard import Entry, entry
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.platforms import declared
from subscriptions.service.chats import has_operator, new_code
from subscriptions.service.notices import notify_new_version
from subscriptions.store import Store


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
