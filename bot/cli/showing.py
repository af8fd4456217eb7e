"""demo and preview: messages that nobody is sent."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import As, Json, Now
from bot.cli._streams import console, print_json, print_table, say
from bot.errors import WrongUsage
from subscriptions import Sentence

if TYPE_CHECKING:
    from subscriptions import ChatAddress, Message, Preview

_MOST_DAYS = 3650
_RULE = 72  # columns, as the console frames its messages


def demo(
    *, out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the gallery goes.")] = Path("gallery")
) -> int:
    """Send sample digests through the real pipeline to example chats: no account, no network."""
    from bot.demo import run_demo

    return run_demo(out, console(sys.stdout))


def preview(
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="Instead of what the chat has subscribed to.")
    ] = None,
    *,
    chat: As,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", help="Look so many days back; else to what was sent last.")
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Show what would be sent, as its platform would get it, without sending or marking anything."""
    from bot.cli._queries import refusals_of
    from bot.cli._session import opened
    from bot.rendering import render_delivery
    from subscriptions import get_chat
    from subscriptions import preview as look

    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise WrongUsage(Sentence("--days is a number from 1 to {most}.", {"most": _MOST_DAYS}))
    with opened(now) as session, refusals_of(query or ""):
        address = session.address(chat)
        found = look(session.store, address, now=session.now, text=query, days=days)
        at = get_chat(session.store, address).address
    messages = render_delivery(found.delivery, titles=session.settings.source_titles) if found.delivery else ()
    if json:
        print_json(_document(str(at), found, messages))
    elif messages:
        for message in messages:
            _show(at, message)
    else:
        say(f"Nothing: none of the {found.known:,} papers looked at is for {at}.")
    return 0


def _document(chat: str, found: "Preview", messages: "tuple[Message, ...]") -> dict[str, object]:
    """What `preview --json` prints; `payload` and `plain` are what the platform would be sent."""
    from json import loads

    items = found.delivery.items if found.delivery else ()
    keys = {item.paper.id: item.paper.paper.key for item in items}
    return {
        "chat": chat,
        "kind": found.delivery.kind.value if found.delivery else None,
        "known": found.known,
        "papers": [keys[item.paper.id] for item in items],
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


def _show(chat: "ChatAddress", message: "Message") -> None:
    """A message as its platform would show it: links behind their titles on a terminal, written out elsewhere."""
    from json import loads

    from bot.rendering.gallery import displayed
    from bot.rendering.screen import flow

    say(f"{f'── {chat}, message {message.number} ':─<{_RULE}}")
    if chat.platform == "web":
        say(loads(message.payload)["text"].rstrip())
    else:
        display = displayed(chat.platform, message.payload)
        for paragraph in display.paragraphs:
            print_table(flow(paragraph.spans, written=not sys.stdout.isatty()))
        for row in display.keys:
            say(" ".join(f"[{key.text}]" for key in row))
    say("─" * _RULE)
