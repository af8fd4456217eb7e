"""say, preview: what a chat would answer, and what it would get. Nothing is sent to it."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from json import loads
from typing import Annotated

import typer

from bot.app import build_app
from bot.cli import drawing
from bot.cli.arguments import ChatOption, Json, Now
from bot.cli.output import print_line, tell
from bot.cli.session import Session, look_up_new_chat, open_session, remarks_on_new
from bot.cli.subscribers import show_list
from bot.commands import phrasing
from bot.commands.bare_commands import bare_command
from bot.commands.intent import REGISTRY
from bot.conversation.drafts import RenderedReply
from bot.conversation.handler import answer
from bot.platforms import medium_of
from bot.platforms.console.markup import Console
from bot.ports import conversation as conversations
from bot.ports.channel import Reply
from bot.rendering.deliveries import render_delivery
from bot.rendering.packing import Medium
from bot.rendering.replies import render_reply, reply_rows
from bot.rendering.terminal import flows
from bot.rendering.views import reader_of
from subscriptions.addresses import facts_of
from subscriptions.model import Chat, ChatAddress, ChatKind, Item, Message
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.query.parse import texts_asked
from subscriptions.service import known_chats, previews
from subscriptions.service.known_chats import Listed
from subscriptions.texts import escaped

_FIRST = ("sub", "allow")  # the commands with which a person begins, before there is a chat
_MOST_DAYS = 3650  # that a preview looks back
_FRAME = 72  # columns of the lines above and below a message


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A command, with or without its slash, or a sentence.")],
    *,
    chat: ChatOption,
    now: Now = None,
    json: Json = False,
) -> int:
    """Act as if a person in the chat had typed TEXT, and print the reply. Nothing is sent to the chat."""
    typed = conversations.typed_command(text.strip())
    bare = None if typed.name else bare_command(text)
    name = bare.name if bare else typed.name
    command = REGISTRY.command_named(name)
    may_be_first = command is not None and command.name in _FIRST
    with open_session(now, make=may_be_first) as session:
        address = session.address(chat)
        if name and not may_be_first:  # a sentence is possible in a new chat, too
            before = known_chats.get_set_up(session.store, address)
        else:
            title, kind = look_up_new_chat(session, address)
            kind = kind or facts_of(address.platform).kind_of(address)
            before = known_chats.known_or_new(session.store, address, kind, title=title)
        answered = asyncio.run(_answer(_by_operator(text, before), session))
        reply, target = (answered.unrendered, answered.target) if answered else (Reply(), None)
        lines = [_text(reply, target)] if target else []
        if reply.ok:
            after = known_chats.known_or_new(session.store, before.address, before.kind)
            if after.subscriptions_ever_made > before.subscriptions_ever_made:
                lines += remarks_on_new(after, session.settings)
    shown, labels = "\n".join(filter(None, lines)), _labels(reply, target) if target else []
    document = {
        "chat": str(address),
        "text": shown.splitlines(),
        "buttons": labels,
        "ok": reply.ok is not False,
        "files": [{"name": reply.file.name, "content": reply.file.text}] if reply.file else [],
    }
    rows = ("  ".join(f"[{label}]" for label in row) for row in labels)
    tell(document, lambda: print_line(shown, *rows), json=json)
    if reply.file and not json:
        print_line(f"{reply.file.name}:")
        sys.stdout.write(reply.file.text)
    return 1 if reply.ok is False else 0


async def _answer(request: conversations.MessageRequest, session: Session) -> RenderedReply | None:
    app = build_app(session.settings, clock=session.clock, out=sys.stderr)
    try:
        # the platforms that are on belong to what a command can do, but none of them is asked
        conversation = replace(app.deps.conversation, is_terminal=True)
        return await answer(replace(app.deps, conversation=conversation), request)
    finally:
        await app.close()


def _by_operator(text: str, chat: Chat) -> conversations.MessageRequest:
    """Returns the request for a text that an operator types in a chat. It is no update of a platform."""
    typed = conversations.typed_command(text.strip())
    return conversations.MessageRequest(
        place=conversations.Place.of(chat),
        update_id="",
        command=typed.name,
        text=typed.rest,
        sender=chat.address.address if chat.kind is ChatKind.PRIVATE else "",
        sender_is_admin=True,
        is_operator=True,
    )


def _text(reply: Reply, chat: Chat) -> str:
    """Returns a reply as a terminal shows it, without its buttons."""
    lines = reply.lines or tuple(filter(None, (reply.toast,)))
    bare = replace(reply, lines=lines, buttons=(), numbers=())
    messages = render_reply(bare, chat, medium=Console())
    return "\n".join(str(loads(message.payload)["text"]) for message in messages)


def _labels(reply: Reply, chat: Chat) -> list[list[str]]:
    """Returns the labels of the buttons that open no page, row by row."""
    rows = ([one.label for one in row if not one.url] for row in reply_rows(reply, reader_of(chat)))
    return [row for row in rows if row]


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
    with open_session(now) as session, drawing.reporting_query_errors(query or ""):
        address, moment = session.address(chat), session.now
        session.encode(texts_asked(query or ""))
        found = previews.preview(session.store, address, now=moment, text=query, days=days)
        following = known_chats.next_deliveries_of(session.store, found.not_due, now=moment)
        about = known_chats.status(session.store, address, now=moment)
        titles, medium = session.settings.source_titles, _medium_at(address, session)
    due, later = (
        render_delivery(entry, medium=medium, titles=titles) if entry else () for entry in (found.delivery, found.later)
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
    about: known_chats.Status, found: previews.Preview, following: Sequence[NextDelivery], messages: Sequence[Message]
) -> dict[str, object]:
    """Returns what `preview --json` prints. Its `payload` is what would be sent to the platform."""
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
    """Returns a subscription that has papers and is not due.

    `at` is null while something holds it, or if it is unknown.
    """
    state, number = phrasing.state_of(one), one.subscription.number
    held = None if state == "active" else state
    papers = [item.paper.paper.key for item in later if number in [reason.number for reason in item.because]]
    return {"number": number, "at": None if held else then.at or then.latest, "held": held, "papers": papers}


def _medium_at(chat: ChatAddress, session: Session) -> Medium:
    """Returns the medium of a chat, whose platform may be off."""
    if facts_of(chat.platform).formats_differ and session.settings.is_on(chat.platform):
        return session.platform(chat.platform).medium_at(chat)
    return medium_of(chat.platform)


def _show_message(chat: ChatAddress, message: Message) -> None:
    """Prints a message as its platform would show it.

    On a terminal, titles are links; elsewhere, links are written out.
    """
    print_line(f"{f'── {escaped(str(chat))}, message {message.number} ':─<{_FRAME}}")
    display = medium_of(chat.platform).display(loads(message.payload))
    for block in display.blocks:
        for flow in flows(block, written=not sys.stdout.isatty()):
            drawing.print_drawn(flow)
    for row in display.keys:
        print_line(" ".join(f"[{label}]" for label, _ in row))
    print_line("─" * _FRAME)
