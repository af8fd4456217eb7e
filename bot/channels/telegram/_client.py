"""`telegram.Bot`, set up for sends that happen once. It alone of the sender's modules imports the library when loaded."""

import json
import logging
from contextlib import suppress
from typing import Any

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram._errors import asking, not_modified, outcome
from bot.channels.telegram._payload import Key, Post

# httpx writes whole URLs, and so the token, into its log at INFO; the library writes its base URL at DEBUG.
_TALKATIVE = ("httpx", "httpcore", "telegram")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_TOAST = 200  # characters of an answer to a press (telegram.constants)
_GENERAL = 1  # a forum's General topic: with its id the server answers "message thread not found"


class Request(HTTPXRequest):
    """The library's request, which keeps the token and the body of an answer out of errors and logs.

    Error pages of proxies like to repeat the URL that they refuse; the library quotes them in errors, and logs a whole
    body that it cannot read.
    """

    def __init__(self, token: str, *, connect: float, read: float, in_flight: int) -> None:
        super().__init__(
            connection_pool_size=in_flight,
            connect_timeout=connect,
            read_timeout=read,
            write_timeout=read,
            pool_timeout=connect,
        )
        self._secret = token.encode()

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:  # noqa: ANN401 - the library's own
        """The status and the body, in which the token is blotted out."""
        status, body = await super().do_request(*args, **kwargs)
        return status, body.replace(self._secret, b"<token>")

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As the library's, without logging the body."""
        try:
            return json.loads(payload.decode("utf-8", "replace"))  # type: ignore[no-any-return]
        except ValueError as error:
            raise TelegramError("Invalid server response") from error


class Client:
    """The calls that paperwire needs. Each raises NotDelivered and nothing else."""

    def __init__(self, token: str, root: str, *, connect: float, read: float, in_flight: int) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._request = Request(token, connect=connect, read=read, in_flight=in_flight)
        self._bot = Bot(
            token, base_url=root.rstrip("/") + "/bot", request=self._request, get_updates_request=self._request
        )

    async def send(self, address: str, topic: int | None, post: Post, reply_to: int | None) -> str:
        """Posts one message; its id."""
        try:
            sent = await self._bot.send_message(
                address,
                post.text,
                parse_mode=ParseMode.HTML if post.html else None,
                link_preview_options=_NO_PREVIEW,
                disable_notification=post.silent,
                message_thread_id=topic if topic != _GENERAL else None,
                reply_markup=_keyboard(post.keyboard),
                reply_parameters=_reply(reply_to),
            )
        except Exception as error:
            raise outcome(error) from error
        return str(sent.message_id)

    async def edit(self, address: str, message_id: int, post: Post) -> None:
        """Replaces text and buttons of a message. That nothing is new in it is success."""
        try:
            await self._bot.edit_message_text(
                post.text,
                address,
                message_id,
                parse_mode=ParseMode.HTML if post.html else None,
                link_preview_options=_NO_PREVIEW,
                reply_markup=_keyboard(post.keyboard),
            )
        except Exception as error:
            if not not_modified(error):
                raise outcome(error) from error

    async def me(self) -> str:
        """The bot's own id."""
        try:
            return str((await self._bot.get_me()).id)
        except Exception as error:
            raise asking(error) from error

    async def look_up(self, address: str) -> tuple[str, str, str]:
        """(id, title, type) of a chat, by id or @name; type is private, group, supergroup or channel."""
        try:
            chat = await self._bot.get_chat(address)
        except Exception as error:
            raise asking(error) from error
        return str(chat.id), chat.effective_name or address, str(chat.type)

    async def identity(self) -> tuple[str, str]:
        """(id, name without @) of the bot."""
        try:
            me = await self._bot.get_me()
        except Exception as error:
            raise asking(error) from error
        return str(me.id), me.username or ""

    async def chat(self, name: str) -> dict[str, Any]:
        """A chat by id or @name, as the Bot API writes it."""
        try:
            return (await self._bot.get_chat(name)).to_dict()
        except Exception as error:
            raise asking(error) from error

    async def member_status(self, address: str, person: str) -> str:
        """creator, administrator, member, restricted, left or kicked."""
        try:
            return str((await self._bot.get_chat_member(address, int(person))).status)
        except Exception as error:
            raise asking(error) from error

    async def updates(self, offset: int, *, seconds: int, allowed: tuple[str, ...]) -> list[dict[str, Any]]:
        """Updates from `offset` on, as the Bot API writes them; waits up to `seconds` for the first."""
        try:
            found = await self._bot.get_updates(offset, limit=100, timeout=seconds, allowed_updates=list(allowed))
        except Exception as error:
            raise asking(error) from error
        return [update.to_dict() for update in found]

    async def acknowledge(self, press: str, words: str) -> None:
        """Ends the waiting of a pressed button. One that is too old, or a line that broke, is no matter."""
        with suppress(TelegramError):
            await self._bot.answer_callback_query(press, words[:_TOAST] or None)

    async def send_file(self, address: str, topic: str, name: str, data: bytes, *, silent: bool) -> str:
        """Posts a document; its id."""
        try:
            sent = await self._bot.send_document(
                address,
                data,
                filename=name,
                disable_notification=silent,
                message_thread_id=int(topic) if topic else None,
            )
        except Exception as error:
            raise outcome(error) from error
        return str(sent.message_id)

    async def fetch(self, file: str, most: int) -> bytes | None:
        """The content of a document; None when it is larger than `most` bytes."""
        try:
            found = await self._bot.get_file(file)
            if found.file_size is not None and found.file_size > most:
                return None
            data = bytes(await found.download_as_bytearray())
        except Exception as error:
            raise asking(error) from error
        return data if len(data) <= most else None

    async def close(self) -> None:
        """Closes the connections."""
        await self._request.shutdown()


def _keyboard(rows: tuple[tuple[Key, ...], ...]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(key.text, url=key.url, callback_data=key.data) for key in row] for row in rows]
    )


def _reply(message_id: int | None) -> ReplyParameters | None:
    return ReplyParameters(message_id, allow_sending_without_reply=True) if message_id else None
