"""Renders messages in the form for the platform of their chat."""

from typing import Any

from bot.platforms.known import medium_of
from bot.ports.channel import Reply
from bot.rendering import delivery_messages, reply_messages
from subscriptions.model import Chat, Delivery, Message


def render_delivery(delivery: Delivery, *layout: Any, **more: Any) -> tuple[Message, ...]:
    """Returns the result of the function with the same name, called with the medium of the chat's platform."""
    medium = medium_of(delivery.chat.address.platform)
    return delivery_messages.render_delivery(delivery, *layout, medium=medium, **more)


def render_reply(reply: Reply, chat: Chat) -> tuple[Message, ...]:
    """Returns the result of the function with the same name, called with the medium of the chat's platform."""
    return reply_messages.render_reply(reply, chat, medium=medium_of(chat.address.platform))
