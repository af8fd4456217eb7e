"""Translates updates of Telegram into requests (pure), and receives them by long polling (getUpdates).

A call confirms all updates before its offset. So the offset moves on only when the effects of a batch are stored. After
a crash in between, its updates come again, and their ids show that they were handled. The polling of
python-telegram-bot is not used, because it confirms updates before they are handled (docs/architecture.md, rule 8).
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.log import error_location
from bot.messages import CallbackRequest, EventRequest, MessageRequest, Place, Request, typed_command, usable_text
from bot.platforms.base import RequestDispatcher
from bot.platforms.receivers import Dispatch, ReceiverLoop, documented_shape
from bot.platforms.telegram.client import Client
from subscriptions.errors import StoreError
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.outcomes import NotDelivered

log = logging.getLogger("paperwire")

LONG_POLL_SECONDS = 25  # how long one call waits for updates
REPEATED_PAUSE = 1.0  # seconds until the next call after an old answer came again

Update = Mapping[str, Any]  # as the Bot API writes it, with its update_id

ALLOWED = ("message", "channel_post", "callback_query", "my_chat_member")
ANONYMOUS = "1087968824"  # the user id of anonymous administrators

_OUT = frozenset({"left", "kicked"})
# The contents that people send. A message without any of them is a service message, such as about a new member.
_CONTENT = frozenset(
    {"text", "caption", "animation", "audio", "contact", "dice", "document", "game", "location", "photo", "poll"}
    | {"paid_media", "sticker", "story", "venue", "video", "video_note", "voice", "checklist"}
)
_FORWARDED = ("forward_origin", "forward_date", "is_automatic_forward")
# the fields of service messages about a topic or a new chat id → (event, what the new id is)
_SERVICES = {
    "forum_topic_closed": ("topic-closed", ""),
    "forum_topic_reopened": ("topic-open", ""),
    "migrate_to_chat_id": ("moved", "to"),
    "migrate_from_chat_id": ("moved", "from"),
}


_KINDS = {
    "private": ChatKind.PRIVATE,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "channel": ChatKind.BROADCAST,
}


def place_of(chat: Mapping[str, Any], topic: str = "") -> Place:
    """Return the Place of a chat of the Bot API."""
    kind = _KINDS.get(str(chat.get("type")), ChatKind.GROUP)
    return Place(
        chat=ChatAddress("telegram", str(int(chat["id"])), topic),
        kind=kind,
        title=usable_text(chat.get("title") or _full_name(chat)),
        public=kind is not ChatKind.PRIVATE and bool(chat.get("username")),
        is_forum=bool(chat.get("is_forum")),
    )


def read_update(update: Update, *, bot_id: str, bot_name: str) -> Request | None:
    """Return the request in an update; None if it contains none. `bot_name` has no @. Raise Malformed."""
    with documented_shape():
        number = str(int(update["update_id"]))
        for kind, found in update.items():
            match kind, found:
                case (("message" | "channel_post"), dict()):
                    return _written(found, number, bot_id=bot_id, bot_name=bot_name)
                case "callback_query", dict():
                    return _callback_query(found, number)
                case "my_chat_member", dict():
                    return _membership_changed(found, number)
    return None


def _written(message: Mapping[str, Any], number: str, *, bot_id: str, bot_name: str) -> Request | None:
    """Return the request in a message; None for one of a bot, without content, or for another bot.

    A forwarded command is plain text. In a private chat every command is ours, even if it names another bot.
    """
    place, person = place_of(message["chat"], _topic(message)), message.get("from") or {}
    if person.get("is_bot") and str(person.get("id")) != ANONYMOUS:
        return None
    for field, (event, new) in _SERVICES.items():
        if field in message:
            details = {new: str(int(message[field]))} if new else {}
            return EventRequest(place=place, update_id=number, event=event, details=details)
    if not _CONTENT & message.keys():
        return None
    words = usable_text(message.get("text") or message.get("caption"))
    is_forwarded = any(message.get(field) for field in _FORWARDED)
    command, bot, text = typed_command(words)
    names_us = bool(bot)
    if not command or not command.isascii():  # Telegram's commands are ASCII
        command, (names_us, text) = "", _without_mention(words, bot_name)
    elif is_forwarded:
        command, names_us = "", False
    elif names_us and bot.casefold() != bot_name.casefold() and not place.is_private:
        return None
    answered = message.get("reply_to_message") or {}
    is_answer = str((answered.get("from") or {}).get("id", "")) == bot_id
    is_addressed = names_us or bool(is_answer and (text or command))
    return MessageRequest(
        place=place,
        update_id=number,
        command=command,
        text=text,
        message_id=str(int(message["message_id"])),
        **_by(person),
        sender_is_admin=_is_proven_admin(message),
        is_addressed=place.is_private or (is_addressed and not is_forwarded),
        mentions_bot=names_us,
        written_at=datetime.fromtimestamp(int(message["date"]), UTC),
        reply_to=str(int(answered["message_id"])) if is_answer else "",
        file_id=usable_text((message.get("document") or {}).get("file_id")),
    )


def _topic(message: Mapping[str, Any]) -> str:
    """Return the forum topic of a message.

    "" in the topic General, and for threads of replies, which are no topics.
    """
    if not message.get("is_topic_message"):
        return ""
    topic = str(int(message.get("message_thread_id") or 1))
    return "" if topic == "1" else topic


def _is_proven_admin(message: Mapping[str, Any]) -> bool:
    """Return whether the message proves that an administrator sent it: a channel post, or an anonymous admin."""
    if message["chat"].get("type") == "channel":
        return True
    behind = message.get("sender_chat") or {}
    return str((message.get("from") or {}).get("id")) == ANONYMOUS and behind.get("id") == message["chat"]["id"]


def _without_mention(text: str, bot_name: str) -> tuple[bool, str]:
    mention = rf"(?<!\w)@{re.escape(bot_name)}\b[:,]?"
    if bot_name and (found := re.search(mention, text, re.IGNORECASE)):
        return (True, f"{text[: found.start()].rstrip()} {text[found.end() :].lstrip()}".strip())
    return (False, text)


def _callback_query(query: Mapping[str, Any], number: str) -> Request | None:
    """Return the request for a callback query. A very old message has only its chat and id (InaccessibleMessage)."""
    message = query.get("message") or {}
    if "chat" not in message or not query.get("data"):
        return None  # a callback of an inline message or a game, which this bot does not send
    return CallbackRequest(
        place=place_of(message["chat"], _topic(message)),
        update_id=number,
        callback_data=usable_text(query["data"]),
        callback_id=usable_text(query["id"]),
        topic_is_unknown=not message.get("date"),
        message_id=str(int(message["message_id"])),
        **_by(query["from"]),
    )


def _membership_changed(change: Mapping[str, Any], number: str) -> Request | None:
    """Return the request when the bot was blocked, unblocked, added or removed, or may write or no longer."""
    place = place_of(change["chat"])
    before, after = change.get("old_chat_member") or {}, change.get("new_chat_member") or {}
    was_out, is_out = before.get("status") in _OUT, after.get("status") in _OUT
    if is_out:
        event = "left"
    elif not _may_write(after, place):
        event = "muted"
    elif was_out and not place.is_private:
        event = "arrived"
    else:
        event = "back"
    return EventRequest(
        place=place,
        update_id=number,
        event=event,
        details={"before": str(before.get("status", "")), "until": _end_of(after)},
        **_by(change.get("from") or {}),
    )


def _end_of(member: Mapping[str, Any]) -> str:
    """Return when a restriction ends, as an ISO date; "" if it has no end."""
    end = int(member.get("until_date") or 0)
    return datetime.fromtimestamp(end, UTC).isoformat() if end else ""


def _may_write(member: Mapping[str, Any], place: Place) -> bool:
    if place.kind is ChatKind.BROADCAST:
        return member.get("status") == "administrator" and member.get("can_post_messages") is not False
    return member.get("status") != "restricted" or member.get("can_send_messages") is not False


def _by(person: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a request that say by whom it was made; none if the update names no person."""
    if "id" not in person:
        return {}
    return {
        "sender": str(int(person["id"])),
        "sender_name": usable_text(_full_name(person)),
        "language": usable_text(person.get("language_code")),
    }


