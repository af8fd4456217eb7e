"""subscriptions: the list of a chat's subscriptions, or of all, as a table or JSON; how wide a terminal the table needs."""

from dataclasses import replace
from datetime import datetime
from itertools import groupby

from rich.text import Text

from bot.cli import arguments, output, tables
from bot.cli import session as sessions
from bot.commands import phrasing
from subscriptions import texts
from subscriptions.language import Language
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.service import chat_status
from subscriptions.service.listing import Listed, get_set_up, listed

_TABLE_WIDTH = 110  # columns; on a narrower terminal the table would break words


def subscriptions(
    *, chat: arguments.OptionalChatOption = None, now: arguments.Now = None, json: arguments.Json = False
) -> int:
    """List the subscriptions of one chat, or of all."""
    with sessions.open_session(now) as session:
        of = None if chat is None else get_set_up(session.store, session.address(chat)).address
        entries = listed(session.store, of)
        next_deliveries: tuple[NextDelivery, ...] = ()
        if not json:
            next_deliveries = chat_status.next_deliveries_of(session.store, entries, now=session.now)
    documents = [subscription_document(entry) for entry in entries]
    return output.tell(documents, lambda: _show_rows(_rows(entries, next_deliveries, session.now)), json=json)


def _rows(
    entries: tuple[Listed, ...], next_deliveries: tuple[NextDelivery, ...], now: datetime
) -> list[phrasing.ListRow]:
    languages = {zone: Language("en", zone) for zone in {entry.zone for entry in entries}}
    return [
        replace(
            phrasing.subscription_row(entry, languages[entry.zone], now),
            next_due=when_next(expected, languages[entry.zone], now) if phrasing.state_of(entry) == "active" else "",
        )
        for entry, expected in zip(entries, next_deliveries, strict=True)
    ]


def _show_rows(rows: list[phrasing.ListRow]) -> None:
    """Prints a table. On a narrow terminal it prints each chat, and two lines for each of its subscriptions."""
    if not rows:
        output.print_line("There are no subscriptions yet. paperwire subscribe QUERY --as console:me adds one.")
        return
    if tables.is_narrow(_TABLE_WIDTH):
        for chat, rows_of_chat in groupby(rows, key=lambda row: row.chat):
            output.print_line(chat)
            for row in rows_of_chat:
                output.print_line(f"{row.number:>4}  {row.reading}")
                output.print_line(
                    "      " + " · ".join(filter(None, (row.when, row.next_due and f"next {row.next_due}", row.state)))
                )
        return
    headings = ("chat", "no", "subscription", "when", "next", "state")
    cells = (
        (row.chat, str(row.number), row.reading, row.when, row.next_due, Text(texts.escaped(row.state), "yellow"))
        for row in rows
    )
    tables.print_rows(headings, cells, right="no", fold="subscription")


def when_next(expected: NextDelivery, language: Language, now: datetime) -> str:
    """Returns the time of a subscription's next delivery in words."""
    if expected.at is None:
        if expected.latest:
            return f"{language.moment(expected.latest, now=now)} at the latest"
        return "when papers come"
    if expected.at <= now:
        if expected.opens:
            return "when papers are out"
        return "in a moment"
    moment = language.moment(expected.at, about=expected.about and not expected.opens, now=now)
    if expected.opens:
        moment = f"from {moment} on"
    return f"{moment} ({phrasing.held_back(expected, language)})" if expected.is_held else moment


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
