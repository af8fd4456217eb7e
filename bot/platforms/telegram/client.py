"""The calls to Telegram, through `telegram.Bot` set up so that nothing is sent twice; what its errors mean, and the waits that it asks for.

A refusal by Telegram itself is a definite no: it refuses the message, unless its text is one of a few about the chat, the topic or
the token. `BadRequest` and `TimedOut` are `NetworkError`s in this library, and often only `__cause__` says what went wrong. An
error that is not in the table is Unclear. Importing this module loads the library.
"""

import json
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import httpx
from telegram import Bot
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, RequestData

from bot.http.proxies import proxy_of_environment
from bot.platforms.telegram.message_payload import MessageArguments
from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.states import PauseReason


class UpdatesConflict(RetryLater):
    """Telegram sends the updates to another receiver: a `webhook`, or another process with the same token."""

    def __init__(self, reason: str, *, webhook: bool) -> None:
        super().__init__(reason)
        self.webhook = webhook


class PersonNotFound(Rejected):
    """The person does not exist, or is not in the chat."""


class FileTooLarge(Rejected):
    """The file is larger than bots may download."""


_MARGIN = timedelta(seconds=0.5)  # added to Telegram's waits, which are whole seconds
_NO_NUMBER = timedelta(seconds=5)  # the wait after a 429 without a number

# aiohttp raises these before it writes the first byte of a request; the last one if a proxy refuses the connection.
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
_WRONG_ADDRESS = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)

# Texts in Telegram's refusals → their meaning. The first row with a matching pattern counts. Letter case is ignored, because the
# library changes it in the text after "Bad Request: ".
_Rows = tuple[tuple[str, str, Callable[[str], NotDelivered]], ...]
_TOPIC = "Telegram does not let the bot write to this topic"
_CHAT = "Telegram does not let the bot write to this chat"
_MESSAGE = "Telegram refuses the message"
_NO_RIGHTS = partial(ChatGone, pause_reason=PauseReason.NO_RIGHTS)  # the bot may only read there
_FORBIDDEN: _Rows = (("rights|restricted|forbidden_|_forbidden", _CHAT, _NO_RIGHTS), ("", _CHAT, ChatGone))
_BAD_REQUEST: _Rows = (
    (
        "message thread not found|topic_deleted",
        _TOPIC,
        partial(ChatGone, scope="topic", pause_reason=PauseReason.TOPIC_DELETED),
    ),
    ("topic_closed", _TOPIC, partial(ChatGone, scope="topic", pause_reason=PauseReason.TOPIC_CLOSED)),
    (r"slowmode_wait|flood_wait|too many requests|retry after", "Telegram asks us to slow down", RetryLater),
    # where only files are forbidden, the bot may still write
    ("not enough rights to send (?!documents)|have no rights to send a message", _CHAT, _NO_RIGHTS),
    (
        "need administrator rights|chat_admin_required|chat_restricted|chat_(write|(guest_)?send(_plain)?)_forbidden",
        _CHAT,
        _NO_RIGHTS,
    ),
    (r"\b(peer_id|chat|chat_id|channel)_(invalid|private|forbidden)\b|chat not found", _CHAT, ChatGone),
    (
        "user_is_(blocked|bot)|user_banned_in_channel|bot was (blocked|kicked)|bot is not a member",
        _CHAT,
        ChatGone,
    ),
    ("chat was (deactivated|deleted|upgraded)|user(_| is )deactivated", _CHAT, ChatGone),
    ("message (to edit not found|can't be edited)|message_id_invalid", _MESSAGE, Rejected),  # no other form helps
    ("", _MESSAGE, partial(Rejected, form=True)),
)
# Telegram's errors if a person is not in the chat. Its other errors do not tell whether the person is there.
_NOT_THERE = ("user not found", "member not found", "participant_id_invalid", "user_id_invalid", "invalid user_id")
_TOO_LARGE = "file is too big"
_REDIRECTS_AND_REFUSALS = range(300, 500)  # HTTP status codes
# refusals of which the library makes errors of their own; any other of Telegram is a bad request, too
_KNOWN_REFUSALS = (400, 401, 403, 404, 409, 429)
_TLS = re.compile(r" ssl:(default|True|False|<\S+ object at \w+>)")  # a detail that aiohttp adds to its errors
_STATUS = re.compile(r"[^(]*\((\d{3})\)")  # how the library writes a status if the body has no text


