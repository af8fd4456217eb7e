"""The lines that `paperwire run` prints for the operator."""

from collections.abc import Mapping

from bot.app import App
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.service.chats import has_operator, new_code
from subscriptions.service.notices import notify_new_version


def startup_lines(app: App, sources: SourceScheduler) -> list[str]:
    """The lines about platforms, database and sources."""
    on = ", ".join(sorted(app.wire.channels))
    workspaces = len(app.settings.slack.workspaces)
    off = ", ".join(sorted({"telegram", "slack"} - set(app.wire.channels)))
    lines = [f"paperwire is on: {on}." + (f" Off, without a token: {off}." if off else "")]
    if workspaces > 1:
        lines.append(f"Slack: {workspaces} workspaces.")
    lines += _silent(app)
    lines.append(f"Database: {app.database}")
    return lines + sources.descriptions


def _silent(app: App) -> list[str]:
    """A line if Slack can be posted to but not listened to; otherwise the bot would look broken there."""
    slack = app.settings.slack
    if "slack" not in app.wire.channels or slack.signing_secret or any(one.app_token for one in slack.workspaces):
        return []
    return ["Slack only carries messages: nobody can talk to the bot there without PAPERWIRE_SLACK_APP_TOKEN."]


def operator_lines(app: App) -> list[str]:
    """How to become the operator, while there is none. Operators are notified of a new version of the bot."""
    conversation, admins = app.wire.conversation, app.settings.admins
    if conversation is None:
        return []
    if conversation.bot_info.version:
        notify_new_version(app.store, admins, conversation.bot_info.version, now=app.clock.now())
    if not set(conversation.platform_apis) - {"console"} or has_operator(app.store, admins):
        return []
    return [f"Nobody runs this bot yet. To do so, send it in private: /admin {new_code(app.store)}"]


def unread_lines(unread: Mapping[str, str]) -> list[str]:
    """The line that every source failed, each with its reason; empty if `unread` is."""
    reasons = "; ".join(f"{name}: {why.rstrip('.')}" for name, why in unread.items())
    return [f"No source could be read. {reasons}. paperwire check says what to do."] if unread else []
