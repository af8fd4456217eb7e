"""The calls to Telegram, through `telegram.Bot` set up so that nothing is sent twice. Importing this module loads the library."""

import logging
from functools import partial
from typing import Any
from urllib.parse import quote

from telegram import Bot
from telegram.constants import ParseMode
from telegram.error import InvalidToken
from telegram.request import BaseRequest

from bot.channels.telegram.bot_api.errors import not_modified, outcome, outcome_of_repeatable
from bot.channels.telegram.bot_api.payload import InlineButton, MessageArguments
from bot.channels.telegram.bot_api.transport import Transport
from subscriptions.errors import Rejected, RetryLater, Unclear

_TALKATIVE = ("telegram", "aiohttp")  # at DEBUG the library logs its base URL, which holds the token
_NO_PREVIEW = {"is_disabled": True}
_UNREADABLE = "Telegram gave no answer that can be read."
_GENERAL = 1  # a forum's General topic: with its id the server answers "message thread not found"


class _Bot(Bot):
    """The library's bot, with a call that returns answers as they came, since the library does not know every new field."""

    async def call(self, method: str, arguments: dict[str, Any], seconds: float | None) -> object:
        """Returns the result of a method. Waits `seconds` for the answer; None: the usual time. Raises what the library raises."""
        within = BaseRequest.DEFAULT_NONE if seconds is None else seconds
        return await self._post(method, arguments, read_timeout=within)


class Client:
    """The calls that paperwire needs. Each raises only NotDelivered."""

    def __init__(self, token: str, root: str, *, connect: float, read: float, in_flight: int) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._connections = partial(Transport, token, root, connect=connect, read=read)
        self._root, self._token, self._read = root.rstrip("/"), token, read
        self._bot = self._make_bot(in_flight)
        self._receiving_bot: _Bot | None = None  # made when updates are asked for, since making one takes a while

    async def send(self, address: str, topic: int | None, post: MessageArguments, reply_to: int | None) -> str:
        """Posts one message and returns its id. Reads nothing else of the answer, since an error there would hide a success."""
        wanted = _wanted(address, post) | {
            "disable_notification": post.silent,
            "message_thread_id": topic if topic != _GENERAL else None,
            "reply_parameters": _reply(reply_to),
        }
        try:
            sent = await self._bot.call("sendMessage", wanted, None)
        except Exception as error:
            raise outcome(error) from error
        if isinstance(sent, dict) and isinstance(sent.get("message_id"), int):
            return str(sent["message_id"])
        raise Unclear(_UNREADABLE)

    async def edit(self, address: str, message_id: int, post: MessageArguments) -> None:
        """Replaces text and buttons of a message. The answer "message is not modified" is success."""
        try:
            await self._bot.call("editMessageText", _wanted(address, post) | {"message_id": message_id}, None)
        except Exception as error:
            if not not_modified(error):
                raise outcome(error) from error

    async def send_file(self, address: str, topic: int | None, name: str, data: bytes) -> str:
        """Posts a document without sound and returns the message's id."""
        try:
            sent = await self._bot.send_document(
                address,
                data,
                filename=name,
                disable_notification=True,
                message_thread_id=topic if topic != _GENERAL else None,
            )
        except Exception as error:
            raise outcome(error) from error
        return str(sent.message_id)

    async def call(self, method: str, **arguments: object) -> object:
        """Returns the result of a method that may be called twice. Therefore it never raises Unclear."""
        try:
            return await self._bot.call(method, arguments, None)
        except Exception as error:
            raise outcome_of_repeatable(error) from error

    async def call_for_object(self, method: str, **arguments: object) -> dict[str, Any]:
        """Like `call`, for a method whose result is an object."""
        answer = await self.call(method, **arguments)
        if not isinstance(answer, dict):
            raise RetryLater(_UNREADABLE)
        return answer

    async def updates(self, offset: int, *, seconds: int, allowed: tuple[str, ...]) -> list[dict[str, Any]]:
        """Returns the raw updates from `offset` on, each with its update_id. Waits up to `seconds` for the first.

        Uses a separate connection, so that sending and receiving do not wait for each other.
        """
        if self._receiving_bot is None:
            self._receiving_bot = self._make_bot(1)
        wanted = {"offset": offset, "limit": 100, "timeout": seconds, "allowed_updates": list(allowed)}
        try:
            found = await self._receiving_bot.call("getUpdates", wanted, self._read + seconds)
        except Exception as error:
            raise outcome_of_repeatable(error) from error
        numbered = [update for update in found if _has_number(update)] if isinstance(found, list) else []
        if found != [] and not numbered:
            raise RetryLater(_UNREADABLE)
        return numbered

    async def download(self, path: str) -> bytes:
        """Returns the content of a file, by the path that getFile returned."""
        try:
            return await self._bot.request.retrieve(f"{self._root}/file/bot{self._token}/{quote(path)}")
        except InvalidToken as error:  # the library's reading of 404; getFile has just accepted the token
            raise Rejected("Telegram does not have this file any more.") from error
        except Exception as error:
            raise outcome_of_repeatable(error) from error

    async def close(self) -> None:
        """Closes the connections."""
        for bot in (self._bot, self._receiving_bot):
            if bot is not None:
                await bot.request.shutdown()

    def _make_bot(self, in_flight: int) -> _Bot:
        connections = self._connections(in_flight=in_flight)
        return _Bot(self._token, base_url=f"{self._root}/bot", request=connections, get_updates_request=connections)


def _has_number(update: object) -> bool:
    return isinstance(update, dict) and isinstance(update.get("update_id"), int)


def _wanted(address: str, post: MessageArguments) -> dict[str, Any]:
    """Returns the arguments that sendMessage and editMessageText share, in JSON form. The library leaves out those that are None."""
    return {
        "chat_id": address,
        "text": post.text,
        "parse_mode": ParseMode.HTML if post.html else None,
        "link_preview_options": _NO_PREVIEW,
        "reply_markup": {"inline_keyboard": [[_button(key) for key in row] for row in post.keyboard]}
        if post.keyboard
        else None,
    }


def _button(key: InlineButton) -> dict[str, str]:
    does = {"url": key.url} if key.url is not None else {"callback_data": key.data or ""}
    return {"text": key.text} | does


def _reply(message_id: int | None) -> dict[str, object] | None:
    return {"message_id": message_id, "allow_sending_without_reply": True} if message_id else None