def outcome(error: Exception) -> NotDelivered:  # noqa: PLR0911 - a table with one return per row
    """Returns the outcome of a message whose post or edit raised this error."""
    match error:
        case NotDelivered():
            return error
        case RetryAfter():
            return RetryLater("Telegram asks us to slow down.", _duration(error.retry_after) + _MARGIN)
        case ChatMigrated():
            return ChatMoved("The group became a supergroup.", str(error.new_chat_id))
        case InvalidToken():
            return SenderStopped("Telegram does not know this token, or this is not Telegram's server.")
        case Forbidden() | BadRequest() if _is_page(error):
            return RetryLater(f"Something on the way to Telegram refuses us: {_words(error)}")
        case Forbidden():
            return _refused(error, _FORBIDDEN)
        case BadRequest():
            return _refused(error, _BAD_REQUEST)
        case TimedOut() if isinstance(error.__cause__, _NEVER_SENT):
            return RetryLater(f"No connection to Telegram ({type(error.__cause__).__name__}).")
        case NetworkError() if not isinstance(error, TimedOut):
            return _broken_off(error)
        case _:
            return Unclear(f"Telegram gave no usable answer ({_kind(error)}); it may have the message.")


def outcome_of_repeatable(error: Exception) -> NotDelivered:
    """Returns the outcome of a call that may be repeated: like `outcome`, but never Unclear.

    The library takes every 404 for a wrong token, even if it comes from a proxy. Here, only a 404 from Telegram itself counts.
    """
    match error:
        case Conflict() if not _is_page(error):
            return UpdatesConflict(
                f"Telegram tells somebody else: {_words(error)}", webhook="webhook" in error.message.lower()
            )
        case InvalidToken() if _is_page(error):
            return RetryLater(f"Something on the way to Telegram refuses us: {_words(error)}")
    match meaning := outcome(error):
        case Unclear():
            return RetryLater(f"Telegram cannot be asked now ({_kind(error)}).")
        case Rejected():
            return _refused_question(error)
        case _:
            return meaning


def _refused_question(error: Exception) -> Rejected:
    """Returns the error for a refused call that is safe to repeat. The class of the error tells callers the reason."""
    reason, words = f"Telegram refuses: {_words(error)}", str(error).lower()
    if any(text in words for text in _NOT_THERE):
        return PersonNotFound(reason)
    if _TOO_LARGE in words:
        return FileTooLarge(reason)
    return Rejected(reason)


def not_modified(error: Exception) -> bool:
    """Returns whether an edit was refused because the message already has that content. This counts as success."""
    return isinstance(error, BadRequest) and "message is not modified" in error.message.lower()


def _refused(error: TelegramError, rows: _Rows) -> NotDelivered:
    """Returns the outcome for a refusal by Telegram itself, after which nothing was sent."""
    said = error.message.lower()
    sentence, kind = next((sentence, kind) for words, sentence, kind in rows if re.search(words, said))
    return kind(f"{sentence}: {_words(error)}")


def _broken_off(error: NetworkError) -> NotDelivered:  # noqa: PLR0911 - a table with one return per row
    """Returns the outcome of a plain NetworkError: a failed connection, or a status that Telegram itself does not use."""
    cause = error.__cause__
    if isinstance(cause, _NEVER_SENT):
        return RetryLater(f"No connection to Telegram: {_words(cause)}")
    if isinstance(cause, UnicodeEncodeError):
        return Rejected("The message holds a character that cannot be sent.", form=True)
    if isinstance(cause, _WRONG_ADDRESS):
        return SenderStopped("The address of Telegram's server, or the token, cannot be part of a URL.")
    if isinstance(cause, Exception) and not isinstance(cause, TelegramError):
        return Unclear(f"The line to Telegram broke ({type(cause).__name__}); it may have the message.")
    if error.message.lower().startswith("too many requests"):
        return RetryLater("Telegram asks us to slow down.", _NO_NUMBER)
    if (status := _STATUS.match(error.message)) and int(status[1]) in _REDIRECTS_AND_REFUSALS:
        return RetryLater(f"Something on the way to Telegram refuses us: {_words(error)}")
    return Unclear(f"Telegram is in trouble: {_words(error)}; it may have the message.")


def _is_page(error: TelegramError) -> bool:
    """Returns whether something between Telegram and us, such as a proxy, refused: the body was no JSON, or had no words."""
    return isinstance(error.__cause__, TelegramError) or _STATUS.match(error.message) is not None


