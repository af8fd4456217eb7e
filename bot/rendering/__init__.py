"""Delivery or Reply → messages: what people see. The only home of Jinja.

A message's payload and plain form are JSON objects as text, which the platform's channel posts as they are:

- telegram: {"text": HTML, "silent": bool, "buttons": [[{"text", "url"} | {"text", "data"}]] or none}
- slack: {"text": what a notification shows, "blocks": […]}; a plain form has the text alone
- console: {"text": …}
- web: {"html": …, "text": …}

Forms and boards exist on Slack alone: JSON of views, as views.open and views.publish take them.

A plain form is {"text": …} without markup, for telegram with "silent" (and "buttons"), sent without parse_mode.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.ports.reply import Reply
from bot.rendering.console import Console
from bot.rendering.deliveries import delivery_messages
from bot.rendering.keys import Own
from bot.rendering.language import Language as Language
from bot.rendering.language import Translator as Translator
from bot.rendering.language import translator as translator
from bot.rendering.medium import Medium
from bot.rendering.replies import reply_messages
from bot.rendering.slack import Slack
from bot.rendering.slack_views import board_view as board_view
from bot.rendering.slack_views import sheet_view as sheet_view
from bot.rendering.telegram import Telegram
from bot.rendering.views import Reader
from bot.rendering.web import Web
from bot.rendering.words import ReplyWords as ReplyWords
from subscriptions.model import Chat, Delivery, Message

_NONE: Mapping[str, tuple[str, str]] = MappingProxyType({})
_MEDIA: dict[str, Medium] = {"telegram": Telegram(), "slack": Slack(), "console": Console(), "web": Web()}


def render_delivery(
    delivery: Delivery,
    layout: Sequence[Sequence[int]] = (),
    *,
    titles: Mapping[str, tuple[str, str]] = _NONE,
    own: Own | None = None,
) -> tuple[Message, ...]:
    """The messages of a delivery, in order, each within its platform's limits.

    `layout` is for edits: the papers (`Message.papers`) of each message that was sent, which stay where they are.
    `titles` are the sources that want to be named: name in lower case → (title, home or ""). `own` gives the link under
    which strangers subscribe for themselves, "" for none; it is asked only where a chat has that button.
    """
    return delivery_messages(
        _naming(delivery, titles), reader_of(delivery.chat), _medium(delivery.chat), layout, own=own
    )


def _naming(delivery: Delivery, titles: Mapping[str, tuple[str, str]]) -> Delivery:
    """The delivery with the titles of the sources that brought what it shows, in the order of `titles`."""
    brought = {name.casefold() for item in delivery.items if item.shown for name in item.paper.paper.sources}
    named = tuple(title for name, title in titles.items() if name in brought)
    return replace(delivery, facts=replace(delivery.facts, titles=named)) if named else delivery


def render_reply(reply: Reply, chat: Chat) -> tuple[Message, ...]:
    """The messages of an answer: one, unless it is longer than the platform's limit."""
    told = reader_of(reply.delivery.chat) if reply.delivery else None
    return reply_messages(reply, reader_of(chat), _medium(chat), told=told)


def language_of(chat: Chat) -> Language:
    """The chat's language in its time zone."""
    return Language(chat.settings.lang, chat.settings.timezone)


def reader_of(chat: Chat) -> Reader:
    """For whom papers are written out in a chat."""
    return Reader(language=language_of(chat), settings=chat.settings, kind=chat.kind, open=chat.public)


def _medium(chat: Chat) -> Medium:
    return _MEDIA[chat.address.platform]
