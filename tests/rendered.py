"""Renders messages of a delivery or a reply for the platform of its chat."""

import json
from functools import lru_cache
from typing import Any

from bot import connections as platforms
from bot.messages import Reply
from bot.platforms.slack.markup import message_arguments
from bot.platforms.telegram.markup import open_message as open_for_telegram
from bot.rendering import deliveries, replies
from subscriptions.model import Chat, Delivery, Message

renderer_of = lru_cache(platforms.renderer_of)


def render_delivery(delivery: Delivery, **more: Any) -> tuple[Message, ...]:
    """Calls `deliveries.render_delivery` with the renderer of the chat's platform."""
    return deliveries.render_delivery(delivery, renderer=renderer_of(delivery.chat.address.platform), **more)


def render_reply(reply: Reply, chat: Chat) -> tuple[Message, ...]:
    """Calls `replies.render_reply` with the renderer of the chat's platform."""
    return replies.render_reply(reply, chat, renderer=renderer_of(chat.address.platform))


def plain_form(message: Message) -> str:
    """Returns the text that is sent if the platform refuses the markup of a message.

    Mails and pages have it beside their HTML.
    """
    payload = json.loads(message.payload)
    if "blocks" in payload:
        return str(message_arguments(message, plain=True)["text"])
    if "silent" in payload:
        return str(open_for_telegram(message, plain=True)[0]["text"])
    return str(payload["text"])
