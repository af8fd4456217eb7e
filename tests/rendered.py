"""Renders messages of a delivery or a reply for the platform of its chat."""

from functools import lru_cache
from typing import Any

from bot.platforms import known
from bot.ports.channel import Reply
from bot.rendering import delivery_messages, reply_messages
from subscriptions.model import Chat, Delivery, Message

medium_of = lru_cache(known.medium_of)


def render_delivery(delivery: Delivery, **more: Any) -> tuple[Message, ...]:
    """Calls `delivery_messages.render_delivery` with the medium of the chat's platform."""
    return delivery_messages.render_delivery(delivery, medium=medium_of(delivery.chat.address.platform), **more)


def render_reply(reply: Reply, chat: Chat) -> tuple[Message, ...]:
    """Calls `reply_messages.render_reply` with the medium of the chat's platform."""
    return reply_messages.render_reply(reply, chat, medium=medium_of(chat.address.platform))
