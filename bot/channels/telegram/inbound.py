"""Telegram's updates → Requests. Pure: what an update says, in our words (core.telegram.org/bots/api#update)."""

import re
from datetime import UTC, datetime
from typing import Any

from bot.ports import Place, Request
from subscriptions import ChatAddress, ChatKind

ALLOWED = ("message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member")
ANONYMOUS = "1087968824"  # the person as whom anonymous administrators write

_KINDS = {
    "private": ChatKind.PRIVATE,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "channel": ChatKind.BROADCAST,
}
_COMMAND = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@(?P<bot>\w+))?(?=\s|$)")
_WRITING = ("message", "edited_message", "channel_post", "edited_channel_post")
_OUT = frozenset({"left", "kicked"})


def read_update(update: dict[str, Any], *, bot_id: str, bot_name: str) -> Request | None:
    """What an update asks of us; None: nothing that concerns us. `bot_name` is without the @."""
    number = str(update["update_id"])
    for kind in _WRITING:
        if isinstance(message := update.get(kind), dict):
            return _written(message, number, edited=kind.startswith("edited"), bot_id=bot_id, bot_name=bot_name)
    if isinstance(press := update.get("callback_query"), dict):
        return _pressed(press, number)
    if isinstance(change := update.get("my_chat_member"), dict):
        return _changed(change, number)
    return None


def place_of(chat: dict[str, Any], topic: str = "") -> Place:
    """A chat of the Bot API as a Place."""
    name = chat.get("title") or " ".join(
        part for part in (chat.get("first_name"), chat.get("last_name")) if part
    )  # fmt: skip
    kind = _KINDS.get(str(chat.get("type")), ChatKind.GROUP)
    public = kind is not ChatKind.PRIVATE and bool(chat.get("username"))
    return Place(chat=ChatAddress("telegram", str(chat["id"]), topic), kind=kind, title=name or "", public=public)


def _written(message: dict[str, Any], number: str, *, edited: bool, bot_id: str, bot_name: str) -> Request | None:
    place = place_of(message["chat"], _topic(message))
    person = message.get("from") or {}
    if person.get("is_bot") and str(person.get("id")) != ANONYMOUS:
        return None  # bots do not talk with bots
    if service := _service(message, place, number):
        return service
    text = str(message.get("text") or message.get("caption") or "")
    match = _COMMAND.match(text)
    if match and match["bot"] and match["bot"].casefold() != bot_name.casefold():
        return None
    private = place.kind is ChatKind.PRIVATE
    mentioned, text_without = _without_mention(text, bot_name)
    answered = message.get("reply_to_message") or {}
    to_us = str((answered.get("from") or {}).get("id", "")) == bot_id
    document = message.get("document") or {}
    return Request(
        place=place,
        update=number,
        command=match["name"].casefold() if match else "",
        text=text[match.end() :].lstrip(" ") if match else text_without,
        message=str(message["message_id"]),
        sender=str(person.get("id", "")),
        sender_name=" ".join(part for part in (person.get("first_name"), person.get("last_name")) if part),
        proven=_proven(message),
        language=str(person.get("language_code", "")),
        meant=private or bool(match and match["bot"]) or mentioned or to_us,
        edited=edited,
        written=datetime.fromtimestamp(int(message["date"]), UTC),
        answers=str(answered["message_id"]) if to_us else "",
        file=str(document.get("file_id", "")),
        file_size=int(document.get("file_size", 0)),
    )


def _topic(message: dict[str, Any]) -> str:
    """The topic of a forum that a message stands in; General has none, and threads of replies are no topics."""
    if not message.get("is_topic_message"):
        return ""
    topic = str(message.get("message_thread_id", ""))
    return "" if topic == "1" else topic


def _proven(message: dict[str, Any]) -> bool:
    """Whether the message itself shows that its sender manages the chat: an anonymous admin, or a post in a channel."""
    if message["chat"].get("type") == "channel":
        return True
    behind = message.get("sender_chat") or {}
    return str((message.get("from") or {}).get("id")) == ANONYMOUS and behind.get("id") == message["chat"]["id"]


def _without_mention(text: str, bot_name: str) -> tuple[bool, str]:
    mention = re.compile(rf"\s*@{re.escape(bot_name)}\b[:,]?\s*", re.IGNORECASE)
    found = mention.search(text) if bot_name else None
    return (True, (text[: found.start()] + " " + text[found.end() :]).strip()) if found else (False, text)


def _service(message: dict[str, Any], place: Place, number: str) -> Request | None:
    """Messages that the platform writes itself when something happens to a chat."""
    for field, happened in (("forum_topic_closed", "topic-closed"), ("forum_topic_reopened", "topic-open")):
        if field in message:
            return Request(place=place, update=number, happened=happened)
    if "migrate_to_chat_id" in message:
        told = {"to": str(message["migrate_to_chat_id"])}
        return Request(place=place, update=number, happened="moved", told=told)
    return None


def _pressed(press: dict[str, Any], number: str) -> Request | None:
    message = press.get("message") or {}
    if "chat" not in message or "data" not in press:
        return None
    person = press["from"]
    return Request(
        place=place_of(message["chat"], _topic(message)),
        update=number,
        pressed=str(press["data"]),
        press=str(press["id"]),
        message=str(message.get("message_id", "")),
        sender=str(person["id"]),
        sender_name=str(person.get("first_name", "")),
        language=str(person.get("language_code", "")),
    )


def _changed(change: dict[str, Any], number: str) -> Request | None:
    """The bot's own membership: blocked, let in again, added, removed, allowed or forbidden to write."""
    place = place_of(change["chat"])
    before, after = change.get("old_chat_member") or {}, change.get("new_chat_member") or {}
    was_out, is_out = before.get("status") in _OUT, after.get("status") in _OUT
    if is_out:
        happened = "left"
    elif not _may_write(after, place):
        happened = "muted"
    elif was_out and place.kind is not ChatKind.PRIVATE:
        happened = "arrived"
    else:
        happened = "back"
    person = change.get("from") or {}
    return Request(
        place=place,
        update=number,
        happened=happened,
        told={"status": str(after.get("status", "")), "before": str(before.get("status", ""))},
        sender=str(person.get("id", "")),
        sender_name=str(person.get("first_name", "")),
        language=str(person.get("language_code", "")),
    )


def _may_write(member: dict[str, Any], place: Place) -> bool:
    if place.kind is ChatKind.BROADCAST:
        return member.get("status") == "administrator" and member.get("can_post_messages") is not False
    return member.get("status") != "restricted" or member.get("can_send_messages") is not False