def _duration(retry_after: object) -> timedelta:
    """Returns the wait that a 429 requests. The library passes on the value in the body unchecked; it may be a text."""
    match retry_after:
        case timedelta():
            return retry_after
        case int() | float():
            return timedelta(seconds=retry_after)
        case _:
            return _NO_NUMBER


def _kind(error: Exception) -> str:
    cause = error.__cause__
    if isinstance(cause, Exception):
        return type(cause).__name__
    return type(error).__name__


def _words(error: Exception) -> str:
    """Returns the error's text in one line. Leaves out a page in the body, which may be long and contain anything.

    Also leaves out the URL in a proxy's error, which contains the token.
    """
    text = f"{error.status} {error.message}" if isinstance(error, aiohttp.ClientResponseError) else str(error)
    text = _TLS.sub("", text)
    words = " ".join(text.split(". Parsing the server response", 1)[0].split())
    return words[:200] or type(error).__name__


_KEPT_OPEN = 5.0  # seconds to keep an idle connection; if the server had closed it, the next send would be Unclear
_IS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_NONE = BaseRequest.DEFAULT_NONE  # the library's value for "use the default of the transport"


class Transport(BaseRequest):
    """Sends requests to the server at `root` over at most `in_flight` connections. `connect` and `read` are seconds.

    It uses aiohttp, which takes a third of the time per message that the library's own client takes. The `__cause__` of
    an error tells whether the request was sent.

    It keeps the token and the body of a response out of errors and logs. Error pages of proxies may repeat the URL,
    which contains the token. The library quotes such pages in its errors. The library also logs each body that it
    cannot read. Raises ValueError if the environment names a proxy that cannot be used.
    """

    def __init__(self, token: str, root: str, *, connect: float, read: float, in_flight: int) -> None:
        self._secret = token.encode()
        self._proxy = _proxy_of(root)
        self._in_flight = in_flight
        self._connect, self._read = connect, read
        # with the certificates that httpx trusts
        self._tls = httpx.create_ssl_context() if root.startswith("https:") else True
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for a response."""
        return self._read

    async def initialize(self) -> None:
        """Does nothing. The session is created in the event loop that sends first."""

    async def shutdown(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def do_request(  # noqa: PLR0917 - the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = _NONE,  # noqa: ANN401 - the library's type: seconds, or its value for "not given"
        write_timeout: object = _NONE,
        connect_timeout: object = _NONE,
        pool_timeout: object = _NONE,
    ) -> tuple[int, bytes]:
        """Returns (status, body with the token replaced)."""
        del write_timeout, connect_timeout, pool_timeout  # our calls never set them
        wait = self._timeout(self._read if read_timeout is _NONE else read_timeout)
        content, headers = _body(request_data)
        try:
            async with self._connections().request(
                method, url, data=content, headers=headers, timeout=wait, proxy=self._proxy, allow_redirects=False
            ) as answer:
                body, status = (await answer.read()).replace(self._secret, b"<token>"), answer.status
                is_other = status in _REDIRECTS_AND_REFUSALS and status not in _KNOWN_REFUSALS
                return HTTPStatus.BAD_REQUEST if is_other and b'"error_code"' in body else status, body
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise NetworkError(type(error).__name__) from error

    def _timeout(self, read: float) -> aiohttp.ClientTimeout:
        """Returns the timeouts of a request. `connect` includes the wait for a free connection; `total` is for everything."""
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
        """Like the library's method, but does not log the body."""
        try:
            return json.loads(payload.decode("utf-8", "replace"))  # type: ignore[no-any-return]
        except ValueError as error:
            raise TelegramError("Invalid server response") from error


def _body(wanted: RequestData | None) -> tuple[aiohttp.FormData | bytes | None, dict[str, str]]:
    """Returns (body of a request, its headers): a multipart form if it contains files, else a URL-encoded form."""
    if wanted is None:
        return None, {}
    if not wanted.multipart_data:
        return urlencode(wanted.json_parameters).encode("ascii"), _IS_FORM
    form = aiohttp.FormData(wanted.json_parameters)
    for part, (name, content, kind) in wanted.multipart_data.items():
        form.add_field(part, content, filename=name, content_type=kind)
    return form, {}


def _proxy_of(root: str) -> str | None:
    """Returns the URL of the proxy for a server, from the usual environment variables. None if no proxy is needed.

    Raises ValueError if the URL is not http or https.
    """
    server = urlsplit(root)
    proxy = proxy_of_environment(server.scheme, server.netloc)
    if proxy and urlsplit(proxy).scheme not in ("http", "https"):
        raise ValueError("a proxy for Telegram speaks HTTP")
    return proxy