def _full_name(named: Mapping[str, Any]) -> str:
    return " ".join(part for part in (named.get("first_name"), named.get("last_name")) if part)


class LongPolling(ReceiverLoop):
    """Fetches updates from Telegram.

    `on_bot_name` is called with the bot's name once Telegram has named it.
    """

    name = "telegram updates"

    def __init__(self, client: Client, clock: Clock, *, on_bot_name: Callable[[str], None]) -> None:
        super().__init__("Telegram", clock)
        self._client = client
        self._on_bot_name = on_bot_name
        self._bot_id, self._bot_name = "", ""

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. After a cancellation, the dispatcher finishes the updates that it already has."""
        await self.retry(self._prepare)
        offset = 0
        while True:
            updates = await self.retry(partial(self._updates, offset, LONG_POLL_SECONDS))
            following = await self._handle(updates, offset, dispatcher.dispatch)
            if updates and following == offset:  # something on the way, such as a proxy, repeats an old answer
                await self.clock.sleep(REPEATED_PAUSE)
            offset = following

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        offset = 0
        try:
            await self._prepare()
            while updates := await self._updates(offset, 0):
                following = await self._handle(updates, offset, dispatcher.dispatch_without_retry)
                if following == offset:
                    return
                offset = following
        except NotDelivered as error:
            log.warning("What waits on Telegram cannot be answered now: %s", error.reason)

    async def _prepare(self) -> None:
        """Find out who the bot is, and deletes a webhook that is still set. Raise NotDelivered."""
        me = await self._client.ask_for_object("getMe")
        self._bot_id, self._bot_name = str(me.get("id", "")), str(me.get("username") or "")
        self._on_bot_name(self._bot_name)
        webhook = await self._client.ask_for_object("getWebhookInfo")
        if webhook.get("url"):
            log.warning("Telegram sent updates to a webhook; they are asked for from now on. None is lost.")
            await self._client.ask("deleteWebhook", drop_pending_updates=False)

    async def _updates(self, offset: int, seconds: int) -> list[dict[str, Any]]:
        return await self._client.updates(offset, seconds=seconds, allowed=ALLOWED)

    async def _handle(self, updates: Sequence[Update], offset: int, dispatch: Dispatch) -> int:
        """Dispatch updates at the same time. Return the next offset when all have taken effect.

        Raise StoreError.
        """
        reads = (partial(read_update, one, bot_id=self._bot_id, bot_name=self._bot_name) for one in updates)
        dispatched = (
            self.take(f"Update {one['update_id']}", read, dispatch) for one, read in zip(updates, reads, strict=True)
        )
        for update, problem in zip(updates, await asyncio.gather(*dispatched, return_exceptions=True), strict=True):
            if isinstance(problem, StoreError):
                raise problem
            if isinstance(problem, Exception):
                log.error("Update %d was given up: %s", update["update_id"], error_location(problem))
        return int(updates[-1]["update_id"]) + 1 if updates else offset
