"""subscriptions, settings, export: what chats have, as tables, JSON or text that `import` reads."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from bot.cli import arguments, drawing, output
from bot.cli import session as sessions
from bot.commands import phrasing
from bot.errors import WrongUsage
from subscriptions import chat_settings
from subscriptions.language import Language
from subscriptions.model import Chat
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.service import known_chats
from subscriptions.service.import_export import export as exported
from subscriptions.service.import_export import export_all
from subscriptions.service.known_chats import Listed, get_set_up, listed
from subscriptions.texts import escaped


def subscriptions(
    *, chat: arguments.OptionalChatOption = None, now: arguments.Now = None, json: arguments.Json = False
) -> int:
    """List the subscriptions of one chat, or of all."""
    with sessions.open_session(now) as session:
        of = None if chat is None else get_set_up(session.store, session.address(chat)).address
        entries = listed(session.store, of)
        following = () if json else known_chats.next_deliveries_of(session.store, entries, now=session.now)
        moment = session.now
    documents = [subscription_document(entry) for entry in entries]
    return output.tell(documents, lambda: show_list(entries, following, moment), json=json)


def subscription_document(entry: Listed) -> dict[str, object]:
    """Returns one element of `subscriptions --json` (docs/commands.md)."""
    subscription = entry.subscription
    return {
        "number": subscription.number,
        "chat": str(entry.chat.address),
        "name": subscription.name,
        "text": subscription.text,
        "canonical": subscription.canonical,
        "cadence": str(subscription.cadence),
        "zone": entry.zone,
        "state": phrasing.state_of(entry),
        "next_due_at": subscription.next_due_at,
    }


def show_list(entries: Sequence[Listed], following: Sequence[NextDelivery], now: datetime) -> None:
    """Prints subscriptions as a table. `following`: the next delivery of each."""
    if not entries:
        output.print_line("There are no subscriptions yet. paperwire subscribe QUERY --as console:me adds one.")
        return
    rows = []
    for entry, then in zip(entries, following, strict=True):
        language = Language("en", entry.zone)
        row = phrasing.subscription_row(entry, language, now)
        due = when_next(then, language, now) if phrasing.state_of(entry) == "active" else ""
        rows.append((row.chat, str(row.number), row.reading, row.when, due, row.state))
    drawing.print_rows(("chat", "no", "subscription", "when", "next", "state"), rows, right="no")


def when_next(expected: NextDelivery, language: Language, now: datetime) -> str:
    """Returns the time of a subscription's next delivery in words."""
    if expected.at is None:
        latest = expected.latest
        return f"{language.moment(latest, now=now)} at the latest" if latest else "when papers come"
    if expected.at <= now:
        return "when papers are out" if expected.opens else "in a moment"
    moment = language.moment(expected.at, about=expected.about and not expected.opens, now=now)
    if expected.opens:
        moment = f"from {moment} on"
    return f"{moment} ({phrasing.held_back(expected, language)})" if expected.is_held else moment


def settings(*, chat: arguments.ChatOption, json: arguments.Json = False) -> int:
    """Show all settings of a chat, and which of them it chose."""
    with sessions.open_session() as session:
        of = get_set_up(session.store, session.address(chat))
    document = {
        "chat": str(of.address),
        "title": of.title,
        "kind": of.kind.value,
        "state": of.state.value,
        "paused_until": of.paused_until,
        "settings": {name: of.settings.value(name) for name in chat_settings.SETTINGS},  # as `set` accepts them
        "chosen": [name for name in chat_settings.SETTINGS if name in of.chosen],
    }
    return output.tell(document, lambda: _show_settings(of), json=json)


def _show_settings(chat: Chat) -> None:
    head = (str(chat.address), escaped(chat.title), chat.kind.value, chat.state.value)
    output.print_line(" · ".join(filter(None, head)))
    names = chat_settings.SETTINGS
    rows = ((name, chat.settings.value(name), "chosen" if name in chat.chosen else "") for name in names)
    drawing.print_rows(("setting", "value", ""), rows)


def export(
    *,
    chat: arguments.OptionalChatOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chats, with their settings.")] = False,
) -> int:
    """Write subscriptions as text to stdout; `import` reads it back."""
    if (chat is None) is not everything:
        raise WrongUsage("An export is of one chat or of all.", "Write paperwire export --as CHAT, or --all.")
    with sessions.open_session() as session:
        if chat is None:
            sys.stdout.writelines(export_all(session.store))
        else:
            of = get_set_up(session.store, session.address(chat))
            sys.stdout.write(exported(session.store, of.address))
    return 0
