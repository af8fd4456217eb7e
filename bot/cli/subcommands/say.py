"""say: does what a person in a chat would type, as an operator, and prints the reply."""

import asyncio
import json as json_text
import sys
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import uuid4

import typer

from bot.app import build_app
from bot.cli._options import ChatOption, Json, Now
from bot.cli._session import Session, look_up_new_chat, open_session
from bot.cli._streams import print_json, print_line
from bot.commands.registry import REGISTRY
from bot.conversation.handler import answer
from bot.ports.conversation import MessageRequest, Place
from bot.ports.reply import Reply
from bot.rendering.platforms.console import Console
from bot.rendering.replies.reply_messages import render_reply
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.service.chats import known_or_new
from subscriptions.service.subscriptions.selection import get_chat, kind_of


@dataclass(slots=True)
class _Shown:
    """The reply, and the chat that would get it; None: there is no reply."""

    reply: Reply = Reply()  # noqa: RUF009 - a frozen value
    chat: Chat | None = None

    def show(self, reply: Reply, chat: Chat) -> None:
        self.reply, self.chat = reply, chat

    def text(self) -> str:
        """The reply as a terminal shows it, without its buttons."""
        if self.chat is None:
            return ""
        fallback = (self.reply.modal.fallback,) if self.reply.modal else ()
        lines = self.reply.lines or tuple(filter(None, (self.reply.toast, *fallback)))
        bare = replace(self.reply, lines=lines, buttons=(), numbers=())
        messages = render_reply(bare, self.chat, media={self.chat.address.platform: Console()})
        return "\n".join(str(json_text.loads(message.payload)["text"]) for message in messages)

    def labels(self) -> list[list[str]]:
        return [[button.label for button in row] for row in (self.reply.numbers, *self.reply.buttons) if row]


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A command, with or without its slash, or a sentence.")],
    *,
    chat: ChatOption,
    now: Now = None,
    json: Json = False,
) -> int:
    """Do what a person in a chat would type, and print the reply. Nothing is sent to the chat."""
    with open_session(now) as session:
        address = session.address(chat)
        shown = asyncio.run(_reply_to(_addressed(text, address, session), session))
    reply, said = shown.reply, shown.text()
    is_refused = reply.ok is False
    if json:
        files = [{"name": reply.file.name, "content": reply.file.text}] if reply.file else []
        document = {"chat": str(address), "text": said.splitlines(), "buttons": shown.labels(), "ok": not is_refused}
        print_json(document | {"files": files})
        return 1 if is_refused else 0
    print_line(said)
    for row in shown.labels():
        print_line("  ".join(f"[{label}]" for label in row))
    if reply.file:
        print_line(f"{reply.file.name}:")
        sys.stdout.write(reply.file.text)
    return 1 if is_refused else 0


async def _reply_to(request: MessageRequest, session: Session) -> _Shown:
    shown = _Shown()
    app = build_app(session.settings, clock=session.clock, channels={}, out=sys.stderr)
    try:
        assert app.context.conversation is not None  # noqa: S101 - as build_app makes it
        conversation = replace(app.context.conversation, show_reply=shown.show)
        await answer(replace(app.context, conversation=conversation), request)
    finally:
        await app.close()
    return shown


def _addressed(text: str, address: ChatAddress, session: Session) -> MessageRequest:
    """Returns the request of somebody who types this text in a chat. Raises NotFound for a new chat that does not subscribe."""
    first, _, rest = text.strip().partition(" ")
    command = first.removeprefix("/").partition("@")[0].casefold()
    found = REGISTRY.command_named(command)
    if found is not None and found.name == "sub":  # the first subscription makes its chat
        title, kind = look_up_new_chat(session, address)
        chat = known_or_new(session.store, address, kind or kind_of(address), title=title)
    else:
        chat = get_chat(session.store, address)
    return MessageRequest(
        place=Place(chat=chat.address, kind=chat.kind, title=chat.title, public=chat.public),
        update_id=f"say:{uuid4().hex}",
        sender=chat.address.address if chat.kind is ChatKind.PRIVATE else "",
        sender_is_admin=True,
        is_operator=True,
        command=command if first.startswith("/") else "",
        text=rest if first.startswith("/") else text,
    )