_TALKATIVE = ("telegram", "aiohttp")  # at DEBUG, the library logs its base URL, which contains the token
_NO_PREVIEW = {"is_disabled": True}
_UNREADABLE = "Telegram gave no answer that can be read."
_GENERAL = 1  # a forum's topic General: if this id is sent, the server returns "message thread not found"


class _Bot(Bot):
    """The library's bot, with a call that returns the raw JSON, because the library does not know every new field."""

    async def call(self, method: str, arguments: dict[str, Any], seconds: float | None) -> object:
        """Returns the result of a method. Waits `seconds` for it; None: the usual time. Raises what the library raises."""
        within = BaseRequest.DEFAULT_NONE if seconds is None else seconds
        return await self._post(method, arguments, read_timeout=within)


class Client:
    """The calls that paperwire needs. Each raises only NotDelivered.

    `root` is the address of the server ("/bot<token>/METHOD" is appended). `connect` and `read` are seconds to wait for
    a connection and for a response; with a short `read`, slow responses become Unclear. At most `in_flight` requests run at
    the same time. A request that never got a free connection was certainly not sent.
    """

    def __init__(self, token: str, root: str, *, connect: float = 5, read: float = 20, in_flight: int = 40) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._connections = partial(Transport, token, root, connect=connect, read=read)
        self._root, self._token, self._read = root.rstrip("/"), token, read
        self._bot = self._make_bot(in_flight)
        self._receiving_bot: _Bot | None = (
            None  # created at the first call of `updates`, since creating one takes a while
        )

    async def send(self, address: str, topic: int | None, post: MessageArguments, reply_to: int | None) -> str:
        """Posts a message and returns its id. Reads nothing else in the response, so that no error there hides a success."""
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
        """Replaces text and buttons of a message; only the buttons if there is no text. "message is not modified" is success."""
        wanted = _wanted(address, post) | {"message_id": message_id}
        if not post.text:
            wanted = {name: wanted[name] for name in ("chat_id", "message_id", "reply_markup")}
        try:
            await self._bot.call("editMessageText" if post.text else "editMessageReplyMarkup", wanted, None)
        except Exception as error:
            if not not_modified(error):
                raise outcome(error) from error

    async def send_file(self, address: str, topic: int | None, name: str, data: bytes) -> str:
        """Posts a document without sound. Returns the id of its message."""
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
        """Returns the result of a method that may be called twice. Raises NotDelivered, but never Unclear."""
        try:
            return await self._bot.call(method, arguments, None)
        except Exception as error:
            raise outcome_of_repeatable(error) from error

    async def call_for_object(self, method: str, **arguments: object) -> dict[str, Any]:
        """Like `call`, but for a method whose result is an object."""
        answer = await self.call(method, **arguments)
        if not isinstance(answer, dict):
            raise RetryLater(_UNREADABLE)
        return answer

    async def get_me(self) -> tuple[str, str]:
        """Returns (id, name without @) of the bot, and keeps whether it has topics in private chats. Raises NotDelivered."""
        me = await self.call_for_object("getMe")
        return str(me.get("id", "")), str(me.get("username") or "")

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
        numbered = []
        if isinstance(found, list):
            numbered = [update for update in found if _has_number(update)]
        if found != [] and not numbered:
            raise RetryLater(_UNREADABLE)
        return numbered

    async def download(self, path: str) -> bytes:
        """Returns the content of a file, by the path that getFile returned."""
        try:
            return await self._bot.request.retrieve(f"{self._root}/file/bot{self._token}/{quote(path)}")
        except InvalidToken as error:  # the library raises this for a 404; the token is valid, so the file is gone
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
    """Returns the JSON arguments that sendMessage and editMessageText share.

    The library leaves out arguments that are None.
    """
    keys = [
        [
            {"text": key.text, "url": key.url} if key.url else {"text": key.text, "callback_data": key.data}
            for key in row
        ]
        for row in post.buttons
    ]
    return {
        "chat_id": address,
        "text": post.text,
        "parse_mode": ParseMode.HTML if post.html else None,
        "link_preview_options": _NO_PREVIEW,
        "reply_markup": {"inline_keyboard": keys} if keys else None,
    }


def _reply(message_id: int | None) -> dict[str, object] | None:
    if message_id:
        return {"message_id": message_id, "allow_sending_without_reply": True}
    return None
