"""say: what a chat would answer. It loads all commands, which takes 200 ms, so it is a module of its own."""

import asyncio
import sys
from dataclasses import replace
from json import loads
from typing import Annotated

import typer

from bot import messages
from bot.app import App
from bot.build import open_app
from bot.cli import ChatOption, Json, Now
from bot.cli.output import print_line, tell
from bot.cli.session import address_of, look_up_new_chat, open_session, remarks_on_new
from bot.commands.registry import REGISTRY
from bot.conversation.drafts import RenderedReply
from bot.conversation.handler import answer
from bot.free_text.bare_commands import bare_command
from bot.messages import Reply
from bot.platforms.console.markup import Console
from bot.rendering.replies import render_reply, reply_rows
from bot.rendering.views import reader_of
from subscriptions.chats import known as known_chats
from subscriptions.chats.addresses import facts_of
from subscriptions.model import Chat, ChatKind

_FIRST = ("sub", "allow")  # the commands with which a person begins, before there is a chat
_OF_NO_CHAT = ("help", "start", "search", "like", "today", "status")  # commands that ask nothing of a chat


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A command, with or without its slash, or a sentence.")],
    *,
    chat: ChatOption,
    now: Now = None,
    json: Json = False,
) -> int:
    """Act as if a person in the chat had typed TEXT, and print the reply. Nothing is sent to the chat."""
    typed = messages.typed_command(text.strip())
    bare = None if typed.name else bare_command(text)
    name = bare.name if bare else typed.name
    command = REGISTRY.command_named(name)
    may_be_first = command is not None and command.name in _FIRST
    with open_session(now, make=may_be_first) as app:
        address = address_of(app, chat)
        if command and command.name not in (*_FIRST, *_OF_NO_CHAT):  # a sentence is possible in a new chat, too
            before = app.store.read_now(known_chats.get_set_up, address)
        else:
            title, kind = look_up_new_chat(app, address)
            kind = kind or facts_of(address.platform).kind_of(address)
            before = app.store.read_now(known_chats.known_or_new, address, kind, title=title)
        request = messages.MessageRequest(  # of an operator; it is no update of a platform
            place=messages.Place.of(before),
            update_id="",
            command=typed.name,
            text=typed.rest,
            sender=before.address.address if before.kind is ChatKind.PRIVATE else "",
            sender_is_admin=True,
            is_operator=True,
        )
        answered = asyncio.run(_answer(request, app))
        reply, target = (answered.unrendered, answered.target) if answered else (Reply(), None)
        lines = [_text(reply, target)] if target else []
        if reply.ok:
            after = app.store.read_now(known_chats.known_or_new, before.address, before.kind)
            if after.subscriptions_ever_made > before.subscriptions_ever_made:
                lines += remarks_on_new(after, app.settings)
    shown = "\n".join(filter(None, lines))
    labels: list[list[str]] = []
    if target:  # of buttons that open no page
        rows = ([one.label for one in row if not one.url] for row in reply_rows(reply, reader_of(target)))
        labels = list(filter(None, rows))
    document = {
        "chat": str(address),
        "text": shown.splitlines(),
        "buttons": labels,
        "ok": reply.ok is not False,
        "files": [{"name": reply.file.name, "content": reply.file.text}] if reply.file else [],
    }
    tell(document, lambda: print_line(shown, *("  ".join(f"[{one}]" for one in row) for row in labels)), json=json)
    if reply.file and not json:
        print_line(f"{reply.file.name}:")
        sys.stdout.write(reply.file.text)
    return 1 if reply.ok is False else 0


async def _answer(request: messages.MessageRequest, app: App) -> RenderedReply | None:
    # the platforms that are on belong to what a command can do, but none of them is asked
    async with open_app(app.settings, app.clock, out=sys.stderr) as whole:
        return await answer(replace(whole, is_terminal=True), request)


def _text(reply: Reply, chat: Chat) -> str:
    """Return a reply as a terminal shows it, without its buttons."""
    lines = reply.lines or tuple(filter(None, (reply.toast,)))
    bare = replace(reply, lines=lines, buttons=(), numbers=())
    messages = render_reply(bare, chat, renderer=Console())
    return "\n".join(str(loads(message.payload)["text"]) for message in messages)
