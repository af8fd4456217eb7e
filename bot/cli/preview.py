"""Show what would be sent to a chat."""

import sys
from collections.abc import Sequence
from json import loads
from typing import Annotated

import typer

from bot.cli import ChatOption, Json, Now, drawing
from bot.cli.output import print_line, tell
from bot.cli.session import address_of, encode, open_session, platform_of
from bot.cli.subscriptions import show_list
from bot.commands import phrasing
from bot.connections import renderer_of
from bot.rendering.deliveries import render_delivery
from bot.rendering.terminal import flows
from subscriptions.chats import known as known_chats
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.known import Listed
from subscriptions.model import ChatAddress, Item, Message
from subscriptions.outbox import figures
from subscriptions.plan import previews
from subscriptions.query.parse import texts_asked
from subscriptions.schedule.times import typed_query
from subscriptions.sources.forecast import NextDelivery
from subscriptions.text.escaping import escaped

_MOST_DAYS = 3650  # that a preview looks back
_FRAME = 72  # columns of the lines above and below a message


def preview(
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="A query to use instead of the chat's subscriptions.")
    ] = None,
    *,
    chat: ChatOption,
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            metavar="N",
            min=1,
            max=_MOST_DAYS,
            help="Look this many days back; by default to the last delivery.",
        ),
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Show what would be sent, as the chat's platform would get it, without sending or marking anything."""
    with open_session(now) as app, drawing.reporting_query_errors(query or ""):
        address, moment = address_of(app, chat), app.clock.now()
        query = None if query is None else typed_query(query, searches=True).query
        encode(app, texts_asked(query or ""))
        found = app.store.read_now(previews.preview, address, now=moment, text=query, days=days)
        following = app.store.read_now(known_chats.next_deliveries_of, found.not_due, now=moment)
        about = app.store.read_now(figures.status, address, now=moment)
        titles, renderer = app.settings.source_titles, renderer_of(address.platform)
        if facts_of(address.platform).formats_differ and app.settings.is_on(address.platform):
            renderer = platform_of(app, address.platform).renderer_for(address)
    due, later = (
        render_delivery(entry, renderer=renderer, titles=titles) if entry else ()
        for entry in (found.delivery, found.later)
    )

    def show() -> None:
        if about.outbox.waiting:
            print_line(f"Planned before and sent first: {about.outbox.waiting}, see `paperwire outbox`.")
        if found.not_due:
            print_line("Due now:" if due else "Nothing is due now.")
        for message in due:
            _show_message(about.chat.address, message)
        if found.not_due:
            print_line("Not due yet:")
            show_list(found.not_due, following, moment)
        for message in later:
            _show_message(about.chat.address, message)
        if not due and not later:
            print_line(f"Nothing: none of the {found.known:,} papers looked at is for {about.chat.address}.")

    return tell(_preview_document(about, found, following, (*due, *later)), show, json=json)


def _preview_document(
    about: figures.Status, found: previews.Preview, following: Sequence[NextDelivery], messages: Sequence[Message]
) -> dict[str, object]:
    """Return what `preview --json` prints. Its `payload` is what would be sent to the platform."""
    due = found.delivery.items if found.delivery else ()
    later = found.later.items if found.later else ()
    keys = {item.paper.id: item.paper.paper.key for item in (*due, *later)}
    kind = found.delivery or found.later
    return {
        "chat": str(about.chat.address),
        "kind": kind.kind.value if kind else None,
        "known": found.known,
        "papers": [keys[item.paper.id] for item in (*due, *later)],
        "due": [keys[item.paper.id] for item in due],
        "not_due": [_waiting_document(one, then, later) for one, then in zip(found.not_due, following, strict=True)],
        "planned_before": about.outbox.waiting,
        "messages": [
            {
                "number": message.number,
                "papers": [keys[paper] for paper in message.papers if paper in keys],
                "payload": loads(message.payload),
            }
            for message in messages
        ],
    }


def _waiting_document(one: Listed, then: NextDelivery, later: Sequence[Item]) -> dict[str, object]:
    """Return a subscription that has papers and is not due.

    `at` is null while something holds it, or if it is unknown.
    """
    state, number = phrasing.state_of(one), one.subscription.number
    held = None if state == "active" else state
    papers = [item.paper.paper.key for item in later if number in [reason.number for reason in item.because]]
    return {"number": number, "at": None if held else then.at or then.latest, "held": held, "papers": papers}


def _show_message(chat: ChatAddress, message: Message) -> None:
    """Print a message as its platform would show it.

    On a terminal, titles are links; elsewhere, links are written out.
    """
    print_line(f"{f'── {escaped(str(chat))}, message {message.number} ':─<{_FRAME}}")
    display = renderer_of(chat.platform).display(loads(message.payload))
    for block in display.blocks:
        for flow in flows(block, written=not sys.stdout.isatty()):
            drawing.print_drawn(flow)
    for row in display.keys:
        print_line(" ".join(f"[{label}]" for label, _ in row))
    print_line("─" * _FRAME)
