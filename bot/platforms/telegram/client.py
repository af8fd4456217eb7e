"""The calls to Telegram, through `telegram.Bot` set up so that nothing is sent twice. Importing this module loads the library."""

import json
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram import Bot
from telegram.constants import ParseMode
from telegram.error import InvalidToken, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.platforms.telegram import errors
from bot.ports.channel import read_message
from subscriptions.errors import Rejected, RetryLater, Unclear
from subscriptions.model import Message

# ------------------------------------------------- reads the payload of a Telegram message, which rendering has stored

# {"text": "<HTML>", "silent": true, "buttons": [[{"text": "1", "data": "…"}, {"text": "get your own", "url": "…"}]]}
# The plain form is {"text": "…", "silent": true}, without markup. `silent` and `buttons` may be missing.


Keyboard = list[list[dict[str, str]]]  # rows of buttons, as the Bot API takes them


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """The content arguments of sendMessage and editMessageText."""

    text: str
    html: bool
    silent: bool = False
    keyboard: Keyboard = field(default_factory=list)


def open_message(message: Message, *, plain: bool) -> MessageArguments:
    """Returns the message's content, or its plain form, read before anything is sent. Raises Rejected."""

    def read(payload: object) -> MessageArguments:
        match payload:
            case {"text": str(text), **rest}:
                keyboard = [] if plain else _keyboard(rest.get("buttons") or [])
                return MessageArguments(text=text, html=not plain, silent=rest.get("silent") is True, keyboard=keyboard)
        raise ValueError("a payload for Telegram is an object with a text")

    return read_message(message, read, plain=plain)


def _keyboard(rows: object) -> Keyboard:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("buttons for Telegram are rows of buttons")
    return [[_button(button) for button in row] for row in rows]


def _button(button: object) -> dict[str, str]:
    match button:
        case {"text": str(text), "url": str(url)}:
            return {"text": text, "url": url}
        case {"text": str(text), "data": str(data)}:
            return {"text": text, "callback_data": data}
        case _:
            raise ValueError("a button for Telegram has a text and either url or data")


_KEPT_OPEN = 5.0  # seconds that an idle connection is kept; a send on one that the server has closed would be Unclear
_IS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_NONE = BaseRequest.DEFAULT_NONE  # the library's value for "the transport's own setting"


class Transport(BaseRequest):
    """Sends requests over at most `in_flight` connections to the server at `root`. `connect` and `read` are seconds.

    It uses aiohttp, which needs a third of the time per message of the library's own client. The `__cause__` of an
    error tells whether the request was sent.

    Keeps the token and the body of an answer out of errors and logs. Error pages of proxies may repeat the URL, which
    holds the token; the library quotes such pages in errors, and logs the whole body that it cannot read.
    Raises ValueError if the environment names a proxy that cannot be used.
    """

    def __init__(self, token: str, root: str, *, connect: float, read: float, in_flight: int) -> None:
        self._secret = token.encode()
        self._proxy = _proxy_of(root)
        self._in_flight = in_flight
        self._connect, self._read = connect, read
        self._tls = (
            httpx.create_ssl_context() if root.startswith("https:") else True
        )  # with the certificates that httpx trusts
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer."""
        return self._read

    async def initialize(self) -> None:
        """Does nothing. The session is made in the event loop that sends first."""

    async def shutdown(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def do_request(  # noqa: PLR0917 - the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = _NONE,  # noqa: ANN401 - the library's type: seconds, or its value for none given
        write_timeout: object = _NONE,
        connect_timeout: object = _NONE,
        pool_timeout: object = _NONE,
    ) -> tuple[int, bytes]:
        """Returns the status and the body, with the token removed from it."""
        del write_timeout, connect_timeout, pool_timeout  # our calls never set them
        wait = self._timeout(self._read if read_timeout is _NONE else read_timeout)
        body, headers = _body(request_data)
        try:
            async with self._connections().request(
                method, url, data=body, headers=headers, timeout=wait, proxy=self._proxy, allow_redirects=False
            ) as answer:
                return answer.status, (await answer.read()).replace(self._secret, b"<token>")
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise NetworkError(type(error).__name__) from error

    def _timeout(self, read: float) -> aiohttp.ClientTimeout:
        """Returns the timeouts of a request. Waiting for a free connection and opening one count together; the whole answer has a limit, too."""
        connect = 2 * self._connect
        return aiohttp.ClientTimeout(
            total=connect + 2 * read, connect=connect, sock_connect=self._connect, sock_read=read
        )

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._in_flight, keepalive_timeout=_KEPT_OPEN, ssl=self._tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )
        return self._session

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Like the library's method, but without logging the body."""
        try:
            return json.loads(payload.decode("utf-8", "replace"))  # type: ignore[no-any-return]
        except ValueError as error:
            raise TelegramError("Invalid server response") from error


def _body(wanted: RequestData | None) -> tuple[aiohttp.FormData | bytes | None, dict[str, str]]:
    """Returns the body of a request and its headers: a multipart form if it holds files, else an encoded form."""
    if wanted is None:
        return None, {}
    if not wanted.multipart_data:
        return urlencode(wanted.json_parameters).encode("ascii"), _IS_FORM
    form = aiohttp.FormData(wanted.json_parameters)
    for part, (name, content, kind) in wanted.multipart_data.items():
        form.add_field(part, content, filename=name, content_type=kind)
    return form, {}


def _proxy_of(root: str) -> str | None:
    """Returns the proxy for a server by the usual environment variables. Raises ValueError."""
    server = urlsplit(root)
    named = getproxies()
    proxy = named.get(server.scheme) or named.get("all")
    if not proxy or proxy_bypass(server.netloc):
        return None
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise ValueError("a proxy for Telegram speaks HTTP")
    return proxy


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
            raise errors.outcome(error) from error
        if isinstance(sent, dict) and isinstance(sent.get("message_id"), int):
            return str(sent["message_id"])
        raise Unclear(_UNREADABLE)

    async def edit(self, address: str, message_id: int, post: MessageArguments) -> None:
        """Replaces text and buttons of a message; without a text only its buttons. "message is not modified" is success."""
        wanted = _wanted(address, post) | {"message_id": message_id}
        if not post.text:
            wanted = {name: wanted[name] for name in ("chat_id", "message_id", "reply_markup")}
        try:
            await self._bot.call("editMessageText" if post.text else "editMessageReplyMarkup", wanted, None)
        except Exception as error:
            if not errors.not_modified(error):
                raise errors.outcome(error) from error

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
            raise errors.outcome(error) from error
        return str(sent.message_id)

    async def call(self, method: str, **arguments: object) -> object:
        """Returns the result of a method that may be called twice. Therefore it never raises Unclear."""
        try:
            return await self._bot.call(method, arguments, None)
        except Exception as error:
            raise errors.outcome_of_repeatable(error) from error

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
            raise errors.outcome_of_repeatable(error) from error
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
            raise errors.outcome_of_repeatable(error) from error

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
        "reply_markup": {"inline_keyboard": post.keyboard} if post.keyboard else None,
    }


def _reply(message_id: int | None) -> dict[str, object] | None:
    return {"message_id": message_id, "allow_sending_without_reply": True} if message_id else None
