"""Runs a conversation of the demo: sends the steps of a person through the real commands."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

from bot.app import App
from bot.channels.gallery import GalleryChannel
from bot.commands.papers.delivery_callback import read_callback
from bot.conversation.handler import answer
from bot.conversation.reply_sender import send_reply
from bot.demo._clock import DemoClock
from bot.demo._example_chats import DemoConversation, Step
from bot.ports.conversation import CallbackRequest, MessageRequest, Place, Request
from bot.rendering.display.gallery import PersonMessage, Posted
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.service.chats import find_callback, store_chat
from subscriptions.service.subscriptions import set_setting

A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLog:
    """The messages of the person in a conversation, and the buttons that the person pressed."""

    messages: tuple[PersonMessage, ...]
    pressed: frozenset[str]  # callback data of the buttons


async def run_conversation(
    app: App, channel: GalleryChannel, clock: DemoClock, conversation: DemoConversation
) -> ConversationLog:
    """Performs the steps of a conversation, one a minute, and returns what was written and pressed."""
    clock.go_to(conversation.begins)
    store_chat(app.store, conversation.chat, ChatKind.PRIVATE, now=clock.now(), lang=conversation.language)
    set_setting(app.store, conversation.chat, "timezone", conversation.timezone, now=clock.now())
    messages, pressed = [], set()
    for number, step in enumerate(conversation.steps):
        clock.go_to(conversation.begins + number * A_MINUTE)
        if step.text:
            messages.append(PersonMessage(text=step.text, at=clock.now()))
            request = _typed(conversation, step.text, number)
        else:
            post, data = _button(app, channel, conversation, step)
            pressed.add(data)
            request = CallbackRequest(callback_data=data, message_id=post, **_request_fields(conversation, number))
        reply = await answer(app.context, request)
        if reply is not None:
            await send_reply(app.context, reply)
    return ConversationLog(messages=tuple(messages), pressed=frozenset(pressed))


def _typed(conversation: DemoConversation, text: str, number: int) -> Request:
    first, _, rest = text.partition(" ")
    command = first.removeprefix("/") if first.startswith("/") else ""
    return MessageRequest(command=command, text=rest if command else text, **_request_fields(conversation, number))


class _RequestFields(TypedDict):
    place: Place
    update_id: str
    sender: str
    language: str


def _request_fields(conversation: DemoConversation, number: int) -> _RequestFields:
    """Returns the fields that every request of the conversation has."""
    return {
        "place": Place(chat=conversation.chat, kind=ChatKind.PRIVATE),
        "update_id": f"{conversation.address}-{number}",
        "sender": conversation.address,
        "language": conversation.language,
    }


def _button(app: App, channel: GalleryChannel, conversation: DemoConversation, step: Step) -> tuple[str, str]:
    """Returns (id of the message, data) of the button to press. Raises LookupError if no message has such a button."""
    for post in reversed(channel.posts_in(conversation.chat)):
        found = [data for data, token in _buttons(app, conversation, post) if token and token.verb == step.verb]
        if found:
            return post.id, found[step.which]
    raise LookupError(f"no message has a button that does {step.verb}")


def _buttons(app: App, conversation: DemoConversation, post: Posted) -> Iterator[tuple[str, CallbackToken | None]]:
    for row in json.loads(post.payload).get("buttons", []):
        for data in (str(key["data"]) for key in row if "data" in key):
            yield data, read_callback(data, str(conversation.chat)) or find_callback(app.store, data)
