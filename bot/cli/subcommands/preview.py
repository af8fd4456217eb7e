"""preview: shows messages without sending them."""

import sys
from collections.abc import Sequence
from datetime import datetime
from json import loads
from typing import Annotated

import typer

from bot.cli._next_delivery import when_next
from bot.cli._options import ChatOption, Json, Now
from bot.cli._queries import reporting_query_errors
from bot.cli._session import open_session
from bot.cli._streams import json_time, print_json, print_line
from bot.cli._tables import print_table
from bot.commands.phrasing.subscription_words import shortened
from bot.errors import WrongUsage
from bot.rendering.deliveries.delivery_messages import render_delivery
from bot.rendering.display.gallery import payload_display
from bot.rendering.display.screen import flow
from bot.rendering.platforms.media import LOOKS
from bot.rendering.text.language import Language
from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatAddress, Message
from subscriptions.service.operations import Status, status
from subscriptions.service.planner import NotDue, Preview
from subscriptions.service.planner import preview as look

_MOST_DAYS = 3650
_HELD = {"paused": "paused", "asked": "waits to be let in", "moved": "moved"}
_RULE = 72  # columns of the frame around a message


def preview(
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="Instead of what the chat has subscribed to.")
    ] = None,
    *,
    chat: ChatOption,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", help="Look so many days back; else to what was sent last.")
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Show what would be sent, as its platform would get it, without sending or marking anything."""
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise WrongUsage(Sentence("--days is a number from 1 to {most}.", {"most": _MOST_DAYS}))
    with open_session(now) as session, reporting_query_errors(query or ""):
        address = session.address(chat)
        found = look(session.store, address, now=session.now, text=query, days=days)
        about = status(session.store, address, now=session.now)
        titles, moment = session.settings.source_titles, session.now
    due, later = (render_delivery(entry, titles=titles) if entry else () for entry in (found.delivery, found.later))
    if json:
        print_json(_document(about, found, (*due, *later)))
    else:
        _say(found, about, due, later, moment)
    return 0


def _say(found: Preview, about: Status, due: Sequence[Message], later: Sequence[Message], now: datetime) -> None:
    """Prints what was planned before, what is due, and what is not due yet."""
    address = about.chat.address
    if about.waiting:
        print_line(f"Planned before and sent first: {about.waiting}, see `paperwire outbox`.")
    if found.not_due:
        print_line("Due now:" if due else "Nothing is due now.")
    for message in due:
        _show(address, message)
    for line in _not_due(found, about.chat, now):
        print_line(line)
    for message in later:
        _show(address, message)
    if not due and not later:
        print_line(f"Nothing: none of the {found.known:,} papers looked at is for {address}.")


def _not_due(found: Preview, chat: Chat, now: datetime) -> list[str]:
    """Returns a line for each subscription that has papers but is not due, with the time when it is."""
    language = Language("en", chat.settings.timezone)
    lines = ["Not due yet:"] if found.not_due else []
    for entry in found.not_due:
        subscription, count = entry.subscription, language.count("{count} paper", "{count} papers", len(entry.papers))
        when = _HELD.get(entry.held, "") or when_next(entry.next_delivery, language, now)
        lines.append(f"  {subscription.number}  {shortened(subscription.label)} · {count} · {when}")
    return lines


def _document(about: Status, found: Preview, messages: tuple[Message, ...]) -> dict[str, object]:
    """Returns what `preview --json` prints. `payload` and `plain` are what would be sent to the platform."""
    due = found.delivery.items if found.delivery else ()
    items = (*due, *(found.later.items if found.later else ()))
    keys = {item.paper.id: item.paper.paper.key for item in items}
    kind = found.delivery or found.later
    return {
        "chat": str(about.chat.address),
        "kind": kind.kind.value if kind else None,
        "known": found.known,
        "papers": [keys[item.paper.id] for item in items],
        "due": [keys[item.paper.id] for item in due],
        "not_due": [_waits(entry) for entry in found.not_due],
        "planned_before": about.waiting,
        "messages": [
            {
                "number": message.number,
                "papers": [keys[paper] for paper in message.papers if paper in keys],
                "payload": loads(message.payload),
                "plain": loads(message.plain),
            }
            for message in messages
        ],
    }


def _waits(entry: NotDue) -> dict[str, object]:
    """Returns a subscription that is not due, for `--json`. `at` is null while it is held or if its time is unknown."""
    at = entry.next_delivery.at or entry.next_delivery.latest
    return {
        "number": entry.subscription.number,
        "at": json_time(at),
        "held": entry.held or None,
        "papers": [known.paper.key for known in entry.papers],
    }


def _show(chat: ChatAddress, message: Message) -> None:
    """Prints a message as its platform would show it. Links are hidden behind titles on a terminal, written out elsewhere."""
    print_line(f"{f'── {chat}, message {message.number} ':─<{_RULE}}")
    if chat.platform not in LOOKS:
        print_line(loads(message.payload)["text"].rstrip())
    else:
        display = payload_display(chat.platform, message.payload)
        for paragraph in display.paragraphs:
            print_table(flow(paragraph.spans, written=not sys.stdout.isatty()))
        for row in display.keys:
            print_line(" ".join(f"[{key.text}]" for key in row))
    print_line("─" * _RULE)
